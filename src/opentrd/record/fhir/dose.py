"""The daily dose in mg, from the instructions, else the supply, else the strength in the drug's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from opentrd.record.fhir.drug import MG_PER_UNIT, Strength, unit_of
from opentrd.record.fhir.elements import Resource, codes, first, number, objects, text, words

_DAYS_PER_PERIOD_UNIT = {"min": 1 / 1440, "h": 1 / 24, "d": 1.0, "wk": 7.0}
_TIMES_PER_DAY = {
    "BID": 2.0, "TID": 3.0, "QID": 4.0, "QD": 1.0, "QHS": 1.0, "BED": 1.0, "HS": 1.0, "AM": 1.0, "PM": 1.0,
    "QOD": 0.5, "Q1H": 24.0, "Q2H": 12.0, "Q3H": 8.0, "Q4H": 6.0, "Q6H": 4.0, "Q8H": 3.0, "Q12H": 2.0,
    "Q24H": 1.0, "WK": 1 / 7,
}  # fmt: skip
_TIMES_IN_WORDS = (
    (re.compile(r"\b(?:twice|two times|2 times|2x)\b.*\b(?:day|daily)\b|\bBID\b", re.IGNORECASE), 2.0),
    (re.compile(r"\b(?:three times|3 times|3x)\b.*\b(?:day|daily)\b|\bTID\b", re.IGNORECASE), 3.0),
    (re.compile(r"\b(?:four times|4 times|4x)\b.*\b(?:day|daily)\b|\bQID\b", re.IGNORECASE), 4.0),
    (re.compile(r"\bevery other day\b|\balternate days\b", re.IGNORECASE), 0.5),
    (re.compile(r"\b(?:weekly|once a week|every week)\b", re.IGNORECASE), 1 / 7),
    (
        re.compile(
            r"^(?:once (?:a day|daily|per day)|daily|every day|nightly|at bedtime|1 time (?:per day|daily)"
            r"|(?:every|each|in the) (?:morning|evening|night)|QD|QAM|QHS)$",
            re.IGNORECASE,
        ),
        1.0,
    ),
)
_PIECES = frozenset(
    ("", "1", "tablet", "tab", "tbl", "capsule", "cap", "pill", "patch", "unit", "each", "ea", "film",
     "system", "piece", "lozenge", "caplet", "softgel", "tablette", "kapsel", "dosage form")
)  # fmt: skip
_LIQUID = frozenset(("ml", "milliliter", "millilitre"))
_DAYS_PER_DURATION_UNIT = {
    "": 1.0, "d": 1.0, "day": 1.0, "wk": 7.0, "week": 7.0, "h": 1 / 24, "hour": 1 / 24,
}  # fmt: skip
_MONTH_UNITS = frozenset(("mo", "month"))
_DAYS_PER_MONTH = 30.0


@dataclass(frozen=True)
class DailyDose:
    """A daily dose in mg (None: not known) and, if something was assumed or missing, what."""

    mg: float | None
    remark: str = ""


@dataclass(frozen=True)
class Supply:
    """What was handed out or ordered: a quantity and the days it is for."""

    quantity: Resource
    days: float | None


def daily_dose(dosages: list[Resource], supply: Supply, strength: Strength | None) -> DailyDose:
    """The daily dose: instructions first, then quantity per day, then one printed piece a day."""
    telling = [dosage for dosage in dosages if _tells(dosage)]
    instructed = _instructed(telling, strength)
    if instructed.mg is not None or instructed.remark.startswith(("as needed", "steps")):
        return instructed
    pieces = supplied_mg(supply, strength)
    if pieces is not None:
        return DailyDose(pieces)
    if telling:
        return instructed
    if number(supply.quantity.get("value")) is not None and supply.days:
        return DailyDose(None, "the quantity cannot be turned into mg: daily dose left empty")
    if strength is not None and (one := strength.mg_of_pieces(1)) is not None:
        return DailyDose(one, "one unit a day assumed from the name")
    return DailyDose(None, "neither instructions nor supply nor the name give a daily dose")


def _tells(dosage: Resource) -> bool:
    """Whether an instruction says anything on how much or how often."""
    spoken = ("text", "timing", "doseAndRate", "doseQuantity", "doseRange", "asNeededCodeableConcept")
    return any(dosage.get(name) for name in spoken) or dosage.get("asNeededBoolean") is True


def _instructed(dosages: list[Resource], strength: Strength | None) -> DailyDose:
    if not dosages:
        return DailyDose(None)
    if any(d.get("asNeededBoolean") is True or d.get("asNeededCodeableConcept") for d in dosages):
        return DailyDose(None, "as needed: the daily dose is not known")
    doses = [_one_instruction(dosage, strength) for dosage in dosages]
    unknown = next((dose for dose in doses if dose.mg is None), None)
    if unknown is not None:
        return unknown
    amounts = [dose.mg for dose in doses if dose.mg is not None]
    remark = "; ".join(dict.fromkeys(dose.remark for dose in doses if dose.remark))
    steps = {text(dosage.get("sequence")) for dosage in dosages}
    if len(steps) == len(dosages) > 1:
        # Different sequence numbers: one after the other (FHIR R4, Dosage.sequence); they do not add up.
        if len(set(amounts)) > 1:
            return DailyDose(None, "steps of different dose without their days: daily dose left empty")
        return DailyDose(amounts[0], remark)
    return DailyDose(sum(amounts), remark)


def _one_instruction(dosage: Resource, strength: Strength | None) -> DailyDose:
    times = times_per_day(first(dosage.get("timing")))
    if times is None:
        return DailyDose(
            None, "the instruction does not say how often in a form that is read: daily dose left empty"
        )
    given = objects(dosage.get("doseAndRate")) or [dosage]
    ordered = [one for one in given if "ordered" in codes(one.get("type"))]
    chosen = (ordered or given)[0]
    quantity = first(chosen.get("doseQuantity"))
    span = first(chosen.get("doseRange"))
    if not quantity and span:
        low, high = first(span.get("low")), first(span.get("high"))
        if low and low == high:
            quantity = low
        else:
            return DailyDose(None, "a range of doses: daily dose left empty")
    if chosen.get("rateQuantity") or chosen.get("rateRatio") or chosen.get("rateRange"):
        return DailyDose(None, "a rate instead of a dose: daily dose left empty")
    if not quantity:
        one = strength.mg_of_pieces(1) if strength else None
        if one is None or dosage.get("text"):
            return DailyDose(None, "the instruction has no dose quantity: daily dose left empty")
        return DailyDose(one * times, "one unit each time assumed from the name")
    amount = quantity_mg(quantity, strength)
    if amount is None:
        unit = unit_of(quantity) or "no unit"
        return DailyDose(None, f"dose in '{unit}' cannot be turned into mg: daily dose left empty")
    return DailyDose(amount * times)


def quantity_mg(quantity: Resource, strength: Strength | None) -> float | None:
    """A quantity in mg: a mass, or pieces or mL of a known strength; None if it cannot be turned into mg."""
    value, unit = number(quantity.get("value")), unit_of(quantity)
    if value is None or value < 0 or text(quantity.get("comparator")):
        return None
    if unit in MG_PER_UNIT:
        return value * MG_PER_UNIT[unit]
    if strength is None:
        return None
    if unit in _LIQUID:
        return value * strength.mg if strength.per == "mL" else None
    return strength.mg_of_pieces(value) if unit in _PIECES else None


def supplied_mg(supply: Supply, strength: Strength | None) -> float | None:
    """Quantity over days of supply in mg a day; None if either is not known."""
    amount = quantity_mg(supply.quantity, strength)
    return None if amount is None or not supply.days or amount == 0 else amount / supply.days


def times_per_day(timing: Resource) -> float | None:
    """How often a day a Timing says; None if it does not say or leaves a choice."""
    repeat = first(timing.get("repeat"))
    if repeat.get("frequencyMax") or repeat.get("periodMax") or repeat.get("count") or repeat.get("countMax"):
        return None
    share_of_days = (
        len(set(map(str, repeat["dayOfWeek"]))) / 7 if isinstance(repeat.get("dayOfWeek"), list) else 1.0
    )
    moments = [len(repeat[name]) for name in ("timeOfDay", "when") if isinstance(repeat.get(name), list)]
    length, unit = number(repeat.get("period")), text(repeat.get("periodUnit"))
    if length and unit in _DAYS_PER_PERIOD_UNIT:
        stated = number(repeat.get("frequency", 1))
        per_period = float(moments[0]) if moments and "frequency" not in repeat else stated
        if per_period is None:
            return None
        return per_period * share_of_days / (length * _DAYS_PER_PERIOD_UNIT[unit])
    if length or unit:
        return None
    if moments and moments[0]:
        return moments[0] * share_of_days
    for code in codes(timing.get("code")):
        if code.upper() in _TIMES_PER_DAY:
            return _TIMES_PER_DAY[code.upper()]
    phrase = words(timing.get("code"))
    return next((times for pattern, times in _TIMES_IN_WORDS if pattern.search(phrase)), None)


def duration_days(quantity: Resource) -> tuple[float | None, str]:
    """A duration in days and a remark; only days and weeks are exact, a month is read as 30 days."""
    value, unit = number(quantity.get("value")), unit_of(quantity)
    if value is None:
        return None, ""
    if value <= 0:
        return None, "a duration of zero or less days is not used"
    if unit in _DAYS_PER_DURATION_UNIT:
        return value * _DAYS_PER_DURATION_UNIT[unit], ""
    if unit in _MONTH_UNITS:
        return value * _DAYS_PER_MONTH, "a month is read as 30 days"
    return None, f"a duration in '{unit}' is not read"
