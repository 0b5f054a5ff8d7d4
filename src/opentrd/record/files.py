"""Reader for a folder of record tables: one CSV or Parquet file per table of the public contract.

A file is streamed by DuckDB into its raw table, all columns as text; Python looks only at the header and at
the encoding. ``source_row`` counts as a spreadsheet does: the header is row 1, the first data row is row 2
(blank lines are not counted).
"""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import duckdb

from opentrd.record.file_names import is_own, near_miss, table_of
from opentrd.record.pharmcat import is_report
from opentrd.record.raw import InputError, keep, note_unread, raw_columns
from opentrd.record.schema import RAW_COLUMNS, RECORD_COLUMNS

# Without these a row says nothing about anybody. Every other column may be missing.
REQUIRED_COLUMNS: dict[str, tuple[str, ...]] = {
    "person": ("person_id",),
    "observation_period": ("person_id",),
    "exposure": ("person_id", "agent"),
    "procedure": ("person_id", "procedure"),
    "condition": ("person_id", "condition"),
    "measurement": ("person_id", "measure"),
    "genotype": ("person_id", "gene"),
    "coverage": ("person_id", "table"),
}
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}

# Columns that the record reads as numbers: a file separated by semicolons may write them with a decimal comma.
_NUMBERS = {
    table: {name for name, kind in RECORD_COLUMNS[table].items() if kind in ("DOUBLE", "BIGINT")}
    for table in RAW_COLUMNS
}
_HEAD_BYTES = 1 << 20  # a header longer than this is not a header
_LINE_BYTES = 2_000_000  # longest line that is read: a longer one is an unclosed quotation mark or a slip
_MOST_ZERO_LINES = 20  # lines with a zero byte in a file that still counts as text
_SPARE = 3  # cells beyond the header that are still seen, to tell a row that is too long
_MARK = "\x01"  # never in a text: stands for NULL, so that an empty cell and a missing cell differ


@dataclass(frozen=True)
class _Header:
    """What the first lines of a CSV file say: how it is written and its columns."""

    encoding: str
    delimiter: str
    columns: list[str]
    lines: int  # lines up to and including the header


