"""Days as ordinals, stretches of days, and how stretches are chained over gaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

Span = tuple[int, int]  # first and last day, both covered


def ordinal(day: date | None) -> int | None:
    """The day number of a date, None stays None."""
    return None if day is None else day.toordinal()


def covered(span: Span | None) -> set[int]:
    """All days of a stretch; an empty set for None or an end before the start."""
    return set() if span is None else set(range(span[0], span[1] + 1))


def touches(a: Span | None, b: Span | None) -> bool:
    """Whether two stretches have a day in common."""
    return a is not None and b is not None and max(a[0], b[0]) <= min(a[1], b[1])


def joint(a: Span | None, b: Span | None) -> Span | None:
    """The days two stretches have in common."""
    if a is None or b is None or not touches(a, b):
        return None
    return max(a[0], b[0]), min(a[1], b[1])


def length(span: Span | None) -> int:
    """The number of days of a stretch."""
    return 0 if span is None else max(0, span[1] - span[0] + 1)


def pieces(days: Iterable[int], max_gap: int) -> list[set[int]]:
    """Cut covered days wherever more than ``max_gap`` uncovered days lie between two covered ones."""
    found: list[set[int]] = []
    last: int | None = None
    for day in sorted(days):
        if last is None or day - last - 1 > max_gap:
            found.append(set())
        found[-1].add(day)
        last = day
    return found


def chain(spans: Sequence[Span], max_gap: int) -> list[list[int]]:
    """Indices of the stretches, grouped into chains without a gap of more than ``max_gap`` days."""
    groups: list[list[int]] = []
    end: int | None = None
    for index in sorted(range(len(spans)), key=lambda i: (spans[i], i)):
        first, last = spans[index]
        if end is None or first - end - 1 > max_gap:
            groups.append([])
        groups[-1].append(index)
        end = last if end is None or first - end - 1 > max_gap else max(end, last)
    return groups


def extent(days: Iterable[int]) -> Span | None:
    """First and last day of a set of days."""
    found = sorted(days)
    return (found[0], found[-1]) if found else None
