"""The FHIR reader on what FHIR does not allow: unknown statuses, wrong forms, damaged files."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from opentrd.record.fhir import is_fhir, load_fhir
from opentrd.record.raw import InputError, connect
from test_fhir import PERSON, concept, condition, dosage, drug, observation, read, reasons, request, rows

STATEMENT = {"resourceType": "MedicationStatement", "subject": PERSON, **drug("sertraline")}
DISPENSE = {**STATEMENT, "resourceType": "MedicationDispense", "whenHandedOver": "2024-01-01"}
ADMINISTRATION = {**STATEMENT, "resourceType": "MedicationAdministration", "effectiveDateTime": "2024-01-01"}
PROCEDURE = {"resourceType": "Procedure", "subject": PERSON, "code": concept("", "", "ECT")}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("exposure", request()),
    ("exposure", STATEMENT),
    ("exposure", DISPENSE),
    ("exposure", ADMINISTRATION),
    ("procedure", PROCEDURE),
    ("measurement", observation(valueInteger=12)),
]


@pytest.mark.parametrize(("table", "resource"), CASES)
@pytest.mark.parametrize("status", ["bogus", 7, ["completed"], {}])
def test_a_status_that_fhir_does_not_know_is_listed_and_not_used(
    tmp_path: Path, table: str, resource: dict[str, Any], status: object
) -> None:
    found = read(tmp_path, {**resource, "id": "x", "status": status})
    assert not rows(found, table, "person_id")
    assert f"not a status of {resource['resourceType']} in FHIR, not used" in reasons(found)


@pytest.mark.parametrize(("table", "resource"), CASES)
def test_a_missing_status_is_noted_and_the_row_is_used(
    tmp_path: Path, table: str, resource: dict[str, Any]
) -> None:
    bare = {name: value for name, value in resource.items() if name != "status"}
    found = read(tmp_path, {**bare, "id": "x"}, {**bare, "id": "y", "status": None})
    assert rows(found, table, "person_id") == [("p1",), ("p1",)]
    assert reasons(found).count("no status is given: read as history") == 2


@pytest.mark.parametrize(
    ("given", "present"),
    [
        (concept("", "bogus"), []),
        ({"text": "bogus"}, []),
        ("bogus", []),
        ({"text": "Refuted"}, [("false",)]),
        ("refuted", [("false",)]),
        ({"coding": [{"code": "own"}, {"code": "confirmed"}]}, [("true",)]),
        (concept("", "confirmed"), [("true",)]),
    ],
)
def test_verification_status(tmp_path: Path, given: object, present: list[tuple[str]]) -> None:
    found = read(tmp_path, condition(verificationStatus=given))
    assert rows(found, "condition", "present") == present
    assert present or "Condition/c | verificationStatus" in reasons(found)


def test_entry_that_is_no_list(tmp_path: Path) -> None:
    for number, entry in enumerate([{"resource": condition()}, "x", 3]):
        (tmp_path / f"{number}.json").write_text(json.dumps({"resourceType": "Bundle", "entry": entry}))
    found = connect()
    load_fhir(found, [tmp_path])
    assert reasons(found).count("the bundle's entry is no list") == 3


def test_ndjson_lines_that_are_no_object(tmp_path: Path) -> None:
    lines = [json.dumps(condition()), "[]", "7", '"x"', "null", "[[]]"]
    (tmp_path / "a.ndjson").write_text("\n".join(lines))
    found = connect()
    load_fhir(found, [tmp_path])
    noted = {row for (row,) in found.execute('SELECT "row" FROM record.unread').fetchall()}
    assert noted >= {"line 2", "line 3", "line 4", "line 5", "line 6 item 1"}


def test_a_number_of_thousands_of_digits_is_no_number_but_breaks_nothing(tmp_path: Path) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": request(dosageInstruction=[dosage(98765)])},
              {"resource": {**observation(), "valueInteger": 98765}}]}  # fmt: skip
    (tmp_path / "x.json").write_text(json.dumps(bundle).replace("98765", "1" * 5_000))
    found = connect()
    load_fhir(found, [tmp_path / "x.json"])
    assert rows(found, "exposure", "agent", "daily_dose_mg") == [("sertraline", None)]
    assert not rows(found, "measurement", "value")
    assert "dose" in reasons(found) and "Observation/o" in reasons(found)
    assert "int_max_str_digits" not in reasons(found)


@pytest.mark.parametrize("kept", [0.5, 0.001])
def test_a_gzip_file_that_breaks_off_is_named(tmp_path: Path, kept: float) -> None:
    numbers = random.Random(1)
    lines = [json.dumps(condition(id=f"c{numbers.random()}")) for _ in range(2_000)]
    whole = gzip.compress("\n".join(lines).encode())
    (tmp_path / "Condition.ndjson.gz").write_bytes(whole[: int(len(whole) * kept)])
    assert is_fhir(tmp_path)
    found = connect()
    if kept < 0.1:
        with pytest.raises(InputError, match=r"Condition\.ndjson\.gz"):
            load_fhir(found, [tmp_path])
    else:
        load_fhir(found, [tmp_path])
        assert rows(found, "condition", "condition")
        assert "Condition.ndjson.gz | line" in reasons(found)
        assert "the file breaks off here" in reasons(found)
