"""The comparison in OHDSI's ``summarised_result`` form, so that tools of the DARWIN EU packages can go on from it.

Format and suppression as documented by the R package omopgenerics ("A summarised result", "Suppression of a
summarised_result object"): thirteen columns, all values as text, settings as rows of their own; a small count reads
``<n`` and what is linked to it ``-``. Counts that are withheld for any other reason read ``-`` too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from opentrd.report.suppress import Cell

Row = Mapping[str, Any]
COLUMNS = (
    "result_id",
    "cdm_name",
    "group_name",
    "group_level",
    "strata_name",
    "strata_level",
    "variable_name",
    "variable_level",
    "estimate_name",
    "estimate_type",
    "estimate_value",
    "additional_name",
    "additional_level",
)
SETTINGS = (
    "result_id",
    "result_type",
    "package_name",
    "package_version",
    "group",
    "strata",
    "additional",
    "min_cell_count",
)
OVERALL = "overall"
AND = " &&& "
LINKED = "-"
NOT_AVAILABLE = "NA"
# Counts of a definition, as variables.
VARIABLES = {
    "persons": "Persons",
    "eligible_low": "In the denominator, certain",
    "eligible_high": "In the denominator, possible",
    "met_low": "Met, certain",
    "met_high": "Met, possible",
}
STRATA = {"sex": "sex", "age": "age_group", "race": "race", "ethnicity": "ethnicity", "language": "language"}
# Of which percentage a variable has: the counts are in the numerator.
PERCENT = {"met_low": "eligible_low_pct", "met_high": "eligible_high_pct"}
RESULTS = (
    ("opentrd_prevalence", "cohort_name", "", ""),
    ("opentrd_prevalence_stratified", "cohort_name", "{strata}", ""),
    ("opentrd_attrition", "cohort_name", "reason", "reason_id"),
    ("opentrd_agreement", "cohort_name_reference &&& cohort_name_comparator", "", ""),
    ("opentrd_time_to_resistance", "cohort_name", "reading", ""),
)


def write(
    folder: Path, tables: Mapping[str, Sequence[Row]], *, cdm_name: str, version: str, min_count: int
) -> None:
    """Write ``summarised_result.csv`` (results and settings in one file) and ``summarised_result_settings.csv``."""
    strata = sorted({STRATA[row["kind"]] for row in tables["group"]})
    settings = [
        {
            "result_id": str(number),
            "result_type": kind,
            "package_name": "opentrd",
            "package_version": version,
            "group": group,
            "strata": stratum.format(strata=AND.join(strata)),
            "additional": additional,
            "min_cell_count": str(min_count if min_count > 1 else 0),
        }
        for number, (kind, group, stratum, additional) in enumerate(RESULTS, 1)
    ]
    with (folder / "summarised_result.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval=OVERALL)
        writer.writeheader()
        for row in _results(tables):
            writer.writerow({"cdm_name": cdm_name, **row})
        for setting in settings:
            for name in SETTINGS[1:]:
                writer.writerow(
                    {
                        "result_id": setting["result_id"],
                        "cdm_name": NOT_AVAILABLE,
                        "variable_name": "settings",
                        "variable_level": NOT_AVAILABLE,
                        "estimate_name": name,
                        "estimate_type": "character",
                        "estimate_value": setting[name],
                    }
                )
    with (folder / "summarised_result_settings.csv").open("w", newline="", encoding="utf-8") as stream:
        plain = csv.DictWriter(stream, SETTINGS)
        plain.writeheader()
        plain.writerows(settings)


def _results(tables: Mapping[str, Sequence[Row]]) -> Iterator[dict[str, str]]:
    for row in tables["prevalence"]:
        yield from _counts({"result_id": "1", **_group(row["definition"])}, row)
    for row in tables["group"]:
        stratum = {"strata_name": STRATA[row["kind"]], "strata_level": str(row["level"])}
        yield from _counts({"result_id": "2", **_group(row["definition"]), **stratum}, row)
    for row in tables["attrition"]:
        at = {
            "result_id": "3",
            **_group(row["definition"]),
            "strata_name": "reason",
            "strata_level": row["meaning"],
            "additional_name": "reason_id",
            "additional_level": str(row["step"]),
        }
        yield {**at, "variable_name": "Persons", "variable_level": NOT_AVAILABLE, **_count(row["persons"])}
    for row in tables["agreement"]:
        at = {
            "result_id": "4",
            "group_name": RESULTS[3][1],
            "group_level": f"{row['definition_a']}{AND}{row['definition_b']}",
        }
        for name, level in (
            ("both_met", "in_both"),
            ("only_a", "only_in_reference"),
            ("only_b", "only_in_comparator"),
            ("neither", "in_neither"),
        ):
            yield {**at, "variable_name": "Met", "variable_level": level, **_count(row[name])}
        hidden = any(row[name].hidden for name in ("both_met", "only_a", "only_b", "neither"))
        for name in ("kappa", "kappa_low", "kappa_high", "positive_agreement", "negative_agreement"):
            named = {**at, "variable_name": "Agreement", "variable_level": NOT_AVAILABLE}
            yield from _numbers(named, name, "numeric", row[name], hidden)
    for row in tables["time_to_resistance"]:
        at = {
            "result_id": "5",
            **_group(row["definition"]),
            "strata_name": "reading",
            "strata_level": row["reading"],
        }
        yield {**at, "variable_name": "Followed", "variable_level": NOT_AVAILABLE, **_count(row["followed"])}
        yield {**at, "variable_name": "Events", "variable_level": NOT_AVAILABLE, **_count(row["events"])}
        hidden = row["events"].hidden
        for year in (1, 2):
            level = f"{year} year{'s' if year > 1 else ''}"
            named = {**at, "variable_name": "Risk of resistance", "variable_level": level}
            for part in ("risk", "risk_low", "risk_high"):
                yield from _numbers(named, part, "proportion", row[f"{part}_year_{year}"], hidden)
        named = {**at, "variable_name": "Days to resistance", "variable_level": NOT_AVAILABLE}
        for part in ("median_day", "median_low", "median_high"):
            yield from _numbers(named, part, "integer", row[part], hidden)


def _counts(at: Mapping[str, str], row: Row) -> Iterator[dict[str, str]]:
    for name, variable in VARIABLES.items():
        base = {**at, "variable_name": variable, "variable_level": NOT_AVAILABLE}
        yield {**base, **_count(row[name])}
        if name in PERCENT:
            yield from _numbers(base, "percentage", "percentage", row[PERCENT[name]], row[name].hidden)


def _group(definition: str) -> dict[str, str]:
    return {"group_name": "cohort_name", "group_level": definition}


def _count(cell: Cell) -> dict[str, str]:
    marked = cell.text if cell.text.startswith("<") else LINKED
    value = marked if cell.value is None else str(cell.value)
    return {"estimate_name": "count", "estimate_type": "integer", "estimate_value": value}


def _numbers(
    at: Mapping[str, str], name: str, kind: str, value: float | None, hidden: bool
) -> Iterator[dict[str, str]]:
    """One estimate; none where it is not defined (a median that is not reached)."""
    if value is None and not hidden:
        return
    text = LINKED if value is None or hidden else f"{value:g}"
    yield {**at, "estimate_name": name, "estimate_type": kind, "estimate_value": text}
