"""Small counts are not shown, and cannot be worked out from what is shown.

A count from 1 to ``min_count - 1`` is shown as ``<min_count``; 0 stays 0. A larger count is *withheld* when
it would give a small one away: as the last missing part of a published total, or as the neighbour of another
count of which all but a few persons are also members. Percentages and charts are made from the shown counts
only.

The rules hold against a reader who knows them: the tests replay them over every table of a size and ask that
each hidden count keeps at least two possible values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

WITHHELD = "withheld"


@dataclass(frozen=True)
class Cell:
    """A count as it may be published: ``value`` is None when it is hidden, ``text`` is what is printed."""

    value: int | None
    text: str

    @property
    def hidden(self) -> bool:
        """True when the count exists but may not be shown."""
        return self.value is None and self.text != ""


@dataclass(frozen=True)
class Partition:
    """The cells of one partition, in the order given, and their total."""

    cells: tuple[Cell, ...]
    total: Cell


def smallest_shown(min_count: int) -> int:
    """The smallest positive count that may be shown; 1 switches suppression off.

    ``<2`` could only be 1 and would protect nobody, so 2 is read as 3.
    """
    if min_count <= 1:
        return 1
    return max(3, min_count)


def shown(count: int) -> Cell:
    """A count as it is, with thousands separated."""
    return Cell(count, f"{count:,}")


def small(least: int) -> Cell:
    """The mark of a count from 1 to ``least - 1``."""
    return Cell(None, f"<{least}")


def suppress_one(count: int | None, min_count: int) -> Cell:
    """A count that is in no sum and inside no other count. None (not computed) gives an empty text."""
    if count is None:
        return Cell(None, "")
    least = smallest_shown(min_count)
    return small(least) if 0 < count < least else shown(count)


def suppress_partition(counts: Sequence[int], min_count: int) -> Partition:
    """Hide small cells of a partition whose total is published, and as many others as this takes.

    When the sum of the small cells would fix one of them, the next smallest cell (all of that size) is hidden
    too, and the hidden cells carry the same mark, so that it is not said which of them is small. With no
    larger cell at all, the zeros are hidden as well and only the total is shown.
    """
    least = smallest_shown(min_count)
    total = suppress_one(sum(counts), min_count)
    primary = [place for place, count in enumerate(counts) if 0 < count < least]
    larger = [count for count in counts if count >= least]
    if primary and not larger:
        return Partition(tuple(Cell(None, WITHHELD) for _ in counts), total)
    cells = [shown(count) for count in counts]
    for place in primary:
        cells[place] = small(least)
    if primary and not _keeps_doubt(sum(counts[place] for place in primary), len(primary), least):
        for place, count in enumerate(counts):
            if 0 < count <= min(larger):
                cells[place] = Cell(None, WITHHELD)
    return Partition(tuple(cells), total)


def _keeps_doubt(hidden_sum: int, small_cells: int, least: int) -> bool:
    """True when a sum over that many cells of 1 to ``least - 1`` leaves every one at least two values."""
    return small_cells > 1 and small_cells < hidden_sum < small_cells * (least - 1)


def suppress_nested(
    counts: Mapping[str, int | None],
    inside: Collection[tuple[str, str]],
    min_count: int,
) -> dict[str, Cell]:
    """Hide counts of groups that lie inside each other (``(part, whole)`` pairs, every pair named).

    The order of ``counts`` is the order of importance: an earlier count is shown rather than a later one. A
    count is withheld when it and a count already shown differ by 1 to ``min_count - 1`` persons. Inside a
    whole so small that "too small" and "almost all" would each leave a single value, both carry the same
    mark.
    """
    least = smallest_shown(min_count)
    cells: dict[str, Cell] = {}
    for name, count in counts.items():
        cell = suppress_one(count, min_count)
        for other, before in cells.items():
            if count is None or before.value is None:
                continue
            if (name, other) in inside and cell.hidden and before.value < 2 * least:
                cell = Cell(None, WITHHELD)
            related = (name, other) in inside or (other, name) in inside
            if related and not cell.hidden and 0 < abs(before.value - count) < least:
                cell = Cell(None, WITHHELD)
        cells[name] = cell
    return cells


def suppress_chain(counts: Sequence[int | None], min_count: int) -> list[Cell]:
    """Hide counts of groups of which each lies inside all those before it (the steps of a flow)."""
    names = [str(place) for place in range(len(counts))]
    inside = {(later, earlier) for place, earlier in enumerate(names) for later in names[place + 1 :]}
    cells = suppress_nested(dict(zip(names, counts, strict=True)), inside, min_count)
    return [cells[name] for name in names]
