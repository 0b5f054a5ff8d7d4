"""Converter: official NHANES files (demographics, PHQ-9, prescription drugs, CRP, body measures) -> record tables.

NHANES is a cross-sectional survey: it says which drugs a participant takes today and for how many days so
far, and how the last two weeks were, but no calendar date of either. The record therefore holds reported,
ongoing exposures with ``days_taken`` and measurements without a date. Codes are those of the NHANES codebooks
of each file (wwwn.cdc.gov/nchs/nhanes): 7... refused, 9... don't know, 55555 drug name unknown.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

from opentrd import knowledge
from opentrd.record.normalise import canonical_names
from opentrd.record.raw import InputError, connect

Row = dict[str, str]

# File kind -> columns that it cannot do without. A name such as P_DEMO or DEMO_J is of the kind DEMO.
FILE_KINDS: dict[str, tuple[str, ...]] = {
    "DEMO": ("SEQN", "RIAGENDR"),
    "DPQ": ("SEQN", *(f"DPQ0{item}0" for item in range(1, 10))),
    "RXQ_RX": ("SEQN", "RXDUSE", "RXDDRUG", "RXDDAYS"),
    "HSCRP": ("SEQN", "LBXHSCRP", "LBDHRPLC"),
    "CRP": ("SEQN", "LBXCRP"),
    "BMX": ("SEQN", "BMXBMI"),
}
# Files of measured values: column -> measure, unit, column of the comment code ('1': below the limit of detection).
_VALUES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "HSCRP": (("LBXHSCRP", "hs-CRP", "mg/L", "LBDHRPLC"),),
    "CRP": (("LBXCRP", "CRP", "mg/dL", ""),),
    "BMX": (
        ("BMXBMI", "BMI", "kg/m2", ""),
        ("BMXWT", "body weight", "kg", ""),
        ("BMXHT", "body height", "cm", ""),
        ("BMXWAIST", "waist circumference", "cm", ""),
    ),
}
_KINDS = ", ".join([*FILE_KINDS][:-1]) + " or " + [*FILE_KINDS][-1]
_SUFFIXES = (".csv.gz", ".csv", ".xpt")
_SEX = {"1": "male", "2": "female"}
_NOT_ANSWERED = {"7": "refused", "9": "don't know"}
_DAYS_NOT_ANSWERED = {"77777": "refused", "99999": "don't know"}
_DRUG_NOT_NAMED = {"55555": "drug name unknown", "77777": "refused", "99999": "don't know"}
_PHQ9_ITEMS = range(1, 10)
_PHQ9_ANSWERS = ("0", "1", "2", "3")


class _Unconverted:
    """Counts of what did not become a row, by file, field, value and reason."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str, str]] = Counter()

    def add(self, path: Path, field: str, value: str, reason: str) -> None:
        self.counts[path.name, field, value, reason] += 1

    def by_reason(self) -> dict[str, int]:
        totals: Counter[str] = Counter()
        for (_, _, _, reason), count in self.counts.items():
            totals[reason] += count
        return dict(sorted(totals.items()))


def convert(files: list[Path], out: Path) -> dict[str, Any]:
    """Write ``person.csv``, ``exposure.csv``, ``measurement.csv`` and ``unconverted.csv`` into ``out``.

    Args:
        files: files of the kinds in ``FILE_KINDS`` of any cycles, as .xpt (needs the extra ``pandas``), .csv or
            .csv.gz; of a folder, those of its files. A file that is given twice counts once.
        out: folder, made when missing. A table is written only when a file for it is given, so that what was
            not asked stays "not kept".

    Returns:
        ``persons``, ``exposures``, ``measurements``: rows written; ``unconverted``: reason -> number of cells
        or rows that became nothing (each is listed by value in unconverted.csv).

    Raises:
        InputError: a file is missing, there is no file of these kinds, or a file that cannot be read or lacks a column.
    """
    notes = _Unconverted()
    rows: dict[str, list[tuple[Path, list[Row]]]] = {kind: [] for kind in FILE_KINDS}
    digests: set[bytes] = set()
    for path in _all_files(files):
        kind = _kind(path)
        if kind is None:
            notes.add(path, "file", path.name, f"not a {_KINDS} file; not read")
            continue
        table = _read(path, kind)
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest in digests:
            notes.add(path, "file", path.name, "same file twice, counted once")
        else:
            digests.add(digest)
            rows[kind].append((path, table))
    if not any(rows.values()):
        raise InputError(
            f"No NHANES file to convert. Expected files named {', '.join(f'{kind}_*' for kind in FILE_KINDS)} "
            f"(.xpt, .csv, .csv.gz), given: {', '.join(path.name for path in files) or 'none'}."
        )
    out.mkdir(parents=True, exist_ok=True)
    summary: dict[str, Any] = {"persons": 0, "exposures": 0, "measurements": 0}
    people = _persons(rows, notes)
    summary["persons"] = _write(out / "person.csv", ("person_id", "sex"), people)
    if rows["RXQ_RX"]:
        columns = ("exposure_id", "person_id", "agent", "days_taken", "ongoing", "indication", "status")
        summary["exposures"] = _write(out / "exposure.csv", columns, _exposures(rows["RXQ_RX"], notes))
    if rows["DPQ"] or any(rows[kind] for kind in _VALUES):
        fields = ("measurement_id", "person_id", "measure", "value", "unit", "sign", "assay")
        answers = _measurements(rows["DPQ"], notes)
        summary["measurements"] = _write(
            out / "measurement.csv", fields, chain(answers, _values(rows, notes))
        )
    counted = [(*key, str(count)) for key, count in sorted(notes.counts.items())]
    _write(out / "unconverted.csv", ("file", "field", "value", "reason", "rows"), counted)
    summary["unconverted"] = notes.by_reason()
    return summary


