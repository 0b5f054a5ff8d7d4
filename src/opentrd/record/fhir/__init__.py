"""Reader for FHIR R4 JSON: bundles, single resources, folders of them, bulk export NDJSON.

Every resource ends in ``raw.*`` or in ``record.unread`` with the reason; resource types that OpenTRD does not
use are counted there in one line each.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from opentrd.record.fhir.background import read_allergy, read_device, read_family_history
from opentrd.record.fhir.codes import load_codes
from opentrd.record.fhir.condition import read_condition
from opentrd.record.fhir.elements import day, label, objects, period, text
from opentrd.record.fhir.intake import Entry, Intake
from opentrd.record.fhir.medication import (
    read_administration,
    read_dispense,
    read_request,
    read_statement,
)
from opentrd.record.fhir.observation import read_observation
from opentrd.record.fhir.patient import add_person, read_patient
from opentrd.record.fhir.procedure import read_procedure
from opentrd.record.fhir.questionnaire import read_questionnaire_response
from opentrd.record.fhir.sources import Seen, Unreadable, discover, entries, index_medications, is_fhir
from opentrd.record.raw import InputError, keep

__all__ = ["is_fhir", "load_fhir"]

# A FHIR source keeps every table, except that it does not state from when to when it was kept.
_KEPT = ("person", "observation_period", "exposure", "procedure", "condition", "measurement", "genotype")

_READERS: dict[str, Callable[[Entry, Intake], None]] = {
    "Patient": read_patient,
    "Condition": read_condition,
    "MedicationRequest": read_request,
    "MedicationStatement": read_statement,
    "MedicationDispense": read_dispense,
    "MedicationAdministration": read_administration,
    "Observation": read_observation,
    "QuestionnaireResponse": read_questionnaire_response,
    "Procedure": read_procedure,
    "FamilyMemberHistory": read_family_history,
    "AllergyIntolerance": read_allergy,
    "Device": read_device,
}


def load_fhir(connection: duckdb.DuckDBPyConnection, paths: list[Path]) -> None:
    """Read FHIR files and folders into ``raw.*``, and what was not understood into ``record.unread``.

    ``connection`` comes from ``opentrd.record.raw.connect``. NDJSON is read line by line in constant memory;
    a JSON file is held in memory while it is read. Raises InputError if nothing of the input can be read.
    """
    intake = Intake(connection, load_codes())
    skipped: list[tuple[str, str]] = []

    def skip(file_name: str, reason: str) -> None:
        skipped.append((file_name, reason))
        intake.note(file_name, "", "file", "", reason)

    files = discover(paths, lambda file, reason: skip(file.name, reason))
    index_medications(files, intake)
    seen = Seen()
    read = 0
    for file in files:
        try:
            for entry in entries(file, intake, seen):
                _read_entry(entry, intake)
        except Unreadable as problem:
            skip(file.name, str(problem))
        else:
            read += 1
    if not read:
        name, reason = (
            skipped[0] if skipped else (", ".join(map(str, paths)), "no .json or .ndjson file in it")
        )
        raise InputError(f"{name}: {reason}; give FHIR R4 JSON (.json) or bulk export NDJSON (.ndjson)")
    intake.finish()
    keep(connection, _KEPT)


def _read_entry(entry: Entry, intake: Intake) -> None:
    """Read one resource; whatever form it has, it ends as rows, as a note or in a count."""
    reader = _READERS.get(entry.kind)
    if reader is None:
        _count_unused(entry, intake)
        return
    if objects(entry.resource.get("modifierExtension")):
        urls = "; ".join(text(item.get("url")) for item in objects(entry.resource["modifierExtension"]))
        entry.note("modifierExtension", urls, "it may reverse the meaning of the resource: not used")
    else:
        try:
            reader(entry, intake)
            if entry.contained_person:
                add_person(entry, *entry.contained_person)
        except (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError) as error:
            entry.rows.clear()
            entry.note(
                "resource",
                text(str(error))[:80],
                "not in the form that FHIR R4 gives this resource: not used",
            )
    if not (entry.rows or entry.notes or entry.unknown_codes):
        entry.note("resource", label(entry.resource.get("code")), "nothing in it that OpenTRD uses")
    intake.accept(entry)


def _count_unused(entry: Entry, intake: Intake) -> None:
    reason = "not used by OpenTRD"
    if entry.kind == "Encounter":
        reason = "used only to date resources without a date of their own"
        start, end = period(entry.resource.get("period"))
        if entry.key and (start or end):
            intake.encounter(entry.key, day(start or end) or "")
    elif entry.kind == "Medication":
        reason = "used only through the resources that refer to it"
    intake.count(entry.root, "resourceType", entry.kind, reason)
