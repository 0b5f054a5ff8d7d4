"""Procedure -> procedure."""

from __future__ import annotations

import re

from opentrd.record.fhir.elements import all_words, day, label, objects, period, text
from opentrd.record.fhir.intake import Entry, Intake
from opentrd.record.fhir.reasons import stop_reason, stop_words
from opentrd.record.fhir.status import understood

_DONE = {"completed", "in-progress", "stopped"}
_SIDE = re.compile(r"\b(bilateral|unilateral|bifrontal|bitemporal|right|left)\b", re.IGNORECASE)


def read_procedure(entry: Entry, intake: Intake) -> None:
    """Read a procedure that was done, is going on, or was begun and stopped."""
    resource = entry.resource
    concept = resource.get("code")
    found = intake.codes.procedures.match(concept)
    if found is None:
        entry.note_code(label(concept), "procedure")
        return
    status = text(resource.get("status"))
    if not understood(entry, label(concept)):
        return
    if status and status not in _DONE:
        entry.note("status", label(concept), f"status {status}: not history")
        return
    if found.others:
        entry.note("code", label(concept), f"the codings name several procedures: read as {found.name}")
    person = entry.person("subject")
    if person is None:
        return
    start, end = period(resource.get("performedPeriod") or resource.get("occurrencePeriod"))
    start = start or day(resource.get("performedDateTime")) or day(resource.get("occurrenceDateTime"))
    for element in ("performedString", "performedAge", "performedRange"):
        if resource.get(element):
            entry.note(element, text(resource[element]), "no date: left empty")
    reason, remark = stop_reason(resource) if status == "stopped" else (None, "")
    if remark:
        entry.note("statusReason", "; ".join(stop_words(resource)), remark)
    spoken = [
        *all_words(concept),
        *(word for site in objects(resource.get("bodySite")) for word in all_words(site)),
    ]
    sides = {side.lower() for word in spoken for side in _SIDE.findall(word)}
    entry.add(
        "procedure",
        {
            "procedure_id": entry.key,
            "person_id": person,
            "procedure": found.name,
            "date": start,
            "end_date": end,
            "laterality": "; ".join(sorted(sides)) or None,
            "stop_reason": reason,
            "present": "true",
        },
    )
