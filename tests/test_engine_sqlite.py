"""SQLite gives what DuckDB gives: every table of the chain, cell by cell, and every construct by itself."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import opentrd
from histories import Raw, drawn, write_folder
from opentrd.assess.plan import order
from opentrd.engines import duckdb as embedded
from opentrd.engines import sqlite
from opentrd.engines.sqlite_translate import register_functions, translate_sqlite
from opentrd.engines.sqlite_types import STORED_AS, days
from opentrd.engines.translate import NotTranslatedError
from opentrd.record.raw import InputError
from running import renamed

pytestmark = pytest.mark.skipif(
    sqlite3.sqlite_version_info < sqlite.MINIMUM_VERSION,
    reason="this Python's SQLite is too old for the engine",
)

CASES = [
    case
    for file in sorted((Path(__file__).parent / "golden").glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))
]
HISTORY: Raw = {
    "person": [{"person_id": "p1", "birth_date": "1980", "sex": "female"}],
    "condition": [{"condition_id": "c1", "person_id": "p1", "condition": "major depressive disorder", "start_date": "2020-01-01"}],
    "exposure": [
        {"exposure_id": "e1", "person_id": "p1", "agent": "sertraline", "start_date": "2020-01-10", "end_date": "2020-03-20",
         "daily_dose_mg": "100", "improvement_pct": "20"},
        {"exposure_id": "e2", "person_id": "p1", "agent": "venlafaxine", "start_date": "2020-03-21", "end_date": "2020-06-30",
         "improvement_pct": "15"},
    ],
    "procedure": [],
}  # fmt: skip


def cohorts(raws: Iterable[Raw], folder: Path) -> list[opentrd.Record]:
    """Histories as few records: those whose source keeps the same tables share one."""
    groups: dict[frozenset[str], Raw] = {}
    for number, raw in enumerate(raws, 1):
        kept = frozenset(raw) - {"observation_period", "coverage"}
        together = groups.setdefault(kept, defaultdict(list, {table: [] for table in kept}))
        people = sorted({row["person_id"] for row in raw["person"]})
        for place, person in enumerate(people):
            own = {table: [row for row in rows if row["person_id"] == person] for table, rows in raw.items()}
            for table, rows in renamed(own, f"p{number:04d}-{place}").items():
                together.setdefault(table, []).extend(rows)
    return [
        opentrd.read(write_folder(together, folder / "-".join(sorted(kept))))
        for kept, together in sorted(groups.items(), key=lambda group: sorted(group[0]))
    ]


def _whole(table: pa.Table) -> pa.Table:
    """DuckDB's sums of whole numbers inside the chain are HUGEINT, which Arrow calls decimal."""
    fields = [
        field.with_type(pa.int64()) if pa.types.is_decimal(field.type) and field.type.scale == 0 else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def rows_of(table: Any) -> list[str]:
    """The rows of a table as text, in one order, so that 1 and 1.0 or null and false are told apart."""
    return sorted(repr(row) for row in zip(*table.to_pydict().values(), strict=True))


def assert_equal_tables(record: opentrd.Record, as_of: dt.date | None = None) -> None:
    """Run both engines and compare every table of the chain."""
    embedded.run(record.database, order(), as_of=as_of)
    small = sqlite.SmallRun(record.database, as_of)
    for step in order():
        expected = _whole(record.database.sql(f"SELECT * FROM assess.{step.table}").to_arrow_table())
        got = small.table(step.table)
        assert got.schema.equals(expected.schema), step.table
        assert rows_of(got) == rows_of(expected), step.table


@pytest.mark.slow
def test_every_table_of_every_golden_case_is_equal(tmp_path: Path) -> None:
    records = cohorts((case["tables"] for case in CASES), tmp_path)
    assert sum(record.persons for record in records) >= len(CASES)
    for record in records:
        assert_equal_tables(record)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "as_of"), [(3, None), (17, dt.date(2019, 6, 30))])
def test_every_table_of_generated_histories_is_equal(
    seed: int, as_of: dt.date | None, tmp_path: Path
) -> None:
    for record in cohorts(drawn(60, seed), tmp_path):
        assert_equal_tables(record, as_of)


