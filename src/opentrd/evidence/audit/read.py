"""Files -> documents: what the rules look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from opentrd.evidence.audit import decimal_commas, estimates, references, tables, text
from opentrd.evidence.audit.model import Document, Place, Sentence
from opentrd.evidence.errors import EvidenceError

TABLE_FILES = {".csv", ".tsv"}
TEXT_FILES = {".txt", ".md", ".markdown"}


def read(path: Path) -> Document:
    """One file as a document: CSV or TSV as an evidence table, anything in ``TEXT_FILES`` as a text.

    Raises ``EvidenceError`` when the file is not there, is of another kind, is empty or is not UTF-8.
    """
    if not path.is_file():
        raise EvidenceError(
            "there is no such file", file=str(path), advice="check the name; folders are not read"
        )
    kind = path.suffix.lower()
    if kind in TABLE_FILES:
        table = tables.read_csv(path)
        document = Document(path.name, [], [], [], [table], [], [], [])
        document.estimates = [found for row in table.rows for found in estimates.in_row(table, row)]
        if table.decimal_commas:
            document.notes.append("decimal commas are read as points")
        if table.not_understood:
            document.notes.append(f"columns not understood: {', '.join(table.not_understood)}")
        return document
    if kind not in TEXT_FILES:
        raise EvidenceError(
            "this kind of file is not read",
            file=path.name,
            value=kind or "(no ending)",
            expected="an evidence table (.csv, .tsv) or plain text (.txt, .md)",
            advice="save the table as CSV or the article as plain text",
        )
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise EvidenceError(
            "this is not UTF-8 text",
            file=path.name,
            value=f"byte {problem.start}",
            expected="plain text in UTF-8",
            advice="save it again as UTF-8",
        ) from None
    if not content.strip():
        raise EvidenceError(
            "the file is empty", file=path.name, advice="check that this is the file you meant"
        )
    return from_text(content, path.name)


def from_text(content: str, file: str) -> Document:
    """A text as a document."""
    content, commas = decimal_commas.with_points(content)
    parts = text.take_apart(content, file)
    found = Document(file, parts.lines, parts.headings, parts.sentences, [], [], [], [])
    found.header_end = parts.front_end
    if commas:
        found.notes.append("decimal commas are read as points")
    for title, _, rows in parts.grids:
        table = tables.from_grid(title, rows, file, found.tables)
        if table is not None:
            found.tables.append(table)
    found.references = references.entries(parts.listed, file)
    if parts.listed and not found.references:
        found.notes.append(
            f"line {parts.listed[0][1]}: the reference list was not understood (neither numbered nor by author and year)"
        )
    body = [sentence for sentence in found.sentences if sentence.place.line >= found.header_end]
    pieces = [(sentence.text, sentence.place) for sentence in body] + _cells(found)
    styles = references.numeric_style([piece for piece, _ in pieces], found.references)
    found.style = ", ".join(styles) or ("author-year" if found.references else "")
    for piece, place in pieces:
        if styles:
            found.citations += [cite for cite, _ in references.numeric(piece, place, styles)]
        else:
            found.citations += references.by_author(piece, place)
    for sentence in body:
        found.estimates += estimates.in_sentence(sentence.text, sentence.place)
    for table in found.tables:
        for row in table.rows:
            found.estimates += estimates.in_row(table, row)
        if table.not_understood:
            found.notes.append(
                f"{table.title.split('.')[0] or 'table'}, line {table.line}: columns not understood: "
                + ", ".join(table.not_understood)
            )
    return found


def _cells(document: Document) -> list[tuple[str, Place]]:
    return [
        (cell, table.place(row))
        for table in document.tables
        for row in table.rows
        for cell in row.cells
        if cell
    ]


def body(document: Document, *, without: Sequence[str] = ()) -> list[Sentence]:
    """The sentences after the title page, leaving out sections whose heading contains one of ``without``."""
    return [
        sentence
        for sentence in document.sentences
        if sentence.place.line >= document.header_end
        and not any(word in sentence.section.lower() for word in without)
    ]
