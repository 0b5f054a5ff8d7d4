"""FamilyMemberHistory, AllergyIntolerance and Device -> condition, where the knowledge has one."""

from __future__ import annotations

from opentrd.record.fhir.codes import Codes
from opentrd.record.fhir.elements import Resource, all_words, codes, day, first, label, objects, period, text
from opentrd.record.fhir.intake import Entry, Intake

_FAMILY = "family history of "


def read_family_history(entry: Entry, intake: Intake) -> None:
    """Each condition of a relative becomes 'family history of ...' of the person."""
    resource = entry.resource
    status = text(resource.get("status"))
    if status == "entered-in-error":
        entry.note("status", label(resource.get("relationship")), "status entered-in-error: not history")
        return
    conditions = objects(resource.get("condition"))
    found = [(one, _in_family(one.get("code"), intake.codes)) for one in conditions]
    for one, name in found:
        if name is None:
            entry.note_code(f"family history: {label(one.get('code'))}", "condition")
    known = [name for _, name in found if name]
    person = entry.person("patient") if known else None
    if person is None:
        return
    for place, name in enumerate(known, start=1):
        suffix = f"#{place}" if len(known) > 1 else ""
        _add(entry, person, name, day(resource.get("date")), "point", suffix=suffix)


def _in_family(concept: object, known: Codes) -> str | None:
    """The condition 'family history of ...' for a relative's condition: by its words, itself, or its set."""
    found = known.conditions.match(concept)
    if found and found.name.startswith(_FAMILY):
        return found.name
    names = all_words(concept)
    if found:
        groups = [name for name, members in known.condition_sets.items() if found.name in members]
        names += [found.name] + [group.replace("_", " ") for group in groups]
    for name in names:
        for spelled in (f"{_FAMILY}{name}", f"{_FAMILY}{name} disorder"):
            hit = known.conditions.find("name", spelled)
            if hit:
                return hit[0]
    return None


def read_allergy(entry: Entry, intake: Intake) -> None:
    """An allergy or intolerance to a known agent becomes 'allergy: ...'."""
    resource = entry.resource
    concepts = [
        first(resource.get("code")),
        *(first(one.get("substance")) for one in objects(resource.get("reaction"))),
    ]
    agents = [agent for concept in concepts for agent in intake.codes.agents_of(concept)]
    names = [
        hit[0]
        for agent in dict.fromkeys(agents)
        if (hit := intake.codes.conditions.find("name", f"allergy: {agent}"))
    ]
    if not names:
        entry.note_code(label(resource.get("code")), "agent")
        return
    verified = codes(resource.get("verificationStatus"))
    if "entered-in-error" in verified:
        entry.note("verificationStatus", label(resource.get("code")), "entered-in-error: not history")
        return
    person = entry.person("patient")
    if person is None:
        return
    start = day(resource.get("onsetDateTime")) or period(resource.get("onsetPeriod"))[0]
    start = start or day(resource.get("recordedDate"))
    over = codes(resource.get("clinicalStatus")) & {"inactive", "resolved"}
    course = "point" if over or "refuted" in verified else "open"
    if over:
        entry.note("clinicalStatus", "; ".join(sorted(over)), "over, but its end is not known")
    for place, name in enumerate(names, start=1):
        suffix = f"#{place}" if len(names) > 1 else ""
        _add(entry, person, name, start, course, suffix=suffix, present="refuted" not in verified)


def read_device(entry: Entry, intake: Intake) -> None:
    """A device of a person that is a known implant becomes that condition."""
    resource = entry.resource
    named: list[Resource] = [{"text": text(one.get("name"))} for one in objects(resource.get("deviceName"))]
    concepts = [*objects(resource.get("type")), *named]
    found = next((hit for concept in concepts if (hit := intake.codes.conditions.match(concept))), None)
    if found is None:
        entry.note_code(label(resource.get("type")) or label(named), "condition")
        return
    status = text(resource.get("status"))
    if status in ("entered-in-error", "inactive"):
        entry.note("status", label(resource.get("type")), f"status {status}: not used")
        return
    person = entry.person("patient")
    if person is not None:
        _add(entry, person, found.name, None, "open")


def _add(
    entry: Entry,
    person: str,
    condition: str,
    start: str | None,
    course: str,
    *,
    suffix: str = "",
    present: bool = True,
) -> None:
    entry.add(
        "condition",
        {
            "condition_id": f"{entry.key}{suffix}" if entry.key else None,
            "person_id": person,
            "condition": condition,
            "start_date": start,
            "present": "true" if present else "false",
            "course": course,
        },
    )
