"""How running text tells the size of a whole study: "a trial of 60 patients", "60 patients were randomised", "N = 60"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from opentrd.evidence.audit.model import Document, Place
from opentrd.evidence.audit.numbers import COUNT, count
from opentrd.evidence.audit.shelf import Row, Shelf

_HEDGE = r"(?P<hedge>more than|over|at least|nearly|almost|about|around|approximately|roughly|some|up to|fewer than|less than)"
# Words that may stand between a number and its noun; a unit or a new phrase among them means another number.
_OTHER = (
    r"(?!(?:weeks?|days?|months?|years?|hours?|mg|of|sessions?|infusions?|doses?|trials?|studies|sites?|centers?|centres?|"
    r"countries|in|the|and|or|to|who|hundred|thousand|million|per|percent|out|times?|steps?|arms?|groups?)\b)"
)
_WHO = (
    r"(?P<who>participants|subjects|individuals|persons|people|patients|adults|outpatients|inpatients|volunteers|veterans|"
    r"women|men|adolescents)"
)
_PEOPLE = (
    rf"(?:a total of\s+|a sample of\s+|a cohort of\s+)?(?:{_HEDGE}\s+)?(?<![\w.,-])(?P<n>{COUNT})(?![\w.%-]|,\d)"
    rf"\s+(?:{_OTHER}[A-Za-z][\w/-]*\s+){{0,4}}{_WHO}\b"
)
_DID = (
    r"(?P<{name}>randomi[sz]ed|enrolled|recruited|enlisted|included|assigned|allocated|studied|examined|investigated|"
    r"treated|analy[sz]ed|evaluated)"
)
_CONTEXTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:trial|study|RCT|experiment|investigation|cohort|sample)\b(?P<between>[^.;:()\d]{0,90}?)\b"
        rf"(?:of|in|with|on|among|involving|including|enrolling|recruiting|comprising|included|enrolled|recruited)\s+{_PEOPLE}",
        rf"\b{_DID.format(name='verb')}\s+{_PEOPLE}",
        rf"{_PEOPLE}(?:\s+(?:with|suffering from|who had)\s[^,.;()\d]{{0,60}}?)?(?:\s*\([^()\d]*\))?\s+(?:were|was)\s+"
        rf"(?:\w+ly\s+)?{_DID.format(name='verb')}",
        rf"\bsample size (?:of|was|=)\s*(?:{_HEDGE}\s+)?(?P<n>{COUNT})(?![\w.%])",
        r"\(\s*(?-i:N)\s?=\s?(?P<n>\d[\d,]*\d|\d)\s*[),;]",
        # Weak: may be a part of the study just as well.
        rf"\b(?P<weak>in|among|from)\s+{_PEOPLE}",
    )
)
# A number of some of the persons, not of all: who responded, who left, who had the marker.
_SOME = re.compile(
    r"respon[ds]|remi(?:ss|tt)|relaps|improv|experienc|"
    r"report(?:ed|ing) (?:an?|more|less|no)\b(?!\s(?:[\w-]+\s){0,3}(?:trial|study|RCT)\b)|"
    r"achiev|dropp|withdr|discontinu|died|develop|sub-?group|sub-?set|sub-?sample|stratum|\barms?\b|\bgroups?\b|of whom|of them|"
    r"of these|remaining|complet|follow-?up|extension|screened|each|whom",
    re.IGNORECASE,
)
_SOME_AFTER = re.compile(
    r"\s*(?:\([^()]*\)\s*)?(?:(?:with|who had|showing|having)\s+(?:\w+\s+){0,2}?(?:elevated|raised|high|higher|low|lower|CRP|hs-CRP|"
    r"inflammat)|in (?:the|each|one|either)\b[^,.;]{0,30}\b(?:arm|group)|per\s|each\b|of whom were)",
    re.IGNORECASE,
)
_ANALYSED = re.compile(r"treated|analy[sz]ed|evaluated|examined", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """A size as it is told. ``kind``: ``whole``, ``analysed`` (treated, analysed: may be fewer than were randomised) or
    ``part`` ("in 60 patients": all of them or some)."""

    value: int
    kind: str
    hedge: str
    generic: bool
    text: str


def clauses(document: Document, text: str, place: Place, shelf: Shelf) -> Iterator[tuple[str, Row]]:
    """Pieces of a sentence that cite one paper each: the whole sentence, else its clauses."""
    study = shelf.cites_only_one(document, text, place)
    if study is not None:
        yield text, study
        return
    for piece in re.split(
        r";\s|,?\s(?:while|whereas|but)\s|,\s+and\s|(?<=\d\))\s+and\s|(?<=\])\s+and\s", text
    ):
        study = shelf.cites_only_one(document, piece, place)
        if study is not None:
            yield piece, study


def told_sizes(text: str) -> list[Told]:
    """The sizes of a whole study that a piece of text tells, each number once."""
    found: dict[int, Told] = {}
    for pattern in _CONTEXTS:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            value = count(match["n"])
            if value is None or value < 4 or 1900 <= value <= 2100:
                continue
            after = text[match.end() :]
            if _SOME.search(parts.get("between") or "") or _SOME_AFTER.match(after):
                continue
            if _SOME.search(text[max(0, match.start() - 30) : match.start() + 6]):
                continue
            if parts.get("weak") and _SOME.search(text):
                continue
            kind = (
                "part"
                if parts.get("weak")
                else "analysed"
                if _ANALYSED.fullmatch(parts.get("verb") or "")
                else "whole"
            )
            who = (parts.get("who") or "").lower()
            generic = who in ("", "participants", "subjects", "individuals", "persons", "people")
            told = Told(value, kind, (parts.get("hedge") or "").lower(), generic, match.group().strip())
            found.setdefault(match.start("n"), told)
    return list(found.values())


def other_counts(text: str, told: Told) -> list[int]:
    """The other whole numbers of a piece of text that may count persons (percentages, years, doses and weeks are left out)."""
    pattern = rf"(?<![\w.\[-])(?P<n>{COUNT})(?![\w.]|\s?%|\s?mg|-|\s?weeks?|,\d)"
    values = [count(match["n"]) for match in re.finditer(pattern, text, re.IGNORECASE)]
    rest = [value for value in values if value is not None and not 1900 <= value <= 2100]
    if told.value in rest:
        rest.remove(told.value)
    return rest
