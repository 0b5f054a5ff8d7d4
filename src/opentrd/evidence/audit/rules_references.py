"""Citations against the reference list, and the form of the list itself."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from opentrd.evidence.audit.model import Citation, Document, Finding, Material, Reference, quote
from opentrd.evidence.audit.read import body
from opentrd.evidence.audit.references import named_with_number, plain
from opentrd.evidence.audit.registry import rule

GROUP = "References"


def short(entry: Reference) -> str:
    who = entry.surnames[0] if entry.surnames else "(no author)"
    number = f"[{entry.number}] " if entry.number is not None else ""
    return f"{number}{who} {entry.year or '(no year)'}: {quote(entry.title, 80)}"


@rule(
    "cited_not_listed", group=GROUP, severity="high",
    asserts="Everything that is cited stands in the reference list.",
    needs="citations and a reference list, by number or by author and year",
    arithmetic="cited numbers minus listed numbers; cited names without an entry of that first author",
    source="ICMJE Recommendations: references",
)  # fmt: skip
def cited_not_listed(material: Material) -> Iterator[Finding]:
    """Numbers above the list, and names without an entry."""
    for document in material.documents:
        listed = document.numbered()
        if listed:
            missing: dict[int, list[Citation]] = defaultdict(list)
            for cite in document.citations:
                for number in cite.numbers:
                    if number not in listed:
                        missing[number].append(cite)
            for number, cites in sorted(missing.items()):
                yield Finding(
                    "cited_not_listed", str(cites[0].place), f"cited: {cites[0].text}" + _times(len(cites)),
                    f"list of {len(listed)} entries, {min(listed)} to {max(listed)}",
                    f"{number} is not among the listed numbers (highest: {max(listed)})", "high",
                )  # fmt: skip
            continue
        if not document.references:
            continue
        lost: dict[tuple[str, int | None], list[Citation]] = defaultdict(list)
        for cite in document.citations:
            if _match(cite, document) == ("", None):
                lost[cite.name, cite.year].append(cite)
        for (name, year), cites in lost.items():
            yield Finding(
                "cited_not_listed", str(cites[0].place), f"cited: {cites[0].text}" + _times(len(cites)),
                f"list of {len(document.references)} entries", f"no entry of a first author {name} ({year})", "high",
            )  # fmt: skip


def _times(times: int) -> str:
    return f" ({times} times)" if times > 1 else ""


def _match(cite: Citation, document: Document) -> tuple[str, Reference | None]:
    """How an author-year citation meets the list: "same", "year", "spelling", or "" when nothing fits."""
    name = plain(cite.name)
    same_author = [
        entry for entry in document.references if entry.surnames and _same(name, entry.surnames[0])
    ]
    for entry in same_author:
        if entry.year == cite.year:
            return "same", entry
    if same_author:
        return "year", same_author[0]
    alike = [
        entry
        for entry in document.references
        if entry.surnames and entry.year == cite.year and _alike(name, plain(entry.surnames[0]))
    ]
    return ("spelling", alike[0]) if alike else ("", None)


def _same(name: str, surname: str) -> bool:
    other = plain(surname)
    # "El Hage" may be cited as "Hage", "de Boer" as "De Boer" or "Boer".
    return name == other or (len(name) > 3 and (other.endswith(name) or name.endswith(other)))


def _alike(name: str, other: str) -> bool:
    return (
        name[:1] == other[:1]
        and min(len(name), len(other)) > 3
        and difflib.SequenceMatcher(None, name, other).ratio() >= 0.65
    )


@rule(
    "listed_not_cited", group=GROUP, severity="low",
    asserts="Everything in the reference list is cited.",
    needs="a reference list and at least three citations",
    arithmetic="listed minus cited", source="ICMJE Recommendations: references",
)  # fmt: skip
def listed_not_cited(material: Material) -> Iterator[Finding]:
    """Entries that the text never cites."""
    for document in material.documents:
        if len(document.citations) < 3 or not document.references:
            continue
        if document.numbered():
            cited = {number for cite in document.citations for number in cite.numbers}
            unused = [entry for entry in document.references if entry.number not in cited]
        else:
            # "2012a, 2012b" are told apart by nobody here: one citation of a name and year stands for all of them.
            met = [entry for cite in document.citations if (entry := _match(cite, document)[1])]
            used = {(entry.surnames[0], entry.year) for entry in met}
            unused = [
                entry
                for entry in document.references
                if ((entry.surnames or ("",))[0], entry.year) not in used
            ]
        for entry in unused:
            yield Finding(
                "listed_not_cited", str(entry.place), f"listed: {short(entry)}", "not cited anywhere in the text",
                f"{entry.number} is missing among the cited numbers" if entry.number else "no citation names its first author",
                "low",
            )  # fmt: skip


@rule(
    "author_year", group=GROUP, severity="low",
    asserts="A citation gives the author and the year of its entry, spelt alike.",
    needs="citations by author and year and a reference list",
    arithmetic="same first author, other year; or same year and nearly the same name (similarity of letters at least 0.65)",
    source="ICMJE Recommendations: references; Ratcliff & Metzener 1988 (similarity)",
)  # fmt: skip
def author_year(material: Material) -> Iterator[Finding]:
    """Citations whose year or spelling differs from the list."""
    for document in material.documents:
        if document.numbered() or not document.references:
            continue
        seen: dict[tuple[str, int | None, str], list[Citation]] = defaultdict(list)
        entries: dict[tuple[str, int | None, str], Reference] = {}
        for cite in document.citations:
            how, entry = _match(cite, document)
            if how in ("year", "spelling") and entry is not None:
                key = (plain(cite.name), cite.year, how)
                seen[key].append(cite)
                entries[key] = entry
        for key, cites in seen.items():
            entry, (_, year, how) = entries[key], key
            arithmetic = (
                f"cited {year}, listed {entry.year}"
                if how == "year"
                else f"{cites[0].name} is not {entry.surnames[0]}; same year"
            )
            yield Finding(
                "author_year", "; ".join(dict.fromkeys(str(cite.place) for cite in cites[:3])),
                f"cited: {cites[0].text}" + _times(len(cites)), f"listed: {short(entry)}", arithmetic, "low",
            )  # fmt: skip


Named = tuple[str, Citation, str]


def _named(document: Document) -> list[Named]:
    """Authors named in the text beside a number, with the sentence."""
    listed = {plain(name) for entry in document.references for name in entry.surnames}
    styles = tuple(style for style in document.style.split(", ") if style)
    found = [
        (name, cite, sentence.text)
        for sentence in body(document)
        for name, cite in named_with_number(sentence, styles, listed)
    ]
    for table in document.tables:
        for row in table.rows:
            match = re.match(
                r"(?P<name>(?:van |de |von )?[A-ZÀ-Ž][\w'’-]+)(?:\s+et\s+al\.?)?\s*\(?(?:19|20)\d{2}\)?\s*\[(?P<n>\d+)\]",
                row.study,
            )
            if match:
                number = int(match["n"])
                cite = Citation((number,), "", None, f"[{number}]", table.place(row))
                found.append((match["name"], cite, row.study))
    return found


@rule(
    "author_against_entry", group=GROUP, severity="high",
    asserts="An author named in the text is an author of the entry that is cited for the statement.",
    needs="\"Name et al. ... [n]\" and a numbered list with authors",
    arithmetic="the name is looked up in the cited entries, then in all others; one offset shared by three names means a shift",
    source="ICMJE Recommendations: references",
)  # fmt: skip
def author_against_entry(material: Material) -> Iterator[Finding]:
    """Names that are not authors of what is cited for them."""
    for document in material.documents:
        listed = document.numbered()
        if not listed:
            continue
        wrong = []
        for name, cite, said in _named(document):
            cited = [listed[number] for number in cite.numbers if number in listed]
            if not cited and not any(_holds(entry, name) for entry in listed.values()):
                cited = []
            elif any(_holds(entry, name) for entry in cited):
                continue
            elsewhere = [number for number, entry in listed.items() if _holds(entry, name)]
            wrong.append((name, cite, said, cited, elsewhere))
        shift = _shift(wrong)
        if shift:
            yield _shifted(shift, wrong, listed)
        for name, cite, said, cited, elsewhere in wrong:
            entry = cited[0] if cited else None
            if shift and any(number - other == shift for number in cite.numbers for other in elsewhere):
                continue  # told once, in the finding on the shifted list
            close = [
                one
                for one in cited
                if any(_alike(plain(name), plain(surname)) for surname in one.surnames[:1])
            ]
            if close:
                yield Finding(
                    "author_against_entry", str(cite.place), f"{name} ... {cite.text}", f"listed: {short(close[0])}",
                    f"{name} is not {close[0].surnames[0]}: a misspelt name", "low",
                )  # fmt: skip
            elif not elsewhere:
                where = f"listed: {short(entry)}" if entry else f"{cite.text} is not listed"
                yield Finding(
                    "author_against_entry", str(cite.place), quote(f"{name} ... {cite.text}: {said}"), where,
                    f"{name} is an author of no entry of the list", "high",
                )  # fmt: skip
            else:
                where = f"listed: {short(entry)}" if entry else f"{cite.text} is not listed"
                found = ", ".join(str(number) for number in elsewhere)
                yield Finding(
                    "author_against_entry", str(cite.place), quote(f"{name} ... {cite.text}: {said}"), where,
                    f"{name} is an author of entry {found}, not of {cite.text}", "high",
                )  # fmt: skip


def _holds(entry: Reference, name: str) -> bool:
    wanted = plain(name)
    return any(_same(wanted, surname) for surname in entry.surnames) or (
        not entry.surnames and wanted in plain(entry.text)
    )


Wrong = tuple[str, Citation, str, list[Reference], list[int]]


def _shift(wrong: list[Wrong]) -> int:
    """The offset that at least three misplaced names share (0 when there is none)."""
    votes: Counter[int] = Counter()
    seen: dict[int, set[str]] = defaultdict(set)
    for name, cite, _, _, elsewhere in wrong:
        for offset in {number - other for number in cite.numbers for other in elsewhere}:
            if abs(offset) <= 3:
                seen[offset].add(plain(name))
    for offset, names in seen.items():
        votes[offset] = len(names)
    offset, most = max(votes.items(), key=lambda item: item[1], default=(0, 0))
    return offset if most >= 3 else 0


def _shifted(shift: int, wrong: list[Wrong], listed: dict[int, Reference]) -> Finding:
    pairs: dict[str, str] = {}
    places, lowest = [], 999
    for name, cite, _, _, elsewhere in wrong:
        for number in cite.numbers:
            if number - shift in elsewhere:
                pairs[name] = f"{name} cited {number}, listed {number - shift}"
                places.append(str(cite.place))
                lowest = min(lowest, number)
    return Finding(
        "author_against_entry", "; ".join(dict.fromkeys(places)), "; ".join(pairs.values()),
        f"list of {len(listed)} entries",
        f"{len(pairs)} named authors stand {abs(shift)} {'lower' if shift > 0 else 'higher'} in the list than they are cited "
        f"(seen from {lowest} on): an entry was {'taken out' if shift > 0 else 'added'} without renumbering",
        "high",
    )  # fmt: skip
