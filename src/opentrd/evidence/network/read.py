"""Rows of an effects table, from a file or from memory, and the cells in them, with errors that name their place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.table import LARGEST, MINUS, MISSING, is_sum, read_table


@dataclass(frozen=True)
class Line:
    """One row of the input: its cells, and where it stands (the header is row 1)."""

    cells: Mapping[str, str]
    row: int
    file: str | None = None

    def fault(self, message: str, field: str, expected: str, advice: str) -> EvidenceError:
        """An error at this row."""
        return EvidenceError(
            message,
            file=self.file,
            row=self.row,
            field=field,
            value=self.cells.get(field),
            expected=expected,
            advice=advice,
        )

    def text(self, field: str) -> str | None:
        """The cell as text without outer blanks, None when empty."""
        text = str(self.cells.get(field) or "").strip()
        return None if text.lower() in MISSING else text

    def name(self, field: str) -> str:
        """The cell as a name. Raises EvidenceError when empty."""
        text = self.text(field)
        if text is None:
            raise self.fault("the cell is empty", field, "a name", "fill in the name or remove the row")
        return text

    def study(self) -> str:
        """The name of the study. Raises EvidenceError when empty, or when the row is called like a sum of the others."""
        name = self.name("study")
        if is_sum(name):
            raise self.fault(
                "this is called like a sum of the other rows and would count them twice",
                "study",
                "one study",
                "take the row out, or name the study otherwise",
            )
        return name

    def optional_number(self, field: str) -> float | None:
        """The cell as a finite number, None when empty. Raises EvidenceError for text and for infinity."""
        text = self.text(field)
        if text is None:
            return None
        try:
            number = float(text.replace(MINUS, "-"))
        except ValueError:
            raise self.fault(
                "text in a cell for numbers",
                field,
                "a number with a point as decimal sign",
                "correct the cell",
            ) from None
        if not math.isfinite(number):
            raise self.fault("not a finite number", field, "a finite number", "correct the cell")
        if abs(number) > LARGEST:
            raise self.fault(
                "no study gives a number of this size", field, f"at most {LARGEST:g}", "correct the cell"
            )
        return number

    def number(self, field: str) -> float:
        """The cell as a finite number. Raises EvidenceError when empty."""
        number = self.optional_number(field)
        if number is None:
            raise self.fault(
                "no number",
                field,
                "a number",
                "fill it in, or remove the row (of a study of several arms: the whole arm)",
            )
        return number


def read_lines(data: Any) -> list[Line]:
    """The rows of a CSV file, of a list of mappings, of a mapping of columns, or of a table (Arrow, pandas, Polars).

    Raises EvidenceError when it cannot be read or has no rows.
    """
    if (
        isinstance(data, Sequence)
        and not isinstance(data, str)
        and all(isinstance(row, Mapping) for row in data)
    ):
        names = list(dict.fromkeys(name for row in data for name in row))
        data = {name: [row.get(name) for row in data] for name in names}
    table = read_table(data)
    if not table.rows:
        raise EvidenceError(
            "the effects table has no rows", file=table.file, advice="give at least two studies"
        )
    cells = table.columns
    return [
        Line({name: cells[name][place] for name in cells}, row, table.file)
        for place, row in enumerate(table.rows)
    ]


def need_columns(lines: Sequence[Line], needed: Sequence[str], shape: str) -> None:
    """Raise EvidenceError when a column is in no row."""
    present = {name for line in lines for name in line.cells}
    missing = [name for name in needed if name not in present]
    if missing:
        raise EvidenceError(
            f"column {', '.join(missing)} is missing",
            file=lines[0].file,
            field=missing[0],
            expected=f"{shape}: {', '.join(needed)}",
            advice="add the column (docs/evidence-network.md has the shapes)",
        )


def one_value(lines: Sequence[Line], field: str, message: str, expected: str, advice: str) -> str | None:
    """The only value of a column over all rows that have one; None without any. Raises EvidenceError for two values."""
    seen: tuple[Line, str] | None = None
    for line in lines:
        text = line.text(field)
        if text is None:
            continue
        if seen is not None and text.casefold() != seen[1].casefold():
            raise line.fault(
                f"{message}: {seen[1]} in row {seen[0].row} ({seen[0].text('study')}), {text} here "
                f"({line.text('study')})",
                field,
                expected,
                advice,
            )
        seen = seen or (line, text)
    return seen[1] if seen else None