def _all_files(files: Sequence[Path]) -> Iterator[Path]:
    """The files that are given, and of a folder its files of the kinds that are read.

    Raises:
        InputError: a file that does not exist.
    """
    for path in files:
        if path.is_dir():
            yield from sorted(file for file in path.iterdir() if file.is_file() and _kind(file))
        elif path.exists():
            yield path
        else:
            raise InputError(f"{path}: cannot be read, there is no such file or folder. Check the name.")


def _persons(rows: dict[str, list[tuple[Path, list[Row]]]], notes: _Unconverted) -> list[tuple[str, ...]]:
    """All participants that any file names. An age in years gives no birth date: left out and counted."""
    sex: dict[str, str] = {}
    for path, table in rows["DEMO"]:
        for row in table:
            sex[row["SEQN"]] = _SEX.get(row["RIAGENDR"], "")
            if row["RIAGENDR"] not in _SEX:
                notes.add(path, "RIAGENDR", row["RIAGENDR"], "expected 1 (male) or 2 (female); left empty")
            if row.get("RIDAGEYR"):
                notes.add(
                    path, "RIDAGEYR", "", "age in years at the interview; a record takes a birth date only"
                )
    for kind in FILE_KINDS:
        for _, table in rows[kind]:
            for row in table:
                sex.setdefault(row["SEQN"], "")
    return sorted(sex.items())


def _exposures(tables: Sequence[tuple[Path, list[Row]]], notes: _Unconverted) -> Iterator[tuple[str, ...]]:
    """One row per known ingredient of a drug that the participant takes."""
    connection = connect()
    knowledge.load_into(connection)
    named = {part for _, table in tables for row in table for part in _ingredients(row["RXDDRUG"])}
    agents = canonical_names(connection, "exposure", named)
    connection.close()
    for path, table in tables:
        for number, row in enumerate(table, start=2):
            if row["RXDUSE"] in _NOT_ANSWERED:
                reason = f"{_NOT_ANSWERED[row['RXDUSE']]} whether any drug is taken"
                notes.add(path, "RXDUSE", row["RXDUSE"], reason)
            drug = row["RXDDRUG"]
            if drug in _DRUG_NOT_NAMED:
                notes.add(path, "RXDDRUG", drug, f"drug not named ({_DRUG_NOT_NAMED[drug]})")
                continue
            for part in _ingredients(drug):
                if part not in agents:
                    notes.add(path, "RXDDRUG", part, "not an agent of the knowledge")
            known = sorted({agents[part] for part in _ingredients(drug) if part in agents})
            if not known:
                continue
            days = _days(path, row["RXDDAYS"], notes)
            for place, agent in enumerate(known, start=1):
                id_ = f"{_stem(path)} row {number}" + (f" part {place}" if len(known) > 1 else "")
                yield (id_, row["SEQN"], agent, days, "true", row.get("RXDRSD1", ""), "reported")


def _days(path: Path, text: str, notes: _Unconverted) -> str:
    if text in _DAYS_NOT_ANSWERED:
        reason = f"days taken not answered ({_DAYS_NOT_ANSWERED[text]}); left empty"
        notes.add(path, "RXDDAYS", text, reason)
        return ""
    if text == "":
        notes.add(path, "RXDDAYS", "", "no days taken given; left empty")
    return text


