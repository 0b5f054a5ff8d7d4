"""The tables of a comparison as they may be shown: counts as cells, and measures made of shown counts only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.compare import YEARS, Comparison, wilson
from opentrd.report import words
from opentrd.report.compare_suppress import (
    COUNTS,
    HIDDEN,
    Cells,
    clause_cells,
    coarse_paths,
    definition_cells,
    known,
    largest_sets,
    level_cells,
    pair_cells,
    thinned_curve,
)
from opentrd.report.compare_told import tells_small
from opentrd.report.suppress import Cell, shown, smallest_shown, suppress_one, suppress_partition

Row = dict[str, Any]
Rows = list[Row]

KINDS = ("sex", "age", "race", "ethnicity", "language")
# More groups of one kind than this are put together as "all others", the smallest first.
MOST_LEVELS = 12
MOST_SETS = 20
STEPS = {
    1: "All persons",
    2: "with an antidepressant trial",
    3: "and diagnosed",
    4: "and not excluded",
    5: "and enough treatments tried",
    6: "and met or undetermined",
    7: "and met",
}
NO_LINE = "no further line"
CLASS_WORDS = {"other": "other class"}
JOINT = ("persons", "both_met", "only_a", "only_b", "neither", "undetermined")
UNKNOWN = ("not recorded", "not known", "no index date")


class Tables:
    """All tables of one comparison under one smallest count. Rows hold ``Cell`` where a count may be hidden."""

    def __init__(self, comparison: Comparison, titles: Mapping[str, str], min_count: int) -> None:
        self.comparison = comparison
        self.min_count = min_count
        self.titles = titles
        self.names = [str(row["definition"]) for row in comparison.definitions]
        groups = comparison.rows("group_count")
        steps: dict[str, dict[int, int]] = {}
        for row in comparison.rows("attrition"):
            steps.setdefault(row["definition"], {})[row["step"]] = row["persons"]
        overall = {row["definition"]: row for row in groups if row["kind"] == "overall"}
        self.cells: dict[str, Cells] = {
            name: definition_cells(overall[name], steps.get(name, {}), min_count) for name in self.names
        }
        self._groups = groups

    def title(self, name: str) -> str:
        """The title of a definition, or its name in words."""
        return self.titles.get(name) or words.title_case(name)

    def prevalence(self) -> Rows:
        """One row a definition: counts, percentages among the eligible and among all, with Wilson intervals."""
        rows: Rows = []
        for definition in self.comparison.definitions:
            cells = self.cells[definition["definition"]]
            row: Row = {"definition": definition["definition"], **{name: cells[name] for name in COUNTS}}
            row["undetermined"] = _difference(cells["met_high"], cells["met_low"])
            row["not_met"] = _difference(cells["persons"], cells["met_high"])
            row.update(_interval("eligible_low", cells["met_low"], cells["eligible_high"]))
            row.update(_interval("eligible_high", cells["met_high"], cells["denominator_high"]))
            row.update(_interval("all_low", cells["met_low"], cells["persons"]))
            row.update(_interval("all_high", cells["met_high"], cells["persons"]))
            rows.append({**row, "knowledge_status": definition["knowledge_status"]})
        return rows

    def groups(self) -> Rows:
        """One row a definition and group: counts and percentages among the eligible."""
        kept = self._kept_levels()
        by_kind: dict[tuple[str, str], dict[str, Row]] = {}
        for row in self._groups:
            if row["kind"] == "overall" or row["kind"] not in kept:
                continue
            level = row["level"] if row["level"] in kept[row["kind"]] else "all others"
            own = by_kind.setdefault((row["definition"], row["kind"]), {})
            sums = own.setdefault(level, dict.fromkeys(COUNTS, 0))
            for name in COUNTS:
                sums[name] += row[name]
        rows: Rows = []
        for name in self.names:
            for kind in kept:
                own = by_kind.get((name, kind), {})
                levels = [*(level for level in kept[kind] if level in own)]
                levels += [level for level in own if level not in levels]
                decided = level_cells([own[level] for level in levels], self.cells[name], self.min_count)
                for level, cells in zip(levels, decided, strict=True):
                    row = {
                        "definition": name,
                        "kind": kind,
                        "level": level,
                        **{count: cells[count] for count in COUNTS},
                    }
                    row.update(_interval("eligible_low", cells["met_low"], cells["eligible_high"]))
                    row.update(_interval("eligible_high", cells["met_high"], cells["denominator_high"]))
                    rows.append(row)
        return rows

    def _kept_levels(self) -> dict[str, list[str]]:
        """The groups of each kind that stand by themselves, in order; kinds that nobody's record states are left out."""
        sizes: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
        for row in self._groups:
            if row["kind"] in sizes:
                own = sizes[row["kind"]]
                own[row["level"]] = max(own.get(row["level"], 0), row["persons"])
        kept: dict[str, list[str]] = {}
        for kind, own in sizes.items():
            if not any(level not in UNKNOWN for level in own):
                continue
            largest = sorted(own, key=lambda level: (-own[level], level))[:MOST_LEVELS]
            kept[kind] = sorted(largest, key=lambda level: (level in UNKNOWN, level))
        return kept

    def attrition(self) -> Rows:
        """One row a definition and step of the flow from all persons to those who meet it."""
        return [
            {
                "definition": name,
                "step": step,
                "meaning": meaning,
                "persons": self.cells[name][f"step {step}"],
            }
            for name in self.names
            for step, meaning in STEPS.items()
        ]

    def agreement(self) -> Rows:
        """One row a pair: the 2x2 table and measures of agreement; measures only where all four counts are shown."""
        rows: Rows = []
        for row in self.comparison.rows("agreement"):
            a, b = row["definition_a"], row["definition_b"]
            cells = pair_cells(row, self.cells[a], self.cells[b], self.min_count)
            whole = all(not cells[name].hidden for name in ("both_met", "only_a", "only_b", "neither"))
            bounds = whole and not cells["undetermined"].hidden
            rows.append(
                {
                    "definition_a": a,
                    "definition_b": b,
                    **cells,
                    **{name: _rounded(row[name], 4) if whole else None for name in MEASURES},
                    # Two decimals: the counts that these rest on are not shown one by one.
                    **{name: _rounded(row[name], 2) if bounds else None for name in RESOLVED},
                }
            )
        return rows

    def disagreement(self, agreement: Rows) -> Rows:
        """One row an ordered pair and clause: why the second definition is not met when the first is."""
        wholes: dict[tuple[str, str], Cell] = {}
        for row in agreement:
            wholes[row["definition_a"], row["definition_b"]] = row["only_a"]
            wholes[row["definition_b"], row["definition_a"]] = row["only_b"]
        tables = {
            (row["definition_a"], row["definition_b"]): known({name: row[name] for name in JOINT})
            for row in agreement
        }
        parts: dict[tuple[str, str, bool | None], Rows] = {}
        for row in self.comparison.rows("disagreement"):
            key = (row["met_by"], row["not_met_by"], row["in_denominator"])
            parts.setdefault(key, []).append(row)
        rows: Rows = []
        for (met_by, not_met_by, inside), own in parts.items():
            own.sort(key=lambda row: (-row["persons"], row["clause"]))
            counts = [row["persons"] for row in own]
            outside = "may_be_outside" if inside is None else "outside"
            whole = (
                wholes[met_by, not_met_by]
                if inside
                else self._beside(tables, met_by, not_met_by, outside, sum(counts))
            )
            for row, cell in zip(own, clause_cells(counts, whole, self.min_count), strict=True):
                rows.append({**row, "persons": cell})
        return rows

    def _beside(
        self, tables: Mapping[tuple[str, str], dict[str, int]], met: str, other: str, where: str, count: int
    ) -> Cell:
        """Persons who meet one definition outside the denominator of the other; hidden when the joint table then tells more.

        What is shown is remembered in ``tables``.
        """
        cell = suppress_one(count, self.min_count)
        pair, name = (
            ((met, other), f"a_met_b_{where}")
            if (met, other) in tables
            else ((other, met), f"b_met_a_{where}")
        )
        beside = {**tables[pair], name: count}
        a, b = (known(self.cells[definition]) for definition in pair)
        if cell.value is None or tells_small(a, b, beside, smallest_shown(self.min_count)):
            return HIDDEN
        tables[pair][name] = count
        return cell

    def missed(self) -> Rows:
        """One row a definition and clause: why it is not met by persons who certainly meet some other definition."""
        parts: dict[str, Rows] = {}
        for row in self.comparison.rows("missed"):
            parts.setdefault(row["definition"], []).append(row)
        rows: Rows = []
        for own in parts.values():
            own.sort(key=lambda row: (-row["persons"], row["clause"]))
            parted = suppress_partition([row["persons"] for row in own], self.min_count)
            rows += [{**row, "persons": cell} for row, cell in zip(own, parted.cells, strict=True)]
        return rows

    def joint(self, most: int = MOST_SETS) -> tuple[Rows, Cell]:
        """The largest sets of definitions that the same persons meet, and the persons with any other set."""
        found, rest = largest_sets(self.comparison.rows("joint"), most, self.min_count)
        rows = [
            {
                "definitions": [
                    name for name, mark in zip(self.names, row["met_set"], strict=True) if mark == "M"
                ],
                "persons": shown(row["persons"]),
            }
            for row in found
        ]
        return rows, rest

    def times(self) -> tuple[Rows, Rows, Rows]:
        """Time to resistance: one row a definition and reading; the days of the curves; who is followed and who not."""
        fates: Rows = []
        followed: dict[str, Cell] = {}
        undated: dict[str, Cell] = {}
        by_name: dict[str, Rows] = {}
        for row in self.comparison.rows("fate"):
            by_name.setdefault(row["definition"], []).append(row)
        for name in self.names:
            own = by_name.get(name, [])
            parted = suppress_partition([row["persons"] for row in own], self.min_count)
            for row, cell in zip(own, parted.cells, strict=True):
                fates.append({"definition": name, "fate": row["fate"], "persons": cell})
                if row["fate"] == "followed":
                    followed[name] = cell
                    undated[name] = suppress_one(row["undated"], self.min_count)
        summaries: Rows = []
        points: Rows = []
        curves: dict[str, Rows] = {}
        of = None
        for summary in self.comparison.rows("time_summary"):
            name, reading = summary["definition"], summary["reading"]
            if name != of:
                of, curves = name, {}
                for row in self.comparison.rows("risk", name):
                    curves.setdefault(row["reading"], []).append(row)
            rows = curves.get(reading, [])
            kept = thinned_curve(rows, YEARS, self.min_count)
            total = rows[-1]["events_so_far"] if rows else 0
            events = suppress_one(total, self.min_count)
            near = [point["events_so_far"] for point in kept]
            near += [self.cells[name][count].value for count in ("met_low", "met_high")]
            if any(count is not None and 0 < abs(count - total) < self.min_count for count in near):
                events = HIDDEN
            row = {
                "definition": name,
                "reading": reading,
                "followed": followed.get(name, HIDDEN),
                "events": events,
                "undetermined_without_day": undated.get(name, HIDDEN),
            }
            for place, day in enumerate(YEARS, 1):
                at = _risk_at(rows, kept, day)
                row[f"at_risk_year_{place}"] = suppress_one(_at_risk(rows, day), self.min_count)
                for part in ("risk", "risk_low", "risk_high"):
                    row[f"{part}_year_{place}"] = _rounded(at[part], 4) if at else None
            hide_median = events.value is None
            for part in ("median_day", "median_low", "median_high"):
                row[part] = None if hide_median else summary[part]
            summaries.append(row)
            points += [
                {
                    "definition": name,
                    "reading": reading,
                    **{part: point[part] for part in ("day", "at_risk", "events_so_far")},
                    **{part: _rounded(point[part], 4) for part in ("risk", "risk_low", "risk_high")},
                }
                for point in kept
            ]
        return summaries, points, fates

    def pathways(self) -> Rows:
        """Sequences of classes over four lines, coarsened until each holds enough persons."""
        found: dict[tuple[str, ...], int] = {}
        for row in self.comparison.rows("pathway"):
            classes = [row[f"line_{line}"] for line in (1, 2, 3, 4)]
            path = tuple(NO_LINE if name is None else CLASS_WORDS.get(name, name) for name in classes)
            found[path] = found.get(path, 0) + row["persons"]
        coarse = coarse_paths(found, self.min_count)
        ordered = sorted(coarse.items(), key=lambda item: (-item[1], item[0]))
        return [
            {**{f"line_{line}": name for line, name in enumerate(path, 1)}, "persons": shown(persons)}
            for path, persons in ordered
        ]


