"""From an Altair chart to an inline SVG for a page: own ids, patterns instead of colours, a description."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    import altair as alt

# Vega knows no patterns. A chart fills with one of these colours, which nothing else uses, and the colour is
# replaced by the pattern when the SVG is placed on the page.
HATCH = "#fe0a01"
DOTS = "#fe0a02"
INK = "#1f2a37"
SOLID = "#2f4a68"
PALE = "#d9dee4"
LINE = "#7b8794"
FAINT = "#e6e8ea"
FONT = "Helvetica Neue, Arial, Liberation Sans, sans-serif"


def patterns(prefix: str) -> str:
    """The pattern definitions of one chart; the ids carry its prefix so that two charts never collide."""
    return (
        f'<defs><pattern id="{prefix}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/>'
        f'<rect width="1.8" height="6" fill="{LINE}"/></pattern>'
        f'<pattern id="{prefix}-dots" width="5" height="5" patternUnits="userSpaceOnUse">'
        f'<rect width="5" height="5" fill="#e9ecef"/><circle cx="2.5" cy="2.5" r="1.05" fill="#596574"/>'
        f"</pattern></defs>"
    )


def fill(name: str, prefix: str) -> str:
    """The SVG fill of a shade: ``solid``, ``pale``, ``hatch`` or ``dots``."""
    plain = {"solid": SOLID, "pale": PALE}
    return plain.get(name) or f"url(#{prefix}-{name})"


def figure(width: float, height: float, body: str, *, prefix: str, title: str, description: str) -> Markup:
    """An SVG with a title and a description for screen readers. ``body`` must be escaped already."""
    return Markup(
        f'<svg class="chart" role="img" aria-labelledby="{prefix}-title {prefix}-desc" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{prefix}-title">{escape(title)}</title>'
        f'<desc id="{prefix}-desc">{escape(description)}</desc>'
        f"{patterns(prefix)}{body}</svg>"
    )


def label(x: float, y: float, text: str, anchor: str) -> str:
    """A line of text, escaped; ``anchor`` is start, middle or end."""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="12.5" text-anchor="{anchor}">{escape(text)}</text>'


def from_altair(chart: alt.LayerChart, prefix: str, title: str, description: str) -> Markup:
    """Draw an Altair chart without a browser or a network, as an SVG for one place on a page.

    ``prefix`` must be unique on the page.
    """
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(chart.to_dict())
    head = re.search(r'<svg[^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>', svg)
    if head is None:
        raise ValueError("the chart was drawn without a size")
    body = svg[head.end() : svg.rindex("</svg>")]
    body = re.sub(r'<text[^>]* opacity="0">[^<]*</text>', "", body)
    body = re.sub(r' (?:role|aria-[a-z]+|pointer-events|class)="[^"]*"', "", body)
    body = re.sub(r'<path (?:display="none" )?d=""[^>]*/>', "", body)
    # Coordinates need two decimals; what is written on the chart (0.005) keeps its own.
    body = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d+\.\d\d)\d+", r"\1", tag[0]), body)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", body)
    body = body.replace(f'"{HATCH}"', f'"url(#{prefix}-hatch)"').replace(
        f'"{DOTS}"', f'"url(#{prefix}-dots)"'
    )
    return figure(float(head[1]), float(head[2]), body, prefix=prefix, title=title, description=description)


def base_config(chart: Any) -> alt.LayerChart:
    """The calm look all charts share."""
    configured: alt.LayerChart = (
        chart.configure(font=FONT, background="transparent", aria=False, padding=2)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            labelFontSize=12,
            tickColor=LINE,
            domainColor=LINE,
            gridColor=FAINT,
            titleColor=INK,
        )
    )
    return configured
