"""Reading a table of studies (EFFECTS.csv) into arrays; every fault is named by file, row, field and value.

Rows are counted as a spreadsheet does: the header is row 1.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import norm

from opentrd.evidence.arguments import said
from opentrd.evidence.effect import effect_sizes, measure_named
from opentrd.evidence.effect_checks import Columns, Floats, Truths
from opentrd.evidence.errors import EvidenceError

# Larger numbers, and variances below its inverse, are slips of the keyboard; their squares overflow.
LARGEST = 1e50
MINUS = "\u2212"  # the minus sign of printed tables
# Rows that sum up the others: pooled with them, every person would count twice.
SUMS = (
    "total",
    "totals",
    "subtotal",
    "sum",
    "overall",
    "pooled",
    "summary",
    "all studies",
    "overall effect",
    "pooled effect",
)
MISSING = ("", "na", "nan", "n/a", "null", "none", ".")
Source = str | Path | Mapping[str, Sequence[Any]] | Any


def is_sum(study: str) -> bool:
    """Is a row called like the sum of the others?"""
    return study.strip().lower().rstrip(":") in SUMS


@dataclass(frozen=True)
class RawTable:
    """A table as it was read: text cells by column. ``rows``: how its rows are called; ``file``: its name."""

    columns: dict[str, tuple[str, ...]]
    rows: tuple[int, ...]
    file: str | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def text(self, name: str, advice: str | None = None) -> tuple[str, ...]:
        """One column as text. Raises EvidenceError when it is missing, with the columns that are there."""
        if name not in self.columns:
            near = [column for column in self.columns if column.strip().lower() == name]
            if near:
                advice = f"rename the column {near[0]!r} to {name!r}: names of columns are in small letters"
            raise EvidenceError(
                "the column is missing", file=self.file, field=name, expected=f"a column named {name}",
                advice=advice or f"the table has: {', '.join(self.columns)}",
            )  # fmt: skip
        return self.columns[name]

    def numbers(self, name: str) -> Floats:
        """One column as numbers, nan where the cell is empty. Raises EvidenceError on text in a number cell."""
        found = []
        for row, cell in zip(self.rows, self.text(name), strict=True):
            if cell.strip().lower() in MISSING:
                found.append(np.nan)
                continue
            try:
                number = float(cell.replace(MINUS, "-"))
            except ValueError:
                number = np.nan
            if not np.isfinite(number) or "_" in cell:
                comma = cell.count(",") == 1 and is_number(cell.replace(",", "."))
                raise EvidenceError(
                    "this is not a number", file=self.file, row=row, field=name, value=cell, expected="a number",
                    advice="write a point for the decimal sign" if comma else "correct the cell, or leave it empty",
                )  # fmt: skip
            if abs(number) > LARGEST:
                raise EvidenceError(
                    "no study gives a number of this size", file=self.file, row=row, field=name, value=cell,
                    expected=f"at most {LARGEST:g}", advice="correct the cell, or leave it empty",
                )  # fmt: skip
            found.append(number)
        return np.array(found, dtype=float)

    def is_numeric(self, name: str) -> bool:
        """Are all cells of a column numbers or empty, and at least one a number?"""
        cells = [cell for cell in self.text(name) if cell.strip().lower() not in MISSING]
        return bool(cells) and all(is_number(cell) for cell in cells)

    def some(self, keep: Truths) -> RawTable:
        """Some of the rows."""
        where = [int(i) for i in np.flatnonzero(keep)]
        return RawTable(
            {name: tuple(cells[i] for i in where) for name, cells in self.columns.items()},
            tuple(self.rows[i] for i in where),
            self.file,
        )


@dataclass(frozen=True)
class EffectTable:
    """Studies with their estimates.

    ``study``: names (a name may stand in several rows); ``yi``, ``vi``: estimates and sampling variances, shape (k,);
    ``measure``: the effect measure when it is known; ``raw``: all columns as text; ``unread``: rows that were left out
    (row, study, field, reason); ``notes``: what was done on the way, in words.
    """

    study: tuple[str, ...]
    yi: Floats
    vi: Floats
    raw: RawTable
    measure: str | None = None
    unread: tuple[dict[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.study)

    def some(self, keep: Truths) -> EffectTable:
        """Some of the studies."""
        study = tuple(name for name, kept in zip(self.study, keep, strict=True) if kept)
        return replace(self, study=study, yi=self.yi[keep], vi=self.vi[keep], raw=self.raw.some(keep))


def read_table(source: Source) -> RawTable:
    """A CSV file, or columns in memory (a mapping, an Arrow, pandas or Polars table), as text cells."""
    if isinstance(source, RawTable):
        return source
    if isinstance(source, str | Path):
        return _read_csv(Path(source))
    columns: Mapping[str, Sequence[Any]]
    if isinstance(source, Mapping):
        columns = source
    elif hasattr(source, "to_pydict"):
        columns = source.to_pydict()
    elif hasattr(source, "iloc"):
        columns = {str(name): list(source[name]) for name in source.columns}
    elif hasattr(source, "to_dict"):
        columns = source.to_dict(as_series=False)
    else:
        raise EvidenceError(
            "this cannot be read as a table of studies", value=type(source).__name__,
            expected="a path, a mapping of columns, or an Arrow, pandas or Polars table",
        )  # fmt: skip
    for name, values in columns.items():
        if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
            raise EvidenceError(
                "this is not a column",
                field=str(name),
                value=said(values),
                expected="one value for each study",
            )
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise EvidenceError("the columns do not have the same length", value=str(lengths))
    cells = {str(name): tuple(_cell(value) for value in values) for name, values in columns.items()}
    return RawTable(cells, tuple(range(2, max(lengths.values(), default=0) + 2)))


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return ""
    return repr(float(value)) if isinstance(value, float | np.floating) else str(value)


def _read_csv(path: Path) -> RawTable:
    name = path.name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EvidenceError(
            "the file cannot be read", file=str(path), value=error.strerror, advice="check the path"
        ) from None
    except UnicodeDecodeError:
        raise EvidenceError(
            "the file is not UTF-8 text", file=name, advice="save it as CSV in UTF-8"
        ) from None
    try:
        lines = [
            (number, line) for number, line in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1)
            if any(cell.strip() for cell in line)
        ]  # fmt: skip
    except csv.Error as error:
        raise EvidenceError(f"this is not a CSV file ({error})", file=name) from None
    if not lines:
        raise EvidenceError("the file is empty", file=name, expected="a header and one row for each study")
    header = [cell.strip() for cell in lines[0][1]]
    if len(header) == 1 and any(sign in header[0] for sign in (";", "\t")):
        raise EvidenceError(
            "the columns are not separated by commas", file=name, row=1, value=header[0],
            advice="save it as CSV with commas, and points in the numbers",
        )  # fmt: skip
    for column in header:
        if header.count(column) > 1:
            raise EvidenceError(
                "the column stands there twice", file=name, row=1, field=column or "(no name)"
            )
    for number, line in lines[1:]:
        if len(line) != len(header):
            raise EvidenceError(
                f"the row has {len(line)} cells", file=name, row=number, expected=f"{len(header)}, as in the header",
                advice="put text that contains a comma in double quotes",
            )  # fmt: skip
    if len(lines) == 1:
        raise EvidenceError("there is a header but no study", file=name, expected="one row for each study")
    cells = {column: tuple(line[i].strip() for _, line in lines[1:]) for i, column in enumerate(header)}
    return RawTable(cells, tuple(number for number, _ in lines[1:]), name)


def is_number(cell: str) -> bool:
    """Is the cell a finite number with a point as decimal sign?"""
    try:
        return bool(np.isfinite(float(cell.replace(MINUS, "-")))) and "_" not in cell
    except ValueError:
        return False


def read_effects(
    source: Source, *, measure: str | None = None, zero_cells: str | None = None, missing: str = "error"
) -> EffectTable:
    """The estimates and variances of a table.

    Without ``measure`` the table has ``study``, ``yi`` and ``vi`` (or ``se``, ``sei``, or ``ci_low`` and ``ci_high`` at 95 %, on
    the scale of yi). With it, the raw columns of that measure (see :mod:`opentrd.evidence.effect`).
    ``missing``: a row with an empty cell is an ``error``, or is left out and listed in ``unread`` (``list``).
    Raises EvidenceError with file, row, field, value, what was expected and what to do.
    """
    if missing not in ("error", "list"):
        raise EvidenceError(
            "this choice is not known", field="missing", value=missing, expected="error or list"
        )
    raw = read_table(source)
    study = raw.text("study", "every row needs the name of its study") if len(raw) else ()
    if not len(raw):
        raise EvidenceError("there is no study in the table", file=raw.file)
    names = measure_named(measure).columns if measure else _computed_columns(raw)
    values = {name: raw.numbers(name) for name in names}
    whole = np.all([np.isfinite(column) for column in values.values()], axis=0)
    unread = tuple(
        {
            "row": str(raw.rows[i]),
            "study": study[i],
            "field": name,
            "reason": "the cell is empty; row not used",
        }
        for i in np.flatnonzero(~whole)
        for name in names
        if not np.isfinite(values[name][i])
    )
    if unread and missing == "error":
        first = unread[0]
        raise EvidenceError(
            f"study {first['study']!r}: a number is missing" + (f"; so in {len(unread)} cells" if len(unread) > 1 else ""),
            file=raw.file, row=first["row"], field=first["field"], value="empty cell", expected="a number",
            advice='fill it in or take the row out; missing="list" leaves such rows out and lists them',
        )  # fmt: skip
    for row, name in zip(raw.rows, study, strict=True):
        if not name:
            raise EvidenceError(
                "the study has no name", file=raw.file, row=row, field="study", expected="a name"
            )
        if is_sum(name):
            raise EvidenceError(
                "this is called like a sum of the other rows and would count them twice", file=raw.file, row=row,
                field="study", value=name, expected="one study", advice="take the row out, or name the study otherwise",
            )  # fmt: skip
    raw = raw.some(whole)
    if not len(raw):
        raise EvidenceError(
            "no row is complete", file=raw.file, expected=f"numbers in {', '.join(names)}",
            advice="fill in the numbers, or choose another measure",
        )  # fmt: skip
    columns = Columns({name: column[whole] for name, column in values.items()}, raw.file, raw.rows)
    yi, vi = effect_sizes(measure, columns, zero_cells=zero_cells) if measure else _computed(columns)
    columns.require(
        (vi >= 1 / LARGEST) & (vi <= LARGEST) & (np.abs(yi) <= LARGEST), names[-1],
        "the sampling variance of a study cannot be so small or so large", f"a variance from {1 / LARGEST:g} to {LARGEST:g}",
        "correct the row",
    )  # fmt: skip
    named = measure_named(measure).name if measure else None
    notes = [f"rows with empty cells that were left out: {len({u['row'] for u in unread})}"] if unread else []
    broken = [
        f"{name} is no whole number in {_names(raw.columns['study'], parts)}: taken as it is"
        for name, column in columns.values.items()
        if name.startswith("events") and (parts := column != np.round(column)).any()
    ]
    notes += broken
    if measure:
        notes += _zero_cell_notes(columns, raw.columns["study"], measure, zero_cells)
    else:
        notes += _two_errors(raw)
    return EffectTable(raw.columns["study"], yi, vi, raw, named, unread, tuple(notes))


def _zero_cell_notes(
    columns: Columns, study: Sequence[str], measure: str, zero_cells: str | None
) -> list[str]:
    """Which studies of a measure that corrects zero cells have one, and which say nothing about a ratio."""
    policy = zero_cells or measure_named(measure).zero_cells or "none"
    counted = [name for name in columns.values if name.startswith("events")]
    if policy == "none" or not counted:
        return []
    none, edge = [], []
    for name in counted:
        size = columns.values.get(name.replace("events", "n"))
        none.append(columns[name] == 0)
        edge.append(none[-1] if size is None else none[-1] | (columns[name] == size))
    # The variance of a risk difference is 0 only where both groups stand at an edge.
    zero = np.all(edge, axis=0) if policy == "variance" else np.any(edge, axis=0)
    said = []
    if zero.any():
        what = "the variance is" if policy == "variance" else "the cells are"
        said.append(f"a zero cell in {_names(study, zero)}: {what} corrected as zero_cells says ({policy})")
    empty = np.all(none, axis=0)
    if len(counted) == 2 and measure_named(measure).scale == "log" and empty.any():
        said.append(
            f"no events in either group of {_names(study, empty)}: a ratio learns nothing from this, and the estimate comes "
            "from the correction alone"
        )
    return said


def _names(study: Sequence[str], which: Truths) -> str:
    names = [study[int(i)] for i in np.flatnonzero(which)]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _two_errors(raw: RawTable) -> list[str]:
    """A note where a table gives variance and standard error and these contradict each other by more than rounding."""
    if not ({"vi", "se"} <= raw.columns.keys() and raw.is_numeric("vi") and raw.is_numeric("se")):
        return []
    root, error = np.sqrt(raw.numbers("vi")), raw.numbers("se")
    with np.errstate(invalid="ignore"):
        apart = np.flatnonzero(np.abs(root - error) > 0.1 * root)
    if not len(apart):
        return []
    i = int(apart[0])
    return [
        f"vi is used, but se is not its root in {len(apart)} rows, first in row {raw.rows[i]} ({raw.columns['study'][i]}): "
        f"se {error[i]:g}, root of vi {root[i]:g}"
    ]


def _computed_columns(raw: RawTable) -> tuple[str, ...]:
    raw.text("yi", "give yi and vi, or choose a measure for the raw numbers (--measure OR, MD, SMD, ...)")
    for names in (("vi",), ("se",), ("sei",), ("ci_low", "ci_high")):
        if all(name in raw.columns for name in names):
            return ("yi", *names)
    raw.text(
        "vi", "give the sampling variance as vi, or its standard error as se or sei, or ci_low and ci_high"
    )
    raise AssertionError("unreachable")


def _computed(columns: Columns) -> tuple[Floats, Floats]:
    """Estimates with variances that the table gives; a variance must be above zero."""
    yi = columns["yi"]
    for name, what in (("vi", "variance"), ("se", "standard error"), ("sei", "standard error")):
        if name in columns.values:
            columns.require(
                columns[name] > 0, name, f"the {what} of a study must be above zero", "a number above 0",
                f"a study with {what} 0 would outweigh all others: look it up again, it was rounded or is wrong",
            )  # fmt: skip
            return yi, columns[name] if name == "vi" else columns[name] ** 2
    low, high = columns["ci_low"], columns["ci_high"]
    columns.require(low < high, "ci_low", "the interval has no width", "ci_low below ci_high")
    columns.require(
        (low <= yi) & (yi <= high), "yi", "the estimate lies outside its interval", "ci_low <= yi <= ci_high",
        "check the sign, and that ratios are given as logarithms",
    )  # fmt: skip
    off_centre = np.abs((low + high) / 2 - yi) / (high - low)
    columns.require(
        off_centre < 0.1, "yi", "the estimate is not in the middle of its interval", "an interval that is symmetric",
        "ratios are given as logarithms, with their intervals",
    )  # fmt: skip
    return yi, ((high - low) / (2 * float(norm.ppf(0.975)))) ** 2
