"""The study rows of the knowledge, and which of them a citation, a reference or a table row means."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from opentrd.evidence.audit import references
from opentrd.evidence.audit.model import Citation, Document, Estimate, Material, Place, Reference
from opentrd.evidence.audit.references import plain

Row = Mapping[str, object]
_ROW_NAME = re.compile(
    r"(?P<name>(?:(?:van|de|von|der)\s)*[A-ZÀ-Ž][\w'’-]+)[^\d\[]*\(?(?P<year>(?:19|20)\d{2})[a-z]?\)?(?:\s*\[(?P<n>\d+)\])?"
)


class Shelf:
    """Finds the study row that a text means: by DOI first, else by first author and year when only one fits."""

    def __init__(self, material: Material) -> None:
        self.studies = {str(row["study"]): row for row in material.rows("study")}
        self.by_doi = {str(row["doi"]).lower(): row for row in self.studies.values() if row.get("doi")}
        self.by_name: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for row in self.studies.values():
            if row.get("first_author") and isinstance(row.get("year"), int):
                self.by_name[plain(str(row["first_author"])), int(str(row["year"]))].append(row)
        self.arms: dict[str, list[Row]] = defaultdict(list)
        self.effects: dict[str, list[Row]] = defaultdict(list)
        for row in material.rows("arm"):
            self.arms[str(row["study"])].append(row)
        for row in material.rows("effect"):
            self.effects[str(row["study"])].append(row)

    def of_reference(self, entry: Reference) -> Row | None:
        """The study of a reference entry."""
        if entry.doi and entry.doi.lower() in self.by_doi:
            return self.by_doi[entry.doi.lower()]
        found = self._named(entry.surnames[0], entry.year) if entry.surnames and entry.year else None
        # Another DOI is another paper of the same author and year.
        return None if found and entry.doi and found.get("doi") else found

    def _named(self, name: str, year: int) -> Row | None:
        found = self.by_name.get((plain(name), year), [])
        return found[0] if len(found) == 1 else None

    def of_citation(self, document: Document, cite: Citation) -> list[Row]:
        """The studies of one citation."""
        if cite.numbers:
            listed = document.numbered()
            rows = [self.of_reference(listed[number]) for number in cite.numbers if number in listed]
            return [row for row in rows if row is not None]
        for entry in document.references:
            if entry.surnames and plain(entry.surnames[0]) == plain(cite.name) and entry.year == cite.year:
                row = self.of_reference(entry)
                return [row] if row else []
        row = self._named(cite.name, cite.year) if cite.year else None
        return [row] if row else []

    def cited_in(self, document: Document, text: str, place: Place) -> list[Row]:
        """The studies that a piece of text cites, each once."""
        styles = tuple(style for style in document.style.split(", ") if style and style != "author-year")
        cites = (
            [cite for cite, _ in references.numeric(text, place, styles)]
            if styles
            else references.by_author(text, place)
        )
        rows = [row for cite in cites for row in self.of_citation(document, cite)]
        return list({str(row["study"]): row for row in rows}.values())

    def cites_only_one(self, document: Document, text: str, place: Place) -> Row | None:
        """The study of a sentence that cites one paper and nothing else."""
        styles = tuple(style for style in document.style.split(", ") if style and style != "author-year")
        if styles:
            numbers = {
                number for cite, _ in references.numeric(text, place, styles) for number in cite.numbers
            }
            single = len(numbers) == 1
        else:
            cites = {(plain(cite.name), cite.year) for cite in references.by_author(text, place)}
            names = {name for name, _ in cites}
            listed = [one for one in document.references if one.surnames and plain(one.surnames[0]) in names]
            # One author with two years where the list has one entry: the same paper with a wrong year.
            single = len(cites) == 1 or (len(names) == 1 and len(listed) == 1)
        rows = self.cited_in(document, text, place)
        return rows[0] if single and len(rows) == 1 else None

    def of_row(self, document: Document, name: str) -> Row | None:
        """The study that a table row is about: an id of the knowledge, "Name (year)", or "Name (year) [n]"."""
        if name in self.studies:
            return self.studies[name]
        match = _ROW_NAME.search(name)
        if match is None:
            return None
        if match["n"]:
            entry = document.numbered().get(int(match["n"]))
            if entry is not None:
                return self.of_reference(entry)
        near = [
            entry
            for entry in document.references
            if entry.surnames
            and plain(entry.surnames[0]) == plain(match["name"])
            and abs((entry.year or 0) - int(match["year"])) <= 1
        ]
        if len(near) == 1:
            return self.of_reference(near[0])
        return self._named(match["name"], int(match["year"]))


def number(row: Row, field: str) -> float | None:
    """A number of a row; ``None`` when it is empty."""
    value = row.get(field)
    return float(str(value)) if value not in (None, "") else None


def says(row: Row) -> str:
    """A study in words: id, and where it was read."""
    return f"{row['study']} ({row.get('knowledge_status')}: {row.get('read_in') or row.get('source')})"


def same_effects(shelf: Shelf, study: Row, found: Estimate) -> list[Row]:
    """The effects that a study itself prints with this estimate (give or take rounding and sign)."""
    return [
        row
        for row in shelf.effects[str(study["study"])]
        if row.get("knowledge_status") != "computed"
        and (value := number(row, "estimate")) is not None
        and abs(abs(value) - abs(found.value.value)) <= found.value.half + 1e-9
    ]
