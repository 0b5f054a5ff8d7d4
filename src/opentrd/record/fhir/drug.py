"""Which ingredients a medicine holds, how strong one piece of it is, and in what form it comes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from opentrd.record.fhir.codes import Codes, forget_if_full
from opentrd.record.fhir.elements import Resource, all_words, codes, first, number, objects, text, words
from opentrd.record.fhir.intake import Entry, Intake

MG_PER_UNIT = {"mg": 1.0, "milligram": 1.0, "g": 1000.0, "gram": 1000.0, "gm": 1000.0} | dict.fromkeys(
    ("ug", "mcg", "µg", "μg", "microgram", "mikrogramm"), 0.001
)
_HOURS_PER_DAY = 24.0

_STRENGTH = re.compile(
    r"(?P<amount>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)\s*(?P<unit>mg|mcg|ug|µg|μg|g)(?![a-z])"
    r"(?:\s*(?:/|per)\s*(?P<count>\d+(?:\.\d+)?)?\s*(?P<per>ml|milliliter|hours?|hrs?|h|day|d)(?![a-z]))?",
    re.IGNORECASE,
)
_PART = re.compile(r"\s+/\s+|;\s*|\s+\+\s+|\s+(?:and|und|with)\s+", re.IGNORECASE)
_FORMS = (
    ("transdermal", re.compile(r"transdermal|patch", re.IGNORECASE)),
    (
        "CR",
        re.compile(r"\b(?:extended|controlled|sustained|prolonged|modified)[ -]release\b|\b(?:12|24) ?HR\b"),
    ),
    ("CR", re.compile(r"\b(?:ER|XR|XL|CR|SR|LA|PR)\b")),
    ("CR", re.compile(r"\bextended[ -]release|controlled[ -]release|sustained[ -]release\b", re.IGNORECASE)),
    ("tablet", re.compile(r"tablet|\btabs?\b", re.IGNORECASE)),
    ("capsule", re.compile(r"capsule|\bcaps?\b", re.IGNORECASE)),
    ("injection", re.compile(r"inject|prefilled syringe|infusion", re.IGNORECASE)),
    ("nasal spray", re.compile(r"nasal", re.IGNORECASE)),
    ("solution", re.compile(r"solution|suspension|syrup|concentrate|drops", re.IGNORECASE)),
)


@dataclass(frozen=True)
class Strength:
    """Milligrams in one ``per``: ``piece`` (tablet, capsule, patch), ``mL``, ``hour`` or ``day``."""

    mg: float
    per: str

    def mg_of_pieces(self, pieces: float) -> float | None:
        """The dose of so many pieces in mg; None for a liquid. A patch counts as worn for a whole day."""
        factor = {"piece": 1.0, "day": 1.0, "hour": _HOURS_PER_DAY}.get(self.per)
        return None if factor is None else self.mg * factor * pieces


@dataclass(frozen=True)
class Drug:
    """One known ingredient of a medicine."""

    agent: str
    strength: Strength | None
    form: str


@dataclass(frozen=True)
class Medicine:
    """What was given: its known ingredients, the concept as given, and why nothing is known of it."""

    drugs: tuple[Drug, ...]
    concept: Resource
    problem: str = ""


def medicine(entry: Entry, intake: Intake) -> Medicine:
    """The medicine of a Medication* resource, by concept, by reference or contained."""
    resource = entry.resource
    either = first(resource.get("medication"))  # the form of R5
    concept = first(resource.get("medicationCodeableConcept")) or first(either.get("concept"))
    reference = first(resource.get("medicationReference")) or first(either.get("reference"))
    if concept:
        return Medicine(tuple(_of_concept(concept, intake.codes)), concept)
    if not reference:
        return Medicine((), {}, "no medication is given")
    target, problem = _medication(entry, reference, intake)
    if target is None:
        shown = {"text": text(reference.get("display")) or text(reference.get("reference"))}
        drugs = tuple(_of_concept(shown, intake.codes))
        return Medicine(drugs, shown, "" if drugs else problem)
    concept = first(target.get("code"))
    return Medicine(
        tuple(_of_medication(entry, target, intake)), concept or {"text": "Medication without code"}
    )


def _medication(entry: Entry, reference: Resource, intake: Intake) -> tuple[Resource | None, str]:
    inside = entry.contained(reference)
    if inside is not None:
        return inside, ""
    key = entry.resolve(reference, "Medication")
    beside = entry.neighbours.by_key.get(key)
    if beside is not None:
        return beside, ""
    for candidate in (text(reference.get("reference")), key):
        if candidate in intake.medications:
            found = intake.medications[candidate]
            return found, "two different Medications of the source have this id"
    return None, "the Medication that it refers to is not in the source"


def _of_medication(entry: Entry, medication: Resource, intake: Intake) -> list[Drug]:
    """The drugs of a Medication resource: its code, and its ingredients with their strength."""
    key = repr(medication)
    if "itemReference" in key:  # what it refers to may differ from bundle to bundle
        return _read_medication(entry, medication, intake)
    if key not in intake.codes.drugs:
        forget_if_full(intake.codes.drugs)
        intake.codes.drugs[key] = tuple(_read_medication(entry, medication, intake))
    return list(intake.codes.drugs[key])


def _read_medication(entry: Entry, medication: Resource, intake: Intake) -> list[Drug]:
    concept = first(medication.get("code"))
    form = form_of([words(medication.get("form"))]) or form_of(all_words(concept))
    found = {drug.agent: drug for drug in _of_concept(concept, intake.codes)}
    for ingredient in objects(medication.get("ingredient")):
        if ingredient.get("isActive") is False:
            continue
        item = first(ingredient.get("itemCodeableConcept")) or first(
            first(ingredient.get("item")).get("concept")
        )
        if not item and ingredient.get("itemReference"):
            key = entry.resolve(ingredient["itemReference"], "Substance")
            item = first(entry.neighbours.by_key.get(key, {}).get("code"))
        strength = _ratio(first(ingredient.get("strength") or ingredient.get("strengthRatio")))
        for drug in _of_concept(item, intake.codes):
            known = found.get(drug.agent, drug)
            found[drug.agent] = replace(known, strength=strength or known.strength or drug.strength)
    return [replace(drug, form=form or drug.form) for drug in found.values()]


def _of_concept(concept: Resource, known: Codes) -> list[Drug]:
    """The known ingredients of a concept, each with the strength printed in the concept's words."""
    key = repr(concept)
    if key not in known.drugs:
        forget_if_full(known.drugs)
        known.drugs[key] = tuple(_read_concept(concept, known))
    return list(known.drugs[key])


