"""From text to typed rows: what each kind of cell becomes, and what each broken one is told."""

from __future__ import annotations

import random
from datetime import date

import duckdb
import pytest

from opentrd.record.normalise import canonical_names, normalise
from opentrd.record.raw import append_rows, connect, keep
from opentrd.record.schema import ALLOWED_VALUES, RAW_COLUMNS, RECORD_COLUMNS

Row = dict[str, str | None]


def record(**tables: list[Row]) -> duckdb.DuckDBPyConnection:
    """A record of the given rows; each row's number is that of its line in a file (the header is line 1)."""
    connection = connect()
    for table, given in tables.items():
        for number, row in enumerate(given, start=2):
            append_rows(connection, table, [{"source": f"{table}.csv", "source_row": str(number), **row}])
        keep(connection, [table])
    normalise(connection)
    return connection


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query).fetchall()


def unread(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return rows(connection, 'SELECT source, "row", field, value, reason FROM record.unread ORDER BY ALL')


def exposure(**cells: str) -> Row:
    return {"exposure_id": "e", "person_id": "1", "agent": "sertraline", "start_date": "2020-01-01", **cells}


def test_the_tables_are_those_of_the_schema_also_without_any_row() -> None:
    for connection in (record(), record(exposure=[exposure()], person=[{"person_id": "1"}])):
        for table, columns in RECORD_COLUMNS.items():
            described = rows(connection, f"DESCRIBE record.{table}")
            assert [(row[0], row[1]) for row in described] == list(columns.items()), table


def test_the_scratch_tables_are_gone_and_the_raw_rows_stay() -> None:
    connection = record(exposure=[exposure()], condition=[{"person_id": "1", "condition": "depression"}])
    query = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'temp'"
    assert rows(connection, query) == []
    assert rows(connection, "SELECT count(*) FROM raw.exposure") == [(1,)]


# Dates


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2020-02-29", date(2020, 2, 29), date(2020, 2, 29)),
        ("20200229", date(2020, 2, 29), date(2020, 2, 29)),
        ("1850", date(1850, 1, 1), date(1850, 12, 31)),
        ("2199-12-31", date(2199, 12, 31), date(2199, 12, 31)),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        ("2020", date(2020, 1, 1), date(2020, 12, 31)),
        (" 2020-02-29 ", date(2020, 2, 29), date(2020, 2, 29)),
        ("2020-02-29T23:30:00+02:00", date(2020, 2, 29), date(2020, 2, 29)),
        ("2020-02-29 00:00:00", date(2020, 2, 29), date(2020, 2, 29)),
        ("2020-02-29T08:15:00.123Z", date(2020, 2, 29), date(2020, 2, 29)),
        ("", None, None),
    ],
)
def test_a_date_is_an_interval(text: str, first: date | None, last: date | None) -> None:
    connection = record(exposure=[exposure(start_date=text)])
    assert rows(connection, "SELECT start_earliest, start_latest FROM record.exposure") == [(first, last)]
    assert unread(connection) == []


@pytest.mark.parametrize(
    "text",
    ["2020-02-31", "2019-02-29", "2020-13", "31.02.2020", "2020/01/01", "2020-1-5", "20200231", "infinity",
     "1849-12-31", "2200", "0001-01-01", "9999-12-31",
     "yesterday", "2020-01-01Tlunch", "2020-01-01-02", "202", "epoch"],
)  # fmt: skip
def test_what_is_no_date_is_left_empty_and_noted(text: str) -> None:
    connection = record(exposure=[exposure(start_date=text)])
    assert rows(connection, "SELECT start_earliest, start_latest FROM record.exposure") == [(None, None)]
    reason = (
        "expected a date between 1850 and 2199 as YYYY-MM-DD, YYYYMMDD, YYYY-MM or YYYY; field left empty"
    )
    assert unread(connection) == [("exposure.csv", "2", "start_date", text, reason)]


@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [
        ("2020-01-02", "2020-01-01", False),
        ("2020-01-02", "2020-01-02", True),
        ("2020-06", "2020", True),  # they may well be in order
        ("2020-06", "2020-05", False),
        ("", "2020-05", True),
    ],
)
def test_an_end_before_the_start_is_left_empty(start: str, end: str, kept: bool) -> None:
    connection = record(exposure=[exposure(start_date=start, end_date=end)])
    assert rows(connection, "SELECT end_latest IS NOT NULL FROM record.exposure") == [(kept,)]
    if not kept:
        (note,) = unread(connection)
        assert note[2:4] == ("end_date", end)
        assert f"the end lies before the start ({start})" in str(note[4])


