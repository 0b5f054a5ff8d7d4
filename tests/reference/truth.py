"""Truth with three values (``True``, ``False``, ``None`` for not known), and counts known as [low, high]."""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | None


def and3(values: Iterable[Truth]) -> Truth:
    """False if any is false, else not known if any is not known, else true."""
    seen = list(values)
    if any(value is False for value in seen):
        return False
    return None if any(value is None for value in seen) else True


def or3(values: Iterable[Truth]) -> Truth:
    """True if any is true, else not known if any is not known, else false."""
    seen = list(values)
    if any(value is True for value in seen):
        return True
    return None if any(value is None for value in seen) else False


def not3(value: Truth) -> Truth:
    """The opposite; not known stays not known."""
    return None if value is None else not value


def reaches(low: float, high: float | None, needed: float) -> Truth:
    """Whether a count in [low, high] is at least ``needed``; ``high`` None has no bound."""
    if low >= needed:
        return True
    return False if high is not None and high < needed else None
