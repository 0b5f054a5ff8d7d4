"""Condition -> condition."""

from __future__ import annotations

from opentrd.record.fhir.elements import Resource, codes, day, first, label, number_text, period, text, words
from opentrd.record.fhir.intake import Entry, Intake
from opentrd.record.fhir.status import verification

_GOES_ON = {"active", "recurrence", "relapse"}
_IS_OVER = {"inactive", "remission", "resolved"}
_UNSURE = {"unconfirmed", "provisional", "differential"}


def read_condition(entry: Entry, intake: Intake) -> None:
    """Read a diagnosis, its dates, and whether it is a dated code, a stated span, or goes on."""
    resource = entry.resource
    concept = resource.get("code")
    found = intake.codes.conditions.match(concept)
    if found is None:
        entry.note_code(label(concept), "condition")
        return
    given = resource.get("verificationStatus")
    verified = verification(entry, given, codes(given), words(given), label(concept))
    if verified is None:
        return
    if "entered-in-error" in verified:
        entry.note("verificationStatus", label(concept), "verificationStatus entered-in-error: not history")
        return
    for status in sorted(verified & _UNSURE):
        entry.note("verificationStatus", status, "read as present")
    if found.others:
        entry.note("code", label(concept), f"the codings name several conditions: read as {found.name}")
    person = entry.person("subject")
    if person is None:
        return
    start = _onset(entry, resource)
    end = _abatement(entry, resource)
    refuted = "refuted" in verified
    entry.add(
        "condition",
        {
            "condition_id": entry.key,
            "person_id": person,
            "condition": found.name,
            "start_date": start,
            "end_date": end,
            "present": "false" if refuted else "true",
            "course": "point" if refuted and not end else _course(entry, resource, end),
        },
    )


def _course(entry: Entry, resource: Resource, end: str | None) -> str:
    """``span`` with an end; ``open`` for a problem that goes on; else ``point``."""
    if end:
        return "span"
    status = codes(resource.get("clinicalStatus"))
    if status & _IS_OVER:
        entry.note(
            "clinicalStatus", "; ".join(sorted(status)), "over, but without abatement: its end is not known"
        )
        return "point"
    category = codes(resource.get("category"))
    on_problem_list = not category or bool(category & {"problem-list-item", "health-concern"})
    if status & _GOES_ON:
        return "open" if on_problem_list else "point"
    if on_problem_list:
        entry.note(
            "clinicalStatus", "; ".join(sorted(status)), "not known whether it goes on: read as a dated code"
        )
    return "point"


def _onset(entry: Entry, resource: Resource) -> str | None:
    """The onset: a date, a period's start, an age (turned into a year later); else the recorded date."""
    start = day(resource.get("onsetDateTime")) or period(resource.get("onsetPeriod"))[0]
    if start:
        return start
    age = first(resource.get("onsetAge"))
    years = number_text(age.get("value"))
    if years and text(age.get("code") or age.get("unit")).lower() in ("", "a", "yr", "year", "years"):
        entry.onset_age = years
        entry.note("onsetAge", years, "read as the year of birth plus the age, which may be one year off")
    elif age or resource.get("onsetRange") or resource.get("onsetString"):
        said = text(resource.get("onsetString")) or number_text(age.get("value"))
        entry.note("onset", said, "no date, period or age in years: the recorded date is used")
    return day(resource.get("recordedDate"))


def _abatement(entry: Entry, resource: Resource) -> str | None:
    """The end, if it is a date or a period."""
    first_day, last_day = period(resource.get("abatementPeriod"))
    end = day(resource.get("abatementDateTime")) or last_day or first_day
    if end:
        return end
    for element in ("abatementAge", "abatementRange", "abatementString", "abatementBoolean"):
        if resource.get(element):
            value = resource[element]
            said = text(value) or number_text(first(value).get("value"))
            entry.note(element, said, "no date: the end is not known")
    return None
