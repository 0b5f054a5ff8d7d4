"""`opentrd compare`: the counts behind the page, against numbers worked out by hand or published."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from opentrd.compare import Comparison, RunError, compare, wilson

INDEX = dt.date(2020, 1, 1)
VERDICT = pa.schema(
    [
        ("person_id", pa.string()),
        ("definition", pa.string()),
        ("eligible", pa.bool_()),
        ("met", pa.bool_()),
        ("needed", pa.int64()),
        ("met_on", pa.date32()),
        ("possible_on", pa.date32()),
        ("index_date", pa.date32()),
        ("observed_from", pa.date32()),
        ("observed_to", pa.date32()),
        ("clause", pa.string()),
        ("knowledge_status", pa.string()),
    ]
)
TRIAL = pa.schema(
    [
        ("person_id", pa.string()),
        ("trial_id", pa.string()),
        ("kind", pa.string()),
        ("agents", pa.string()),
        ("start_date", pa.date32()),
    ]
)
PERSON = pa.schema(
    [
        ("person_id", pa.string()),
        ("sex", pa.string()),
        ("birth_earliest", pa.date32()),
        ("birth_latest", pa.date32()),
        ("race", pa.string()),
        ("ethnicity", pa.string()),
        ("language", pa.string()),
    ]
)
Row = Mapping[str, Any]


def day(number: int) -> dt.date:
    """So many days after the index date."""
    return INDEX + dt.timedelta(days=number)


def verdict(person: str, definition: str, met: bool | None, **other: Any) -> dict[str, Any]:
    """A verdict row; who is eligible and followed for ten years unless said otherwise."""
    return {
        "person_id": person,
        "definition": definition,
        "eligible": True,
        "met": met,
        "needed": 2,
        "met_on": day(100) if met else None,
        "possible_on": day(100) if met or met is None else None,
        "index_date": INDEX,
        "observed_from": INDEX,
        "observed_to": day(3650),
        "clause": None if met else "number",
        "knowledge_status": "verified",
        **other,
    }


def write_run(
    folder: Path,
    verdicts: Sequence[Row],
    trials: Sequence[Row] = (),
    persons: Sequence[Row] | None = (),
    min_count: int = 1,
) -> Path:
    """A folder as `opentrd assess` leaves it, with only what a comparison reads."""
    tables = folder / "tables"
    tables.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(list(verdicts), schema=VERDICT), tables / "verdict.parquet")
    pq.write_table(pa.Table.from_pylist(list(trials), schema=TRIAL), tables / "trial.parquet")
    if persons is not None:
        pq.write_table(pa.Table.from_pylist(list(persons), schema=PERSON), tables / "person.parquet")
    (folder / "run.json").write_text(json.dumps({"min_count": min_count, "input_kind": "record"}))
    return folder


def cross(counts: Mapping[tuple[bool | None, bool | None], int]) -> list[dict[str, Any]]:
    """Verdicts by the definitions a and b from the cells of their table."""
    rows = []
    number = 0
    for (a, b), persons in counts.items():
        for _ in range(persons):
            number += 1
            rows += [verdict(f"p{number:05d}", "a", a), verdict(f"p{number:05d}", "b", b)]
    return rows


def only(rows: Iterable[Row], **wanted: Any) -> Row:
    """The one row with these values."""
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    assert len(found) == 1, f"{len(found)} rows with {wanted}"
    return found[0]


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """Compare verdicts; the comparison is closed at the end."""
    opened: list[Comparison] = []

    def make(verdicts: Sequence[Row], truth: Path | None = None, **other: Any) -> Comparison:
        part_rows = other.pop("part_rows", None)
        run = write_run(tmp_path / f"run{len(opened)}", verdicts, **other)
        opened.append(compare(run, truth, **({"part_rows": part_rows} if part_rows else {})))
        return opened[-1]

    yield make
    for comparison in opened:
        comparison.close()


def test_wilson_interval_of_a_published_example() -> None:
    # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert wilson(29, 29) == pytest.approx((0.8830, 1.0), abs=5e-5)
    assert wilson(0, 0) is None


def test_kappa_and_its_interval_worked_out_by_hand(made: Any) -> None:
    row = only(
        made(cross({(True, True): 20, (True, False): 5, (False, True): 10, (False, False): 15})).rows(
            "agreement"
        )
    )
    assert (row["persons"], row["both_met"], row["only_a"], row["only_b"], row["neither"]) == (
        50,
        20,
        5,
        10,
        15,
    )
    assert row["agreement"] == pytest.approx(0.7)
    assert row["kappa"] == pytest.approx(0.4)
    # Variance: (0.10972 + 0.10188 - 0.01) / (0.25 * 50) = 0.016128.
    assert row["kappa_high"] - 0.4 == pytest.approx(1.959964 * 0.016128**0.5, rel=1e-6)
    assert 0.4 - row["kappa_low"] == pytest.approx(1.959964 * 0.016128**0.5, rel=1e-6)
    assert row["positive_agreement"] == pytest.approx(40 / 55)
    assert row["negative_agreement"] == pytest.approx(30 / 45)
    assert row["undetermined"] == 0
    assert (row["kappa_if_differ"], row["kappa_if_same"]) == pytest.approx((0.4, 0.4))


def test_undetermined_answers_bound_the_agreement(made: Any) -> None:
    counts = {(True, True): 10, (False, False): 10, (True, None): 4, (None, False): 3, (None, None): 3}
    row = only(made(cross(counts)).rows("agreement"))
    assert (row["persons"], row["undetermined"]) == (20, 10)
    assert row["kappa"] == pytest.approx(1.0)
    assert (row["agreement_if_differ"], row["agreement_if_same"]) == pytest.approx((20 / 30, 1.0))
    assert row["kappa_if_same"] == pytest.approx(1.0)
    # All open ones differ: (10, 4 + 3 + 3, 0, 10) has chance 4/9, (10, 4 + 3, 3, 10) has 442/900, so the smaller kappa.
    assert row["kappa_if_differ"] == pytest.approx((20 / 30 - 442 / 900) / (1 - 442 / 900))


def test_a_definition_with_one_answer_has_no_kappa(made: Any) -> None:
    row = only(made(cross({(True, False): 10, (False, False): 15})).rows("agreement"))
    assert (row["kappa"], row["kappa_low"], row["kappa_high"]) == (None, None, None)
    assert row["negative_agreement"] == pytest.approx(30 / 40)


def test_pairs_count_only_persons_in_both_denominators(made: Any) -> None:
    rows = cross({(True, True): 3})
    rows += [verdict("x1", "a", True), verdict("x1", "b", False, eligible=False, clause="diagnosis")]
    rows += [verdict("x2", "a", False, eligible=None), verdict("x2", "b", True)]
    comparison = made(rows)
    assert only(comparison.rows("agreement"))["persons"] == 3
    overall = only(comparison.rows("group_count"), definition="a", kind="overall")
    assert (overall["persons"], overall["eligible_low"], overall["eligible_high"]) == (5, 4, 5)
    assert (overall["met_low"], overall["met_high"]) == (4, 4)


def test_the_highest_percentage_counts_who_may_meet_it_into_the_denominator(made: Any) -> None:
    rows = [verdict("p1", "a", True), verdict("p2", "a", False), verdict("p3", "a", None)]
    rows += [verdict(f"q{n}", "a", None, eligible=None) for n in range(3)]
    rows += [verdict("r", "a", False, eligible=None), verdict("s", "a", False, eligible=False)]
    overall = only(made(rows).rows("group_count"), kind="overall")
    assert [
        overall[name] for name in ("met_low", "eligible_high", "met_high", "denominator_high", "eligible_low")
    ] == [
        1,
        7,
        5,
        6,
        3,
    ]


def test_the_clause_of_the_definition_that_is_not_met_decides(made: Any) -> None:
    rows = []
    for number, (clause, eligible) in enumerate(
        [("dose", True), ("dose", True), ("response", True), ("age", False)]
    ):
        rows += [
            verdict(f"p{number}", "a", True),
            verdict(f"p{number}", "b", False, clause=clause, eligible=eligible),
        ]
    rows += [verdict("q", "a", False, clause="number"), verdict("q", "b", None, clause="response")]
    comparison = made(rows)
    found = {(r["clause"], r["in_denominator"]): r["persons"] for r in comparison.rows("disagreement")}
    assert found == {("dose", True): 2, ("response", True): 1, ("age", False): 1}
    assert {r["met_by"] for r in comparison.rows("disagreement")} == {"a"}
    assert {(r["definition"], r["clause"], r["persons"]) for r in comparison.rows("missed")} == {
        ("b", "dose", 2),
        ("b", "response", 1),
        ("b", "age", 1),
    }


def test_joint_sets_are_a_partition_of_all_persons(made: Any) -> None:
    found = made(cross({(True, True): 3, (True, None): 2, (False, False): 4})).rows("joint")
    assert {row["met_set"]: row["persons"] for row in found} == {"MM": 3, "M.": 2, "..": 4}


# Remission times of 21 children under 6-mercaptopurine, in weeks, + censored (Freireich et al. 1963), with the product-limit
# estimates and Greenwood standard errors printed in textbooks from Gehan 1965 on.
FREIREICH = "6,6,6,6+,7,9+,10,10+,11+,13,16,17+,19+,20+,22,23,25+,32+,32+,34+,35+"
PUBLISHED = {
    6: (0.857, 0.0764),
    7: (0.807, 0.0869),
    10: (0.753, 0.0963),
    13: (0.690, 0.1068),
    16: (0.627, 0.1141),
    22: (0.538, 0.1282),
    23: (0.448, 0.1346),
}


def followed(person: str, exit_day: int, event: bool, entry: int = 0) -> dict[str, Any]:
    """A person observed from a day on, resistant on the last day or not."""
    return verdict(
        person,
        "a",
        event,
        met_on=day(exit_day) if event else None,
        possible_on=day(exit_day) if event else None,
        observed_from=day(entry),
        observed_to=day(exit_day),
    )


def test_product_limit_of_a_published_example(made: Any) -> None:
    rows = [
        followed(f"p{number:02d}", int(text.rstrip("+")), not text.endswith("+"))
        for number, text in enumerate(FREIREICH.split(","))
    ]
    comparison = made(rows)
    curve = {row["day"]: row for row in comparison.rows("curve") if row["reading"] == "certain"}
    for at, (surviving, error) in PUBLISHED.items():
        assert curve[at]["surviving"] == pytest.approx(surviving, abs=5e-4)
        assert curve[at]["surviving"] * curve[at]["spread"] ** 0.5 == pytest.approx(error, abs=1e-4)
    assert [curve[at]["at_risk"] for at in PUBLISHED] == [21, 17, 15, 12, 11, 7, 6]
    assert only(comparison.rows("time_summary"), reading="certain")["median_day"] == 23


def test_delayed_entry_worked_out_by_hand(made: Any) -> None:
    # Observed from day 3 on means at risk after day 3: on day 3 only a and d are at risk, on day 5 a and b, on day 8 b and c.
    rows = [
        followed("a", 5, True),
        followed("b", 8, True, entry=3),
        followed("c", 10, False, entry=6),
        followed("d", 3, True),
    ]
    comparison = made(rows)
    curve = {row["day"]: row for row in comparison.rows("curve") if row["reading"] == "certain"}
    assert {at: curve[at]["at_risk"] for at in (3, 5, 8, 10)} == {3: 2, 5: 2, 8: 2, 10: 1}
    assert [curve[at]["surviving"] for at in (3, 5, 8, 10)] == pytest.approx([0.5, 0.25, 0.125, 0.125])


def test_who_is_resistant_before_being_observed_is_not_at_risk(made: Any) -> None:
    early = verdict("a", "a", True, met_on=day(10), observed_from=day(50))
    never = verdict("b", "a", False, observed_from=day(-90), observed_to=day(-5))
    comparison = made([early, never, followed("c", 80, True), verdict("d", "a", False, index_date=None)])
    fates = {row["fate"]: row["persons"] for row in comparison.rows("fate")}
    assert fates == {
        "resistant before observed": 1,
        "not observed after the index date": 1,
        "followed": 1,
        "no index date": 1,
    }
    assert {row["at_risk"] for row in comparison.rows("curve")} == {1}


def test_undetermined_persons_bound_the_curve(made: Any) -> None:
    rows = [followed("a", 10, True), followed("b", 40, False)]
    rows += [verdict("c", "a", None, possible_on=day(20), observed_to=day(60))]
    rows += [verdict("d", "a", None, possible_on=None, observed_to=day(60))]
    comparison = made(rows)
    curves: dict[str, dict[int, float]] = {"certain": {}, "possible": {}}
    for row in comparison.rows("curve"):
        curves[row["reading"]][row["day"]] = row["surviving"]
    assert curves["certain"][60] == pytest.approx(3 / 4)
    assert curves["possible"][20] == pytest.approx(3 / 4 * 2 / 3)
    assert only(comparison.rows("fate"), fate="followed")["undated"] == 1


def test_groups_by_sex_and_age_on_the_index_date(made: Any) -> None:
    def person(name: str, sex: str | None, birth: tuple[dt.date, dt.date] | None) -> dict[str, Any]:
        low, high = birth or (None, None)
        return {"person_id": name, "sex": sex, "birth_earliest": low, "birth_latest": high}

    exact = dt.date(1990, 1, 2)
    persons = [
        person("p1", "female", (exact, exact)),  # 29 on the index date
        person("p2", "female", (dt.date(1990, 1, 1), dt.date(1990, 1, 1))),  # 30
        person("p3", None, (dt.date(1989, 1, 1), dt.date(1990, 12, 31))),  # 29 to 31
        person("p4", "male", (dt.date(1925, 5, 5), dt.date(1925, 5, 5))),  # 94
        person("p5", None, None),
    ]
    comparison = made([verdict(f"p{n}", "a", n < 3) for n in (1, 2, 3, 4, 5)], persons=persons)
    groups = {
        (row["kind"], row["level"]): (row["persons"], row["met_low"])
        for row in comparison.rows("group_count")
    }
    assert groups["sex", "female"] == (2, 2)
    assert groups["sex", "not recorded"] == (2, 0)
    assert groups["age", "20–29"] == (1, 1)
    assert groups["age", "30–39"] == (1, 1)
    assert groups["age", "not known"] == (2, 0)
    assert groups["age", "90 or more"] == (1, 0)
    assert groups["race", "not recorded"] == (5, 2)


def trial(person: str, agent: str, start: int | None, kind: str = "drug") -> dict[str, Any]:
    """A trial that starts so many days after the index date."""
    return {
        "person_id": person,
        "trial_id": f"{person}/{agent}/{start}",
        "kind": kind,
        "agents": agent,
        "start_date": None if start is None else day(start),
    }


def test_attrition_and_pathways(made: Any) -> None:
    rows = [
        verdict("p1", "a", True),
        verdict("p2", "a", None),
        verdict("p3", "a", False),
        verdict("p4", "a", False, eligible=False, clause="psychosis"),
        verdict("p5", "a", False, eligible=False, clause="diagnosis"),
        verdict("p6", "a", False),
    ]
    trials = [
        trial("p1", "sertraline", 0),
        trial("p1", "venlafaxine", 60),
        trial("p1", "venlafaxine", 200),
        trial("p1", "sertraline", 300),
        trial("p2", "sertraline", 0),
        trial("p2", "lithium", 30),
        trial("p3", "sertraline", 0),
        trial("p4", "sertraline", 0),
        trial("p5", "sertraline", None),
    ]
    comparison = made(rows, trials=trials)
    steps = {row["step"]: row["persons"] for row in comparison.rows("attrition")}
    assert steps == {1: 6, 2: 5, 3: 4, 4: 3, 5: 2, 6: 2, 7: 1}
    paths = {
        tuple(row[f"line_{n}"] for n in (1, 2, 3, 4)): row["persons"] for row in comparison.rows("pathway")
    }
    assert paths == {("SSRI", "SNRI", "SSRI", None): 1, ("SSRI", None, None, None): 3}


def test_parts_of_any_size_give_the_same_tables(made: Any) -> None:
    rows = cross({(True, True): 7, (True, False): 5, (False, None): 4, (None, True): 3, (False, False): 6})
    trials = [trial(f"p{n:05d}", "sertraline", n) for n in range(1, 25)]
    whole, parts = made(rows, trials=trials), made(rows, trials=trials, part_rows=6)
    for name in sorted(whole.tables - {"verdict", "trial", "person"}):
        assert whole.rows(name) == parts.rows(name), name


def write_truth(folder: Path, trials: Sequence[Row], persons: Sequence[str]) -> Path:
    """What `opentrd synthesize` writes as truth, as far as a comparison reads it."""
    folder.mkdir()
    pq.write_table(
        pa.Table.from_pylist([{"person_id": p, "observed_to": day(3650)} for p in persons]),
        folder / "truth_person.parquet",
    )
    filled = [
        {
            "episode": 1,
            "kind": "drug",
            "dose_adequate": True,
            "days_adequate": 60,
            "improvement_pct": 10,
            "true_end": day(200),
            **row,
        }
        for row in trials
    ]
    pq.write_table(pa.Table.from_pylist(filled), folder / "truth_trial.parquet")
    return folder


def test_the_true_number_counts_failed_adequate_trials_of_one_episode(tmp_path: Path, made: Any) -> None:
    two = [{"agent": "sertraline"}, {"agent": "venlafaxine"}]
    cases: dict[str, tuple[int, list[dict[str, Any]]]] = {
        "p1": (2, two),
        "p2": (1, [two[0], {"agent": "venlafaxine", "days_adequate": 41}]),
        "p3": (1, [two[0], {"agent": "venlafaxine", "dose_adequate": False}]),
        "p4": (1, [two[0], {"agent": "venlafaxine", "improvement_pct": 50}]),
        "p5": (1, [two[0], {"agent": "venlafaxine", "episode": 2}]),
        "p6": (1, [two[0], two[0]]),
        "p7": (1, [two[0], {"agent": "aripiprazole", "kind": "augmentation"}]),
        "p8": (1, [two[0], {"agent": "venlafaxine", "true_end": day(4000)}]),
        "p9": (0, []),
    }
    trials = [{"person_id": person, **row} for person, (_, own) in cases.items() for row in own]
    truth = write_truth(tmp_path / "truth", trials, list(cases))
    comparison = made([verdict(person, "a", True) for person in cases], truth=truth)
    found = comparison.connection.execute("SELECT person_id, failures FROM compare.true_failures").fetchall()
    assert dict(found) == {person: number for person, (number, _) in cases.items()}


def test_a_truth_of_other_persons_is_refused(tmp_path: Path, made: Any) -> None:
    truth = write_truth(tmp_path / "truth", [{"person_id": "other", "agent": "sertraline"}], ["other"])
    with pytest.raises(RunError, match="none of its persons is in"):
        made([verdict("p1", "a", True)], truth=truth)


def write_multiverse(run: Path, rows: Sequence[Row]) -> None:
    """A table of variants: 1,000 persons, all in the denominator."""
    filled = [
        {"variant": n, "persons": 1000, "eligible_low": 1000, "eligible_high": 1000, **row}
        for n, row in enumerate(rows, 1)
    ]
    pq.write_table(pa.Table.from_pylist(filled), run / "tables" / "multiverse.parquet")


def test_how_much_each_parameter_moves_prevalence_by_hand(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [verdict("p1", "a", True)])
    counts = {("4", 2): 400, ("4", 3): 200, ("8", 2): 300, ("8", 3): 100, ("none", 2): 500, ("none", 3): 200}
    write_multiverse(
        run,
        [
            {"min_weeks": weeks, "needed": needed, "met_low": met, "met_high": met}
            for (weeks, needed), met in counts.items()
        ],
    )
    comparison = compare(run)
    effects = {
        row["parameter"]: row for row in comparison.rows("parameter_effect") if row["reading"] == "certain"
    }
    comparison.close()
    assert effects["needed"]["mean_change"] == pytest.approx((20 + 20 + 30) / 3)
    assert effects["needed"]["largest_change"] == pytest.approx(30)
    assert effects["min_weeks"]["mean_change"] == pytest.approx((10 + 10 + 0 + 10 + 20 + 10) / 6)
    # All six: mean 28.33, variance 180.56 (points squared); means 40 and 16.67; 30, 20 and 35.
    assert effects["needed"]["variance_share"] == pytest.approx(136.11 / 180.56, abs=1e-3)
    assert effects["min_weeks"]["variance_share"] == pytest.approx(38.89 / 180.56, abs=1e-3)


def test_a_damaged_run_says_what_is_wrong(tmp_path: Path) -> None:
    rows = cross({(True, True): 2})
    with pytest.raises(RunError, match="is not a folder"):
        compare(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match=r"run\.json is not there"):
        compare(tmp_path / "empty")

    run = write_run(tmp_path / "text", rows)
    (run / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"run\.json is not JSON"):
        compare(run)

    run = write_run(tmp_path / "gone", rows)
    (run / "tables" / "trial.parquet").unlink()
    with pytest.raises(RunError, match=r"trial\.parquet is not there"):
        compare(run)

    run = write_run(tmp_path / "broken", rows)
    (run / "tables" / "verdict.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(RunError, match=r"verdict\.parquet cannot be read"):
        compare(run)

    run = write_run(tmp_path / "column", rows)
    table = pq.read_table(run / "tables" / "verdict.parquet").drop_columns(["met_on"])
    pq.write_table(table, run / "tables" / "verdict.parquet")
    with pytest.raises(RunError, match="has no column met_on"):
        compare(run)

    run = write_run(tmp_path / "kind", [])
    table = pq.read_table(run / "tables" / "verdict.parquet")
    place = table.column_names.index("met")
    pq.write_table(
        table.set_column(place, "met", pa.array([], pa.string())), run / "tables" / "verdict.parquet"
    )
    with pytest.raises(RunError, match="the column met is VARCHAR, expected BOOLEAN"):
        compare(run)

    with pytest.raises(RunError, match="b has fewer rows than other definitions"):
        compare(write_run(tmp_path / "uneven", rows[:-1]))
    twice = [*rows[:-2], rows[0], rows[1]]
    with pytest.raises(RunError, match="has two verdicts by one definition"):
        compare(write_run(tmp_path / "twice", twice))
    with pytest.raises(RunError, match="holds no truth_person"):
        compare(write_run(tmp_path / "truthless", rows), tmp_path / "empty")