def _read_concept(concept: Resource, known: Codes) -> list[Drug]:
    phrases = all_words(concept)
    form = form_of(phrases)
    agents = known.agents_of(concept)
    printed: dict[str, Strength] = {}
    for phrase in phrases:
        for agent, strength in _strengths(phrase, known, agents).items():
            printed.setdefault(agent, strength)
    return [Drug(agent, printed.get(agent), form) for agent in agents]


def _strengths(phrase: str, known: Codes, agents: list[str]) -> dict[str, Strength]:
    """The strength that a clinical drug name prints beside each ingredient.

    'Fluoxetine 25 MG / Olanzapine 6 MG Oral Capsule' has one per part; 'olanzapine/fluoxetine 6 mg/25 mg' has
    them in the order of the ingredients; anything less clear gives none.
    """
    found: dict[str, Strength] = {}
    parts = _PART.split(phrase)
    for part in parts:
        hits = known.agents_in(part)
        strengths = list(_STRENGTH.finditer(part))
        if not hits and len(agents) == 1 and len(parts) == 1:  # a brand or salt that only the code explains
            hits = [(None, agents[0])]
        if len(hits) == 1 and strengths:
            place = hits[0][0]
            after = [one for one in strengths if place is not None and one.start() >= place.end()]
            found[hits[0][1]] = _strength(after[0] if after else strengths[0])
        elif len(hits) > 1 and len(hits) == len(strengths):
            for (_, agent), one in zip(hits, strengths, strict=True):
                found.setdefault(agent, _strength(one))
    return found


def _strength(printed: re.Match[str]) -> Strength:
    amount = printed["amount"]
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", amount):
        amount = amount.replace(",", "")
    mg = float(amount.replace(",", ".")) * MG_PER_UNIT[printed["unit"].lower()]
    per, count = (printed["per"] or "").lower(), float(printed["count"] or 1)
    if not per or count == 0:
        return Strength(mg, "piece")
    if per.startswith("m"):
        return Strength(mg / count, "mL")
    if per.startswith("d"):
        return Strength(mg / count, "day")
    return Strength(mg / count, "hour")


def _ratio(ratio: Resource) -> Strength | None:
    """The strength of an ingredient given as a ratio, e.g. 50 mg in 1 tablet."""
    top, bottom = first(ratio.get("numerator")), first(ratio.get("denominator"))
    amount, share = number(top.get("value")), number(bottom.get("value", 1))
    factor = MG_PER_UNIT.get(unit_of(top))
    if amount is None or not share or factor is None:
        return None
    liquid = unit_of(bottom) in ("ml", "milliliter")
    return Strength(amount * factor / share, "mL" if liquid else "piece")


def unit_of(quantity: Resource) -> str:
    """The unit of a quantity, lower case, without braces and plural: 'tablet', 'mg', 'ml'; empty if none."""
    unit = (text(quantity.get("code")) or text(quantity.get("unit"))).lower().strip("{}[] ")
    unit = re.sub(r"\(s\)$", "", unit)
    return unit[:-1] if len(unit) > 3 and unit.endswith("s") else unit


def form_of(phrases: Iterable[str]) -> str:
    """The dose form as far as minimum doses depend on it (``CR``, ``transdermal``) or the plain form."""
    for form, pattern in _FORMS:
        if any(pattern.search(phrase) for phrase in phrases):
            return form
    return ""


def route_of(dosages: list[Resource]) -> str:
    """The route of administration in words, when all instructions agree."""
    routes = {
        words(dosage.get("route")).lower()
        for dosage in dosages
        if codes(dosage.get("route")) or dosage.get("route")
    }
    return routes.pop() if len(routes) == 1 else ""
