"""The population's findings in counts: how much of the apparent resistance each cause may explain. Small counts are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.report import words
from opentrd.report.fit import GROUPS
from opentrd.report.suppress import WITHHELD, Cell, suppress_partition
from opentrd.report.words import Row

SUICIDE = {"suicide": "Suicide risk", "beside_suicide": "States that come first"}
NOT_SHOWN = Cell(None, WITHHELD)


def causes(
    rows: Sequence[Row], titles: Mapping[str, Row], persons: int, min_count: int
) -> dict[str, Any] | None:
    """The findings by group, among the apparently resistant and among the others; None when no check was made.

    ``rows``: finding_count (finding, grp, apparent, present, persons), chunk by chunk. Each half of the population is a
    partition into found, not known, and neither, whose total is shown.
    """
    if not rows:
        return None
    counts: dict[tuple[str, str], dict[tuple[bool, bool | None], int]] = {}
    for row in rows:
        own = counts.setdefault((str(row["grp"]), str(row["finding"])), {})
        half = (words.truth(row["apparent"]) is True, words.truth(row["present"]))
        own[half] = own.get(half, 0) + int(row["persons"])
    # A check that is made of every person tells how many the apparently resistant are.
    resistant = max(sum(count for (half, _), count in own.items() if half) for own in counts.values())
    halves = suppress_partition([resistant, persons - resistant], min_count)
    groups: list[dict[str, Any]] = []
    for group, heading in (SUICIDE | GROUPS).items():
        lines = [
            _line(name, titles, own, (resistant, persons - resistant), halves.cells, min_count)
            for (grp, name), own in sorted(counts.items(), key=lambda item: _place(item[0], titles))
            if grp == group
        ]
        if lines:
            groups.append({"title": heading, "lines": lines})
    return {"resistant": halves.cells[0], "others": halves.cells[1], "groups": groups}


def _place(key: tuple[str, str], titles: Mapping[str, Row]) -> tuple[int, str]:
    return int((titles.get(key[1]) or {}).get("place") or 10**6), key[1]


def _line(
    name: str,
    titles: Mapping[str, Row],
    own: Mapping[tuple[bool, bool | None], int],
    sizes: tuple[int, int],
    shown: Sequence[Cell],
    min_count: int,
) -> dict[str, Any]:
    cells: list[Cell] = []
    for half, size, whole in ((True, sizes[0], shown[0]), (False, sizes[1], shown[1])):
        found, open_ = own.get((half, True), 0), own.get((half, None), 0)
        parts = suppress_partition([found, open_, size - found - open_], min_count).cells
        cells += [NOT_SHOWN, NOT_SHOWN] if whole.value is None else parts[:2]
    resistant = shown[0].value
    return {
        "title": str((titles.get(name) or {}).get("title") or words.title_case(name.replace("_", " "))),
        "cells": cells,
        "share": 100 * cells[0].value / resistant if resistant and cells[0].value is not None else None,
    }
