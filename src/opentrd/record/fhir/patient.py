"""Patient -> person."""

from __future__ import annotations

from opentrd.record.fhir.elements import Resource, codings, day, extension, objects, text, words
from opentrd.record.fhir.intake import Entry, Intake

_SEX = {"female": "female", "male": "male", "other": "other"}


def read_patient(entry: Entry, intake: Intake) -> None:
    """Read a person. The birth date may be a year or a month; gender unknown is left empty."""
    person_id = text(entry.resource.get("id"))
    if not person_id:
        entry.note("id", "", "a Patient without an id: no row can refer to it, not used")
        return
    add_person(entry, entry.resource, person_id)


def add_person(entry: Entry, patient: Resource, person_id: str) -> None:
    """Add the row of a Patient, also of a contained one."""
    gender = text(patient.get("gender"))
    if gender not in ("", "unknown", *_SEX):
        entry.note("gender", gender, "expected female, male, other or unknown: left empty")
    for link in objects(patient.get("link")):
        if text(link.get("type")) in ("replaced-by", "replaces"):
            entry.note(
                "link", text(link.get("type")), "merged records are not joined: persons are kept as given"
            )
    entry.add(
        "person",
        {
            "person_id": person_id,
            "birth_date": day(patient.get("birthDate")),
            "sex": _SEX.get(gender),
            "race": _us_core(patient, "us-core-race"),
            "ethnicity": _us_core(patient, "us-core-ethnicity"),
            "language": _language(patient),
        },
    )


def _us_core(patient: Resource, name: str) -> str | None:
    """The text of a US Core race or ethnicity extension, else the categories it names."""
    found = extension(patient, name)
    spoken = text(extension(found, "text").get("valueString"))
    if spoken:
        return spoken
    categories = [
        words(part.get("valueCoding"))
        for part in objects(found.get("extension"))
        if text(part.get("url")) == "ombCategory"
    ]
    return "; ".join(filter(None, categories)) or None


def _language(patient: Resource) -> str | None:
    """The preferred language, else the only one given."""
    spoken = objects(patient.get("communication"))
    preferred = [one for one in spoken if one.get("preferred") is True] or (
        spoken if len(spoken) == 1 else []
    )
    if not preferred:
        return None
    language = preferred[0].get("language")
    return next((part.code for part in codings(language) if part.code), "") or words(language) or None