def _measurements(tables: Sequence[tuple[Path, list[Row]]], notes: _Unconverted) -> Iterator[tuple[str, ...]]:
    """The answered items of the PHQ-9, and its total where all nine are answered."""
    for path, table in tables:
        for row in table:
            answered: list[int] = []
            for item in _PHQ9_ITEMS:
                field = f"DPQ0{item}0"
                answer = row[field]
                if answer in _PHQ9_ANSWERS:
                    answered.append(int(answer))
                    yield (
                        f"{_stem(path)} {row['SEQN']} {field}",
                        row["SEQN"],
                        f"PHQ-9 item {item}",
                        answer,
                        "", "", "",
                    )  # fmt: skip
                elif answer in _NOT_ANSWERED:
                    notes.add(path, field, answer, f"item not answered ({_NOT_ANSWERED[answer]})")
                elif answer == "":
                    notes.add(path, field, "", "item missing")
                else:
                    notes.add(path, field, answer, "expected 0, 1, 2 or 3")
            if len(answered) == len(_PHQ9_ITEMS):
                total = str(sum(answered))
                id_ = f"{_stem(path)} {row['SEQN']} total"
                yield (id_, row["SEQN"], "PHQ-9", total, "", "", "summed from items")
            else:
                notes.add(path, "DPQ010-DPQ090", "", "no PHQ-9 total: not all nine items are answered")


def _values(rows: dict[str, list[tuple[Path, list[Row]]]], notes: _Unconverted) -> Iterator[tuple[str, ...]]:
    """The measured values, each with its unit; what lies below the limit of detection with ``<``."""
    for kind, columns in _VALUES.items():
        for path, table in rows[kind]:
            for row in table:
                for column, measure, unit, comment in columns:
                    value = row.get(column, "")
                    if value == "":
                        notes.add(path, column, "", "no value")
                        continue
                    below = bool(comment) and row.get(comment) == "1"
                    id_ = f"{_stem(path)} {row['SEQN']} {column}"
                    given = _limit(value) if below else value
                    yield (id_, row["SEQN"], measure, given, unit, "<" if below else "", "")


def _limit(filled: str) -> str:
    """A bound that the value lies below. NHANES fills in the limit of detection divided by the square root of 2,
    rounded to two digits; the bound is what could have been rounded to it, rounded up."""
    try:
        return f"{math.ceil((float(filled) + 0.005) * math.sqrt(2) * 100) / 100:.2f}"
    except ValueError:
        return filled


def _ingredients(drug: str) -> list[str]:
    """NHANES writes a combination as 'A; B'."""
    return [part for piece in drug.split(";") if (part := piece.strip())]


def _stem(path: Path) -> str:
    name = path.name
    suffix = next((s for s in _SUFFIXES if name.lower().endswith(s)), "")
    return name[: len(name) - len(suffix)]


def _kind(path: Path) -> str | None:
    """The kind by the file's name (CRP_D is of the kind CRP), else None."""
    if not path.name.lower().endswith(_SUFFIXES):
        return None
    stem = _stem(path).upper().removeprefix("P_")
    return next((kind for kind in FILE_KINDS if stem == kind or stem.startswith(f"{kind}_")), None)


def _read(path: Path, kind: str) -> list[Row]:
    """All rows of a file as text, whole numbers without a decimal point.

    Raises:
        InputError: the file cannot be read or lacks a column of its kind.
    """
    try:
        rows = list(_read_transport(path) if path.suffix.lower() == ".xpt" else _read_csv(path))
    except (OSError, EOFError, ValueError, csv.Error, zlib.error) as error:
        raise InputError(
            f"{path}: cannot be read as NHANES data ({error}). Download the file again."
        ) from error
    columns = set(rows[0]) if rows else set()
    missing = [name for name in FILE_KINDS[kind] if name not in columns]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}. Columns found: {', '.join(sorted(columns)) or 'none'}. "
            f"Expected an official NHANES {kind} file."
        )
    return rows


def _read_csv(path: Path) -> Iterator[Row]:
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            yield {str(name).strip().upper(): _plain(text) for name, text in row.items() if name is not None}


def _read_transport(path: Path) -> Iterator[Row]:
    try:
        pandas = import_module("pandas")
    except ImportError as error:
        raise InputError(
            f"{path}: reading SAS transport files needs pandas. Install it with: "
            "pip install 'opentrd[pandas]', or give the file as CSV."
        ) from error
    frame = pandas.read_sas(path, format="xport", encoding="latin-1")
    names = [str(name).upper() for name in frame.columns]
    for values in frame.itertuples(index=False, name=None):
        yield {
            name: "" if pandas.isna(value) else _plain(value)
            for name, value in zip(names, values, strict=True)
        }


def _plain(cell: object) -> str:
    """A cell as text: '5840.0' is 5840, and the transport format's 5.4e-79, its way to write zero, is 0."""
    text = "" if cell is None else str(cell).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    if math.isnan(number):  # 'NaN', as pandas and R may write an empty cell
        return ""
    return str(round(number)) if abs(number - round(number)) < 1e-9 else text


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> int:
    """Write one CSV table and return its number of rows."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count
