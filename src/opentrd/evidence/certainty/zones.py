"""What an interval says about differences that matter: which limits it crosses, and which areas it reaches."""

from __future__ import annotations

from math import isfinite, nan

from opentrd.evidence.errors import EvidenceError


def check_interval(low: float | None, high: float | None, name: str) -> tuple[float, float] | None:
    """The interval, or None where there is none. Raises EvidenceError when it is upside down."""
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        return None
    if low > high:
        raise EvidenceError("the interval is upside down", field=name, value=f"{low} to {high}")
    return low, high


def crossings(interval: tuple[float, float], zone: tuple[float, float]) -> int:
    """How many of the two limits of the zone lie inside the interval (0, 1 or 2).

    ``zone``: the differences too small to matter, on the scale of the effect (for ratios the logarithm).
    """
    return sum(interval[0] < limit < interval[1] for limit in zone)


def areas(interval: tuple[float, float], zone: tuple[float, float]) -> frozenset[str]:
    """Which of the three areas (below the zone, inside, above) the interval reaches."""
    reached = set()
    if interval[0] < zone[0]:
        reached.add("below")
    if interval[1] > zone[1]:
        reached.add("above")
    if interval[0] <= zone[1] and interval[1] >= zone[0]:
        reached.add("inside")
    return frozenset(reached)


def areas_alike(first: tuple[float, float], second: tuple[float, float], zone: tuple[float, float]) -> int:
    """In how many of the three areas two intervals agree: both reach it, or neither does (0 to 3)."""
    one, two = areas(first, zone), areas(second, zone)
    return sum((area in one) == (area in two) for area in ("below", "inside", "above"))


def check_zone(zone: tuple[float, float]) -> tuple[float, float]:
    """The zone. Raises EvidenceError unless it goes from below zero to above zero."""
    low, high = zone
    if not low < 0 < high:
        raise EvidenceError(
            "not a range of differences that do not matter", field="zone", value=f"{low} to {high}",
            expected="a limit below 0 and one above, on the scale of the effect (for ratios the logarithm)",
        )  # fmt: skip
    return low, high


def number(value: object) -> float:
    """A number from a result table; nan where there is none."""
    return float(value) if isinstance(value, int | float) else nan
