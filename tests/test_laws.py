"""Laws that every assessment keeps, whatever the history: what must not matter, does not; an answer never turns a verdict."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from histories import DOSES, IMPROVEMENTS, STOPS, Raw, drawn, write_folder
from opentrd import assess as opentrd_assess
from opentrd import knowledge
from opentrd import read as opentrd_read
from reference.days import Span
from reference.history import read
from running import Row, renamed, run_many
from typed_rows import typed

pytestmark = pytest.mark.slow

SEED = 20240611
PERSONS = 60
VERDICT = ("eligible", "met", "failed_low", "failed_high", "met_on", "possible_on", "index_date", "clause",
           "observed_from", "observed_to")  # fmt: skip
STAGE = ("low", "high", "band_low", "band_high")
DEFINITIONS = knowledge.table("definition").to_pylist()
# Definitions that count switches read issue dates only: a prescription written as two is two issues.
OF_ISSUES = {row["definition"] for row in DEFINITIONS if row["family"] == "switches"}
# Months and years differ in length: the Maudsley duration, its totals and cut-offs, and counts of one calendar year.
IN_MONTHS = {
    row["instrument"] for row in knowledge.table("instrument_rule").to_pylist() if row["method"] == "maudsley"
}
OF_THE_CALENDAR = {
    row["definition"] for row in knowledge.table("score_rule").to_pylist() if row["instrument"] in IN_MONTHS
} | {row["definition"] for row in DEFINITIONS if row["window_from"] == "calendar_year"}
FOUR_YEARS = 1461  # days after which the calendar of these decades repeats itself

Result = dict[str, list[Row]]


def results(raws: list[Raw]) -> list[Result]:
    """The assessments of many histories, in their order."""
    with tempfile.TemporaryDirectory() as folder:
        found = run_many(raws, Path(folder))
    return [found[f"p{number:04d}"] for number in range(1, len(raws) + 1)]


def answers(result: Result, shifted: int = 0) -> dict[tuple[str, ...], Any]:
    """Every cell of verdict and stage; days moved back by ``shifted``."""

    def cell(value: Any) -> Any:
        return value - timedelta(days=shifted) if isinstance(value, date) else value

    found = {
        ("verdict", row["definition"], name): cell(row[name]) for row in result["verdict"] for name in VERDICT
    }
    for row in result["stage"]:
        found |= {("stage", row["instrument"], row["item"], name): cell(row[name]) for name in STAGE}
    return found


def changed(
    before: Result, after: Result, shifted: int = 0, but: Callable[[tuple[str, ...]], bool] = lambda _: False
) -> list[str]:
    """The cells in which two assessments differ, in words."""
    old, new = answers(before), answers(after, shifted)
    return [
        f"{'/'.join(key)}: {old.get(key)} became {new.get(key)}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) and not but(key)
    ]


def unchanged(
    raws: list[Raw],
    others: list[Raw],
    shifted: int = 0,
    but: Callable[[tuple[str, ...]], bool] = lambda _: False,
) -> None:
    """Assert that each history and its variant are assessed alike."""
    found = results([*raws, *others])
    for raw, other, before, after in zip(raws, others, found, found[len(raws) :], strict=False):
        assert changed(before, after, shifted, but) == [], f"{raw}\nbecame\n{other}"


# --- what must not matter -------------------------------------------------------------------------------


def test_the_order_of_rows_does_not_matter() -> None:
    random = Random(SEED)
    raws = drawn(PERSONS, SEED)
    unchanged(raws, [{table: random.sample(rows, len(rows)) for table, rows in raw.items()} for raw in raws])


def test_a_row_given_twice_counts_once() -> None:
    random = Random(SEED)
    raws = drawn(PERSONS, SEED + 1)
    unchanged(raws, [with_a_row_twice(raw, random) for raw in raws])


def with_a_row_twice(raw: Raw, random: Random) -> Raw:
    """One row of each table once more: treatments under an id of their own, the rest as they are."""
    twice: Raw = {}
    for table, rows in raw.items():
        twice[table] = list(rows)
        if rows and table in ("exposure", "procedure", "measurement"):
            row = random.choice(rows)
            twice[table].append(row | {f"{table}_id": row[f"{table}_id"] + "-again"})
        elif rows and table != "person":
            twice[table].append(random.choice(rows))
    return twice


def test_a_prescription_written_as_two_is_the_same_treatment() -> None:
    random = Random(SEED)
    pairs = [
        (raw, split) for raw in drawn(3 * PERSONS, SEED + 2, exact=True) if (split := in_two(raw, random))
    ]
    assert len(pairs) > PERSONS / 2
    unchanged([raw for raw, _ in pairs], [split for _, split in pairs], but=lambda key: key[1] in OF_ISSUES)


def in_two(raw: Raw, random: Random) -> Raw | None:
    """One prescription, the only one of its drug, as two that follow each other; None if there is none to split."""
    rows = raw.get("exposure", [])
    ends = [row["end_date"] for row in raw.get("observation_period", [])]
    single = [
        row
        for row in rows
        if sum(other["agent"] == row["agent"] for other in rows) == 1
        and row["start_date"] < row["end_date"]
        and all(row["end_date"] <= end for end in ends)
    ]
    if not single:
        return None
    row = random.choice(single)
    start, end = date.fromisoformat(row["start_date"]), date.fromisoformat(row["end_date"])
    pause = start + timedelta(days=random.randrange((end - start).days))
    halves = [
        row | {"end_date": pause.isoformat()},
        row
        | {"exposure_id": row["exposure_id"] + "-b", "start_date": (pause + timedelta(days=1)).isoformat()},
    ]
    return raw | {"exposure": [other for other in rows if other is not row] + halves}


@pytest.mark.parametrize("days", [FOUR_YEARS, -FOUR_YEARS, 17])
def test_when_it_happened_does_not_matter(days: int) -> None:
    raws = [raw for raw in drawn(2 * PERSONS, SEED + 3) if to_the_day(raw)]
    assert len(raws) > PERSONS / 3

    def in_months(key: tuple[str, ...]) -> bool:
        of_stage = key[0] == "stage" and key[1] in IN_MONTHS and key[2] in ("duration", "total")
        return days % FOUR_YEARS != 0 and (of_stage or key[1] in OF_THE_CALENDAR)

    unchanged(raws, [moved(raw, days) for raw in raws], shifted=days, but=in_months)


def dates_of(row: dict[str, str]) -> list[str]:
    """The date columns of a row that are filled."""
    return [name for name in row if name.endswith("date") and row[name]]


def to_the_day(raw: Raw) -> bool:
    """Whether every date is one known day."""
    return all(len(row[name]) == 10 for rows in raw.values() for row in rows for name in dates_of(row))


def moved(raw: Raw, days: int) -> Raw:
    """All dates so many days later."""

    def later(text: str) -> str:
        return (date.fromisoformat(text) + timedelta(days=days)).isoformat()

    return {
        table: [row | {name: later(row[name]) for name in dates_of(row)} for row in rows]
        for table, rows in raw.items()
    }


def test_other_persons_do_not_matter() -> None:
    raws = drawn(PERSONS, SEED + 4)
    for raw, before, after in zip(
        raws, results(raws), results([*raws, *drawn(PERSONS, SEED + 5)]), strict=False
    ):
        assert changed(before, after) == [], raw


def test_alone_or_among_a_thousand_the_rows_are_the_same() -> None:
    tables = ("person", "exposure", "condition", "procedure", "measurement")
    raws = [raw for raw in drawn(2 * PERSONS, SEED + 6) if all(table in raw for table in tables)]
    patients = [renamed(raw, f"patient-{number}") for number, raw in enumerate(raws[-5:])]
    others = [renamed(raws[number % len(raws)], f"other-{number}") for number in range(1000)]
    crowd = written([*patients, *others])
    for patient in patients:
        name = patient["person"][0]["person_id"]
        alone = written([patient])
        for table in ("episode", "trial", "verdict", "stage"):
            assert alone[table] == [row for row in crowd[table] if row["person_id"] == name], (table, patient)


def written(raws: Iterable[Raw]) -> Result:
    """The output tables of one cohort, each sorted."""
    together: Raw = {}
    for raw in raws:
        for table, rows in raw.items():
            together.setdefault(table, []).extend(rows)
    with tempfile.TemporaryDirectory() as folder:
        assessment = opentrd_assess(opentrd_read(write_folder(together, Path(folder))))
        return {
            table: sorted(getattr(assessment, table).rows(), key=str)
            for table in ("episode", "trial", "verdict", "stage")
        }


# --- an answer never turns a verdict --------------------------------------------------------------------


@pytest.mark.parametrize("field", ["daily_dose_mg", "end_date", "improvement_pct", "stop_reason"])
def test_an_answer_never_turns_a_verdict(field: str) -> None:
    random = Random(SEED + len(field))
    pairs = [
        (raw, filled)
        for raw in drawn(2 * PERSONS, SEED + 7)
        for filled in answered(raw, field, random)
        if filled != raw
    ][: 3 * PERSONS]
    assert len(pairs) > PERSONS / 2
    found = results([*(raw for raw, _ in pairs), *(filled for _, filled in pairs)])
    for (raw, filled), before, after in zip(pairs, found, found[len(pairs) :], strict=False):
        assert turned(before, after) == [], f"{raw}\nbecame\n{filled}"


def answered(raw: Raw, field: str, random: Random) -> list[Raw]:
    """The history with one empty cell of an exposure filled, in an extreme and in any way that the record allows."""
    rows = raw.get("exposure", [])
    history = read(typed(raw), "p1", None)
    possible = {event.row["exposure_id"]: (event.certain, event.possible) for event in history.exposures}
    found = []
    for number, row in enumerate(rows):
        values = (
            []
            if row.get(field) or (field in OUTCOMES and has_twin(row, rows))
            else list(allowed(row, field, *possible.get(row["exposure_id"], (None, None))))
        )
        for value in random.sample(values, min(2, len(values))):
            # The same cell of the same prescription, should it be there twice.
            found.append(raw | {"exposure": [*rows[:number], row | {field: value}, *rows[number + 1 :]]})
    return random.sample(found, min(3, len(found)))


OUTCOMES = ("improvement_pct", "stop_reason")


def has_twin(row: dict[str, str], rows: list[dict[str, str]]) -> bool:
    """Whether another row of the same agent and dates speaks of the outcome: to differ from it is no answer but a contradiction."""
    return any(
        other is not row
        and all(other.get(name) == row.get(name) for name in ("agent", "start_date", "end_date"))
        and any(other.get(name) for name in OUTCOMES)
        for other in rows
    )


def allowed(row: dict[str, str], field: str, certain: Span | None, possible: Span | None) -> Iterable[str]:
    """What an empty cell may hold without contradicting the rest of the row."""
    if field == "daily_dose_mg":
        return (*DOSES[row["agent"]], "1", "100000")
    if field == "improvement_pct":
        bounds = {"inefficacy": (-100, 49), "remission": (50, 100)}.get(
            row.get("stop_reason", ""), (-100, 100)
        )
        return (value for value in IMPROVEMENTS if bounds[0] <= int(value) <= bounds[1])
    if field == "stop_reason":
        improvement = row.get("improvement_pct") or None
        helped = None if improvement is None else int(improvement) >= 50
        barred = {True: "inefficacy", False: "remission", None: ""}[helped]
        return (value for value in STOPS if value != barred)
    if certain is None or possible is None or row.get("ongoing"):
        return ()
    days = sorted({certain[1], possible[1], *range(certain[1], possible[1], 13)})
    return (date.fromordinal(day).isoformat() for day in days)


def turned(before: Result, after: Result) -> list[str]:
    """Verdicts that were turned and intervals that became wider, in words."""
    found = []
    old = {row["definition"]: row for row in before["verdict"]}
    for row in after["verdict"]:
        was = old[row["definition"]]
        if was["met"] is not None and row["met"] is not was["met"]:
            found.append(f"{row['definition']}: met {was['met']} became {row['met']}")
        found += wider(
            row["definition"], was["failed_low"], was["failed_high"], row["failed_low"], row["failed_high"]
        )
    staged = {row["instrument"]: row for row in before["stage"] if row["item"] == "total"}
    for row in after["stage"]:
        if row["item"] == "total":
            found += wider_stage(staged[row["instrument"]], row)
    return found


def wider(name: str, low: float, high: float | None, new_low: float, new_high: float | None) -> list[str]:
    """Whether the second interval leaves the first (no upper bound: null)."""
    above = high is not None and (new_high is None or new_high > high)
    return [f"{name}: {low} to {high} became {new_low} to {new_high}"] if new_low < low or above else []


def wider_stage(was: Row, now: Row) -> list[str]:
    """The same for a stage: without a lower bound it is perhaps not applicable, without any it certainly is not."""
    if now["instrument"] not in IN_MONTHS:
        return wider(now["instrument"], was["low"], was["high"], now["low"], now["high"])
    if was["high"] is None:
        return [] if now["high"] is None else [f"{now['instrument']} became applicable"]
    if now["high"] is None:
        return [] if was["low"] is None else [f"{now['instrument']} became not applicable"]
    low, new_low = (-math.inf if row["low"] is None else row["low"] for row in (was, now))
    return wider(now["instrument"], low, was["high"], new_low, now["high"])
