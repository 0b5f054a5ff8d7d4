"""Why a treatment was stopped, where its words say so clearly."""

from __future__ import annotations

import re

from opentrd.record.fhir.elements import Resource, all_words, codes, extension, objects, text

_CODES = {"sintol": "intolerance"}  # HL7 medicationrequest-status-reason
_WORDS = {
    "inefficacy": re.compile(
        r"ineffecti|inefficac|not effective|lack of (?:effect|efficacy|response|benefit|improvement)"
        r"|no (?:effect|response|benefit|improvement)|non-?\s?response|non-?\s?responder|not working"
        r"|did(?: not|n't) (?:work|help|respond)|treatment failure|insufficient (?:effect|response|efficacy)"
        r"|inadequate (?:effect|response)",
        re.IGNORECASE,
    ),
    "intolerance": re.compile(
        r"adverse|side[ -]?effect|intoleran|not tolerated|unable to tolerate|poorly tolerated|toxicity",
        re.IGNORECASE,
    ),
    "nonadherence": re.compile(
        r"non-?\s?adheren|non-?\s?complian|stopped taking|refus|forgot", re.IGNORECASE
    ),
    "remission": re.compile(r"remission|recovered|symptom[ -]free|no longer depressed", re.IGNORECASE),
}
_DENIED = re.compile(
    r"\b(?:no|without|denies|not due to|except)\b[^.;]*"
    r"\b(?:adverse|side[ -]?effect|intoleran|toxicity|remission|non-?adheren|non-?complian)",
    re.IGNORECASE,
)


def stop_words(resource: Resource) -> list[str]:
    """Everything the resource says on why it was stopped."""
    said: list[str] = []
    if not any(name == "extension" or "eason" in name for name in resource):
        return said
    for element in ("statusReason", "statusReasonCodeableConcept", "reasonNotTaken"):
        said += all_words(resource.get(element)) or sorted(codes(resource.get(element)))
    for ending in ("stop-reason", "stopReason", "discontinuation-reason", "statusReason"):
        found = extension(resource, ending)
        said += all_words(found.get("valueCodeableConcept")) + all_words(found.get("valueCoding"))
        said += [text(found.get(name)) for name in ("valueString", "valueCode") if found.get(name)]
    return list(dict.fromkeys(said))


def stop_reason(resource: Resource) -> tuple[str | None, str]:
    """The stop reason in the contract's words, or None; and a remark when what is said is not clear."""
    said = "; ".join(stop_words(resource))
    if not said:
        return None, ""
    coded = {
        _CODES[code]
        for item in objects(resource.get("statusReason"))
        for code in codes(item)
        if code in _CODES
    }
    spelled = {reason for reason, pattern in _WORDS.items() if pattern.search(said)}
    found = coded | (set() if _DENIED.search(said) else spelled)
    if len(found) == 1:
        return found.pop(), ""
    return (
        None,
        "the reason does not clearly name inefficacy, intolerance, nonadherence or remission: left empty",
    )
