"""The status codes that FHIR knows: a resource with any other status may never have happened."""

from __future__ import annotations

from opentrd.record.fhir.elements import text
from opentrd.record.fhir.intake import Entry

# The codes of R4, and of R5 where it renamed one.
KNOWN: dict[str, frozenset[str]] = {
    kind: frozenset(codes.split())
    for kind, codes in {
        "MedicationRequest": "active on-hold ended stopped completed cancelled entered-in-error draft unknown",
        "MedicationStatement": "active completed entered-in-error intended stopped on-hold unknown not-taken"
        " recorded",
        "MedicationDispense": "preparation in-progress cancelled on-hold completed entered-in-error stopped"
        " declined unknown",
        "MedicationAdministration": "in-progress not-done on-hold completed entered-in-error stopped unknown",
        "Procedure": "preparation in-progress not-done on-hold stopped completed entered-in-error unknown",
        "Observation": "registered preliminary final amended corrected cancelled entered-in-error unknown",
    }.items()
}
VERIFICATION = frozenset(
    ["unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error"]
)


def understood(entry: Entry, shown: str) -> bool:
    """Whether the resource's status lets it be read; if not, or if it has none, that is noted.

    ``shown`` names the resource in the note. A resource without a status is read; one whose status is not a code that
    FHIR gives this resource is not, since it might say that the thing was never done.
    """
    given = entry.resource.get("status")
    if given is None or given == "":
        entry.note("status", shown, "no status is given: read as history")
        return True
    if text(given) in KNOWN[entry.kind]:
        return True
    entry.note("status", shown, f"status {_written(given)}: not a status of {entry.kind} in FHIR, not used")
    return False


def verification(entry: Entry, given: object, coded: set[str], words: str, shown: str) -> set[str] | None:
    """The known codes of a Condition's verificationStatus; None, with a note, when what is given is none of them.

    ``coded`` are the codes and ``words`` the text of ``given``: a status that is only written out counts when it is the
    name of a code.
    """
    written = {code for code in coded if code} or {word for word in (words.lower(), text(given)) if word}
    unknown = sorted(written - VERIFICATION)
    known = written & VERIFICATION
    if known or not (written or given):
        for code in unknown:
            entry.note("verificationStatus", code, "not a verificationStatus in FHIR: the other code is used")
        return known
    said = "; ".join(unknown) or _written(given)
    entry.note("verificationStatus", shown, f"verificationStatus {said}: not one that FHIR has, not used")
    return None


def _written(given: object) -> str:
    return (text(given) or _form(given))[:80]


def _form(given: object) -> str:
    return "in another form than a code" if isinstance(given, dict | list) else str(given)
