"""The timeline of a patient page: labels that differ, everything inside the drawing, text escaped, no drawing library."""

from __future__ import annotations

import itertools
import re
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentrd.report.timeline import PLOT_WIDTH, Bar, Lane, Panel, Timeline, draw

DAY = st.dates(date(1950, 1, 1), date(2030, 1, 1))


def drawn(*lanes: Lane, panels: tuple[Panel, ...] = (), as_of: date | None = None) -> str:
    made = draw(Timeline(lanes, panels, as_of=as_of), "t", "Title", "Description")
    assert made is not None
    return str(made)


def labels(svg: str) -> list[str]:
    return re.findall(r'text-anchor="middle"[^>]*>([^<]*[0-9]{4})<', svg)


@settings(deadline=None, max_examples=60)
@given(first=DAY, days=st.integers(0, 25_000))
def test_labels_of_the_axis_differ_and_do_not_run_into_each_other(first: date, days: int) -> None:
    svg = drawn(Lane("sertraline", "", (Bar(first, first + timedelta(days=days), None, True),)))
    found = labels(svg)
    assert found
    assert len(set(found)) == len(found)
    places = [float(x) for x in re.findall(r'<text x="([-\d.]+)"[^>]*text-anchor="middle"', svg)]
    widest = max(map(len, found)) * 6.2
    assert all(after - before > widest for before, after in itertools.pairwise(places))


@settings(deadline=None, max_examples=60)
@given(first=DAY, days=st.integers(0, 9_000), possible=st.integers(0, 400), later=st.integers(0, 900))
def test_bars_lie_on_the_plot(first: date, days: int, possible: int, later: int) -> None:
    end = first + timedelta(days=days)
    bar = Bar(first, end, end + timedelta(days=later), None, first - timedelta(days=possible))
    svg = drawn(Lane("lithium", "", (bar,), (first, end)), as_of=end)
    boxes = re.findall(r'<rect x="([-\d.]+)" y="[-\d.]+" width="([-\d.]+)" height="14.0"', svg)
    assert len(boxes) == 1 + (possible > 0) + (later > 0)
    assert all(float(x) >= 0 and float(x) + float(width) <= PLOT_WIDTH + 0.2 for x, width in boxes)


def test_a_day_given_and_a_day_possible_look_different() -> None:
    day = date(2023, 1, 10)
    certain = drawn(Lane("a", "", (Bar(day, day + timedelta(days=50), None, True),)))
    open_end = drawn(Lane("a", "", (Bar(day, None, day + timedelta(days=50), True),)))
    assert "stroke-dasharray" not in certain
    assert 'stroke-dasharray="3 2.5"' in open_end


@pytest.mark.parametrize(
    ("adequate", "fill"), [(True, "#2f4a68"), (False, "url(#t-hatch)"), (None, "url(#t-dots)")]
)
def test_the_shade_says_whether_it_was_adequate(adequate: bool | None, fill: str) -> None:
    svg = drawn(Lane("a", "", (Bar(date(2023, 1, 1), date(2023, 3, 1), None, adequate),)))
    assert f'height="14.0" fill="{fill}"' in svg


def test_text_is_escaped_and_has_room() -> None:
    long = Lane(
        "<b>a long name of a combination</b>",
        "400 mg & more",
        (Bar(date(2023, 1, 1), date(2023, 3, 1), None, True),),
    )
    svg = drawn(long)
    assert "<b>" not in svg
    assert "&lt;b&gt;" in svg
    assert "&amp; more" in svg
    left = float(re.findall(r"translate\(([\d.]+),2\)", svg)[0])
    assert left > len(long.name) * 13 * 0.4


def test_ratings_are_drawn_with_their_values_where_they_lie() -> None:
    points = tuple((date(2023, 1, 1) + timedelta(days=7 * n), 30.0 - n) for n in range(12))
    svg = drawn(
        Lane("a", "", (Bar(date(2023, 1, 1), date(2023, 3, 1), None, True),)),
        panels=(Panel("MADRS", points, 0, 60),),
    )
    assert svg.count("<circle") == 12 + 1  # and the dot of the pattern
    assert "MADRS (0–60)" in svg
    assert ">30<" in svg and ">19<" in svg  # the first and the last are always labelled
    ys = [float(y) for y in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)" r="2.9"', svg)]
    assert ys == sorted(ys)  # lower values lie lower


def test_nothing_with_a_date_gives_no_drawing() -> None:
    assert draw(Timeline([Lane("a", "no date")]), "t", "Title", "Description") is None