def load_folder(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Read every record table in ``folder`` into ``raw.*``; what is not understood is in ``record.unread``.

    File names are the table names of the contract in any case, ending in .csv, .csv.gz or .parquet. A table
    whose file is there is *kept*, even if empty. CSV may be UTF-8 (with or without byte order mark), UTF-16
    or Latin-1, separated by comma, semicolon or tab.

    Raises:
        InputError: no folder, no record table in it, two files for one table, a file that is not text or
            Parquet, or a header without a column that the table cannot do without.
    """
    for table, path in _find_tables(connection, folder).items():
        if path.suffix.lower() == ".parquet":
            _load_parquet(connection, table, path)
        else:
            _load_csv(connection, table, path)
        keep(connection, [table])


def _find_tables(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, Path]:
    """The files of the record tables, in the order of the contract; other files are noted."""
    if not folder.is_dir():
        raise InputError(
            f"{folder} is not a folder. Expected a folder with record tables such as person.csv."
        )
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        table = table_of(path)
        if path.is_file() and table in RAW_COLUMNS:
            if table in found:
                raise InputError(
                    f"{folder} holds {found[table].name} and {path.name}, which are both the table "
                    f"'{table}'. Keep one of them."
                )
            found[table] = path
        elif not is_own(path) and not is_report(path):
            meant = near_miss(path)
            expected = (
                f"if {meant} is meant, give it that name" if meant else "expected person, exposure, ..."
            )
            reason = f"not a record table; {expected} as .csv, .csv.gz or .parquet; not read"
            note_unread(connection, [(path.name, "", "file", path.name, reason)])
    if not found:
        raise InputError(
            f"{folder} holds no record table. Expected at least one of "
            f"{', '.join(RAW_COLUMNS)}, each as .csv, .csv.gz or .parquet."
        )
    return {table: found[table] for table in RAW_COLUMNS if table in found}


def _load_csv(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """Stream one CSV file into its raw table; rows with too few or too many cells are noted, not used."""
    header = _read_header(connection, table, path)
    if header is None:
        return
    columns = _match_columns(connection, table, path, header.columns)
    width = len(header.columns)
    names = [f"c{i}" for i in range(width + _SPARE)]
    # A cell too many that is empty is a trailing separator and says nothing.
    spare = " AND ".join(f"coalesce({name}, '') = ''" for name in names[width:])
    filled = f"len(list_filter([{', '.join(names)}], lambda cell: cell IS NOT NULL))"
    # One pass over the file: a row of the wrong length goes in with a mark and is moved to the notes after.
    row = f"""
        CASE WHEN {names[width - 1]} IS NOT NULL AND {spare} THEN CAST(file_row AS VARCHAR)
             ELSE concat_ws(chr(1), '', file_row, {filled}, concat_ws(?, {", ".join(names)})) END"""
    rows = """
        (SELECT row_number() OVER () + 1 AS file_row, *
         FROM read_csv(?, header = false, skip = ?, auto_detect = false, columns = ?, delim = ?, quote = '"',
                       escape = '"', null_padding = true, strict_mode = false, nullstr = ?, encoding = ?,
                       compression = ?, max_line_size = ?, parallel = false))"""
    parameters = [
        header.delimiter, _literal_path(path), header.lines, dict.fromkeys(names, "VARCHAR"),
        header.delimiter, _MARK, header.encoding, "gzip" if path.suffix.lower() == ".gz" else "none", _LINE_BYTES,
    ]  # fmt: skip
    cells = {name: names[position] for name, position in columns.items()}
    if header.delimiter == ";":
        cells |= {name: _with_point(cells[name]) for name in _NUMBERS[table] & cells.keys()}
    try:
        _insert(connection, table, path, cells=cells, row=row, rows=rows, parameters=parameters)
    except duckdb.Error as error:
        raise InputError(f"{path}: cannot be read as a CSV table. {_why_not_csv(path, error)}") from error
    _move_irregular(connection, table, width)


def _with_point(cell: str) -> str:
    """SQL for a number whose decimal comma becomes a point; '1,000' may be a thousand and stays as it is."""
    return f"""
        CASE WHEN regexp_full_match({cell}, '\\s*[<>=]?\\s*[+-]?\\d*,\\d+\\s*')
                  AND NOT regexp_full_match({cell}, '\\s*[<>=]?\\s*[+-]?[1-9]\\d{{0,2}},\\d{{3}}\\s*')
             THEN replace({cell}, ',', '.') ELSE {cell} END"""


def _why_not_csv(path: Path, error: duckdb.Error) -> str:
    """The likely cause of a file that DuckDB gives up, and what to do."""
    number, start = 1, True
    length = 0
    with _open(path) as stream:
        while piece := stream.readline(_HEAD_BYTES):
            number += not start and length == 0
            start = False
            length += len(piece)
            if length > _LINE_BYTES:
                return (
                    f"Line {number} is longer than {_LINE_BYTES:,} bytes, so one of its cells is far too long; "
                    "shorten it and run again."
                )
            if piece.endswith(b"\n"):
                length = 0
    if "line size" in str(error) or "quote" in str(error).lower():
        return (
            "A quotation mark that is opened and never closed is the usual cause; correct the line and run again "
            f"({_first_line(error)})."
        )
    return f"The reader says: {_first_line(error)}. Correct the file, or save it again as 'CSV UTF-8'."


def _move_irregular(connection: duckdb.DuckDBPyConnection, table: str, width: int) -> None:
    """Move the rows that were marked (row, number of cells, text) from the raw table to the notes."""
    connection.execute(
        f"""
        WITH marked AS (
          SELECT source, split_part(source_row, chr(1), 2) AS file_row,
                 CAST(split_part(source_row, chr(1), 3) AS INT) AS cells,
                 split_part(source_row, chr(1), 4) AS text
          FROM raw.{table} WHERE starts_with(source_row, chr(1))
        )
        INSERT INTO record.unread
        SELECT source, file_row, 'row', left(text, 200),
               'the row has ' || CASE WHEN cells = ? THEN 'at least ' ELSE '' END || cells
               || CASE WHEN cells = 1 THEN ' cell' ELSE ' cells' END || ', the header has ' || ?
               || CASE WHEN contains(text, chr(10)) THEN '; a quotation mark was opened and not closed, so '
                       || (length(text) - length(replace(text, chr(10), '')))
                       || CASE WHEN length(text) - length(replace(text, chr(10), '')) = 1
                               THEN ' further line is lost with it' ELSE ' further lines are lost with it' END
                  ELSE '' END || '; row not used'
        FROM marked
        """,
        [width + _SPARE, width],
    )
    connection.execute(f"DELETE FROM raw.{table} WHERE starts_with(source_row, chr(1))")


def _load_parquet(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """Stream one Parquet file into its raw table, every column cast to text."""
    source = "read_parquet(?, file_row_number = true)"
    try:
        described = connection.execute(
            "DESCRIBE SELECT * FROM read_parquet(?)", [_literal_path(path)]
        ).fetchall()
        names = [str(row[0]) for row in described]
        columns = _match_columns(connection, table, path, names)
        cells = {
            name: 'CAST("{}" AS VARCHAR)'.format(names[i].replace('"', '""')) for name, i in columns.items()
        }
        row = "CAST(file_row_number + 2 AS VARCHAR)"
        parameters = [_literal_path(path)]
        _insert(connection, table, path, cells=cells, row=row, rows=source, parameters=parameters)
    except duckdb.Error as error:
        raise InputError(
            f"{path}: cannot be read as Parquet ({_first_line(error)}). "
            "Write the file again, or give it as CSV."
        ) from error


def _insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    path: Path,
    *,
    cells: dict[str, str],
    row: str,
    rows: str,
    parameters: Sequence[object],
) -> None:
    """Append to the raw table; in SQL, ``cells`` is each column that the file has, ``row`` the row number."""
    chosen = [cells.get(name, "NULL") for name in raw_columns(table)[:-2]]
    connection.execute(
        f"INSERT INTO raw.{table} SELECT {', '.join(chosen)}, ?, {row} FROM {rows}", [path.name, *parameters]
    )


def _match_columns(
    connection: duckdb.DuckDBPyConnection, table: str, path: Path, header: list[str]
) -> dict[str, int]:
    """Contract column -> position in the file; a column that is not of the contract is noted."""
    expected = RAW_COLUMNS[table]
    found: dict[str, int] = {}
    for position, name in enumerate(header):
        column = name.strip().lower()
        if column in found:
            raise InputError(
                f"{path}: the column '{column}' stands twice in the header. Remove or rename one."
            )
        if column in expected:
            found[column] = position
        else:
            reason = f"not a column of '{table}'; expected {', '.join(expected)}; column not used"
            note_unread(
                connection, [(path.name, "1", name.strip() or f"column {position + 1}", name, reason)]
            )
    missing = [name for name in REQUIRED_COLUMNS[table] if name not in found]
    if missing:
        raise InputError(
            f"{path}: the header has no column {' and '.join(missing)}. Columns found: "
            f"{', '.join(name.strip() for name in header)}. Columns expected: {', '.join(expected)}. "
            "Name the columns in the first line, separated by comma, semicolon or tab."
        )
    return found


def _read_header(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> _Header | None:
    """How the file is written and its columns; None when the file holds nothing at all."""
    encoding, zero_lines = _encoding(path)
    for line in zero_lines:
        reason = "the line holds a zero (NUL) byte; read as it stands, so check the cell it is in"
        note_unread(connection, [(path.name, "", "file", f"line {line}", reason)])
    if encoding == "latin-1":
        reason = "the file is not UTF-8; read as Latin-1, so check names with accents"
        note_unread(connection, [(path.name, "", "encoding", "", reason)])
    with _open(path) as stream:
        decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)()
        lines = decoder.decode(stream.read(_HEAD_BYTES)).splitlines()
    blank = next((i for i, line in enumerate(lines) if line.strip()), None)
    if blank is None:
        note_unread(
            connection, [(path.name, "", "file", "", "the file is empty; read as a table without rows")]
        )
        return None
    expected = set(RAW_COLUMNS[table])
    readings = {mark: next(csv.reader([lines[blank]], delimiter=mark)) for mark in DELIMITERS}
    delimiter = max(
        readings, key=lambda mark: len(expected & {name.strip().lower() for name in readings[mark]})
    )
    return _Header(encoding, delimiter, readings[delimiter], blank + 1)


def _encoding(path: Path) -> tuple[str, list[int]]:
    """utf-8, utf-16 or latin-1, found by reading the file once in pieces; and the lines that hold a zero byte.

    Raises:
        InputError: the file is binary, damaged or cannot be opened.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8"
    zero_lines: list[int] = []
    lines = 1
    try:
        with _open(path) as stream:
            first = True
            # Read to the end whatever is found: the rest may be damaged or binary.
            while piece := stream.read(_HEAD_BYTES):
                if first and piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    encoding = "utf-16"
                first = False
                if b"\0" in piece and encoding != "utf-16":
                    _find_zero_bytes(path, piece, lines, zero_lines)
                lines += piece.count(b"\n")
                if encoding == "utf-8":
                    try:
                        decoder.decode(piece)
                    except UnicodeDecodeError:
                        encoding = "latin-1"
            if encoding == "utf-8":
                try:
                    decoder.decode(b"", final=True)
                except UnicodeDecodeError:
                    encoding = "latin-1"
    except gzip.BadGzipFile as error:
        raise InputError(f"{path}: {_why_not_gzip(path)}") from error
    except (EOFError, zlib.error) as error:
        cause = "ends too early: it was cut off" if isinstance(error, EOFError) else f"is damaged ({error})"
        raise InputError(f"{path}: the gzip file {cause}. Copy or download it again.") from error
    except OSError as error:
        raise InputError(
            f"{path}: cannot be opened ({error}). Check the file and its permissions."
        ) from error
    return encoding, zero_lines


def _find_zero_bytes(path: Path, piece: bytes, line: int, found: list[int]) -> None:
    """Add the lines of the piece that hold a zero byte; many of them, or one in the header, make a file binary."""
    for number, text in enumerate(piece.split(b"\n"), start=line):
        if b"\0" in text and number not in found:
            found.append(number)
        if found and (found[0] == 1 or len(found) > _MOST_ZERO_LINES):
            raise InputError(
                f"{path}: not a text file (it holds zero (NUL) bytes, the first in line {found[0]}). Expected CSV "
                "text; save a spreadsheet as 'CSV UTF-8' first."
            )


def _why_not_gzip(path: Path) -> str:
    """Why gzip gives up: the file was never compressed, or its content fails the check."""
    with path.open("rb") as stream:
        if stream.read(2) != b"\x1f\x8b":
            return "named .gz but not compressed with gzip. Rename it without .gz, or compress it."
    return "the gzip file is damaged (its check sum does not fit). Copy or download it again."


def _open(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked when its name ends in .gz."""
    if path.suffix.lower() == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


def _literal_path(path: Path) -> str:
    """The path as DuckDB's file functions take it: its wildcards stand for themselves."""
    return "".join(f"[{mark}]" if mark in "*?[" else mark for mark in str(path))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200]