@pytest.mark.slow
def test_questions_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "MOST_WORLD_ROWS", 100_000)
    asked = 0
    for record in cohorts(drawn(25, 5), tmp_path):
        expected = opentrd.assess(record, engine="duckdb").question.rows()
        assert opentrd.assess(record, engine="sqlite").question.rows() == expected
        asked += len(expected)
    assert asked > 20


def test_one_patient_has_equal_results(tmp_path: Path) -> None:
    record = opentrd.read(write_folder(HISTORY, tmp_path / "record"))
    before = opentrd.assess(record, engine="duckdb")
    expected = {name: getattr(before, name).rows() for name in (*sqlite.RESULTS, "question")}
    schemas = {name: getattr(before, name).arrow().schema for name in expected}
    reasons = before.explain("verdict", "two_adequate_trials")
    after = opentrd.assess(record, engine="sqlite")
    assert after.engine == "sqlite" and expected["question"] and expected["judgement"]
    for name, rows in expected.items():
        assert getattr(after, name).rows() == rows, name
        assert getattr(after, name).arrow().schema.equals(schemas[name]), name
    assert after.explain("verdict", "two_adequate_trials") == reasons


def test_tables_are_in_the_embedded_database_once_it_is_looked_at(tmp_path: Path) -> None:
    record = opentrd.read(write_folder(HISTORY, tmp_path / "record"))
    assessment = opentrd.assess(record, "2020-05-01", "sqlite", definitions=["two_adequate_trials"])
    rows = assessment.verdict.rows()
    (found,) = record.connection.execute("SELECT definition, observed_to FROM assess.verdict").fetchall()
    assert [found] == [(row["definition"], row["observed_to"]) for row in rows]
    assert assessment.engine == "duckdb" and assessment.verdict.rows() == rows
    page = assessment.write(tmp_path / "out")
    assert page.is_file() and (tmp_path / "out" / "tables" / "verdict.parquet").is_file()


def test_an_older_assessment_says_that_it_was_replaced(tmp_path: Path) -> None:
    record = opentrd.read(write_folder(HISTORY, tmp_path / "record"))
    first = opentrd.assess(record, engine="sqlite")
    opentrd.assess(record, "2020-02-01", "sqlite")
    with pytest.raises(RuntimeError, match="replaced by a later one"):
        first.verdict.rows()


def test_questions_of_an_earlier_record_are_asked_after_another_one_came(tmp_path: Path) -> None:
    other = HISTORY | {"exposure": HISTORY["exposure"][:1]}
    records = [
        opentrd.read(write_folder(raw, tmp_path / name)) for name, raw in (("a", HISTORY), ("b", other))
    ]
    expected = [opentrd.assess(record, engine="duckdb").question.rows() for record in records]
    assessments = [opentrd.assess(record, engine="sqlite") for record in records]
    assert [assessment.question.rows() for assessment in assessments] == expected
    assert expected[0] != expected[1]


def test_definitions_are_limited_for_one_run_only(tmp_path: Path) -> None:
    record = opentrd.read(write_folder(HISTORY, tmp_path / "record"))
    whole = opentrd.assess(record, engine="sqlite").verdict.rows()
    limited = opentrd.assess(
        record, engine="sqlite", definitions=["gsrd", "two_adequate_trials"]
    ).verdict.rows()
    assert limited == [row for row in whole if row["definition"] in ("gsrd", "two_adequate_trials")]
    assert opentrd.assess(record, engine="sqlite").verdict.rows() == whole
    with pytest.raises(InputError, match="No definition is called nowhere"):
        opentrd.assess(record, engine="sqlite", definitions=["nowhere"])


def test_every_thread_has_a_database_of_its_own(tmp_path: Path) -> None:
    records = [opentrd.read(write_folder(HISTORY, tmp_path / str(number))) for number in range(3)]
    days_of = [dt.date(2020, month, 15) for month in (2, 4, 6)]
    expected = [
        opentrd.assess(record, day, "sqlite").verdict.rows()
        for record, day in zip(records, days_of, strict=True)
    ]
    found: dict[int, list[Any]] = {}

    def work(number: int) -> None:
        found[number] = [
            opentrd.assess(records[number], days_of[number], "sqlite").verdict.rows() for _ in range(5)
        ]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [rows] * 5 for number, rows in enumerate(expected)}
    assert expected[0] != expected[2]


