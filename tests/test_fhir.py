"""The FHIR reader: each rule as a small bundle (files and accounting: test_fhir_sources.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from opentrd.record.fhir import load_fhir
from opentrd.record.raw import connect

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
PERSON = {"reference": "Patient/p1"}
DAILY = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}


def concept(system: str, code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def drug(name: str) -> dict[str, Any]:
    return {"medicationCodeableConcept": concept(RXNORM, "0", name)}


def request(name: str = "sertraline 50 MG Oral Tablet", **more: Any) -> dict[str, Any]:
    base = {"resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order"}
    return {**base, "subject": PERSON, "authoredOn": "2024-03-01T09:00:00Z", **drug(name), **more}


def condition(**more: Any) -> dict[str, Any]:
    base = {"resourceType": "Condition", "id": "c", "subject": PERSON, "code": concept(ICD10CM, "F32.9")}
    return {**base, "clinicalStatus": concept("", "active"), "onsetDateTime": "2023-05", **more}


def observation(code: str = "44261-6", **more: Any) -> dict[str, Any]:
    base = {"resourceType": "Observation", "id": "o", "status": "final", "subject": PERSON}
    return {**base, "code": concept(LOINC, code), "effectiveDateTime": "2024-01-05T10:00:00+01:00", **more}


def read(folder: Path, *resources: Any, name: str = "case.json") -> duckdb.DuckDBPyConnection:
    """Read the resources as one bundle."""
    entries = [{"fullUrl": f"urn:uuid:{r.get('id')}", "resource": r} for r in resources]
    (folder / name).write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    connection = connect()
    load_fhir(connection, [folder / name])
    return connection


def rows(connection: duckdb.DuckDBPyConnection, table: str, *columns: str) -> list[tuple[Any, ...]]:
    names = ", ".join(f'"{column}"' for column in columns)
    return connection.execute(f"SELECT {names} FROM raw.{table} ORDER BY ALL").fetchall()


def reasons(connection: duckdb.DuckDBPyConnection) -> str:
    return "\n".join(" | ".join(row) for row in connection.execute("FROM record.unread").fetchall())


def test_patient_with_partial_birth_date_and_extensions(tmp_path: Path) -> None:
    race = {"url": "x/us-core-race", "extension": [{"url": "text", "valueString": "White"}]}
    spoken = [{"language": concept("urn:ietf:bcp:47", "de"), "preferred": True}, {"language": {"text": "fr"}}]
    patient = {"resourceType": "Patient", "id": "p1", "birthDate": "1980-05", "gender": "unknown"}
    found = read(tmp_path, {**patient, "extension": [race], "communication": spoken})
    assert rows(found, "person", "person_id", "birth_date", "sex", "race", "language") == [
        ("p1", "1980-05", None, "White", "de")
    ]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ("2023-05", None, "true", "open")),
        ({"category": [concept("", "problem-list-item")]}, ("2023-05", None, "true", "open")),
        ({"category": [concept("", "encounter-diagnosis")]}, ("2023-05", None, "true", "point")),
        ({"abatementDateTime": "2024-02-01"}, ("2023-05", "2024-02-01", "true", "span")),
        ({"clinicalStatus": concept("", "resolved")}, ("2023-05", None, "true", "point")),
        ({"verificationStatus": concept("", "refuted")}, ("2023-05", None, "false", "point")),
        ({"onsetDateTime": None, "recordedDate": "2023-06-02"}, ("2023-06-02", None, "true", "open")),
        ({"onsetDateTime": None, "onsetAge": {"value": 30, "code": "a"}}, ("2010", None, "true", "open")),
        (
            {"onsetDateTime": None, "encounter": {"reference": "urn:uuid:e"}},
            ("2022-01-02", None, "true", "open"),
        ),
    ],
)
def test_condition_dates_and_course(tmp_path: Path, more: dict[str, Any], expected: tuple[str, ...]) -> None:
    patient = {"resourceType": "Patient", "id": "p1", "birthDate": "1980-05-01"}
    visit = {"resourceType": "Encounter", "id": "e", "period": {"start": "2022-01-02T10:00:00Z"}}
    found = read(tmp_path, condition(**more), patient, visit)
    assert rows(found, "condition", "start_date", "end_date", "present", "course") == [expected]


def test_condition_entered_in_error_is_no_history(tmp_path: Path) -> None:
    found = read(tmp_path, condition(verificationStatus=concept("", "entered-in-error")))
    assert not rows(found, "condition", "condition")
    assert "entered-in-error: not history" in reasons(found)


def test_condition_coding_that_the_knowledge_has_is_chosen(tmp_path: Path) -> None:
    both = {"coding": [{"system": SNOMED, "code": "1"}, {"system": ICD10CM, "code": "F332"}]}
    found = read(tmp_path, condition(code=both), condition(id="d", code={"text": "Bipolar disorder"}))
    assert rows(found, "condition", "condition") == [("bipolar disorder",), ("severe depression, recurrent",)]


@pytest.mark.parametrize("form", ["Patient/p1", "http://a.org/fhir/Patient/p1/_history/2", "urn:uuid:p1"])
def test_references_to_the_person(tmp_path: Path, form: str) -> None:
    found = read(tmp_path, {"resourceType": "Patient", "id": "p1"}, condition(subject={"reference": form}))
    assert rows(found, "condition", "person_id") == [("p1",)]


def test_contained_patient_and_missing_subject(tmp_path: Path) -> None:
    inside = [{"resourceType": "Patient", "id": "x", "gender": "female"}]
    held = condition(contained=inside, subject={"reference": "#x"})
    found = read(tmp_path, held, condition(id="d", subject={"reference": "Group/1"}))
    assert rows(found, "condition", "person_id") == [("Condition/c#x",)]
    assert rows(found, "person", "person_id", "sex") == [("Condition/c#x", "female")]
    assert "no reference to a Patient" in reasons(found)


def dosage(value: float, unit: str = "mg", timing: Any = None, **more: Any) -> dict[str, Any]:
    quantity = {"value": value, "unit": unit}
    return {"timing": timing or DAILY, "doseAndRate": [{"doseQuantity": quantity}], **more}


MONTH = {"expectedSupplyDuration": {"value": 30, "unit": "days"}}


@pytest.mark.parametrize(
    ("name", "more", "dose"),
    [
        ("sertraline 50 MG Oral Tablet", {"dosageInstruction": [dosage(100)]}, "100"),
        ("sertraline 50 MG Oral Tablet", {"dosageInstruction": [dosage(0.1, "g")]}, "100"),
        ("sertraline 50 MG Oral Tablet", {"dosageInstruction": [dosage(2, "tablets")]}, "100"),
        ("Fluoxetine 25MG", {"dosageInstruction": [dosage(1, "")]}, "25"),
        (
            "sertraline 50 MG",
            {"dosageInstruction": [dosage(1, "{tbl}", {"code": concept("", "BID")})]},
            "100",
        ),
        (
            "fluoxetine 90 MG",
            {"dosageInstruction": [dosage(1, "capsule", {"code": {"text": "weekly"}})]},
            "12.857143",
        ),
        ("sertraline 20 MG/ML Oral Solution", {"dosageInstruction": [dosage(2.5, "mL")]}, "50"),
        ("fluoxetine 20 MG/5ML", {"dosageInstruction": [dosage(10, "mL")]}, "40"),
        ("selegiline 6 MG/24HR Transdermal", {"dosageInstruction": [dosage(1, "patch")]}, "6"),
        ("sertraline 50 MG", {"dosageInstruction": [dosage(50), dosage(100)]}, "150"),
        ("sertraline 50 MG", {"dosageInstruction": [dosage(50, sequence=1), dosage(100, sequence=2)]}, None),
        ("sertraline 50 MG", {"dosageInstruction": [dosage(50, asNeededBoolean=True)]}, None),
        ("sertraline 50 MG", {"dosageInstruction": [{"text": "as told"}]}, None),
        ("sertraline 50 MG", {"dispenseRequest": {**MONTH, "quantity": {"value": 60}}}, "100"),
        ("sertraline 50 MG", {"dispenseRequest": MONTH}, "50"),
        ("sertraline", {"dispenseRequest": MONTH}, None),
    ],
)
def test_daily_dose(tmp_path: Path, name: str, more: dict[str, Any], dose: str | None) -> None:
    found = read(tmp_path, request(name, **more))
    assert rows(found, "exposure", "daily_dose_mg") == [(dose,)]
    assert dose is not None or "| dose |" in reasons(found)


def test_a_dose_guessed_from_the_name_is_told(tmp_path: Path) -> None:
    assert "one unit a day assumed from the name" in reasons(read(tmp_path, request()))


def test_request_dates_supply_and_repeats(tmp_path: Path) -> None:
    supply = {"expectedSupplyDuration": {"value": 4, "code": "wk"}, "numberOfRepeatsAllowed": 3}
    bounds = {"repeat": {**DAILY["repeat"], "boundsPeriod": {"start": "2024-04-01", "end": "2024-04-30"}}}
    found = read(
        tmp_path,
        request(dispenseRequest=supply),
        request(id="n", status="stopped", dosageInstruction=[dosage(50, timing=bounds)]),
    )
    assert rows(
        found, "exposure", "exposure_id", "start_date", "end_date", "days_taken", "ongoing", "status"
    ) == [
        ("MedicationRequest/m", "2024-03-01", None, "28", None, "prescribed"),
        ("MedicationRequest/n", "2024-04-01", "2024-04-30", None, None, "prescribed"),
    ]
    assert "a repeat is not certain to be issued" in reasons(found)


def test_titration_with_dated_steps_gives_one_row_each(tmp_path: Path) -> None:
    steps = [
        dosage(mg, timing={"repeat": {**DAILY["repeat"], "boundsPeriod": {"start": start, "end": end}}})
        for mg, start, end in ((50, "2024-01-01", "2024-01-07"), (100, "2024-01-08", "2024-02-08"))
    ]
    found = read(tmp_path, request(dosageInstruction=steps))
    assert rows(found, "exposure", "start_date", "daily_dose_mg") == [
        ("2024-01-01", "50"),
        ("2024-01-08", "100"),
    ]


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        (request(status="cancelled"), "status cancelled: not history"),
        (request(status="entered-in-error"), "status entered-in-error: not history"),
        (request(status="draft"), "status draft: not history"),
        (request(intent="plan"), "intent plan: not history"),
        (request(doNotPerform=True), "doNotPerform true: not history"),
        (request(resourceType="MedicationStatement", status="not-taken"), "status not-taken: not history"),
        (request(resourceType="MedicationDispense", status="declined"), "status declined: not history"),
        (request(resourceType="MedicationAdministration", status="not-done"), "status not-done: not history"),
        (request("digoxin 0.125 MG"), "no agent of OpenTRD has this code"),
    ],
)
def test_what_is_no_history_of_taking_is_listed(tmp_path: Path, resource: dict[str, Any], told: str) -> None:
    found = read(tmp_path, resource)
    assert not rows(found, "exposure", "agent")
    assert told in reasons(found)


def test_statement_dispense_administration(tmp_path: Path) -> None:
    base = {"subject": PERSON, **drug("sertraline 50 MG Oral Tablet")}
    given = {"resourceType": "MedicationAdministration", "id": "a", "status": "completed"}
    handed = {
        "resourceType": "MedicationDispense",
        "id": "d",
        "status": "completed",
        "quantity": {"value": 60},
    }
    stated = {"resourceType": "MedicationStatement", "id": "s", "status": "active"}
    found = read(
        tmp_path,
        {**base, **given, "effectiveDateTime": "2024-05-01", "dosage": {"dose": {"value": 75, "unit": "mg"}}},
        {**base, **handed, "whenHandedOver": "2024-01-01T08:00:00Z", "daysSupply": {"value": 30}},
        {**base, **stated, "effectivePeriod": {"start": "2023-11"}, "dosage": [dosage(150)]},
    )
    assert rows(found, "exposure", "start_date", "end_date", "ongoing", "daily_dose_mg", "status") == [
        ("2023-11", None, "true", "150", "reported"),
        ("2024-01-01", "2024-01-30", None, "100", "dispensed"),
        ("2024-05-01", "2024-05-01", None, "75", "administered"),
    ]


def test_medication_by_reference_contained_and_combination(tmp_path: Path) -> None:
    code = {"code": {"text": "Fluoxetine 25 MG / Olanzapine 6 MG Oral Capsule"}}
    inside = {"resourceType": "Medication", "id": "k", "code": {"text": "venlafaxine 75 MG"}}
    bare = {name: value for name, value in request().items() if name != "medicationCodeableConcept"}
    found = read(
        tmp_path,
        {**bare, "id": "r", "medicationReference": {"reference": "Medication/x"}},
        {**bare, "id": "s", "medicationReference": {"reference": "#k"}, "contained": [inside]},
        {"resourceType": "Medication", "id": "x", **code},
        {**bare, "id": "t", "medicationReference": {"reference": "Medication/none"}},
    )
    assert rows(found, "exposure", "exposure_id", "agent", "daily_dose_mg") == [
        ("MedicationRequest/r#fluoxetine", "fluoxetine", "25"),
        ("MedicationRequest/r#olanzapine", "olanzapine", "6"),
        ("MedicationRequest/s", "venlafaxine", "75"),
    ]
    assert "the Medication that it refers to is not in the source" in reasons(found)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Lack of efficacy", "inefficacy"),
        ("Adverse reaction", "intolerance"),
        ("patient non-compliant", "nonadherence"),
        ("ineffective, and side effects", None),
        ("no side effects", None),
        ("formulary change", None),
    ],
)
def test_stop_reason(tmp_path: Path, said: str, reason: str | None) -> None:
    found = read(tmp_path, request(status="stopped", statusReason={"text": said}))
    assert rows(found, "exposure", "stop_reason") == [(reason,)]
    assert (reason is None) == ("statusReason" in reasons(found))


@pytest.mark.parametrize(
    ("more", "value", "sign"),
    [
        ({"valueInteger": 14}, "14", None),
        ({"valueQuantity": {"value": 14.0, "unit": "{score}"}}, "14", None),
        ({"valueQuantity": {"value": 5, "comparator": "<="}}, "5", "<"),
        ({"valueString": ">20"}, "20", ">"),
        ({"status": "preliminary", "valueInteger": 3}, "3", None),
        ({"component": [{"code": concept(LOINC, "44261-6"), "valueInteger": 9}]}, "9", None),
    ],
)
def test_observation_values(tmp_path: Path, more: dict[str, Any], value: str, sign: str | None) -> None:
    found = read(tmp_path, observation(**more))
    assert rows(found, "measurement", "measure", "date", "value", "sign") == [
        ("PHQ-9", "2024-01-05", value, sign)
    ]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"status": "entered-in-error", "valueInteger": 3}, "status entered-in-error"),
        ({"status": "cancelled", "valueInteger": 3}, "status cancelled"),
        ({"dataAbsentReason": {"text": "refused"}}, "dataAbsentReason: refused"),
        ({"valueInteger": 300}, "300 is outside the scale"),
        ({"valueString": "high"}, "the value 'high' is no number"),
        ({"valueInteger": 3, "modifierExtension": [{"url": "negated"}]}, "it may reverse the meaning"),
        ({"code": "text"}, "no measure of OpenTRD"),
    ],
)
def test_observation_without_a_value_is_listed(tmp_path: Path, more: dict[str, Any], told: str) -> None:
    found = read(tmp_path, observation(**more))
    assert not rows(found, "measurement", "value")
    assert told in reasons(found)


PHQ9 = ("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8")


@pytest.mark.parametrize(
    ("answered", "total", "status", "expected"),
    [
        (9, None, "completed", [("11", "summed from items")]),
        (9, 14, "completed", [("14", None)]),
        (8, None, "completed", []),
        (9, None, "in-progress", []),
    ],
)
def test_questionnaire_total(
    tmp_path: Path, answered: int, total: int | None, status: str, expected: list[Any]
) -> None:
    coded = {"valueCoding": {"system": LOINC, "code": "LA6571-9"}}
    items = [{"linkId": f"/{code}", "answer": [{"valueInteger": 1}]} for code in PHQ9[1:answered]]
    items.append({"linkId": f"44249-1/{PHQ9[0]}", "answer": [coded]})
    items.append({"linkId": "69722-7", "answer": [{"valueInteger": 3}]})
    if total is not None:
        items.append({"linkId": "/44261-6", "answer": [{"valueDecimal": total}]})
    response = {"resourceType": "QuestionnaireResponse", "id": "q", "status": status, "subject": PERSON}
    group = {"linkId": "group", "item": items}
    found = read(tmp_path, {**response, "authored": "2024-02-02", "item": [group]})
    query = "SELECT value, assay FROM raw.measurement WHERE measure = 'PHQ-9'"
    assert found.execute(query).fetchall() == expected


def test_procedure_family_allergy_and_device(tmp_path: Path) -> None:
    ect = {"resourceType": "Procedure", "id": "e", "status": "completed", "subject": PERSON}
    ect |= {"code": concept(SNOMED, "23835007", "ECT"), "performedDateTime": "2024-01-01"}
    family = {"resourceType": "FamilyMemberHistory", "id": "f", "status": "completed", "patient": PERSON}
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "a",
        "patient": PERSON,
        "code": {"text": "Sertraline"},
    }
    found = read(
        tmp_path,
        ect,
        {**ect, "id": "n", "status": "not-done"},
        {**family, "condition": [{"code": concept(ICD10CM, "F31.9")}, {"code": {"text": "gout"}}]},
        allergy,
        {"resourceType": "Device", "id": "d", "patient": PERSON, "type": {"text": "unheard of"}},
    )
    assert rows(found, "procedure", "procedure", "date") == [("ECT", "2024-01-01")]
    assert rows(found, "condition", "condition") == [
        ("allergy: sertraline",),
        ("family history of bipolar disorder",),
    ]
    assert "status not-done: not history" in reasons(found)
    assert "family history: gout" in reasons(found) and "unheard of" in reasons(found)
