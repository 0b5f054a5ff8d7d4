"""Estimates against their intervals and p values, on the scale on which the interval was made."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator

from scipy import stats

from opentrd.evidence.audit.estimates import DIFFERENCE, RATIO
from opentrd.evidence.audit.model import Estimate, Finding, Material, Place, quote
from opentrd.evidence.audit.numbers import MINUS, Number, p_values
from opentrd.evidence.audit.registry import rule

LEVELS = (0.80, 0.90, 0.95, 0.99)
# Intervals from t, bootstrap or profile likelihood are not exactly symmetric: this share of the width is forgiven.
OFF_CENTRE_SHARE = 0.05
GROUP = "Intervals and p values"


def _all(material: Material) -> Iterator[Estimate]:
    for document in material.documents:
        yield from document.estimates


def _shown(found: Estimate) -> str:
    return f"estimate {found.value.text}" + (f" {found.measure}" if found.measure else "")


def _interval(found: Estimate) -> str:
    low, high = (found.low, found.high)
    if low is None or high is None:
        return ""
    level = f"{found.level:.0%} " if found.level else ""
    return f"{level}interval {low.text} to {high.text}"


@rule(
    "interval_order", group=GROUP, severity="medium",
    asserts="The lower limit of an interval is not above its upper limit.",
    needs="an interval", arithmetic="low <= high", source="definition of an interval",
)  # fmt: skip
def interval_order(material: Material) -> Iterator[Finding]:
    """Limits in the wrong order."""
    for found in _all(material):
        if found.low and found.high and found.low.value > found.high.value:
            yield Finding(
                "interval_order", str(found.place), _shown(found), _interval(found),
                f"{found.low.text} > {found.high.text}: the limits stand in the wrong order or one lost its sign",
                "medium",
            )  # fmt: skip


@rule(
    "sign_lost", group=GROUP, severity="high",
    asserts="An estimate and its interval carry the same signs.",
    needs="an estimate with its interval",
    arithmetic="the estimate lies outside [low, high], but in the middle of [-high, -low]",
    source="definition of a confidence interval",
)  # fmt: skip
def sign_lost(material: Material) -> Iterator[Finding]:
    """An estimate outside its interval that fits when the signs of the limits (or its own) are turned."""
    for found in _all(material):
        if (mirror := _mirrored(found)) is not None and found.low and found.high:
            low, high = mirror
            middle = (low.value + high.value) / 2
            yield Finding(
                "sign_lost", str(found.place), _shown(found), _interval(found),
                f"{found.value.text} lies outside {found.low.text} to {found.high.text}; with the signs of the limits turned the "
                f"interval is {low.text} to {high.text} with middle {middle:.3g}, which fits: a sign was lost",
                "high",
            )  # fmt: skip


def _outside(found: Estimate) -> bool:
    if not found.low or not found.high or found.low.value > found.high.value:
        return False
    return found.value.high < found.low.low or found.value.low > found.high.high


def _mirrored(found: Estimate) -> tuple[Number, Number] | None:
    """The interval with both signs turned when only that one has the estimate near its middle."""
    if not _outside(found) or found.low is None or found.high is None or found.measure in RATIO:
        return None
    low, high = found.high.negated(), found.low.negated()
    middle, width = (low.value + high.value) / 2, high.value - low.value
    slack = found.value.half + low.half + high.half
    return (low, high) if abs(found.value.value - middle) <= 0.15 * width + slack else None


@rule(
    "estimate_outside_interval", group=GROUP, severity="high",
    asserts="An estimate lies inside its own interval.",
    needs="an estimate with its interval",
    arithmetic="low <= estimate <= high, each give or take half a unit of its last printed decimal",
    source="definition of a confidence interval",
)  # fmt: skip
def estimate_outside_interval(material: Material) -> Iterator[Finding]:
    """An estimate outside its interval that no change of sign explains."""
    for found in _all(material):
        if _outside(found) and _mirrored(found) is None and found.low and found.high:
            side = (
                f"{found.value.text} < {found.low.text}"
                if found.value.value < found.low.value
                else f"{found.value.text} > {found.high.text}"
            )
            yield Finding(
                "estimate_outside_interval", str(found.place), _shown(found), _interval(found),
                f"{side}: the estimate lies outside its interval", "high",
            )  # fmt: skip


@rule(
    "estimate_off_centre", group=GROUP, severity="low",
    asserts="An estimate stands in the middle of its interval: of differences as printed, of ratios on the log scale.",
    needs="an estimate (difference or ratio) with its interval",
    arithmetic="|estimate - middle| beyond rounding is at most 5 % of the width; middle of a ratio = sqrt(low * high)",
    source="Wald intervals; Altman & Bland 2011, BMJ 343:d2090 (logs for ratios)",
)  # fmt: skip
def estimate_off_centre(material: Material) -> Iterator[Finding]:
    """Estimates inside their interval but clearly not in its middle (a truncated number is left to its own rule)."""
    for found in _all(material):
        if found.low is None or found.high is None or _outside(found) or found.low.value >= found.high.value:
            continue
        share, middle, scale = _off_centre(found)
        if share > OFF_CENTRE_SHARE:
            yield Finding(
                "estimate_off_centre", str(found.place), _shown(found), _interval(found),
                f"the middle of {found.low.text} to {found.high.text} {scale} is {middle:.3g}; {found.value.text} is off by "
                f"{share:.0%} of the width beyond rounding",
                "medium" if share > 0.15 else "low",
            )  # fmt: skip


def _off_centre(found: Estimate) -> tuple[float, float, str]:
    """How far off the middle, as a share of the width; with several possible scales the kindest one."""
    value, low, high = found.value, found.low, found.high
    assert low is not None and high is not None
    kinds = []
    if found.measure in DIFFERENCE or not found.measure:
        kinds.append("as printed")
    if (found.measure in RATIO or not found.measure) and min(low.low, value.low) > 0:
        kinds.append("on the log scale")
    results = []
    for kind in kinds:
        turn = math.log if kind == "on the log scale" else float
        middle = (turn(low.value) + turn(high.value)) / 2
        width = turn(high.value) - turn(low.value)
        rounding = (
            turn(value.high)
            - turn(value.low)
            + (turn(low.high) - turn(low.low)) / 2
            + (turn(high.high) - turn(high.low)) / 2
        ) / 2
        off = max(0.0, abs(turn(value.value) - middle) - rounding) / width
        results.append((off, math.exp(middle) if turn is math.log else middle, kind))
    return min(results) if results else (0.0, 0.0, "")


@rule(
    "truncated_number", group=GROUP, severity="medium",
    asserts="A printed number is complete.",
    needs="a number in a table cell or a sentence",
    arithmetic="a decimal point with no digit after it; the middle of the interval says which digit is missing",
    source="form of a decimal number",
)  # fmt: skip
def truncated_number(material: Material) -> Iterator[Finding]:
    """Numbers that end with their decimal point ("-4. (MD)")."""
    cut = re.compile(rf"(?<![\w.\[(])(?P<value>[{MINUS}]?\d+)\.\s+(?=[(\[±])")
    for document in material.documents:
        for table in document.tables:
            for row in table.rows:
                for role in ("estimate", "mean", "sd", "ci_low", "ci_high", "p", "se"):
                    cell = table.cell(row, role)
                    match = cut.search(cell + " (" if re.search(r"\d\.$", cell) else cell)
                    if match is None:
                        continue
                    beside = [e for e in document.estimates if e.place.line == row.line and e.low and e.high]
                    middle = ""
                    if beside and beside[0].low and beside[0].high:
                        centre = (beside[0].low.value + beside[0].high.value) / 2
                        middle = f"; the middle of its interval {beside[0].low.text} to {beside[0].high.text} is {centre:.2f}"
                    yield Finding(
                        "truncated_number", str(table.place(row)), quote(cell), f"{match['value']}.",
                        f"the number ends with its decimal point: at least one digit was lost{middle}", "medium",
                    )  # fmt: skip


def _z_range(found: Estimate, level: float) -> tuple[float, float]:
    """The smallest and largest |z| that the printed estimate and interval allow at ``level``."""
    assert found.low is not None and found.high is not None
    ratio = found.measure in RATIO
    turn = math.log if ratio else float
    critical = stats.norm.ppf(0.5 + level / 2)
    corners = []
    for value, low, high in itertools.product(
        *[(n.low, n.high) for n in (found.value, found.low, found.high)]
    ):
        if ratio and min(value, low, high) <= 0:
            return 0.0, math.inf
        width = turn(high) - turn(low)
        corners.append(abs(turn(value)) / (width / (2 * critical)) if width > 0 else math.inf)
    smallest = 0.0 if turn(max(found.value.low, 1e-12) if ratio else found.value.low) * turn(
        max(found.value.high, 1e-12) if ratio else found.value.high
    ) <= 0 else min(corners)  # fmt: skip
    # Intervals made from t are wider than those made from z: 8 % covers 25 degrees of freedom and more.
    return smallest * 0.97, max(corners) * 1.08


def p_fits(found: Estimate, level: float, sides: int = 2) -> bool:
    """Whether the printed p value is possible when the interval has this level and the test so many sides."""
    assert found.p is not None
    low_z, high_z = _z_range(found, level)
    smallest, largest = (float(sides * stats.norm.sf(z)) for z in (high_z, low_z))
    low, high = found.p.range
    return smallest <= high and low <= largest


@rule(
    "interval_against_p", group=GROUP, severity="high",
    asserts="The interval and the p value of one estimate tell the same story at the stated level.",
    needs="an estimate (difference or ratio) with interval and p value",
    arithmetic="SE = width / (2 z); z = |estimate| / SE; p = 2 (1 - Phi(z)), over all values that rounding allows",
    source="Altman & Bland 2011, BMJ 343:d2090 and d2304",
)  # fmt: skip
def interval_against_p(material: Material) -> Iterator[Finding]:
    """p values that the interval rules out; another level or a one-sided test that would fit is named."""
    for found in _all(material):
        if (
            found.p is None
            or found.low is None
            or found.high is None
            or found.level is None
            or found.measure not in (RATIO | DIFFERENCE)
            or _outside(found)
            or found.low.value >= found.high.value
            or (found.measure in RATIO and found.low.low <= 0)
            or p_fits(found, found.level)
        ):
            continue
        low_z, high_z = _z_range(found, found.level)
        decides = _other_side(found)
        swapped = found.p.sign == "=" and any(
            p_fits(found, level) for level in (0.90, 0.99) if level != found.level
        )
        # Exact tests and adjusted models move p a little; a figure on the same side of 5 % and near is left alone,
        # unless it is exactly that of the other usual level.
        if not decides and not swapped and _near(found):
            continue
        implied = f"{_tidy(2 * float(stats.norm.sf(high_z)))} to {_tidy(2 * float(stats.norm.sf(low_z)))}"
        fits = [
            f"{level:.0%}, {'two' if sides == 2 else 'one'}-sided"
            for level in LEVELS
            for sides in (2, 1)
            if (level, sides) != (found.level, 2) and p_fits(found, level, sides)
        ]
        would = f"; it would fit if the interval were {fits[0]}" if fits else ""
        yield Finding(
            "interval_against_p", str(found.place), f"{_shown(found)}, {_interval(found)}", str(found.p),
            f"the {found.level:.0%} interval implies a two-sided p of {implied}; printed is {found.p}{would}",
            "high" if decides else "medium",
        )  # fmt: skip


def _implied(found: Estimate) -> tuple[float, float]:
    """The smallest and largest two-sided p that the printed interval allows."""
    low_z, high_z = _z_range(found, found.level or 0.95)
    return float(2 * stats.norm.sf(high_z)), float(2 * stats.norm.sf(low_z))


def _other_side(found: Estimate) -> bool:
    """Whether p and interval disagree about 5 %."""
    assert found.p is not None
    (low, high), (smallest, largest) = found.p.range, _implied(found)
    return (high <= 0.05 < smallest) or (low > 0.05 >= largest)


def _near(found: Estimate, factor: float = 3.0) -> bool:
    assert found.p is not None
    (low, high), (smallest, largest) = found.p.range, _implied(found)
    return smallest <= high * factor and low <= largest * factor


def _tidy(p: float) -> str:
    return "<0.0001" if p < 0.0001 else f"{p:.2g}"


# Not 1.2 × 10⁻⁸ or 1.2e-8, nor a pressure.
_P_ABOVE_ONE = re.compile(
    r"(?<![\w.])p(?:[- ]values?)?\s*(?:=|<|≤|&lt;|of|was)\s*(?P<n>\d+\.\d+)(?!\s?[×x*·⋅^]|[\d%eE]|\s?(?:mm ?Hg|k?Pa|bar)\b)",
    re.IGNORECASE,
)


@rule(
    "impossible_p", group=GROUP, severity="low",
    asserts="A p value lies between 0 and 1 and is never exactly 0.",
    needs="a p value", arithmetic="0 < p <= 1", source="definition of a p value; APA style (p < .001, not p = .000)",
)  # fmt: skip
def impossible_p(material: Material) -> Iterator[Finding]:
    """p = 0.000 and p above 1."""
    for text, place in _texts(material):
        for value, start, end in p_values(text):
            if value.sign != ">" and (
                value.number.value > 1 or (value.number.value == 0 and value.sign in "=<")
            ):
                yield Finding(
                    "impossible_p", str(place), quote(text[max(0, start - 60) : end + 20]), str(value),
                    "a p value is above 0 and at most 1; a very small one is printed as p < 0.001", "low",
                )  # fmt: skip
        for match in _P_ABOVE_ONE.finditer(text):
            if float(match["n"]) > 1:
                yield Finding(
                    "impossible_p", str(place), quote(text[max(0, match.start() - 60) : match.end() + 20]), match["n"],
                    "a p value is at most 1", "low",
                )  # fmt: skip


def _texts(material: Material) -> Iterator[tuple[str, Place]]:
    for document in material.documents:
        yield from ((sentence.text, sentence.place) for sentence in document.sentences)
        for table in document.tables:
            for row in table.rows:
                p = table.cell(row, "p")
                yield (
                    f"p = {p}" if p[:1].isdigit() or p[:1] == "." else f"p {p}" if p else "",
                    table.place(row),
                )


@rule(
    "reduction_against_ratio", group=GROUP, severity="medium",
    asserts="A risk said to be reduced by so many percent agrees with the ratio that stands beside it.",
    needs="\"reduced ... by a %\" and one risk, rate or hazard ratio in the same table row or sentence",
    arithmetic="reduction = 100 (1 - ratio), give or take rounding",
    source="definition of a relative reduction",
)  # fmt: skip
def reduction_against_ratio(material: Material) -> Iterator[Finding]:
    """ "Reduced by 51 to 70 %" beside a hazard ratio that gives only one of the two."""
    said = re.compile(
        r"(?:(?:reduc|lower|decreas|declin|cut)\w*[^.;%]{0,60}?\brisks?\b[^.;%]{0,30}?|"
        r"\brisks?\b[^.;%]{0,40}?\b(?:was|were|is|are)\s+(?:reduced|lowered|decreased|cut)\s+)\bby\s+(?:about |approximately )?"
        rf"(?P<first>\d+(?:\.\d+)?)\s?%?(?:\s?(?:[{MINUS}]|to)\s?(?P<second>\d+(?:\.\d+)?))?\s?%",
        re.IGNORECASE,
    )
    for document in material.documents:
        texts = [(sentence.text, sentence.place) for sentence in document.sentences]
        texts += [
            (table.cell(row, "findings"), table.place(row)) for table in document.tables for row in table.rows
        ]
        for text, place in texts:
            match = None if re.search(r"\babsolute", text, re.IGNORECASE) else said.search(text)
            beside = [
                found
                for found in document.estimates
                if found.place == place and found.measure in ("HR", "RR", "IRR") and found.value.value < 1
            ]
            if match is None or not beside:
                continue
            printed = [float(part) for part in (match["first"], match["second"]) if part]
            reductions = [100 * (1 - found.value.value) for found in beside]
            wrong = [
                value
                for value in printed
                if all(
                    abs(value - reduction) > 1 + 100 * found.value.half
                    for reduction, found in zip(reductions, beside, strict=True)
                )
            ]
            if wrong:
                yield Finding(
                    "reduction_against_ratio", str(place), quote(match.group()),
                    ", ".join(f"{found.measure} {found.value.text}" for found in beside),
                    f"100 (1 - {beside[0].value.text}) = {reductions[0]:.0f} %; {', '.join(f'{value:g} %' for value in wrong)} "
                    "comes from no ratio printed here",
                    "medium",
                )  # fmt: skip