def test_a_process_goes_over_to_sqlite_once_small_records_cost_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = opentrd.read(write_folder(HISTORY, tmp_path / "record"))
    monkeypatch.setattr(sqlite, "_so_far", sqlite._SoFar())
    assert not sqlite.pays(record.database)
    sqlite.note_spent(record.database, sqlite.TRANSLATION_SECONDS)
    assert sqlite.pays(record.database)
    monkeypatch.setattr(sqlite, "MOST_PERSONS", 0)
    assert not sqlite.pays(record.database)


def test_a_record_of_many_persons_stays_with_duckdb(tmp_path: Path) -> None:
    people = [{"person_id": f"p{number}"} for number in range(sqlite.MOST_PERSONS + 1)]
    record = opentrd.read(write_folder(HISTORY | {"person": people}, tmp_path / "record"))
    sqlite.statements()
    assert not sqlite.pays(record.database)
    assert opentrd.assess(record).engine == "duckdb"


def test_questions_with_very_many_worlds_are_asked_in_duckdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = opentrd.read(write_folder(HISTORY, tmp_path / "record"))
    expected = opentrd.assess(record, engine="duckdb").question.rows()
    monkeypatch.setattr(sqlite, "MOST_WORLD_ROWS", 1)
    assessment = opentrd.assess(record, engine="sqlite")
    assert assessment.engine == "sqlite"
    assert assessment.question.rows() == expected
    assert assessment.engine == "duckdb"


def test_an_old_library_is_named_and_never_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = opentrd.read(write_folder(HISTORY, tmp_path / "record"))
    sqlite.statements()
    monkeypatch.setattr(sqlite.sqlite3, "sqlite_version_info", (3, 31, 1))
    with pytest.raises(InputError, match=r"needs SQLite 3\.39\.0 or newer"):
        opentrd.assess(record, engine="sqlite")
    assert opentrd.assess(record).engine == "duckdb"


TYPES = {
    "record": {"t": {"id": "BIGINT", "word": "VARCHAR", "day": "DATE", "number": "DOUBLE", "flag": "BOOLEAN"}}
}
ROWS = [
    (1, "b", dt.date(2020, 2, 29), 2.5, True),
    (2, "B", dt.date(1969, 12, 31), 3.5, False),
    (3, "Ärger", dt.date(1850, 1, 1), -2.5, None),
    (4, None, None, None, None),
    (5, "ÄRGER", dt.date(2199, 12, 31), 0.0, True),
    (6, "a", dt.date(2020, 3, 1), 1e6, False),
]  # fmt: skip


