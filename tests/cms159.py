"""CMS159, depression remission at twelve months (version 0.3.000), on top of the ratings of an assessment.

The measure's own logic, read in its library ``CMS159FHIRDepressionRemissionatTwelveMonths.cql`` (cqframework,
ecqm-content-qicore-2025): index PHQ-9 above 9 in the seven days before or at a visit for depression, follow-up PHQ-9
below 5 within 60 days of the day twelve months later. What a record of OpenTRD does not hold (visits, hospice and
palliative care, death) is read from the FHIR resources; every PHQ-9 comes from ``assess.rating``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Resource = dict[str, Any]
Span = tuple[dt.date, dt.date]

# Members of the measure's value sets that the official test patients use.
DEPRESSION = {"F32.9", "15193003", "191611001", "268621008", "1153575004"}
OTHER_DISORDER = {"10981006", "191765005", "111482003", "231536004"}
VISIT, INPATIENT, HOSPICE_VISIT, PALLIATIVE_VISIT = (
    {"90791", "G0438"},
    {"183452005"},
    {"305336008"},
    {"305284002"},
)
TO_HOSPICE = {"428361000124107", "428371000124100"}
HOSPICE_CARE, PALLIATIVE_CARE = {"G0182", "170936009", "385763009"}, {"395669003"}
HOSPICE_DIAGNOSIS, PALLIATIVE_DIAGNOSIS = {"170935008"}, {"Z51.5"}
HOSPICE_ASKED, PALLIATIVE_ASKED, YES = {"45755-6"}, {"71007-9"}, {"373066001"}
FINAL = {"final", "amended", "corrected"}
INDEX_FROM, INDEX_UP_TO = dt.date(2024, 11, 1), dt.date(2025, 10, 31)  # 14 to 2 months before 1 January 2026
LAST_DAY = dt.date(9999, 12, 31)


@dataclass(frozen=True)
class Rating:
    """One PHQ-9 of the person, its day and its total."""

    day: dt.date
    total: float


def populations(resources: list[Resource], ratings: Iterable[Rating]) -> dict[str, int]:
    """The populations the person belongs to, as the measure report counts them."""
    index = _index(resources, sorted(ratings, key=lambda rating: rating.day))
    person = next(resource for resource in resources if resource["resourceType"] == "Patient")
    if index is None or _age(dt.date.fromisoformat(person["birthDate"]), index) < 12:
        return _counts(0, 0, 0)
    year_later = index.replace(year=index.year + 1)
    window = (year_later - dt.timedelta(60), year_later + dt.timedelta(60))
    if _excluded(resources, person, window[1]):
        return _counts(1, 1, 0)
    followed = [rating for rating in ratings if window[0] <= rating.day <= window[1]]
    last = max(followed, key=lambda rating: rating.day, default=None)
    return _counts(1, 0, int(last is not None and last.total < 5))


def _counts(initial: int, excluded: int, met: int) -> dict[str, int]:
    return {
        "initial-population": initial,
        "denominator": initial,
        "denominator-exclusion": excluded,
        "numerator": met,
    }


def _index(resources: list[Resource], ratings: list[Rating]) -> dt.date | None:
    diagnoses = [_span(one, "onset") for one in _confirmed(resources, DEPRESSION)]
    visits = [
        period
        for visit in _coded(resources, "Encounter", VISIT)
        if visit["status"] == "finished"
        and INDEX_FROM <= (period := _span(visit, "period"))[1] <= INDEX_UP_TO
        and any(_overlap(period, diagnosis) for diagnosis in diagnoses)
    ]
    for rating in ratings:
        if rating.total > 9 and any(v[0] - dt.timedelta(7) <= rating.day <= v[1] for v in visits):
            return rating.day
    return None


def _excluded(resources: list[Resource], person: Resource, last: dt.date) -> bool:
    asked = (INDEX_FROM, last)
    died = person.get("deceasedDateTime")
    return (
        bool(died and _day(died) <= last)
        or any(_span(one, "onset")[0] <= last for one in _confirmed(resources, OTHER_DISORDER))
        or any(
            _overlap(_span(one, "onset"), asked)
            for one in _confirmed(resources, HOSPICE_DIAGNOSIS | PALLIATIVE_DIAGNOSIS)
        )
        or any(_cared_for(one, asked) for one in resources)
    )


def _cared_for(one: Resource, asked: Span) -> bool:
    """Does this resource show hospice or palliative care in the time asked for."""
    codes, status = _codes(one), one.get("status")
    match one["resourceType"]:
        case "Encounter":
            period = _span(one, "period")
            disposition = _codes(one.get("hospitalization", {}), "dischargeDisposition")
            if codes & INPATIENT and disposition & TO_HOSPICE and status == "finished":
                return asked[0] <= period[1] <= asked[1]
            hospice = codes & HOSPICE_VISIT and status not in {"cancelled", "entered-in-error", "unknown"}
            return bool(hospice or (codes & PALLIATIVE_VISIT and status == "finished")) and _overlap(
                period, asked
            )
        case "Observation":
            yes = codes & HOSPICE_ASKED and _codes(one, "valueCodeableConcept") & YES
            return (
                bool(yes or codes & PALLIATIVE_ASKED)
                and status in FINAL
                and _overlap(_span(one, "effective"), asked)
            )
        case "ServiceRequest":
            ordered = (
                codes & HOSPICE_CARE and status in {"active", "completed"} and not one.get("doNotPerform")
            )
            return bool(ordered) and asked[0] <= _day(one["authoredOn"]) <= asked[1]
        case "Procedure":
            done = codes & (HOSPICE_CARE | PALLIATIVE_CARE) and status not in {
                "not-done", "entered-in-error", "unknown",
            }  # fmt: skip
            return bool(done) and _overlap(_span(one, "performed"), asked)
        case _:
            return False


def _confirmed(resources: list[Resource], codes: set[str]) -> list[Resource]:
    return [
        one
        for one in _coded(resources, "Condition", codes)
        if _codes(one, "clinicalStatus") & {"active", "recurrence", "relapse"}
        and "confirmed" in _codes(one, "verificationStatus")
    ]


def _coded(resources: list[Resource], kind: str, codes: set[str]) -> list[Resource]:
    return [one for one in resources if one["resourceType"] == kind and _codes(one) & codes]


def _codes(one: Resource, field: str | None = None) -> set[str]:
    fields = [field] if field else ["code", "type"]
    concepts = [concept for name in fields for concept in _listed(one.get(name)) if isinstance(concept, dict)]
    return {coding.get("code", "") for concept in concepts for coding in concept.get("coding", [])}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _span(one: Resource, field: str) -> Span:
    """The days from the start to the end of a date, an instant or a period; what has not ended goes on."""
    period = one.get(field) if field == "period" else one.get(f"{field}Period")
    if period:
        return _day(period["start"]), _day(period["end"]) if period.get("end") else LAST_DAY
    day = _day(one[f"{field}DateTime"])
    return day, LAST_DAY if field == "onset" else day


def _overlap(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text[:10])


def _age(born: dt.date, day: dt.date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
