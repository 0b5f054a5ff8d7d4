"""The stages of a population: persons by band, or by points where an instrument has no named bands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from opentrd.report import words
from opentrd.report.stages import NOT_APPLICABLE
from opentrd.report.suppress import Cell, smallest_shown, suppress_nested, suppress_partition
from opentrd.report.words import Row

DENOMINATOR = (
    "Counted are the persons with a recorded depressive episode; who has an episode only because of a treatment, or "
    "none, is left out."
)
HIDDEN = "Not shown: the number of these persons lies so close to one in the flow above that a small count could be worked out."


def reveals(persons: int, published: Collection[int], min_count: int) -> bool:
    """True when a denominator and a number already shown differ by a count that may not be shown."""
    least = smallest_shown(min_count)
    return any(0 < abs(persons - shown) < least for shown in published)


def stage_tables(
    rows: Sequence[Row], min_count: int, published: Collection[int] = ()
) -> list[dict[str, Any]]:
    """Per instrument: how many persons lie certainly in one band, or between two.

    ``published``: counts of persons that the page shows elsewhere.
    """
    views: list[dict[str, Any]] = []
    for instrument in dict.fromkeys(str(row.get("instrument")) for row in rows):
        own = [row for row in rows if str(row.get("instrument")) == instrument]
        title = str(own[0].get("title") or words.title_case(instrument))
        if reveals(sum(int(row.get("persons") or 0) for row in own), published, min_count):
            views.append({"title": title, "hidden": HIDDEN})
            continue
        parted = suppress_partition([int(row.get("persons") or 0) for row in own], min_count)
        certain = [row.get("band_low") for row in own if row.get("band_low") == row.get("band_high")]
        bands = list(
            dict.fromkeys(name for name in certain if name and not str(name).startswith(NOT_APPLICABLE))
        )
        lines = [
            {
                "band": _band_words(row),
                "persons": cell,
                "percent": share(cell, parted.total),
                "shade": _shade(row, bands),
            }
            for row, cell in zip(own, parted.cells, strict=True)
        ]
        views.append(
            {
                "title": title,
                "hidden": "",
                "lines": lines,
                "total": parted.total,
                "segments": _segments(lines, parted.total),
            }
        )
    return views


def points_inside(points: Sequence[int]) -> set[tuple[str, str]]:
    """Which group of persons lies inside which: more points inside fewer, certain inside possible."""
    pairs = set()
    for more in points:
        pairs |= {(f"certain {more}", "persons"), (f"possible {more}", "persons")}
        for fewer in points:
            if fewer < more:
                pairs |= {
                    (f"certain {more}", f"certain {fewer}"),
                    (f"possible {more}", f"possible {fewer}"),
                }
            if fewer <= more:
                pairs.add((f"certain {more}", f"possible {fewer}"))
    return pairs


def points_tables(
    rows: Sequence[Row], min_count: int, published: Collection[int] = ()
) -> list[dict[str, Any]]:
    """Per instrument without named bands: how many persons have at least so many points.

    A row is withheld when it differs from another row that contains it, or that it contains, by a small count.
    What may be is decided before what is certain: the other way round the order would tell why a count is hidden.
    """
    views: list[dict[str, Any]] = []
    for instrument in dict.fromkeys(str(row.get("instrument")) for row in rows):
        own = [row for row in rows if str(row.get("instrument")) == instrument]
        title = str(own[0].get("title") or words.title_case(instrument))
        persons = int(own[0].get("persons") or 0)
        if reveals(persons, published, min_count):
            views.append({"title": title, "hidden": HIDDEN})
            continue
        points = [int(row.get("points") or 0) for row in own]
        counts: dict[str, int | None] = {"persons": persons}
        for at, row in zip(points, own, strict=True):
            counts[f"possible {at}"] = int(row.get("possible") or 0)
            counts[f"certain {at}"] = int(row.get("certain") or 0)
        cells = suppress_nested(counts, points_inside(points), min_count)
        views.append(
            {
                "title": title,
                "hidden": "",
                "total": cells["persons"],
                "lines": [
                    {
                        "points": at,
                        "certain": cells[f"certain {at}"],
                        "certain_percent": share(cells[f"certain {at}"], cells["persons"]),
                        "possible": cells[f"possible {at}"],
                        "possible_percent": share(cells[f"possible {at}"], cells["persons"]),
                    }
                    for at in points
                ],
            }
        )
    return views


def share(cell: Cell, total: Cell) -> str:
    """A shown count as a percentage of a shown total; empty when either is hidden."""
    if cell.value is None or not total.value:
        return ""
    return f"{100 * cell.value / total.value:.1f} %"


def _band_words(row: Row) -> str:
    low, high = row.get("band_low"), row.get("band_high")
    if not low and not high:
        return "not computable"
    if low == high:
        return str(low)
    return f"between {low or 'not known'} and {high or 'not known'}"


def _shade(row: Row, bands: Sequence[Any]) -> str:
    low, high = row.get("band_low"), row.get("band_high")
    if not low and not high:
        return "s-none"
    if low != high or not low or str(low).startswith(f"{NOT_APPLICABLE}, or"):
        return "s-open"
    if low not in bands:
        return "s-none"
    return f"s{min(4, round(4 * bands.index(low) / max(1, len(bands) - 1)))}"


def _segments(lines: Sequence[Mapping[str, Any]], total: Cell) -> list[dict[str, Any]]:
    """The stacked bar: shown cells, and all hidden ones as one segment, whose size the total gives anyway."""
    if not total.value:
        return []
    parts = [
        {
            "words": f"{line['band']} {line['persons'].text}",
            "size": line["persons"].value,
            "shade": line["shade"],
        }
        for line in lines
        if line["persons"].value
    ]
    rest = total.value - sum(part["size"] for part in parts)
    if rest:
        parts.append({"words": "not shown", "size": rest, "shade": "s-hid"})
    for part in parts:
        part["share"] = 100 * part["size"] / total.value
        if part["share"] < 1.1 * len(part["words"]):
            part["words"] = ""
    return parts