MEASURES = ("agreement", "kappa", "kappa_low", "kappa_high", "positive_agreement", "negative_agreement")
RESOLVED = ("agreement_if_differ", "agreement_if_same", "kappa_if_differ", "kappa_if_same")


def _interval(name: str, part: Cell, whole: Cell) -> Row:
    """``<name>_pct`` with the limits of its 95 % interval, per cent; None where a count is hidden or nobody is there."""
    made: Row = dict.fromkeys((f"{name}_pct", f"{name}_ci_low", f"{name}_ci_high"))
    if part.value is None or whole.value is None:
        return made
    inside = min(part.value, whole.value)
    limits = wilson(inside, whole.value)
    if limits is None:
        return made
    made[f"{name}_pct"] = round(100 * inside / whole.value, 2)
    made[f"{name}_ci_low"], made[f"{name}_ci_high"] = (round(100 * limit, 2) for limit in limits)
    return made


def _difference(whole: Cell, part: Cell) -> Cell:
    if whole.value is None or part.value is None:
        return HIDDEN
    return shown(whole.value - part.value)


def _risk_at(
    rows: Sequence[Mapping[str, Any]], kept: Sequence[Mapping[str, Any]], day: int
) -> Mapping[str, Any] | None:
    """The row of the curve that holds on a day; None when the follow-up is shorter or the row may not be shown."""
    upto = [row for row in rows if row["day"] <= day]
    if not upto or rows[-1]["day"] < day:
        return None
    if upto[-1]["events_so_far"] == 0:
        return {"risk": 0.0, "risk_low": None, "risk_high": None}
    return next((row for row in kept if row["events_so_far"] == upto[-1]["events_so_far"]), None)


def _at_risk(rows: Sequence[Mapping[str, Any]], day: int) -> int:
    return next((int(row["at_risk"]) for row in rows if row["day"] >= day), 0)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