# Fields of an exposure


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("daily_dose_mg", "-50", "a number of 0 or more"),
        ("daily_dose_mg", "fifty", "a number of 0 or more"),
        ("daily_dose_mg", "12,5", "with a decimal point"),
        ("daily_dose_mg", "nan", "a number of 0 or more"),
        ("daily_dose_mg", "inf", "a number of 0 or more"),
        ("adherence", "1.2", "a number from 0 to 1"),
        ("adherence", "-0.1", "a number from 0 to 1"),
        ("improvement_pct", "101", "a percentage from -500 to 100"),
        ("improvement_pct", "-501", "a percentage from -500 to 100"),
        ("improvement_pct", "half", "a percentage from -500 to 100"),
        ("days_taken", "0", "a whole number from 1"),
        ("days_taken", "-3", "a whole number from 1"),
        ("days_taken", "1.5", "a whole number from 1"),
        ("days_taken", "99999", "a whole number from 1 to 45000"),
        ("ongoing", "perhaps", "true or false"),
        ("status", "swallowed", "one of dispensed, prescribed, administered, reported"),
        ("stop_reason", "bored", "one of inefficacy, intolerance"),
        ("improvement_basis", "guessed", "one of measured, recorded then, recalled"),
    ],
)
def test_a_bad_field_is_left_empty_and_noted(field: str, text: str, expected: str) -> None:
    connection = record(exposure=[exposure(**{field: text})])
    assert rows(connection, f"SELECT {field}, agent FROM record.exposure") == [(None, "sertraline")]
    (note,) = unread(connection)
    assert note[:4] == ("exposure.csv", "2", field, text)
    assert str(note[4]).startswith("expected ")
    assert expected in str(note[4])
    assert str(note[4]).endswith("field left empty")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("days_taken", "28", 28),
        ("days_taken", "28.0", 28),
        ("improvement_pct", "-20", -20.0),
        ("improvement_pct", "100", 100.0),
        ("adherence", "0", 0.0),
        ("adherence", "1", 1.0),
        ("ongoing", "YES", True),
        ("ongoing", "0", False),
        ("status", "Dispensed", "dispensed"),
        ("improvement_basis", "Recorded then", "recorded then"),
        ("form", " CR ", "CR"),
        ("daily_dose_mg", "0", 0.0),
    ],
)
def test_a_good_field(field: str, text: str, value: object) -> None:
    connection = record(exposure=[exposure(**{field: text})])
    assert rows(connection, f"SELECT {field} FROM record.exposure") == [(value,)]
    assert unread(connection) == []


@pytest.mark.parametrize(
    ("dose", "unit", "milligrams"),
    [
        ("50", "", 50.0), ("50", "mg", 50.0), ("6", "mg/24 h", 6.0), ("1.2", "g", 1200.0),
        ("25", "MCG", 0.025), ("25", "µg", 0.025), ("50", "tablets", None), ("5", "mg/h", None),
    ],
)  # fmt: skip
def test_the_dose_is_counted_in_milligrams(dose: str, unit: str, milligrams: float | None) -> None:
    connection = record(exposure=[exposure(daily_dose_mg=dose, dose_unit=unit)])
    assert rows(connection, "SELECT daily_dose_mg FROM record.exposure") == [(milligrams,)]
    notes = [(note[2], note[3]) for note in unread(connection)]
    assert notes == ([] if milligrams is not None else [("dose_unit", unit)])


def test_an_end_outweighs_ongoing() -> None:
    connection = record(exposure=[exposure(end_date="2020-02-01", ongoing="true")])
    assert rows(connection, "SELECT end_latest, ongoing FROM record.exposure") == [(date(2020, 2, 1), None)]
    (note,) = unread(connection)
    assert note[2] == "ongoing"
    assert "the end is used, ongoing is ignored" in str(note[4])


# Names and codes


