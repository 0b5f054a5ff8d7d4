"""The FHIR data types that several resources share: concepts, references, dates, quantities.

Every function takes whatever JSON stands at the place and returns nothing (empty text, empty list) when it
has another form than FHIR R4 gives: what is missing is then reported by the reader of the resource.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

Resource = dict[str, Any]

_RELATIVE_REFERENCE = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([^/?#|\s]+)(?:/_history/[^/]+)?(?:\|.*)?$")
_DATE = re.compile(r"^\d{4}(-\d{2}(-\d{2})?)?$")


@dataclass(frozen=True)
class Coding:
    """One code of one code system, as the resource gives it."""

    system: str
    code: str
    display: str
    chosen: bool


def text(value: object) -> str:
    """The text of a primitive element, trimmed; empty for anything that is no primitive."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON may escape half a surrogate pair, which no database stores.
        return (value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")).strip()
    if isinstance(value, int | float):
        return number_text(value)
    return ""


def number_text(value: object) -> str:
    """A number as text without needless digits ('12', '0.125'); empty if it is no finite number."""
    if isinstance(value, bool):
        return ""
    try:
        number = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):
        return ""
    if not number.is_finite() or abs(number.adjusted()) > 300:  # beyond a double's range
        return ""
    plain = format(number, "f")
    return (plain.rstrip("0").rstrip(".") if "." in plain else plain) or "0"


def number(value: object) -> float | None:
    """A number as float, None if it is none."""
    plain = number_text(value)
    return float(plain) if plain else None


def objects(value: object) -> list[Resource]:
    """The objects at a place that may hold one, several or none."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def first(value: object) -> Resource:
    """The first object at a place, or an empty one."""
    found = objects(value)
    return found[0] if found else {}


def codings(concept: object) -> list[Coding]:
    """All codings of a CodeableConcept (or several), or of a bare Coding; the one the user chose first."""
    found = []
    for item in objects(concept):
        parts = objects(item.get("coding")) or ([item] if "code" in item or "display" in item else [])
        found += [
            Coding(
                text(part.get("system")),
                text(part.get("code")),
                text(part.get("display")),
                part.get("userSelected") is True,
            )
            for part in parts
        ]
    return sorted(found, key=lambda coding: not coding.chosen)


def words(concept: object) -> str:
    """What a concept says in words: its text, else the first display, else the first code."""
    for item in objects(concept):
        if text(item.get("text")):
            return text(item.get("text"))
    parts = codings(concept)
    return next((part.display for part in parts if part.display), parts[0].code if parts else "")


def all_words(concept: object) -> list[str]:
    """The text and every display of a concept, without repeats."""
    found = [text(item.get("text")) for item in objects(concept)]
    found += [part.display for part in codings(concept)]
    return list(dict.fromkeys(word for word in found if word))


def label(concept: object) -> str:
    """A concept as it is listed for the user: 'system|code display', every coding, or its text."""
    parts = [f"{part.system}|{part.code} {part.display}".strip() for part in codings(concept)]
    return "; ".join(parts) or words(concept)


def codes(concept: object) -> set[str]:
    """The bare codes of a concept; for FHIR's own vocabularies such as a status."""
    return {part.code for part in codings(concept)}


def day(value: object) -> str | None:
    """The date of a date, dateTime or instant as written there (its own time zone); None if empty.

    A text that is no date is returned as it is, so that the normaliser reports it with its row.
    """
    written = text(value)
    if not written:
        return None
    date = written.split("T")[0].split(" ")[0]
    return date if _DATE.match(date) else written


def period(value: object) -> tuple[str | None, str | None]:
    """The first and last day of a Period; None where it is open."""
    item = first(value)
    return day(item.get("start")), day(item.get("end"))


def reference_key(reference: object) -> str:
    """'Type/id' of a literal reference (relative, absolute, versioned); empty for any other."""
    found = _RELATIVE_REFERENCE.search(text(first(reference).get("reference")))
    return f"{found[1]}/{found[2]}" if found else ""


def extension(resource: Resource, ending: str) -> Resource:
    """The first extension whose url ends so, or an empty object."""
    return next(
        (item for item in objects(resource.get("extension")) if text(item.get("url")).endswith(ending)), {}
    )
