"""Levels against ranges by scheme, and trials in which too little of the drug may have reached the person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pgx_cases import Row, cells, one, run

TABLES = ("pgx_level", "pgx_exposure", "finding_pharmacogenetics")
UM = {"person_id": "p", "gene": "CYP2C19", "diplotype": "*17/*17"}


def trial(agent: str = "escitalopram", **more: Any) -> Row:
    return {
        "person_id": "p", "agent": agent, "start_date": "2024-01-01", "end_date": "2024-03-31", "daily_dose_mg": 10,
    } | more  # fmt: skip


def level(value: Any, measure: str = "escitalopram level", **more: Any) -> Row:
    return {
        "person_id": "p", "measurement_id": f"m-{measure}", "measure": measure, "date": "2024-03-01", "value": value,
        "unit": "ng/mL",
    } | more  # fmt: skip


def failures(tmp_path: Path, **record: Any) -> list[Row]:
    return run(tmp_path, TABLES, **record)["pgx_exposure"]


@pytest.mark.parametrize(
    ("drug", "failed"),
    [
        (trial(), True),  # 10 mg is the ATRQ minimum
        (trial(daily_dose_mg=5), True),
        (trial(daily_dose_mg=20), False),
        (trial(daily_dose_mg=""), None),
        (trial(improvement_pct=30), True),
    ],
)
def test_ultrarapid_at_no_more_than_the_minimum_dose(tmp_path: Path, drug: Row, failed: bool | None) -> None:
    row = one(failures(tmp_path, genotype=[UM], exposure=[drug]), source="CPIC")
    assert row["failed"] == failed and (row["settles"] is None) == (failed is not None)


def test_a_trial_that_helped_is_not_asked(tmp_path: Path) -> None:
    assert failures(tmp_path / "a", genotype=[UM], exposure=[trial(improvement_pct=50)]) == []
    assert failures(tmp_path / "b", genotype=[UM], exposure=[trial(stop_reason="remission")]) == []


def test_another_phenotype_does_not_lower_exposure(tmp_path: Path) -> None:
    rows = failures(tmp_path, genotype=[UM | {"diplotype": "*1/*17"}], exposure=[trial()])
    assert {row["failed"] for row in rows} == {False}


def test_an_inhibitor_of_the_time_leaves_it_open(tmp_path: Path) -> None:
    drugs = [trial(), trial("fluvoxamine", start_date="2024-02-01", end_date="2024-02-20")]
    row = one(failures(tmp_path, genotype=[UM], exposure=drugs), agent="escitalopram", source="CPIC")
    assert row["failed"] is None and "fluvoxamine" in row["says"]


def test_the_inference_is_called_ours(tmp_path: Path) -> None:
    rows = run(tmp_path, TABLES, genotype=[UM], exposure=[trial()])["finding_pharmacogenetics"]
    row = one(rows, finding="exposure_failure", source="OpenTRD, by CPIC CYP2C19")
    assert row["says"].startswith("OpenTRD's inference") and row["subject"] == row["basis_id"]


def test_each_scheme_places_the_level_itself(tmp_path: Path) -> None:
    found = run(tmp_path, TABLES, exposure=[trial()], measurement=[level(17)])
    placed = {(r["scheme"], r["kind"]): (r["below"], r["above"]) for r in found["pgx_level"]}
    assert placed == {
        ("AGNP 2017", "range"): (False, False),
        ("AGNP 2017", "alert"): (False, False),
        ("systematic review 2022", "range"): (True, False),
    }
    failed = {r["source"]: r["failed"] for r in found["pgx_exposure"]}
    assert failed == {
        "AGNP 2017": False,
        "systematic review 2022, proposed, not an established range": True,
    }
    row = one(found["finding_pharmacogenetics"], finding="drug_level", threshold="15 to 80 ng/mL")
    assert (row["present"], row["value"], row["says"], row["measurement_id"]) == (
        False, "17", "within the range", "m-escitalopram level",
    )  # fmt: skip


def test_a_sum_needs_its_metabolite(tmp_path: Path) -> None:
    alone = run(tmp_path / "a", TABLES, measurement=[level(60, "venlafaxine level")])["pgx_level"]
    row = one(alone, scheme="AGNP 2017", kind="range")
    assert (row["low"], row["high"], row["below"]) == (60.0, None, None)
    too_high = run(tmp_path / "b", TABLES, measurement=[level(450, "venlafaxine level")])["pgx_level"]
    assert one(too_high, scheme="AGNP 2017", kind="range")["above"] is True
    both = [level(60, "venlafaxine level"), level(30, "desvenlafaxine level")]
    row = one(
        run(tmp_path / "c", TABLES, measurement=both)["pgx_level"],
        scheme="AGNP 2017",
        kind="range",
        agent="venlafaxine",
    )
    assert (row["low"], row["high"], row["below"]) == (90.0, 90.0, True)


def test_a_censored_level_is_placed_only_where_it_can_be(tmp_path: Path) -> None:
    rows = run(tmp_path, TABLES, measurement=[level(5, sign="<")])["pgx_level"]
    assert one(rows, scheme="AGNP 2017", kind="range")["below"] is True
    open_rows = run(tmp_path / "b", TABLES, measurement=[level(30, sign="<")])["pgx_level"]
    assert one(open_rows, scheme="AGNP 2017", kind="range")["below"] is None


def test_lithium_has_a_narrower_range_from_65_on(tmp_path: Path) -> None:
    taken = level(0.7, "lithium level", unit="mmol/L")
    for born, schemes in (("1950-01-01", 2), ("1990-01-01", 1), ("", 1)):
        rows = run(
            tmp_path / (born or "unknown"),
            TABLES,
            person=[{"person_id": "p", "birth_date": born}],
            measurement=[taken],
        )["pgx_level"]
        ranges = [r for r in rows if (r["scheme"], r["kind"]) == ("NICE NG222", "range")]
        assert len(ranges) == schemes
        assert [r["above"] for r in sorted(ranges, key=lambda r: r["from_age"] or 0)] == [False, True][
            :schemes
        ]


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    age = row["from_age"]
    return row["scheme"], row["agent"], row["kind"], row["note"] or "", float(age) if age else None


@pytest.mark.parametrize(
    "row", [r for r in cells("level_range") if r["measure"]], ids=lambda r: "-".join(map(str, key(r)))
)
def test_every_range_is_read_at_its_ends(tmp_path: Path, row: dict[str, str]) -> None:
    given = [level(row["value_high"], row["measure"], unit=row["unit"])]
    if row["metabolite"]:
        given.append(level(0, row["metabolite"], unit=row["unit"]))
    person = [{"person_id": "p", "birth_date": "1940-01-01"}]
    rows = run(tmp_path, TABLES, person=person, measurement=given)["pgx_level"]
    (found,) = [r for r in rows if key(r) == key(row)]
    open_sum = row["is_sum"] == "true" and not row["metabolite"]
    assert found["above"] is (True if row["kind"] == "alert" else None if open_sum else False)
