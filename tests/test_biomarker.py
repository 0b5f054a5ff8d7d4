"""Biomarkers: CRP strata with their cautions, the one published composite, and values that have a direction but no cut-off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pgx_cases import Row, cells, one, run

TABLES = ("biomarker_value", "biomarker_crp", "finding_biomarker")


def measured(measure: str, value: Any, unit: str = "mg/L", **more: Any) -> Row:
    return {
        "person_id": "p", "measurement_id": f"{measure} {more.get('date', '')}", "measure": measure, "value": value, "unit": unit,
        "date": "2024-03-01",
    } | more  # fmt: skip


def findings(tmp_path: Path, *measurements: Row, **record: Any) -> list[Row]:
    return run(tmp_path, TABLES, measurement=measurements, **record)["finding_biomarker"]


STRATA = [
    # value, unit, sign, stratum, above 3 mg/L, acute phase
    (0.4, "mg/L", "", "low", False, False),
    (0.99, "mg/L", "", "low", False, False),
    (1, "mg/L", "", "average", False, False),
    (3, "mg/L", "", "average", False, False),
    (3.01, "mg/L", "", "high (low-grade inflammation)", True, False),
    (9.9, "mg/L", "", "high (low-grade inflammation)", True, False),
    (10, "mg/L", "", "not stratified: it may be above the acute-phase limit", None, None),
    (10.1, "mg/L", "", "not stratified: above the acute-phase limit", None, True),
    (0.3, "mg/dL", "", "average", False, False),
    (5, "mg/L", "<", "low or average or high (low-grade inflammation)", None, False),
    (1, "mg/L", "<", "low or average", False, False),
    (0.5, "mg/L", "<", "low", False, False),
    (4, "mg/L", ">", "not stratified: it may be above the acute-phase limit", None, None),
    (11, "mg/L", ">", "not stratified: above the acute-phase limit", None, True),
    (4, "", "", "not stratified: no unit recorded", None, None),
    (4, "bananas", "", "not stratified: a unit that cannot be converted to mg/L", None, None),
]


@pytest.mark.parametrize(("value", "unit", "sign", "stratum", "above_3", "acute"), STRATA)
@pytest.mark.parametrize("measure", ["CRP", "hs-CRP"])
def test_strata(
    tmp_path: Path, measure: str, value: float, unit: str, sign: str, stratum: str, above_3: Any, acute: Any
) -> None:
    rows = findings(tmp_path, measured(measure, value, unit, sign=sign))
    row = one(rows, finding="crp_stratum")
    assert (row["subject"], row["source"], row["says"], row["present"]) == (
        measure,
        "AHA/CDC",
        stratum,
        above_3,
    )
    assert (row["settles"] is None) == (above_3 is not None)
    assert one(rows, finding="crp_acute_phase")["present"] == acute
    assert (
        one(rows, finding="crp_cut", source="Osimo 2019", subject=f"{measure} above 3 mg/L")["present"]
        == above_3
    )


CUTS = [("crp_above_1", 1, 1.01), ("crp_above_3", 3, 3.01), ("crp_from_3", 2.99, 3), ("crp_above_5", 5, 5.01)]


@pytest.mark.parametrize(("rule", "outside", "inside"), CUTS)
def test_each_cut_off_at_its_edge(tmp_path: Path, rule: str, outside: float, inside: float) -> None:
    for value, holds in ((outside, False), (inside, True)):
        found = run(tmp_path / str(value), TABLES, measurement=[measured("hs-CRP", value)])["biomarker_crp"]
        assert one(found, rule=rule)["holds"] is holds


def test_every_cut_off_has_a_case() -> None:
    assert {rule for rule, _, _ in CUTS} == {r["rule"] for r in cells("biomarker_rule") if r["kind"] == "cut"}


def test_the_cut_off_of_infliximab_is_called_exploratory(tmp_path: Path) -> None:
    row = one(findings(tmp_path, measured("hs-CRP", 7)), finding="crp_cut", source="Raison 2013")
    assert row["present"] is True and row["says"].startswith("exploratory")


def test_the_last_value_counts(tmp_path: Path) -> None:
    rows = findings(tmp_path, measured("CRP", 8, date="2023-01-01"), measured("CRP", 2, date="2024-01-01"))
    assert one(rows, finding="crp_stratum")["says"] == "average"


@pytest.mark.parametrize(
    ("earlier", "date", "present"),
    [
        (4, "2024-02-16", True),
        (1, "2024-02-16", False),
        (4, "2024-02-17", None),
        (14, "2024-01-01", None),
        (None, "", None),
    ],
)
def test_two_values_two_weeks_apart(tmp_path: Path, earlier: Any, date: str, present: Any) -> None:
    given = [measured("hs-CRP", 4)] + ([measured("hs-CRP", earlier, date=date)] if earlier else [])
    row = one(findings(tmp_path, *given), finding="crp_two_values")
    assert row["present"] is present and (row["settles"] is None) == (present is not None)


def test_raw_and_adjusted_stand_side_by_side_and_the_second_is_not_computable(tmp_path: Path) -> None:
    rows = findings(tmp_path, measured("hs-CRP", 4.5), measured("BMI", 31, "kg/m2"))
    row = one(rows, finding="crp_bmi_adjusted")
    assert (row["present"], row["value"], row["knowledge_status"]) == (None, "4.5", "recalled")
    assert row["says"].startswith("as measured 4.5 mg/L, BMI 31; adjusted for BMI: not computable")


def test_confounders_are_named_when_recorded(tmp_path: Path) -> None:
    rows = findings(
        tmp_path,
        measured("hs-CRP", 4),
        measured("BMI", 31, "kg/m2"),
        measured("cigarettes per day", 10, "/d"),
        exposure=[{"person_id": "p", "agent": "estradiol", "start_date": "2024-01-01", "ongoing": "true"}],
        condition=[
            {"person_id": "p", "condition": "rheumatoid arthritis", "start_date": "2020-01-01"},
            {
                "person_id": "p",
                "condition": "infection",
                "start_date": "2024-02-20",
                "end_date": "2024-02-20",
            },
        ],
    )
    named = {r["subject"]: (r["present"], r["value"]) for r in rows if r["finding"] == "crp_confounder"}
    assert named == {
        "BMI": (True, "31"),
        "smoking": (True, "10"),
        "oestrogen": (True, "estradiol"),
        "inflammatory disease": (True, "rheumatoid arthritis"),
        "infection": (True, "infection"),
    }


def test_confounders_that_are_not_recorded(tmp_path: Path) -> None:
    old = [{"person_id": "p", "condition": "infection", "start_date": "2024-02-01", "end_date": "2024-02-10"}]
    kept = findings(tmp_path / "a", measured("hs-CRP", 4), exposure=[], condition=old)
    found = {r["subject"]: r["present"] for r in kept if r["finding"] == "crp_confounder"}
    assert found == {
        "BMI": None,
        "smoking": None,
        "oestrogen": False,
        "inflammatory disease": False,
        "infection": False,
    }
    silent = findings(tmp_path / "b", measured("hs-CRP", 4))
    assert {r["present"] for r in silent if r["finding"] == "crp_confounder"} == {None}


def ids(total: int, *energy: int) -> list[Row]:
    items = zip((4, 12, 14, 20, 30), energy, strict=False)
    return [measured("IDS-SR30", total, "score")] + [
        measured(f"IDS-SR30 item {item}", value, "score") for item, value in items
    ]


@pytest.mark.parametrize(
    ("total", "energy", "crp", "present"),
    [
        (26, (2, 1, 1, 1, 1), 1.1, True),
        (25, (2, 1, 1, 1, 1), 1.1, False),
        (26, (1, 1, 1, 1, 1), 1.1, False),
        (26, (2, 1, 1, 1, 1), 1.0, False),
        (26, (2, 1, 1, 1, 1), 12, None),
        (26, (2, 1, 1, 1, 1), None, None),
        (26, (), 1.1, None),
        (25, (), None, False),
    ],
)
def test_the_inflamed_composite(
    tmp_path: Path, total: int, energy: tuple[int, ...], crp: Any, present: Any
) -> None:
    given = ids(total, *energy) + ([measured("hs-CRP", crp)] if crp else [])
    row = one(findings(tmp_path, *given), finding="inflamed_composite")
    assert row["present"] is present and row["source"] == "INFLAMED"


def test_without_the_scale_the_composite_is_not_asked(tmp_path: Path) -> None:
    assert not [r for r in findings(tmp_path, measured("hs-CRP", 4)) if r["finding"] == "inflamed_composite"]


@pytest.mark.parametrize(
    ("measures", "begins"),
    [
        (["hs-CRP"], "a blood marker does not show inflammation of the brain"),
        (["IL-6"], "a blood marker does not show inflammation of the brain"),
        (["TSPO VT, insula"], "a brain marker says nothing about inflammation in the blood"),
        (["choroid plexus volume", "hs-CRP"], "blood and brain markers stand side by side"),
    ],
)
def test_neither_side_shows_the_other(tmp_path: Path, measures: list[str], begins: str) -> None:
    units = {"hs-CRP": "mg/L", "IL-6": "pg/mL"}
    rows = findings(tmp_path, *(measured(m, 2, units.get(m, "mm3")) for m in measures))
    row = one(rows, finding="peripheral_not_central")
    assert row["says"].startswith(begins) and row["value"] == ", ".join(sorted(measures))


def test_a_hippocampal_volume_alone_says_nothing_about_inflammation(tmp_path: Path) -> None:
    rows = findings(tmp_path, measured("hippocampal volume", 3400, "mm3"))
    assert [(r["finding"], r["value"], r["unit"]) for r in rows] == [("biomarker_reported", "3400", "mm3")]


UNITS = {r["measure"]: r["unit"] for r in cells("measure")}


@pytest.mark.parametrize("row", cells("biomarker_direction"), ids=lambda row: row["measure"])
def test_every_other_marker_is_a_value_with_a_direction_and_no_cut_off(
    tmp_path: Path, row: dict[str, str]
) -> None:
    rows = findings(tmp_path, measured(row["measure"], 2.25, UNITS[row["measure"]]))
    reported = [r for r in rows if r["finding"] == "biomarker_reported"]
    if row["measure"] in ("CRP", "hs-CRP"):
        assert reported == []
        return
    (found,) = reported
    assert (found["present"], found["threshold"], found["value"]) == (None, None, "2.25")
    assert (found["source"], found["unit"]) == (row["source"], UNITS[row["measure"]] or None)
    assert (
        f"reported in depression: {row['direction']}" in found["says"]
        and "no validated cut-off" in found["settles"]
    )


def test_a_value_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    row = one(findings(tmp_path, measured("IL-6", 4, "")), finding="biomarker_reported")
    assert row["value"] is None and row["says"].startswith("not read (no unit recorded)")


@pytest.mark.parametrize(
    ("assay", "value", "present"),
    [
        ("Beckman Access", 6.4, True),
        ("Beckman Access", 6.3, False),
        ("Roche ECLIA", 13, False),
        ("roche cobas", 13.1, True),
        ("", 20, "none"),
        ("other", 20, "none"),
    ],
)
def test_reference_limits_belong_to_their_assay(
    tmp_path: Path, assay: str, value: float, present: Any
) -> None:
    rows = [
        r
        for r in findings(tmp_path, measured("IL-6", value, "pg/mL", assay=assay))
        if r["finding"] == "assay_reference"
    ]
    assert [r["present"] for r in rows] == ([] if present == "none" else [present])


@pytest.mark.parametrize(
    ("value", "unit", "present"),
    [(4.9, "ug/dL", False), (5, "ug/dL", None), (5.1, "ug/dL", True), (5, "", None)],
)
def test_dexamethasone_suppression(tmp_path: Path, value: float, unit: str, present: Any) -> None:
    rows = findings(tmp_path, measured("cortisol, post-dexamethasone", value, unit))
    assert one(rows, finding="dexamethasone_nonsuppression")["present"] is present


@pytest.mark.parametrize(
    ("diplotype", "binder", "present"),
    [
        ("rs6971 C/C", "high-affinity binder", False),
        ("rs6971 C/T", "mixed-affinity binder", True),
        ("rs6971 T/C", "mixed-affinity binder", True),
        ("rs6971 T/T", "low-affinity binder", True),
    ],
)
def test_rs6971_says_how_tspo_binds(tmp_path: Path, diplotype: str, binder: str, present: bool) -> None:
    rows = findings(tmp_path, genotype=[{"person_id": "p", "gene": "TSPO", "diplotype": diplotype}])
    row = one(rows, finding="tspo_binding")
    assert (row["value"], row["present"]) == (binder, present)


def test_tspo_without_the_genotype_cannot_be_compared(tmp_path: Path) -> None:
    row = one(findings(tmp_path, measured("TSPO VT, insula", 3.2, "mL/cm3")), finding="tspo_binding")
    assert row["present"] is None and row["settles"] == "the genotype rs6971"


def test_later_values_are_not_used(tmp_path: Path) -> None:
    rows = findings(
        tmp_path,
        measured("hs-CRP", 2, date="2024-01-01"),
        measured("hs-CRP", 8, date="2024-06-01"),
        observation_period=[{"person_id": "p", "start_date": "2023-01-01", "end_date": "2024-03-01"}],
    )
    assert one(rows, finding="crp_stratum")["value"] == "2"
