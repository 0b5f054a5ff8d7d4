"""What an audit speaks about: documents with their sentences, tables and references, and the findings on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opentrd.evidence.audit.numbers import Number, PValue

SEVERITIES = ("high", "medium", "low")


@dataclass(frozen=True)
class Place:
    """Where something stands: file, line, and the section or table row in words."""

    file: str
    line: int
    within: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f" ({self.within})" if self.within else "")


@dataclass(frozen=True)
class Finding:
    """Two statements that cannot both hold, with the arithmetic; or a question that only a person can settle.

    ``origin``: where the error starts (``review``: this text; ``study``: the source itself prints it; empty: not known).
    """

    rule: str
    locus: str
    statement_a: str
    statement_b: str
    arithmetic: str
    severity: str
    origin: str = ""
    question: bool = False

    def row(self) -> dict[str, str]:
        """The finding as a row of the contract's list."""
        return {
            "rule": self.rule,
            "locus": self.locus,
            "statement_a": self.statement_a,
            "statement_b": self.statement_b,
            "arithmetic": self.arithmetic,
            "severity": "question" if self.question else self.severity,
            "origin": self.origin,
        }


@dataclass(frozen=True)
class Sentence:
    """One sentence of the running text (references and tables are kept apart)."""

    text: str
    place: Place
    section: str
    paragraph: int


@dataclass(frozen=True)
class Reference:
    """One entry of a reference list; ``number`` is ``None`` in a list by author and year."""

    number: int | None
    surnames: tuple[str, ...]
    year: int | None
    title: str
    doi: str | None
    text: str
    place: Place


@dataclass(frozen=True)
class Citation:
    """One place where the text cites: numbers, or a name and a year."""

    numbers: tuple[int, ...]
    name: str
    year: int | None
    text: str
    place: Place
    ranges: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class TableRow:
    """One row: its cells by column position, and the study it is about (taken over from the row above when empty)."""

    cells: tuple[str, ...]
    line: int
    study: str


@dataclass
class Table:
    """A table of a text or a CSV file. ``roles``: what a column is about -> its position. ``decimal_commas``: whether commas
    in its numbers were read as decimal points."""

    title: str
    header: tuple[str, ...]
    rows: list[TableRow]
    file: str
    line: int
    roles: dict[str, int] = field(default_factory=dict)
    not_understood: list[str] = field(default_factory=list)
    is_csv: bool = False
    decimal_commas: bool = False

    def cell(self, row: TableRow, role: str) -> str:
        """The cell of ``row`` in the column with that role; empty when there is no such column."""
        position = self.roles.get(role)
        return "" if position is None or position >= len(row.cells) else row.cells[position].strip()

    def place(self, row: TableRow) -> Place:
        """Where a row stands, with the study it is about."""
        name = f"{self.title.split('.')[0]}, " if self.title else "" if self.is_csv else "table, "
        return Place(self.file, row.line, f"{name}row {row.study or row.line}")


@dataclass(frozen=True)
class Estimate:
    """A printed effect with what stands beside it. ``measure`` is the printed name in our short form ("OR", "SMD", "")."""

    value: Number
    low: Number | None
    high: Number | None
    level: float | None
    measure: str
    p: PValue | None
    place: Place
    text: str
    label: str = ""
    groups: tuple[int, ...] = ()


@dataclass
class Document:
    """One audited file."""

    file: str
    lines: list[str]
    headings: list[tuple[str, int]]
    sentences: list[Sentence]
    tables: list[Table]
    references: list[Reference]
    citations: list[Citation]
    estimates: list[Estimate]
    header_end: int = 0
    style: str = ""
    notes: list[str] = field(default_factory=list)

    def place(self, line: int, within: str = "") -> Place:
        """A place in this file."""
        return Place(self.file, line, within)

    def numbered(self) -> dict[int, Reference]:
        """The reference list by number (the first entry where a number occurs twice)."""
        found: dict[int, Reference] = {}
        for entry in self.references:
            if entry.number is not None:
                found.setdefault(entry.number, entry)
        return found


@dataclass
class Material:
    """Everything one audit looks at: the documents and the facts they are held against (rows by table)."""

    documents: list[Document]
    facts: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)

    def rows(self, table: str) -> Sequence[Mapping[str, object]]:
        """The rows of a knowledge table; none when it is not there."""
        return self.facts.get(table, ())


def quote(text: str, longest: int = 170) -> str:
    """A statement as it is quoted in a finding: in one line, cut in the middle of nothing but words."""
    one = " ".join(text.split())
    if len(one) <= longest:
        return one
    return one[: one.rfind(" ", 0, longest)] + " ..."