@pytest.mark.parametrize(
    "text",
    ["sertraline", " SERTRALINE ", "RxNorm:36437", "rxnorm: 36437", "ATC:n06ab06", "OMOP:739138",
     "Sertraline hydrochloride", "sertraline  HYDROCHLORIDE"],
)  # fmt: skip
def test_an_agent_by_name_or_code(text: str) -> None:
    connection = record(exposure=[exposure(agent=text)])
    assert rows(connection, "SELECT agent FROM record.exposure") == [("sertraline",)]


@pytest.mark.parametrize(
    "text", ["sertralin", "RxNorm:1", "36437", "ATC:", "hydrochloride", ":", "LOINC:44261-6"]
)
def test_an_unknown_agent_is_noted_and_its_row_not_used(text: str) -> None:
    connection = record(exposure=[exposure(agent=text)])
    assert rows(connection, "SELECT count(*) FROM record.exposure") == [(0,)]
    (note,) = unread(connection)
    assert note[:4] == ("exposure.csv", "2", "agent", text)
    assert "opentrd knowledge agent_code" in str(note[4])


def test_conditions_take_the_most_specific_code() -> None:
    wanted = ["ICD10CM:F33.1", "ICD10CM:F331", "ICD10CM:F33.8", "major depressive disorder", "nonsense"]
    connection = connect()
    normalise(connection)
    found = canonical_names(connection, "condition", wanted)
    assert set(found) == set(wanted[:4])
    assert found["ICD10CM:F33.1"] == found["ICD10CM:F331"]
    in_depression = "SELECT condition FROM knowledge.condition_set WHERE condition_set = 'depression'"
    depression = {row[0] for row in rows(connection, in_depression)}
    assert set(found.values()) <= depression


def test_procedures_and_measures() -> None:
    connection = record(
        procedure=[{"person_id": "1", "procedure": "electroconvulsive therapy", "sessions": "8"}],
        measurement=[{"person_id": "1", "measure": "LOINC:44261-6", "value": "12"}],
    )
    assert rows(connection, "SELECT procedure, sessions, present FROM record.procedure") == [("ECT", 8, True)]
    assert rows(connection, "SELECT measure, value, sign FROM record.measurement") == [("PHQ-9", 12.0, "=")]


def test_rows_without_a_person_or_a_name_are_not_used() -> None:
    connection = record(
        exposure=[exposure(person_id=" "), exposure(agent="")], genotype=[{"person_id": "1", "gene": ""}]
    )
    assert rows(connection, "SELECT count(*) FROM record.exposure") == [(0,)]
    assert [(note[0], note[1], note[2]) for note in unread(connection)] == [
        ("exposure.csv", "2", "person_id"),
        ("exposure.csv", "3", "agent"),
        ("genotype.csv", "2", "gene"),
    ]
    assert all(str(note[4]).endswith("row not used") for note in unread(connection))


# The other tables


@pytest.mark.parametrize(
    ("start", "end", "given", "course"),
    [
        ("2020-01-01", "2020-05-01", "", "span"),
        ("2020-01-01", "2020-01-01", "", "point"),
        ("2020-01-01", "", "", "open"),
        ("", "", "", "open"),
        ("2020", "2020", "", "point"),  # the same written date
        ("2020-01-01", "", "point", "point"),
        ("2020-01-01", "2020-02-31", "", "point"),  # an end there is, but it is not understood
    ],
)
def test_the_course_of_a_condition(start: str, end: str, given: str, course: str) -> None:
    row: Row = {
        "person_id": "1",
        "condition": "depression",
        "start_date": start,
        "end_date": end,
        "course": given,
    }
    connection = record(condition=[row])
    assert rows(connection, "SELECT course, present FROM record.condition") == [(course, True)]


def test_a_condition_that_is_ruled_out() -> None:
    row: Row = {"person_id": "1", "condition": "bipolar disorder", "present": "No"}
    assert rows(record(condition=[row]), "SELECT present FROM record.condition") == [(False,)]


@pytest.mark.parametrize(
    ("value", "sign", "number", "read_sign", "noted"),
    [
        ("12", "", 12.0, "=", None),
        ("12", "<", 12.0, "<", None),
        ("<12", "", 12.0, "<", None),
        ("12", "about", 12.0, None, "sign"),
        ("positive", "", None, "=", "value"),
        ("28", "", None, "=", "value"),
        ("-1", "", None, "=", "value"),
    ],
)
def test_a_measurement(
    value: str, sign: str, number: float | None, read_sign: str | None, noted: str | None
) -> None:
    row: Row = {"person_id": "1", "measure": "PHQ-9", "date": "2020-01", "value": value, "sign": sign}
    connection = record(measurement=[row])
    query = "SELECT value, sign, date_earliest, date_latest FROM record.measurement"
    assert rows(connection, query) == [(number, read_sign, date(2020, 1, 1), date(2020, 1, 31))]
    assert [note[2] for note in unread(connection)] == ([noted] if noted else [])


