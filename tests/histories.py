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
from typed_rows import Raw

BEGIN = date(2018, 1, 1)
DAYS = 1000  # histories span a little under three years
PERSON = "p1"

# With an ATRQ minimum (mg), at and below it; agents without a minimum have any dose.
DOSES = {
    "sertraline": ("25", "50", "100"),
    "citalopram": ("10", "20", "40"),
    "venlafaxine": ("75", "150"),
    "amitriptyline": ("50", "75", "150"),
    "mirtazapine": ("7.5", "15"),
    "phenelzine": ("30", "45"),
    "dosulepin": ("75", "150"),
    "lithium": ("600", "900"),
    "quetiapine": ("50", "150"),
    "aripiprazole": ("5",),
    "esketamine": ("56",),
    "tryptophan": ("1000",),
}
IMPROVEMENTS = ("24", "25", "26", "49", "50", "0", "-10", "80")
STOPS = ("inefficacy", "intolerance", "nonadherence", "remission", "other")
DEPRESSIONS = (
    "major depressive disorder",
    "moderate depression, single episode",
    "severe depression, recurrent",
    "psychotic depression",
)
OTHER_CONDITIONS = ("bipolar disorder", "schizophrenia", "alcohol use disorder", "mania", "dementia")


def _often(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The value in three of four rows, else an empty cell."""
    return st.integers(0, 3).flatmap(lambda draw: values if draw else st.just(""))


def _seldom(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The value in one of four rows, else an empty cell."""
    return st.integers(0, 3).flatmap(lambda draw: st.just("") if draw else values)


def _written(day: date, precision: str) -> str:
    """A day as the record writes it: to the day, to the month, to the year."""
    return {"day": day.isoformat(), "month": f"{day:%Y-%m}", "year": f"{day:%Y}"}[precision]


PRECISIONS = st.sampled_from(["day"] * 8 + ["month", "year"])


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
        "stop_reason": draw(_often(st.sampled_from(STOPS))),
        "improvement_pct": draw(_often(st.sampled_from(IMPROVEMENTS))),
    }
    if exact:
        return row
    shape = draw(st.sampled_from(["span"] * 5 + ["issue", "days", "span and days", "ongoing", "undated"]))
    start_precision = draw(PRECISIONS)
    row["start_date"] = _written(start, start_precision)
    # An end is written no finer than the start, so that it can never lie before it.
    row["end_date"] = _written(end, draw(PRECISIONS) if start_precision == "day" else start_precision)
    if shape not in ("span", "span and days"):
        row["end_date"] = ""
    if shape in ("days", "span and days"):
        row["days_taken"] = str(draw(st.sampled_from([days, max(1, days // 2), 28, 42])))
    if shape == "ongoing":
        row["ongoing"] = "true"
        row["days_taken"] = draw(_seldom(st.just(str(days))))
    if shape == "undated":
        row["start_date"] = ""
        row["ongoing"] = draw(st.sampled_from(["", "true"]))
        row["days_taken"] = draw(_often(st.just(str(days))))
    row["daily_dose_mg"] = draw(_often(st.just(row["daily_dose_mg"])))
    row["form"] = draw(_seldom(st.sampled_from(["CR", "tablet"])))
    row["status"] = draw(_seldom(st.sampled_from(["dispensed", "reported"])))
    row["adherence"] = draw(_seldom(st.sampled_from(["0.5", "0.8", "1"])))
    return row


@st.composite
def sequences(draw: st.DrawFn) -> list[dict[str, str]]:
    """One antidepressant after the other, each failing about where the definitions draw their lines."""
    agents = draw(
        st.permutations(["sertraline", "citalopram", "venlafaxine", "amitriptyline", "mirtazapine"])
    )
    start = BEGIN + timedelta(days=draw(st.integers(0, 200)))
    rows: list[dict[str, str]] = []
    issued = draw(st.booleans())
    for agent in agents[: draw(st.integers(2, 5))]:
        days = draw(st.sampled_from([28, 41, 42, 56, 84, 84, 120]))
        row = {
            "person_id": PERSON,
            "agent": agent,
            "daily_dose_mg": draw(st.sampled_from([*DOSES[agent][-1:] * 3, DOSES[agent][0]])),
            "improvement_pct": draw(_often(st.sampled_from(["10", "24", "25", "26", "49", "50"]))),
            "stop_reason": draw(st.sampled_from(["inefficacy", "inefficacy", "", "intolerance"])),
        }
        # Either one row over the whole use, or issues every four weeks.
        step = 28 if issued else days
        for offset in range(0, days, step):
            first = start + timedelta(days=offset)
            last = first + timedelta(days=min(step, days - offset) - 1)
            rows.append(row | {"start_date": first.isoformat(), "end_date": last.isoformat()})
        start += timedelta(days=days + draw(st.sampled_from([-35, 0, 0, 7, 31, 98, 99, 184])))
    return rows


@st.composite
def additions(draw: st.DrawFn) -> list[dict[str, str]]:
    """An antidepressant, and what was added to it for about as long as makes it an augmentation or combination."""
    base = draw(st.sampled_from(["sertraline", "venlafaxine", "amitriptyline"]))
    start = BEGIN + timedelta(days=draw(st.integers(0, 400)))
    end = start + timedelta(days=draw(st.sampled_from([60, 100, 200])))
    outcome = {
        "stop_reason": draw(st.sampled_from(["inefficacy", "inefficacy", "", "remission"])),
        "improvement_pct": draw(_seldom(st.sampled_from(IMPROVEMENTS))),
    }
    rows = [{"agent": base, "start_date": start.isoformat(), "end_date": end.isoformat()}]
    for agent in draw(
        st.lists(st.sampled_from(["lithium", "quetiapine", "aripiprazole", "mirtazapine"]), max_size=2)
    ):
        begin = start + timedelta(days=draw(st.sampled_from([-20, 0, 10, 28, 29, 30, 31, 60])))
        last = begin + timedelta(days=draw(st.sampled_from([29, 30, 31, 41, 42, 90])))
        rows.append(
            {
                "agent": agent,
                "start_date": begin.isoformat(),
                "end_date": draw(_often(st.just(last.isoformat()))),
            }
        )
    return [
        {"person_id": PERSON, "daily_dose_mg": draw(_often(st.sampled_from(DOSES[row["agent"]])))}
        | row
        | outcome
        for row in rows
    ]


@st.composite
def exposure_lists(draw: st.DrawFn, exact: bool = False, most: int = 7) -> list[dict[str, str]]:
    """A few exposures, some of them twice, some again with another dose or right after their end."""
    lists = [st.lists(exposures(exact=exact), max_size=most), sequences()]
    rows = draw(st.one_of(lists if exact else [*lists, additions()]))
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
        if again == "follows" and len(row["end_date"]) == 10:
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
            ]
        )
    )
    rows = []
    for shape in shapes:
        start = BEGIN + timedelta(days=draw(st.one_of(st.integers(-200, 100), st.integers(0, DAYS))))
        end = start + timedelta(days=draw(st.integers(30, 1000)))
        precision = draw(PRECISIONS)
        row = {
            "person_id": PERSON,
            "condition": draw(st.sampled_from(DEPRESSIONS)),
            "start_date": _written(start, precision),
        }
        row["end_date"] = {"open": "", "span": _written(end, precision), "point": row["start_date"]}[shape]
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
def procedure_lists(draw: st.DrawFn) -> list[dict[str, str]]:
    """Courses of ECT and other neurostimulation, as spans, as numbers of sessions or session by session."""
    rows = []
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        start = BEGIN + timedelta(days=draw(st.integers(0, DAYS)))
        row = {
            "person_id": PERSON,
            "procedure": draw(st.sampled_from(["ECT", "ECT", "rTMS", "CBT"])),
            "date": (date_text := _written(start, draw(PRECISIONS))),
            "end_date": draw(st.sampled_from(["", (start + timedelta(days=21)).isoformat()]))
            if len(date_text) == 10
            else "",
            "sessions": draw(_seldom(st.sampled_from(["2", "5", "6", "12"]))),
            "laterality": draw(st.sampled_from(["bilateral", "right unilateral", ""])),
            "stop_reason": draw(_often(st.sampled_from(STOPS))),
            "improvement_pct": draw(_seldom(st.sampled_from(IMPROVEMENTS))),
        }
        rows.append(row)
        if len(date_text) == 10:
            # Further sessions of the same course (0: two rows of one day).
            later = draw(st.sampled_from([(), (), (), (0,), (3,), (2, 5, 9, 12), (2, 5, 9, 12, 16)]))
            for days in later:
                day = (start + timedelta(days=days)).isoformat()
                rows.append(row | {"date": day, "end_date": "", "sessions": draw(_seldom(st.just("3")))})
    return [{"procedure_id": f"q{number:02d}"} | row for number, row in enumerate(rows)]


@st.composite
def measurement_lists(draw: st.DrawFn) -> list[dict[str, str]]:
    """Ratings by a clinician that the instruments use."""
    rows = []
    for number in range(draw(st.integers(0, 3))):
        measure = draw(st.sampled_from(["maudsley severity", "dose_optimised", "duration_optimised"]))
        day = BEGIN + timedelta(days=draw(st.integers(0, DAYS)))
        highest = 5 if measure == "maudsley severity" else 1
        rows.append(
            {
                "measurement_id": f"m{number}",
                "person_id": PERSON,
                "measure": measure,
                "date": _written(day, draw(PRECISIONS)),
                "value": str(draw(st.integers(highest // 2, highest))),
            }
        )
    return rows


@st.composite
def histories(draw: st.DrawFn, exact: bool = False) -> Raw:
    """The record tables of one person; a table that is missing is one the source does not keep."""
    raw: Raw = {"person": [{"person_id": PERSON, "sex": draw(st.sampled_from(["female", "male", ""]))}]}
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
