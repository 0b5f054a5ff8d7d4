"""MedicationRequest, MedicationStatement, MedicationDispense, MedicationAdministration -> exposure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from opentrd.record.fhir.dose import Supply, daily_dose, duration_days, quantity_mg
from opentrd.record.fhir.drug import Drug, Medicine, form_of, medicine, route_of
from opentrd.record.fhir.elements import (
    Resource,
    day,
    first,
    label,
    number,
    number_text,
    objects,
    period,
    text,
    words,
)
from opentrd.record.fhir.intake import Entry, Intake
from opentrd.record.fhir.reasons import stop_reason, stop_words
from opentrd.record.fhir.status import understood

_NOT_HISTORY = {
    "MedicationRequest": {"cancelled", "entered-in-error", "draft", "unknown"},
    "MedicationStatement": {"not-taken", "entered-in-error", "intended", "unknown"},
    "MedicationDispense": {
        "preparation", "in-progress", "cancelled", "on-hold", "entered-in-error", "declined", "unknown",
    },
    "MedicationAdministration": {"not-done", "entered-in-error", "unknown"},
}  # fmt: skip
_ORDERS = {"order", "original-order", "reflex-order", "filler-order", "instance-order", ""}


@dataclass
class Course:
    """One stretch of one medicine: its days, its instructions and its supply."""

    start: str | None
    end: str | None = None
    days: float | None = None
    ongoing: bool = False
    dosages: list[Resource] = field(default_factory=list)
    supply: Supply = field(default_factory=lambda: Supply({}, None))


def read_request(entry: Entry, intake: Intake) -> None:
    """An order: only the supply that was issued is certain, repeats are not."""
    given = _history(entry, intake)
    if given is None:
        return
    resource = entry.resource
    issued = first(resource.get("dispenseRequest"))
    days = _days(entry, issued, "expectedSupplyDuration")
    supply = Supply(first(issued.get("quantity")), days)
    if (number(issued.get("numberOfRepeatsAllowed")) or 0) > 0:
        intake.count(
            entry.root,
            "dispenseRequest.numberOfRepeatsAllowed",
            "",
            "a repeat is not certain to be issued: not used",
        )
    status = "reported" if resource.get("reportedBoolean") is True else "prescribed"
    authored = day(resource.get("authoredOn"))
    dosages = objects(resource.get("dosageInstruction"))
    courses = _steps(dosages, authored, days, supply)
    for dosage in dosages:
        if first(_repeat(dosage).get("boundsDuration")) and days is None:
            entry.note("boundsDuration", "", "planned days are not certain to be taken: not used")
    _add(entry, given, courses, status)


def read_statement(entry: Entry, intake: Intake) -> None:
    """A statement by patient or clinician on what is or was taken."""
    given = _history(entry, intake)
    if given is None:
        return
    resource = entry.resource
    status = text(resource.get("status"))
    start, end = period(resource.get("effectivePeriod"))
    ongoing = status == "active" and bool(start) and not end
    if not start and not end:
        start = day(resource.get("effectiveDateTime"))
    if not start and not end and status == "active" and resource.get("dateAsserted"):
        start = day(resource.get("dateAsserted"))
        entry.note("effective", start or "", "no effective date: the day of the statement is used as start")
    dosages = objects(resource.get("dosage"))
    _add(entry, given, [Course(start, end, ongoing=ongoing, dosages=dosages)], "reported")


def read_dispense(entry: Entry, intake: Intake) -> None:
    """A supply handed over: covered from that day for the days of supply."""
    given = _history(entry, intake)
    if given is None:
        return
    resource = entry.resource
    start = day(resource.get("whenHandedOver")) or day(resource.get("whenPrepared"))
    days = _days(entry, resource, "daysSupply")
    end = _last_day(start, days)
    supply = Supply(first(resource.get("quantity")), days)
    dosages = objects(resource.get("dosageInstruction"))
    _add(entry, given, [Course(start, end, None if end else days, False, dosages, supply)], "dispensed")


def read_administration(entry: Entry, intake: Intake) -> None:
    """A single dose that was given (or a stretch of them)."""
    given = _history(entry, intake)
    if given is None:
        return
    resource = entry.resource
    start, end = period(resource.get("effectivePeriod"))
    at = day(resource.get("effectiveDateTime"))
    dosage = first(resource.get("dosage"))
    course = Course(start or at, end or start or at)
    one_day = course.start == course.end
    for drug in given.drugs:
        amount = quantity_mg(first(dosage.get("dose")), drug.strength) if dosage.get("dose") else None
        if amount is None or not one_day:
            entry.note(
                "dose",
                words(dosage) or label(given.concept),
                "no dose of one day in mg: daily dose left empty",
            )
            amount = None
        _row(entry, given, drug, course, status="administered", mg=amount, dosages=[dosage], suffix="")


def _history(entry: Entry, intake: Intake) -> Medicine | None:
    """The medicine, or None with a note when the resource is no history of taking a known drug."""
    given = medicine(entry, intake)
    if not given.drugs:
        if given.problem:
            entry.note("medication", label(given.concept), given.problem)
        else:
            entry.note_code(label(given.concept), "agent")
        return None
    resource = entry.resource
    status, intent = text(resource.get("status")), text(resource.get("intent"))
    why = "; ".join(stop_words(resource))
    shown = f"{label(given.concept)}{f' ({why})' if why else ''}"
    if not understood(entry, shown):
        return None
    if status in _NOT_HISTORY[entry.kind]:
        # A dispense is history once it was handed over, whatever the workflow says.
        handed_over = status in ("preparation", "in-progress", "on-hold") and resource.get("whenHandedOver")
        if not handed_over:
            entry.note("status", shown, f"status {status}: not history")
            return None
    if entry.kind == "MedicationRequest" and intent not in _ORDERS:
        entry.note("intent", shown, f"intent {intent}: not history")
        return None
    if resource.get("doNotPerform") is True:
        entry.note("doNotPerform", shown, "doNotPerform true: not history")
        return None
    return given


def _steps(dosages: list[Resource], authored: str | None, days: float | None, supply: Supply) -> list[Course]:
    """One course per stated period of the instructions; without stated periods one course for all."""
    by_period: dict[tuple[str | None, str | None], list[Resource]] = {}
    for dosage in dosages:
        by_period.setdefault(period(_repeat(dosage).get("boundsPeriod")), []).append(dosage)
    if len(by_period) <= 1:
        start, end = next(iter(by_period), (None, None))
        return [Course(start or authored, end, days, False, dosages, supply)]
    # Steps of a titration: the supply is for all of them together, so it dates none.
    return [Course(start or authored, end, None, False, steps) for (start, end), steps in by_period.items()]


def _repeat(dosage: Resource) -> Resource:
    return first(first(dosage.get("timing")).get("repeat"))


def _days(entry: Entry, holder: Resource, element: str) -> float | None:
    days, remark = duration_days(first(holder.get(element)))
    if remark:
        entry.note(element, text(first(holder.get(element)).get("value")), remark)
    return days


def _last_day(start: str | None, days: float | None) -> str | None:
    """The last covered day of a supply; None unless the start is a full date and the days are whole."""
    if not start or days is None or days != int(days) or days < 1:
        return None
    try:
        return (date.fromisoformat(start) + timedelta(days=int(days) - 1)).isoformat()
    except (ValueError, OverflowError):
        return None


def _add(entry: Entry, given: Medicine, courses: list[Course], status: str) -> None:
    for step, course in enumerate(courses, start=1):
        for drug in given.drugs:
            dose = daily_dose(course.dosages, course.supply, drug.strength)
            if dose.remark:
                said = "; ".join(filter(None, (text(item.get("text")) for item in course.dosages)))
                entry.note("dose", said or label(given.concept), dose.remark)
            suffix = f"#{step}" if len(courses) > 1 else ""
            _row(
                entry,
                given,
                drug,
                course,
                status=status,
                mg=dose.mg,
                dosages=course.dosages,
                suffix=suffix,
            )


def _row(
    entry: Entry,
    given: Medicine,
    drug: Drug,
    course: Course,
    *,
    status: str,
    mg: float | None,
    dosages: list[Resource],
    suffix: str,
) -> None:
    person = entry.person("subject" if "subject" in entry.resource else "patient")
    if person is None:
        return
    reason, remark = stop_reason(entry.resource)
    if remark and ("statusReason", remark) not in {(name, why) for name, _, why in entry.notes}:
        entry.note("statusReason", "; ".join(stop_words(entry.resource)), remark)
    if len(given.drugs) > 1:
        suffix = f"#{drug.agent}{suffix}"
    route = route_of(dosages)
    indications = entry.resource.get("reasonCode") or first(entry.resource.get("reason")).get("concept")
    entry.add(
        "exposure",
        {
            "exposure_id": f"{entry.key}{suffix}" if entry.key else None,
            "person_id": person,
            "agent": drug.agent,
            "start_date": course.start,
            "end_date": course.end,
            "days_taken": number_text(course.days) or None if course.days is not None else None,
            "ongoing": "true" if course.ongoing else None,
            "daily_dose_mg": number_text(round(mg, 6)) if mg is not None else None,
            "dose_unit": "mg" if mg is not None else None,
            "route": route or None,
            "form": (form_of([route]) if route else "") or drug.form or None,
            "indication": words(indications) or None,
            "status": status,
            "stop_reason": reason,
        },
    )
