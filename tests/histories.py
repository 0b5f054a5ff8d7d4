"""Record tables in their raw text form: Hypothesis strategies for one person, and a writer.

``histories()`` draws valid record tables (table -> rows of text), ``drawn`` draws a whole cohort of them, and
``write_folder`` writes them as the CSV folder of the contract. ``typed_rows`` reads them for the reference.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from opentrd.record.schema import RAW_COLUMNS
from treatment_stories import (
    BEGIN,
    DAYS,
    DOSES,
    IMPROVEMENTS,
    PERSON,
    PRECISIONS,
    STOPS,
    additions,
    issues,
    often,
    pathways,
    seldom,
    sequences,
    written,
)
from typed_rows import Raw

DEPRESSIONS = (
    "major depressive disorder",
    "moderate depression, single episode",
    "severe depression, recurrent",
    "psychotic depression",
)
OTHER_CONDITIONS = ("bipolar disorder", "schizophrenia", "alcohol use disorder", "mania", "dementia")


@st.composite
def exposures(draw: st.DrawFn, exact: bool = False) -> dict[str, str]:
    """One exposure. ``exact``: start and end on known days and a known dose."""
    agent = draw(st.sampled_from([*DOSES, "sertraline", "citalopram", "venlafaxine", "sertraline"]))
    start = BEGIN + timedelta(days=draw(st.integers(0, DAYS)))
    days = draw(st.one_of(st.sampled_from([1, 27, 28, 29, 30, 31, 41, 42, 43, 60]), st.integers(1, 250)))
    end = start + timedelta(days=days - 1)
    row = {
        "person_id": PERSON,
        "agent": agent,
        "start_date": start.isoformat(),
        "end_date": end.isoformat(),
        "daily_dose_mg": draw(st.sampled_from(DOSES[agent])),
        "stop_reason": draw(often(st.sampled_from(STOPS))),
        "improvement_pct": draw(often(st.sampled_from(IMPROVEMENTS))),
    }
    if exact:
        return row
    shape = draw(st.sampled_from(["span"] * 5 + ["issue", "days", "span and days", "ongoing", "undated"]))
    start_precision = draw(PRECISIONS)
    row["start_date"] = written(start, start_precision)
    # An end is written no finer than the start, so that it can never lie before it.
    row["end_date"] = written(end, draw(PRECISIONS) if start_precision == "day" else start_precision)
    if shape not in ("span", "span and days"):
        row["end_date"] = ""
    if shape in ("days", "span and days"):
        row["days_taken"] = str(draw(st.sampled_from([days, max(1, days // 2), 28, 42])))
    if shape == "ongoing":
        row["ongoing"] = "true"
        row["days_taken"] = draw(seldom(st.just(str(days))))
    if shape == "undated":
        row["start_date"] = ""
        row["ongoing"] = draw(st.sampled_from(["", "true"]))
        row["days_taken"] = draw(often(st.just(str(days))))
    row["daily_dose_mg"] = draw(often(st.just(row["daily_dose_mg"])))
    row["form"] = draw(seldom(st.sampled_from(["CR", "tablet"])))
    row["status"] = draw(seldom(st.sampled_from(["dispensed", "reported"])))
    row["adherence"] = draw(seldom(st.sampled_from(["0.5", "0.8", "1"])))
    return row


@st.composite
def exposure_lists(draw: st.DrawFn, exact: bool = False, most: int = 7) -> list[dict[str, str]]:
    """A few exposures, some of them twice, some again with another dose or right after their end."""
    lists = [st.lists(exposures(exact=exact), max_size=most), sequences(), pathways(exact=exact)]
    rows = draw(st.one_of(lists if exact else [*lists, additions(), issues()]))
    rows += draw(st.lists(exposures(exact=exact), max_size=1))
    for row in list(rows):
        again = draw(st.sampled_from(["no"] * 6 + ["same", "other dose", "other outcome", "follows"]))
        if again == "same":
            rows.append(dict(row))
        if again == "other dose":
            rows.append(row | {"daily_dose_mg": draw(st.sampled_from(DOSES[row["agent"]]))})
        if again == "other outcome":
            rows.append(
                row
                | {
                    "stop_reason": draw(st.sampled_from(["", *STOPS])),
                    "improvement_pct": draw(st.sampled_from(["", *IMPROVEMENTS])),
                }
            )
        if again == "follows" and len(row.get("end_date", "")) == 10:
            pause = draw(st.sampled_from([1, 2, 30, 31, 32, 90]))
            start = date.fromisoformat(row["end_date"]) + timedelta(days=pause)
            rows.append(
                row | {"start_date": start.isoformat(), "end_date": (start + timedelta(41)).isoformat()}
            )
    return [{"exposure_id": f"e{number:02d}"} | row for number, row in enumerate(rows, 1)]


@st.composite
def condition_lists(draw: st.DrawFn) -> list[dict[str, str]]:
    """Diagnoses of depression as points, spans or open, or none; now and then what excludes."""
    shapes = draw(
        st.sampled_from(
            [
                (),
                ("open",),
                ("open",),
                ("span",),
                ("point",),
                ("point", "span"),
                ("span", "span"),
                ("point",) * 3,
                ("episodes",),
            ]
        )
    )
    rows = draw(_episodes()) if shapes == ("episodes",) else []
    for shape in shapes:
        if shape == "episodes":
            continue
        start = BEGIN + timedelta(days=draw(st.one_of(st.integers(-200, 100), st.integers(0, DAYS))))
        end = start + timedelta(days=draw(st.integers(30, 1000)))
        precision = draw(PRECISIONS)
        row = {
            "person_id": PERSON,
            "condition": draw(st.sampled_from(DEPRESSIONS)),
            "start_date": written(start, precision),
        }
        row["end_date"] = {"open": "", "span": written(end, precision), "point": row["start_date"]}[shape]
        rows.append(row)
    if not draw(st.integers(0, 4)):
        start = BEGIN + timedelta(days=draw(st.integers(-100, DAYS)))
        rows.append(
            {
                "person_id": PERSON,
                "condition": draw(st.sampled_from(OTHER_CONDITIONS)),
                "start_date": start.isoformat(),
                "end_date": "",
                "present": draw(st.sampled_from(["", "true", "false"])),
            }
        )
    return [{"condition_id": f"c{number}"} | row for number, row in enumerate(rows, 1)]


@st.composite
def _episodes(draw: st.DrawFn) -> list[dict[str, str]]:
    """Two or three episodes one after the other, about two months of remission apart."""
    start = BEGIN + timedelta(days=draw(st.integers(-100, 100)))
    rows = []
    for _ in range(draw(st.integers(2, 3))):
        end = start + timedelta(days=draw(st.sampled_from([60, 150, 300])))
        rows.append(
            {
                "person_id": PERSON,
                "condition": draw(st.sampled_from(DEPRESSIONS)),
                "start_date": start.isoformat(),
                "end_date": end.isoformat(),
            }
        )
        start = end + timedelta(days=draw(st.sampled_from([60, 61, 62, 120, 300])))
    return rows


@st.composite
def procedure_lists(draw: st.DrawFn) -> list[dict[str, str]]:
    """Courses of ECT and other neurostimulation, as spans, as numbers of sessions or session by session."""
    rows = []
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2, 3]))):
        start = BEGIN + timedelta(days=draw(st.integers(0, DAYS)))
        row = {
            "person_id": PERSON,
            "procedure": draw(st.sampled_from(["ECT", "ECT", "rTMS", "iTBS", "CBT"])),
            "date": (date_text := written(start, draw(PRECISIONS))),
            "end_date": draw(st.sampled_from(["", (start + timedelta(days=21)).isoformat()]))
            if len(date_text) == 10
            else "",
            "sessions": draw(seldom(st.sampled_from(["2", "5", "6", "12"]))),
            "laterality": draw(st.sampled_from(["bilateral", "right unilateral", ""])),
            "stop_reason": draw(often(st.sampled_from(STOPS))),
            "improvement_pct": draw(seldom(st.sampled_from(IMPROVEMENTS))),
        }
        rows.append(row)
        if len(date_text) == 10:
            # Further sessions of the same course (0: two rows of one day).
            later = draw(st.sampled_from([(), (), (), (0,), (3,), (2, 5, 9, 12), (2, 5, 9, 12, 16)]))
            for days in later:
                day = (start + timedelta(days=days)).isoformat()
                rows.append(row | {"date": day, "end_date": "", "sessions": draw(seldom(st.just("3")))})
    return [{"procedure_id": f"q{number:02d}"} | row for number, row in enumerate(rows)]


# What is rated, and values about where instruments and definitions draw their lines.
RATINGS = {
    "maudsley severity": ("2", "3", "4", "5"),
    "dose_optimised": ("0", "1"),
    "duration_optimised": ("0", "1"),
    "MADRS": ("10", "20", "21", "22", "30", "40", "44"),
    "PHQ-9": ("7", "14", "15", "20"),
}


@st.composite
def measurement_lists(draw: st.DrawFn) -> list[dict[str, str]]:
    """Ratings by a clinician or the patient, some of one day."""
    rows: list[dict[str, str]] = []
    for number in range(draw(st.integers(0, 5))):
        measure = draw(st.sampled_from([*RATINGS, "MADRS"]))
        day = BEGIN + timedelta(days=draw(st.integers(0, DAYS)))
        row = {"person_id": PERSON, "measure": measure, "date": written(day, draw(PRECISIONS))}
        if rows and not draw(st.integers(0, 3)):
            row |= {"measure": rows[-1]["measure"], "date": rows[-1]["date"]}
        row |= {"measurement_id": f"m{number}", "value": draw(st.sampled_from(RATINGS[row["measure"]]))}
        rows.append(row)
    return rows


# Births that make about 12, 18, 64 and 69 years at some day of the histories, and one far from all.
BIRTHS = ("2006-06-30", "2000-09-01", "2001-02-28", "2000-02-29", "1955-03-01", "1950-05-20", "1985-01-01")


@st.composite
def persons(draw: st.DrawFn) -> dict[str, str]:
    """A person with or without a birth date."""
    born = date.fromisoformat(draw(st.sampled_from(BIRTHS)))
    return {
        "person_id": PERSON,
        "sex": draw(st.sampled_from(["female", "male", ""])),
        "birth_date": draw(often(st.just(written(born, draw(PRECISIONS))))),
    }


@st.composite
def histories(draw: st.DrawFn, exact: bool = False) -> Raw:
    """The record tables of one person; a table that is missing is one the source does not keep."""
    raw: Raw = {"person": [draw(persons())]}
    kept = draw(
        st.sampled_from(["all"] * 6 + ["exposure", "condition", "condition", "procedure", "measurement"])
    )
    lists = {
        "exposure": exposure_lists(exact=exact),
        "condition": condition_lists(),
        "procedure": procedure_lists(),
        "measurement": measurement_lists(),
    }
    for table, rows in lists.items():
        if table != kept:
            raw[table] = draw(rows)
    if draw(st.booleans()):
        last = BEGIN + timedelta(days=draw(st.integers(200, DAYS + 300)))
        first = BEGIN - timedelta(days=draw(st.sampled_from([0, 400])))
        raw["observation_period"] = [
            {"person_id": PERSON, "start_date": first.isoformat(), "end_date": last.isoformat()}
        ]
    if not draw(st.integers(0, 9)):
        start = BEGIN + timedelta(days=draw(st.sampled_from([-400, 0, 300])))
        covered = draw(st.sampled_from(["exposure", "condition", "procedure"]))
        raw["coverage"] = [
            {"person_id": PERSON, "table": covered, "start_date": start.isoformat(), "end_date": ""}
        ]
    return raw


def drawn(number: int, with_seed: int, *, exact: bool = False) -> list[Raw]:
    """So many histories, the same ones for the same seed: for tests that assess a whole cohort at once."""
    found: list[Raw] = []

    @seed(with_seed)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories(exact=exact))
    def collect(raw: Raw) -> None:
        found.append(raw)

    collect()
    return found


def write_folder(raw: Raw, folder: Path) -> Path:
    """Write each table as ``<table>.csv`` with the columns of the contract; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in raw.items():
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, RAW_COLUMNS[table], restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder
