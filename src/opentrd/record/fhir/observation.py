"""Observation -> measurement: single values, components, and panels."""

from __future__ import annotations

import re
from dataclasses import dataclass

from opentrd.record.fhir.codes import Codes, code_system
from opentrd.record.fhir.elements import (
    Resource,
    codings,
    day,
    extension,
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
from opentrd.record.fhir.status import understood

_NO_RESULT = {"entered-in-error", "cancelled", "registered", "unknown"}
_SIGNS = {"<": "<", "<=": "<", ">": ">", ">=": ">"}
_ORDINALS = ("ordinalValue", "itemWeight")
_SUMMED = "PHQ-9"  # the sum of its items is its total; other instruments do not add up so simply
_SUMMED_ITEM = re.compile(rf"^{_SUMMED} item ([1-9])$")
_SUMMED_ITEMS = 9


@dataclass(frozen=True)
class Value:
    """A result as text: the number, its unit and its sign; or why there is none."""

    value: str = ""
    unit: str = ""
    sign: str = ""
    remark: str = ""


def read_observation(entry: Entry, intake: Intake) -> None:
    """Read the observation's own value and each component whose code is a known measure."""
    resource = entry.resource
    parts = [resource, *objects(resource.get("component"))]
    known = [(part, found.name) for part in parts if (found := intake.codes.measures.match(part.get("code")))]
    if not known:
        if objects(resource.get("hasMember")) and not _has_value(resource):
            entry.note("hasMember", label(resource.get("code")), "a panel: its members are read on their own")
        else:
            entry.note_code(label(resource.get("code")), "measure")
        return
    if not understood(entry, label(resource.get("code"))):
        return
    status = text(resource.get("status"))
    if status in _NO_RESULT:
        entry.note("status", label(resource.get("code")), f"status {status}: no result")
        return
    person = entry.person("subject")
    if person is None:
        return
    date = observed_on(resource)
    scores: dict[str, str] = {}
    for number_, (part, measure) in enumerate(known):
        if part is resource and not _has_value(resource) and len(parts) > 1:
            continue  # the panel's own code; its components carry the values
        if part is resource and not _has_value(resource) and objects(resource.get("hasMember")):
            entry.note("hasMember", measure, "a panel: its members are read on their own")
            continue
        suffix = "" if part is resource else f"#{number_ if known[0][0] is resource else number_ + 1}"
        result = read_value(part, measure, intake.codes)
        add_measurement(entry, person, measure, date, result, suffix=suffix)
        scores[measure] = result.value
    for part in parts[1:]:
        if all(part is not one for one, _ in known):
            entry.note_code(label(part.get("code")), "measure")
    add_sum(entry, person, date, scores)


def observed_on(resource: Resource) -> str | None:
    """The day of an observation: effective date, period (its start) or instant."""
    return (
        day(resource.get("effectiveDateTime"))
        or day(resource.get("effectiveInstant"))
        or period(resource.get("effectivePeriod"))[0]
        or period(resource.get("effectivePeriod"))[1]
        or day(first(first(resource.get("effectiveTiming")).get("event")))
    )


def add_measurement(
    entry: Entry,
    person: str,
    measure: str,
    date: str | None,
    result: Value,
    *,
    suffix: str = "",
    assay: str = "",
) -> None:
    """Add one measurement, or the note why there is no value."""
    if not result.value:
        entry.note("value", measure, result.remark or "no value")
        return
    entry.add(
        "measurement",
        {
            "measurement_id": f"{entry.key}{suffix}" if entry.key else None,
            "person_id": person,
            "measure": measure,
            "date": date,
            "value": result.value,
            "unit": result.unit or None,
            "sign": result.sign or None,
            "assay": assay or None,
        },
    )


def add_sum(entry: Entry, person: str, date: str | None, scores: dict[str, str]) -> None:
    """Add the PHQ-9 total when all nine items, and no total, are given."""
    items = {
        found[1]: value for name, value in scores.items() if value and (found := _SUMMED_ITEM.match(name))
    }
    if len(items) != _SUMMED_ITEMS or scores.get(_SUMMED):
        return
    total = sum(float(value) for value in items.values())
    add_measurement(
        entry,
        person,
        _SUMMED,
        date,
        Value(number_text(total)),
        suffix="#sum of items",
        assay="summed from items",
    )


def _has_value(part: Resource) -> bool:
    return any(name.startswith("value") for name in part) or "dataAbsentReason" in part


def read_value(part: Resource, measure: str, codes: Codes) -> Value:
    """The value of an observation, a component or a questionnaire's answer, checked against the scale."""
    result = _value(part, codes)
    unit, low, high = codes.measure_range.get(measure, ("", None, None))
    amount = number(result.value)
    same_unit = not result.unit or result.unit.strip("{}").lower() in (unit.lower(), "score", "1")
    if amount is None or not same_unit or result.sign:
        return result
    if (low is not None and amount < low) or (high is not None and amount > high):
        expected = f"{number_text(low) or 'any'} to {number_text(high) or 'any'}"
        return Value(remark=f"{result.value} is outside the scale ({expected}): not used")
    return result


def _value(part: Resource, codes: Codes) -> Value:
    if part.get("dataAbsentReason") and not any(name.startswith("value") for name in part):
        return Value(remark=f"dataAbsentReason: {words(part.get('dataAbsentReason'))}")
    quantity = first(part.get("valueQuantity"))
    if quantity:
        return _quantity(quantity)
    for element in ("valueInteger", "valueDecimal"):
        if number_text(part.get(element)):
            return Value(number_text(part[element]))
    if isinstance(part.get("valueBoolean"), bool):
        return Value("1" if part["valueBoolean"] else "0")
    concept = part.get("valueCodeableConcept") or part.get("valueCoding")
    if concept:
        return _answer(concept, codes)
    written = text(part.get("valueString"))
    found = re.fullmatch(r"([<>]=?)?\s*(-?\d+(?:\.\d+)?)", written)
    if found:
        return Value(found[2], sign=_SIGNS.get(found[1] or "", ""))
    if written:
        return Value(remark=f"the value '{written[:60]}' is no number")
    kinds = [name for name in part if name.startswith("value")]
    return Value(remark=f"a {kinds[0]} is not read" if kinds else "no value")


def _quantity(quantity: Resource) -> Value:
    amount, comparator = number_text(quantity.get("value")), text(quantity.get("comparator"))
    unit = text(quantity.get("unit")) or text(quantity.get("code"))
    if not amount:
        return Value(remark="a quantity without a number")
    if comparator and comparator not in _SIGNS:
        return Value(remark=f"comparator '{comparator}' is not read; expected <, <=, >= or >")
    return Value(amount, unit, _SIGNS.get(comparator, ""))


def _answer(concept: object, codes: Codes) -> Value:
    """The number behind a coded answer: an ordinal extension, or an answer code of the knowledge."""
    parts = [part for item in objects(concept) for part in (objects(item.get("coding")) or [item])]
    for holder in [*parts, *objects(concept)]:
        for ending in _ORDINALS:
            weight = extension(holder, ending)
            amount = number_text(weight.get("valueDecimal", weight.get("valueInteger")))
            if amount:
                return Value(amount)
    for coding in codings(concept):
        amount = codes.answers.get((code_system(coding), coding.code), "")
        if amount:
            return Value(amount)
    return Value(remark=f"the answer '{label(concept)}' has no number")