def test_coverage_and_observation_take_the_careful_reading_of_a_year() -> None:
    connection = record(
        coverage=[
            {"person_id": "1", "table": "Exposure", "start_date": "2019", "end_date": "2021"},
            {"person_id": "1", "table": "drugs"},
        ],
        observation_period=[{"person_id": "1", "start_date": "2019", "end_date": "2021"}],
    )
    query = "SELECT table_name, start_date, end_date FROM record.coverage"
    assert rows(connection, query) == [("exposure", date(2019, 12, 31), date(2021, 1, 1))]
    query = "SELECT start_date, end_date FROM record.observation_period"
    assert rows(connection, query) == [(date(2019, 1, 1), date(2021, 12, 31))]
    (note,) = unread(connection)
    assert note[1:4] == ("3", "table", "drugs")
    assert "expected one of person, observation_period, exposure" in str(note[4])


# Ids and repeated rows


def test_the_same_row_twice_counts_once() -> None:
    connection = record(exposure=[exposure(), exposure(agent=" sertraline"), exposure(exposure_id="f")])
    assert rows(connection, "SELECT exposure_id FROM record.exposure ORDER BY 1") == [("e",), ("f",)]
    assert unread(connection) == [("exposure.csv", "3", "row", "e", "same row twice, counted once")]


def test_one_id_for_different_rows() -> None:
    given = [
        exposure(start_date="2020-03-01"),
        exposure(),
        exposure(person_id="2"),
        exposure(exposure_id="e#2"),
    ]
    connection = record(exposure=given)
    ids = [str(row[0]) for row in rows(connection, "SELECT exposure_id FROM record.exposure ORDER BY 1")]
    assert ids == ["e", "e#2", "e#2#2", "e#3"]
    noted = [note for note in unread(connection) if note[2] == "exposure_id"]
    assert len(noted) == 3
    assert all("another row with different content has this id" in str(note[4]) for note in noted)


def test_missing_ids_are_made_in_the_order_of_time() -> None:
    given = [exposure(exposure_id="", start_date=day) for day in ("2021-01-01", "2019-01-01", "2020-01-01")]
    query = "SELECT exposure_id FROM record.exposure ORDER BY start_earliest"
    ids = rows(record(exposure=given), query)
    assert ids == [("exposure 1 of 1",), ("exposure 2 of 1",), ("exposure 3 of 1",)]


def test_shuffling_the_rows_changes_nothing() -> None:
    choice = random.Random(20)
    agents = ["sertraline", "RxNorm:36437", "venlafaxine", "unknown"]
    given = [
        exposure(
            exposure_id=choice.choice(["", "", "a", "b"]),
            person_id=choice.choice(["1", "2", "3"]),
            agent=choice.choice(agents),
            start_date=choice.choice(["2020-01-01", "2020", ""]),
            daily_dose_mg=choice.choice(["50", "100", "x"]),
        )
        for _ in range(150)
    ]
    people: list[Row] = [{"person_id": "1", "sex": "male"}, {"person_id": "1", "sex": "female"}]
    first = record(exposure=given, person=people)
    choice.shuffle(given)
    second = record(exposure=given, person=people[::-1])
    for table in ("exposure", "person"):
        query = f"SELECT * FROM record.{table} ORDER BY ALL"
        assert rows(first, query) == rows(second, query)
    query = "SELECT field, value, count(*) FROM record.unread GROUP BY ALL ORDER BY ALL"
    assert rows(first, query) == rows(second, query)
    ids = "SELECT count(*) - count(DISTINCT exposure_id) FROM record.exposure"
    assert rows(first, ids) == [(0,)]


# Persons