@pytest.mark.parametrize(
    "select",
    [
        "SELECT date_diff('day', day, CAST('2020-03-01' AS DATE)) AS x FROM record.t",
        "SELECT date_diff('day', CAST('2020-03-01' AS DATE) - 1, day + 2) AS x FROM record.t",
        "SELECT EXTRACT(YEAR FROM day) AS y, EXTRACT(MONTH FROM day + 1) AS m, EXTRACT(DAY FROM day) AS d FROM record.t",
        "SELECT CAST(day AS VARCHAR) || '!' AS x, day > '2020-01-01' AS y FROM record.t",
        "SELECT CAST(CAST(day AS VARCHAR) AS DATE) AS x FROM record.t",
        "SELECT CAST(flag AS VARCHAR) AS x, CAST(flag AS BIGINT) AS y, NOT flag AS z, flag = TRUE AS w FROM record.t",
        "SELECT flag AND number > 0 AS x, flag OR number > 0 AS y, flag IS NULL AS z FROM record.t",
        "SELECT CAST(id AS BOOLEAN) AS x, CAST(number AS BIGINT) AS y, CAST(id AS VARCHAR) AS z FROM record.t",
        "SELECT id / nullif(4, 0) AS x, id / nullif(id - 3, 0) AS y, number / nullif(2, 0) AS z FROM record.t",
        "SELECT sum(id) / nullif(count(word), 0) AS x, sum(CASE WHEN flag THEN 1 ELSE 0 END) AS y FROM record.t",
        "SELECT lower(word) AS x, word LIKE 'b%' AS y, word LIKE '%Rg%' AS z, word > 'a' AS w FROM record.t",
        "SELECT string_agg(word, ' / ' ORDER BY day, id) AS x, min(word) AS y, max(word) AS z FROM record.t",
        "SELECT string_agg(word, ',' ORDER BY word) AS x FROM record.t WHERE word IS NULL",
        "SELECT id, row_number() OVER (ORDER BY word DESC) AS x, row_number() OVER (ORDER BY day NULLS FIRST) AS y FROM record.t",
        "SELECT id, row_number() OVER (ORDER BY word, id) AS x, lag(word) OVER (ORDER BY day, id) AS y FROM record.t",
        "SELECT id, max(day) OVER (PARTITION BY flag ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS x FROM record.t",
        "SELECT count(*) AS x, count(DISTINCT flag) AS y FROM record.t AS a CROSS JOIN (SELECT id AS k FROM record.t) AS b",
        "SELECT a.id, b.id AS other FROM record.t AS a FULL OUTER JOIN record.t AS b ON b.id = a.id + 3",
        "SELECT id, CASE word WHEN 'b' THEN NULL ELSE number END AS x FROM record.t UNION ALL SELECT 0, 1",
        "SELECT id FROM record.t WHERE word IN ('a', 'B') OR day BETWEEN '1850-01-01' AND '1900-01-01'",
    ],
)
def test_a_construct_means_the_same(select: str) -> None:
    made = translate_sqlite(select, TYPES, lambda schema, table: (None, f"{schema}.{table}"), file="case.sql")
    with duckdb.connect() as embedded_database:
        embedded_database.execute(
            "CREATE SCHEMA record; CREATE TABLE record.t (id BIGINT, word VARCHAR, day DATE, number DOUBLE, flag BOOLEAN)"
        )
        embedded_database.executemany("INSERT INTO record.t VALUES (?, ?, ?, ?, ?)", ROWS)
        result = embedded_database.sql(select)
        kinds = [str(kind) for kind in result.types]
        expected = result.fetchall()
    small = sqlite3.connect(":memory:")
    small.execute("PRAGMA case_sensitive_like = ON")
    register_functions(small)
    typed = ", ".join(f"{name} {STORED_AS[kind]}" for name, kind in TYPES["record"]["t"].items())
    small.execute(f'CREATE TABLE "record.t" ({typed})')
    small.executemany(
        'INSERT INTO "record.t" VALUES (?, ?, ?, ?, ?)', [(*row[:2], days(row[2]), *row[3:]) for row in ROWS]
    )
    got = [
        tuple(_back(cell, kind) for cell, kind in zip(row, kinds, strict=True))
        for row in small.execute(made.sql)
    ]
    small.close()
    assert expected and sorted(map(repr, got)) == sorted(map(repr, expected))


def _back(cell: Any, kind: str) -> Any:
    if cell is None:
        return None
    if kind == "DATE":
        return dt.date(1970, 1, 1) + dt.timedelta(days=cell)
    if kind == "BOOLEAN":
        return bool(cell)
    return float(cell) if kind == "DOUBLE" else cell


@pytest.mark.parametrize(
    ("select", "said"),
    [
        ("SELECT regexp_matches(word, 'a') AS x FROM record.t", "regexp"),
        ("SELECT EXTRACT(WEEK FROM day) AS x FROM record.t", "only YEAR, MONTH and DAY"),
        ("SELECT string_agg(word, ',' ORDER BY day DESC) AS x FROM record.t", "ascending order"),
        ("SELECT CAST('soon' AS DATE) AS x FROM record.t", "YYYY-MM-DD"),
        ("SELECT CAST(number AS VARCHAR) AS x FROM record.t", "differently as text"),
        ("SELECT CAST(day AS BIGINT) AS x FROM record.t", "date can only become text"),
        ("SELECT day FROM record.u", "record.u"),
    ],
)
def test_what_has_no_equal_is_named_with_its_file(select: str, said: str) -> None:
    with pytest.raises(NotTranslatedError, match=r"case\.sql") as problem:
        translate_sqlite(select, TYPES, lambda schema, table: (None, table), file="case.sql")
    assert said.lower() in str(problem.value).lower()


def test_every_file_of_the_chain_and_of_the_worlds_is_translated() -> None:
    made = sqlite.statements()
    assert {fill.table for fill in (*made.shared, *made.chain)} == {
        f"assess.{step.table}" for step in order()
    }
    folder = Path(opentrd.__file__).parent / "assess" / "world"
    assert len(made.worlds) == len(list(folder.glob("*.sql"))) > 9
    assert {fill.table for fill in made.shared} >= {"assess.rule"}
