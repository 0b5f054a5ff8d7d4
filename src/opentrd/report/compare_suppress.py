"""Which counts of a comparison may be shown: each table is protected in itself and against the counts around it.

Prevalence, attrition and groups use the rules of ``suppress``. Where a table is a partition that may be coarsened
(joint patterns, pathways), small cells are put together until every published number is a sum of cells of at least
``min_count`` persons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.report.compare_told import OF_COUNT, OF_PAIR, tells_small
from opentrd.report.suppress import (
    WITHHELD,
    Cell,
    shown,
    smallest_shown,
    suppress_one,
    suppress_partition,
)

Row = Mapping[str, Any]
Cells = dict[str, Cell]

# Counts of one definition.
COUNTS = ("persons", "eligible_high", "met_low", "met_high", "denominator_high", "eligible_low")
# What is shown together, the most first. The counts cut the persons into parts, and these sums are the parts: a set of
# counts is shown when none of its parts is small, so that nothing small can be worked out from it.
Part = tuple[tuple[int, str], ...]
MET, MAY_MEET, UP_TO_MET = ((1, "met_low"),), ((1, "met_high"), (-1, "met_low")), ((1, "met_high"),)
TOGETHER: tuple[tuple[tuple[str, ...], tuple[Part, ...]], ...] = (
    (
        COUNTS,
        (
            MET,
            ((1, "eligible_low"), (1, "met_high"), (-1, "denominator_high"), (-1, "met_low")),
            ((1, "denominator_high"), (-1, "met_high")),
            ((1, "denominator_high"), (-1, "eligible_low")),
            ((1, "eligible_high"), (-1, "denominator_high")),
            ((1, "persons"), (-1, "eligible_high")),
        ),
    ),
    (
        ("persons", "eligible_high", "met_low", "met_high", "denominator_high"),
        (
            MET,
            MAY_MEET,
            ((1, "denominator_high"), (-1, "met_high")),
            ((1, "eligible_high"), (-1, "denominator_high")),
            ((1, "persons"), (-1, "eligible_high")),
        ),
    ),
    (
        ("persons", "eligible_high", "met_low", "met_high"),
        (
            MET,
            MAY_MEET,
            ((1, "eligible_high"), (-1, "met_high")),
            ((1, "persons"), (-1, "eligible_high")),
        ),
    ),
    (
        ("persons", "eligible_high", "met_low"),
        (MET, ((1, "eligible_high"), (-1, "met_low")), ((1, "persons"), (-1, "eligible_high"))),
    ),
    (
        ("persons", "eligible_high", "met_high", "denominator_high"),
        (
            UP_TO_MET,
            ((1, "denominator_high"), (-1, "met_high")),
            ((1, "eligible_high"), (-1, "denominator_high")),
            ((1, "persons"), (-1, "eligible_high")),
        ),
    ),
    (
        ("persons", "eligible_high", "met_high"),
        (UP_TO_MET, ((1, "eligible_high"), (-1, "met_high")), ((1, "persons"), (-1, "eligible_high"))),
    ),
    # The denominator before those who meet it, as on the cohort page: both pages together tell no more than one.
    (("persons", "eligible_high"), (((1, "eligible_high"),), ((1, "persons"), (-1, "eligible_high")))),
    (("persons", "met_low"), (MET, ((1, "persons"), (-1, "met_low")))),
    (("persons", "met_high"), (UP_TO_MET, ((1, "persons"), (-1, "met_high")))),
    (("persons",), (((1, "persons"),),)),
    ((), ()),
)
# Which of them a step of the flow lies inside.
# Steps of the flow of one definition beside these counts: step 1 is all persons, step 7 is met_low.
STEPS = (6, 5, 4, 3, 2)
HIDDEN = Cell(None, WITHHELD)
# What is left out of a 2x2 table until it tells nothing small, the least first.
_LEFT_OUT = ((), ("both_met", "only_a"), ("both_met", "only_b"), ("only_a", "neither"), ("only_b", "neither"))
_ALL_FOUR = ("both_met", "only_a", "only_b", "neither")
FEWER: tuple[tuple[str, ...], ...] = tuple(
    (*cells, *also) for cells in (*_LEFT_OUT, _ALL_FOUR) for also in ((), ("undetermined",))
)


def definition_cells(counts: Row, steps: Mapping[int, int], min_count: int) -> Cells:
    """The counts of one definition and of its flow, decided together, because each gives the other away."""
    least = smallest_shown(min_count)
    cells = _shown_together(counts, least)
    around = {name: counts[name] for name in COUNTS if cells[name].value is not None}
    for step in STEPS:
        count = steps.get(step)
        name = f"step {step}"
        cells[name] = suppress_one(count, min_count)
        if count is None or cells[name].value is None:
            continue
        related = {"persons", "met_low", *(f"step {other}" for other in STEPS)}
        related |= {"eligible_high"} if step >= 4 else set()
        related |= {"met_high"} if step == 6 else set()
        if any(0 < abs(count - around[other]) < least for other in related & around.keys()):
            cells[name] = HIDDEN
        else:
            around[name] = count
    cells["step 1"], cells["step 7"] = cells["persons"], cells["met_low"]
    return cells


def _shown_together(counts: Row, least: int) -> Cells:
    """The largest set of counts without a small part; what is left out says only that it is withheld."""
    for names, parts in TOGETHER:
        sizes = (sum(sign * counts[name] for sign, name in part) for part in parts)
        if all(size == 0 or size >= least for size in sizes):
            return {name: shown(counts[name]) if name in names else HIDDEN for name in COUNTS}
    raise AssertionError("the empty set has no part")


def level_cells(levels: Sequence[Row], published: Cells, min_count: int) -> list[Cells]:
    """The counts of one definition in the groups of one kind (the sexes, the ages), whose sum is published.

    A count is hidden in at least two groups or in none, unless its total is hidden too.
    """
    least = smallest_shown(min_count)
    cells = [_shown_together(row, least) for row in levels]
    changed = True
    while changed:
        changed = False
        for name in COUNTS:
            hidden = [place for place, own in enumerate(cells) if own[name].value is None]
            total = sum(levels[place][name] for place in hidden)
            lonely = len(hidden) == 1 or (hidden and total < least)
            if lonely and published[name].value is not None:
                others = [place for place in range(len(levels)) if place not in hidden]
                if others:
                    smallest = min(others, key=lambda place: (levels[place][name], place))
                    cells[smallest][name] = HIDDEN
                    changed = True
    return cells


def pair_cells(row: Row, a: Cells, b: Cells, min_count: int) -> Cells:
    """The 2x2 table of two definitions, as much of it as tells nothing small beside what is shown of each of them."""
    least = smallest_shown(min_count)
    names = ("both_met", "only_a", "only_b", "neither")
    parted = suppress_partition([row[name] for name in names], min_count)
    cells = {"persons": parted.total, **dict(zip(names, parted.cells, strict=True))}
    cells["undetermined"] = suppress_one(row["undetermined"], min_count)
    known_a, known_b = known(a), known(b)
    for fewer in FEWER:
        left = {**cells, **dict.fromkeys(fewer, HIDDEN)}
        if tells_small(known_a, known_b, known(left), least):
            continue
        if left["persons"].hidden:
            return {**dict.fromkeys(cells, HIDDEN), "persons": left["persons"]}
        return left
    return dict.fromkeys(cells, HIDDEN)


def known(cells: Cells) -> dict[str, int]:
    """The counts that are shown, of those that ``compare_told`` knows the persons of."""
    return {
        name: cell.value
        for name, cell in cells.items()
        if cell.value is not None and (name in OF_COUNT or name in OF_PAIR)
    }


def clause_cells(counts: Sequence[int], whole: Cell, min_count: int) -> tuple[Cell, ...]:
    """How often each clause decides; ``whole`` is their sum as the 2x2 table shows it."""
    if whole.value is None:
        return tuple(HIDDEN for _ in counts)
    return suppress_partition(counts, min_count).cells


def largest_sets(rows: Sequence[Row], most: int, min_count: int) -> tuple[list[Row], Cell]:
    """The ``most`` largest cells of a partition, and all others as one cell, which is never a small one."""
    least = smallest_shown(min_count)
    ordered = sorted(rows, key=lambda row: -row["persons"])
    shown = [row for row in ordered[:most] if row["persons"] >= least]
    rest = sum(row["persons"] for row in ordered[len(shown) :])
    while shown and 0 < rest < least:
        rest += shown.pop()["persons"]
    return shown, suppress_one(rest, min_count)


OTHER = "rare pathways"


def coarse_paths(paths: Mapping[tuple[str, ...], int], min_count: int) -> dict[tuple[str, ...], int]:
    """Sequences of equal length whose small ones are cut short until each holds at least ``min_count`` persons.

    A cut place reads ``OTHER``. What is left at the end joins the smallest sequence that is shown, which then is
    ``OTHER`` from the first place on. Every number made of the result is a sum of counts that may be shown.
    """
    least = smallest_shown(min_count)
    found = dict(paths)
    length = len(next(iter(paths), ()))
    for place in reversed(range(length)):
        merged: dict[tuple[str, ...], int] = {}
        for path, persons in found.items():
            small = persons < least
            cut = (*path[:place], *(OTHER,) * (length - place)) if small else path
            merged[cut] = merged.get(cut, 0) + persons
        found = merged
    nowhere = (OTHER,) * length
    while 0 < found.get(nowhere, 0) < least and len(found) > 1:
        smallest = min((path for path in found if path != nowhere), key=lambda path: (found[path], path))
        found[nowhere] += found.pop(smallest)
    return {} if 0 < found.get(nowhere, 0) < least else found


def thinned_curve(rows: Sequence[Row], fixed: Sequence[int], min_count: int) -> list[Row]:
    """The days of a curve that may be shown: between two of them at least ``min_count`` became resistant, or nobody.

    ``fixed`` are days for which a row has to be shown first (one and two years): the last one up to such a day. The total
    at the end is shown beside the curve, so the last day keeps the same distance from it. ``rows`` are in the order of days,
    with ``day``, ``events_so_far`` and ``at_risk``.
    """
    least = smallest_shown(min_count)
    total = rows[-1]["events_so_far"] if rows else 0
    rows = [row for row in rows if row["at_risk"] >= least]
    anchors: list[Row] = []
    for day in fixed:
        upto = [row for row in rows if row["day"] <= day]
        if upto and rows[-1]["day"] >= day and _apart(anchors, upto[-1], least):
            anchors.append(upto[-1])
    kept: list[Row] = []
    for row in rows:
        if anchors and row is anchors[0]:
            anchors.pop(0)
            kept.append(row)
        elif row["events_so_far"] > (kept[-1]["events_so_far"] if kept else 0) and _apart(kept, row, least):
            ahead = (anchors[0]["events_so_far"] if anchors else total) - row["events_so_far"]
            if ahead == 0 or ahead >= least:
                kept.append(row)
    # The last day says how far the follow-up goes, where it adds nobody.
    if rows and kept and kept[-1] is not rows[-1] and kept[-1]["events_so_far"] == rows[-1]["events_so_far"]:
        kept.append(rows[-1])
    return kept


def _apart(kept: Sequence[Row], row: Row, least: int) -> bool:
    gained = row["events_so_far"] - (kept[-1]["events_so_far"] if kept else 0)
    return bool(gained == 0 or gained >= least)