def test_every_person_of_any_table_is_a_person() -> None:
    connection = record(
        person=[{"person_id": "1", "sex": "Male"}], exposure=[exposure(), exposure(person_id="2")]
    )
    query = "SELECT person_id, sex FROM record.person ORDER BY 1"
    assert rows(connection, query) == [("1", "male"), ("2", None)]
    note = next(note for note in unread(connection) if note[2] == "person_id")
    assert note[:4] == ("exposure.csv", "3", "person_id", "2")
    assert "not in the person table" in str(note[4])


def test_without_a_person_table_nobody_is_missing_from_it() -> None:
    connection = record(exposure=[exposure()])
    assert rows(connection, "SELECT person_id FROM record.person") == [("1",)]
    assert unread(connection) == []


def test_person_rows_that_contradict_each_other() -> None:
    connection = record(
        person=[
            {"person_id": "1", "birth_date": "1980-05-01", "sex": "female", "race": "a"},
            {"person_id": "1", "birth_date": "1981-05-01", "sex": "Female", "language": "b"},
        ]
    )
    query = "SELECT birth_earliest, birth_latest, sex, race, language FROM record.person"
    assert rows(connection, query) == [(None, None, "female", "a", "b")]
    (note,) = unread(connection)
    assert note[:4] == ("person.csv", "2", "birth_date", "1980-05-01 | 1981-05-01")
    assert "contradict each other" in str(note[4])


def test_sex_and_birth_date_that_are_not_understood() -> None:
    connection = record(person=[{"person_id": "1", "birth_date": "unknown", "sex": "X"}])
    assert rows(connection, "SELECT birth_earliest, sex FROM record.person") == [(None, None)]
    assert [(note[2], note[3]) for note in unread(connection)] == [("birth_date", "unknown"), ("sex", "X")]


def test_kept_tables_are_named_once() -> None:
    connection = connect()
    keep(connection, ["exposure", "Exposure", "condition"])
    normalise(connection)
    assert rows(connection, "SELECT table_name FROM record.kept ORDER BY 1") == [
        ("condition",),
        ("exposure",),
    ]


def test_every_cell_of_the_contract_reaches_the_record_or_the_notes() -> None:
    """A column full of nonsense is noted, unless it is free text."""
    free = {
        "race", "ethnicity", "language", "socioeconomic", "route", "form", "indication", "laterality",
        "intensity", "detail", "unit", "assay", "diplotype", "phenotype",
    }  # fmt: skip
    names = {"agent": "sertraline", "procedure": "ECT", "condition": "depression", "measure": "PHQ-9",
             "gene": "CYP2D6", "table": "exposure"}  # fmt: skip
    for table, columns in RAW_COLUMNS.items():
        skipped = free | set(names) | {"person_id", f"{table}_id"}
        for column in columns:
            if column in skipped:
                continue
            row: Row = {name: names[name] for name in columns if name in names}
            connection = record(**{table: [{**row, "person_id": "1", column: "?!"}]})
            assert [(note[2], note[3]) for note in unread(connection)] == [(column, "?!")], (table, column)


def test_allowed_words_are_accepted_in_any_case() -> None:
    words = ALLOWED_VALUES["exposure", "stop_reason"]
    connection = record(exposure=[exposure(exposure_id=word, stop_reason=word.upper()) for word in words])
    assert rows(connection, "SELECT count(*) FROM record.exposure WHERE stop_reason = exposure_id") == [(5,)]
    assert unread(connection) == []


# What stands for something else, and what is not history


@pytest.mark.parametrize("end", ["9999-12-31", "9999", "99991231", "9999-12-31T00:00:00Z"])
def test_the_year_9999_as_an_end_is_no_end(end: str) -> None:
    connection = record(
        exposure=[exposure(end_date=end)],
        condition=[
            {"person_id": "1", "condition": "depression", "start_date": "2020", "end_date": end},
            {
                "person_id": "2",
                "condition": "depression",
                "start_date": "2020",
                "end_date": end,
                "course": "span",
            },
        ],
        observation_period=[{"person_id": "1", "start_date": "2020", "end_date": end}],
        procedure=[{"person_id": "1", "procedure": "ECT", "date": "2020", "end_date": end}],
    )
    for table, column in (
        ("exposure", "end_latest"),
        ("observation_period", "end_date"),
        ("procedure", "end_latest"),
    ):
        assert rows(connection, f"SELECT {column} FROM record.{table}") == [(None,)]
    query = "SELECT course, end_latest FROM record.condition"
    assert rows(connection, query) == [("open", None), ("open", None)]
    notes = {(note[0], note[1]): note[2:] for note in unread(connection)}
    assert len(notes) == len(unread(connection)) == 5
    reason = "the year 9999 stands for no end; read as an empty end: not known"
    assert notes["exposure.csv", "2"] == ("end_date", end, reason)


