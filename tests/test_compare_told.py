"""What two definitions and their joint table tell together, held against linear programming over all populations."""

from __future__ import annotations

import random

import numpy as np
from scipy.optimize import linprog

from opentrd.report.compare_suppress import COUNTS, definition_cells, known, pair_cells
from opentrd.report.compare_told import OF_COUNT, OF_PAIR, PLACES

LEAST = 5
KINDS = [(a, b) for a in range(PLACES) for b in range(PLACES)]
CELLS = ("persons", "both_met", "only_a", "only_b", "neither", "undetermined")


def of_definition(persons: dict[tuple[int, int], int], side: int) -> dict[str, int]:
    """The counts of one of the two definitions."""
    return {
        name: sum(count for kind, count in persons.items() if kind[side] in OF_COUNT[name]) for name in COUNTS
    }


def of_pair(persons: dict[tuple[int, int], int]) -> dict[str, int]:
    """The joint counts."""
    return {
        name: sum(count for (a, b), count in persons.items() if OF_PAIR[name] >> (a * PLACES + b) & 1)
        for name in CELLS
    }


def weights(name: str, side: int | None) -> list[float]:
    """Which kinds a count is the sum of."""
    if side is None:
        return [float(OF_PAIR[name] >> (a * PLACES + b) & 1) for a, b in KINDS]
    return [float(kind[side] in OF_COUNT[name]) for kind in KINDS]


def told(
    shown: list[tuple[list[float], int]], hidden: dict[str, list[float]]
) -> dict[str, tuple[float, float]]:
    """The smallest and largest size of each hidden set in the populations that fit what is shown."""
    left, right = np.array([row for row, _ in shown]), np.array([float(count) for _, count in shown])
    found = {}
    for name, row in hidden.items():
        low = linprog(row, A_eq=left, b_eq=right).fun
        high = linprog([-weight for weight in row], A_eq=left, b_eq=right)
        found[name] = (round(low, 4), round(-high.fun, 4) if high.success else float("inf"))
    return found


def worked_out(persons: dict[tuple[int, int], int]) -> dict[str, float]:
    """Hidden counts of 1 to 4 persons that only one size fits."""
    row = of_pair(persons)
    a, b = (definition_cells(of_definition(persons, side), {}, LEAST) for side in (0, 1))
    cells = pair_cells(row, a, b, LEAST)
    sides: list[tuple[dict[str, int], int | None]] = [(known(a), 0), (known(b), 1), (known(cells), None)]
    shown = [(weights(name, side), count) for counts, side in sides for name, count in counts.items()]
    names = {0: COUNTS, 1: COUNTS, None: CELLS}
    hidden = {
        f"{name} {side}": weights(name, side)
        for counts, side in sides
        for name in names[side]
        if name not in counts
    }
    hidden |= {f"{a}, {b}": [float(kind == (a, b)) for kind in KINDS] for a, b in KINDS}
    return {name: low for name, (low, high) in told(shown, hidden).items() if low == high and 0 < low < LEAST}


def test_the_joint_table_tells_no_small_count_of_its_definitions() -> None:
    """Both have the same 330 persons in the denominator: 99 undetermined of 100 who may meet would leave one who does."""
    persons = {(2, 2): 205, (2, 1): 46, (0, 2): 25, (0, 0): 1, (0, 1): 53, (5, 5): 70}
    assert definition_cells(of_definition(persons, 1), {}, LEAST)["met_low"].value is None
    assert worked_out(persons) == {}
    cells = pair_cells(
        of_pair(persons),
        *(definition_cells(of_definition(persons, side), {}, LEAST) for side in (0, 1)),
        LEAST,
    )
    assert cells["undetermined"].text == "withheld"


def test_what_two_definitions_share_is_not_left_over() -> None:
    """Six and seven undetermined, together twelve: one person is both."""
    persons = {(1, 1): 1, (1, 2): 5, (2, 1): 6, (2, 2): 50, (0, 0): 20}
    assert worked_out(persons) == {}


def test_a_pair_without_small_parts_is_shown_whole() -> None:
    persons = {(0, 0): 30, (0, 2): 20, (2, 0): 10, (2, 2): 40, (1, 2): 10, (2, 1): 8, (5, 5): 25}
    cells = pair_cells(
        of_pair(persons),
        *(definition_cells(of_definition(persons, side), {}, LEAST) for side in (0, 1)),
        LEAST,
    )
    assert {name: cell.value for name, cell in cells.items()} == of_pair(persons)


def test_nothing_small_follows_in_random_populations() -> None:
    draw = random.Random(7)
    shown = 0
    for _ in range(25):
        kinds = draw.sample(KINDS, draw.randint(3, 9))
        persons = {kind: draw.choice((1, 2, 5, 8, 20, 60)) for kind in kinds}
        assert worked_out(persons) == {}, persons
        a, b = (definition_cells(of_definition(persons, side), {}, LEAST) for side in (0, 1))
        shown += bool(known(pair_cells(of_pair(persons), a, b, LEAST)))
    assert shown > 5