@pytest.mark.parametrize("table", ["condition", "procedure"])
def test_a_row_of_which_presence_is_not_understood_is_not_used(table: str) -> None:
    name = {"condition": "depression", "procedure": "ECT"}[table]
    connection = record(**{table: [{"person_id": "1", table: name, "present": "maybe"}]})
    assert rows(connection, f"SELECT * FROM record.{table}") == []
    assert unread(connection) == [
        (f"{table}.csv", "2", "present", "maybe", "expected true or false; row not used")
    ]
    assert rows(connection, "SELECT * FROM record.unused") == [("1", table, 1)]


@pytest.mark.parametrize(
    "status",
    ["cancelled", "Canceled", "not-taken", "not taken", "entered-in-error", "draft", "proposed", "planned"],
)
def test_what_was_not_taken_is_not_history(status: str) -> None:
    connection = record(exposure=[exposure(status=status, adherence="7")])
    assert rows(connection, "SELECT * FROM record.exposure") == []
    reason = f"status {status}: not history, row not used"
    assert unread(connection) == [("exposure.csv", "2", "status", status, reason)]
    assert rows(connection, "SELECT * FROM record.unused") == []


def test_a_stopped_drug_was_taken() -> None:
    connection = record(exposure=[exposure(status="stopped")])
    assert rows(connection, "SELECT agent, status FROM record.exposure") == [("sertraline", None)]


@pytest.mark.parametrize(
    ("dose", "unit", "milligrams"),
    [("20000", "", 20000.0), ("20001", "", None), ("50", "g", None), ("20001", "mcg", 20.001)],
)
def test_a_dose_that_nobody_takes_is_left_empty(dose: str, unit: str, milligrams: float | None) -> None:
    connection = record(exposure=[exposure(daily_dose_mg=dose, dose_unit=unit)])
    assert rows(connection, "SELECT daily_dose_mg FROM record.exposure") == [(milligrams,)]
    reasons = [str(note[4]) for note in unread(connection)]
    assert reasons == ([] if milligrams else ["expected at most 20000 mg a day; field left empty"])


def test_a_birth_after_everything_else_is_noted_and_kept() -> None:
    people: list[Row] = [
        {"person_id": "1", "birth_date": "2020-01-02"}, {"person_id": "2", "birth_date": "2020"},
    ]  # fmt: skip
    connection = record(person=people, exposure=[exposure(), exposure(person_id="2", exposure_id="f")])
    assert rows(connection, "SELECT count(birth_earliest) FROM record.person") == [(2,)]
    (note,) = unread(connection)
    assert note[:4] == ("person.csv", "2", "birth_date", "2020-01-02")
    assert "after the last date of the person (2020-01-01)" in str(note[4])


@pytest.mark.parametrize(("text", "sex"), [("f", "female"), ("F", "female"), ("m", "male"), ("M", "male")])
def test_sex_by_its_first_letter(text: str, sex: str) -> None:
    connection = record(person=[{"person_id": "1", "sex": text}])
    assert rows(connection, "SELECT sex FROM record.person") == [(sex,)]
    assert unread(connection) == []


def test_rows_not_used_are_counted_per_person_and_table() -> None:
    connection = record(
        exposure=[
            exposure(), exposure(), exposure(agent="a"), exposure(agent="b"), exposure(agent="b"),
            exposure(agent="c", status="planned"), exposure(person_id="2", agent=""),
            exposure(person_id="", agent="d"),
        ],
        condition=[{"person_id": "1", "condition": "x"}],
        procedure=[{"person_id": "1", "procedure": "x"}],
        measurement=[{"person_id": "3", "measure": "x"}],
    )  # fmt: skip
    assert rows(connection, "SELECT * FROM record.unused ORDER BY ALL") == [
        ("1", "condition", 1), ("1", "exposure", 2), ("1", "procedure", 1), ("2", "exposure", 1),
        ("3", "measurement", 1),
    ]  # fmt: skip
