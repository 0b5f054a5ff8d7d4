"""Reader for PharmCAT results (report or phenotype JSON, also gzipped): star alleles as genotype rows.

Nothing of PharmCAT's own recommendations is used: the alleles, the activity score and the phenotype go into the record,
and the assessment reads them by its own tables. What was not called is listed, not guessed.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from opentrd.record.raw import InputError, append_rows, keep, note_unread
from opentrd.record.schema import RAW_COLUMNS

# Genes that the assessment has rules for; the others of a report are noted in one line.
GENES = ("CYP2B6", "CYP2C19", "CYP2D6", "CYP3A4")
_HEAD = 65_536
_MOST_BYTES = 512 << 20
_NAMED = 3  # genes named before the rest is counted
_NOT_CALLED = ("unknown/unknown", "unknown", "no result", "n/a", "")
_WRONG = (OSError, EOFError, zlib.error, UnicodeDecodeError, ValueError, RecursionError)

Json = dict[str, Any]


def is_report(path: Path) -> bool:
    """Whether a file looks like a PharmCAT report or phenotype result."""
    if not path.is_file() or not path.name.lower().endswith((".json", ".json.gz")):
        return False
    try:
        head = _bytes(path, _HEAD)
    except _WRONG:
        return False
    return b'"pharmcatVersion"' in head or (b'"matcherMetadata"' in head and b'"geneReports"' in head)


def load_reports(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> None:
    """Add the genotypes of PharmCAT reports to ``raw.genotype``; notes go to ``record.unread``.

    A report belongs to the person whose id is its sample id or title; where the other inputs hold one person only, to
    that person; where there are no other inputs, to a person with the sample id.

    Raises:
        InputError: a file that is not readable as a PharmCAT result, or of which it is not clear whose it is.
    """
    persons = _persons(connection)
    for path in paths:
        report = _parsed(path)
        person = _person(path, report, persons)
        rows, notes = _rows(path.name, report)
        append_rows(connection, "genotype", [row | {"person_id": person} for row in rows])
        note_unread(connection, notes)
    keep(connection, ["genotype"])


def _bytes(path: Path, most: int) -> bytes:
    if path.name.lower().endswith(".gz"):
        with gzip.open(path, "rb") as packed:
            return packed.read(most)
    with path.open("rb") as file:
        return file.read(most)


def _parsed(path: Path) -> Json:
    try:
        content = _bytes(path, _MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError("larger than 512 MB")
        report = json.loads(content)
    except _WRONG as problem:
        raise InputError(
            f"{path}: not readable as a PharmCAT result ({problem}). Expected the report or phenotype JSON "
            "that PharmCAT writes; make it again or leave it out."
        ) from None
    if not isinstance(report, dict) or not isinstance(_genes(report), dict):
        raise InputError(
            f"{path}: field genes: not an object with one entry per gene. Expected a report or phenotype JSON of "
            "PharmCAT 2 or later; run a newer PharmCAT, or write the star alleles into genotype.csv."
        )
    return report


def _genes(report: Json) -> Any:
    genes = report.get("genes", report.get("geneReports"))
    if isinstance(genes, dict) and isinstance(genes.get("CPIC"), dict):
        # Reports up to version 2 hold the genes once for each guideline; the alleles are the same.
        return {**(genes["DPWG"] if isinstance(genes.get("DPWG"), dict) else {}), **genes["CPIC"]}
    return genes


def _persons(connection: duckdb.DuckDBPyConnection) -> list[str]:
    every = " UNION ".join(f"SELECT person_id FROM raw.{table}" for table in RAW_COLUMNS)
    query = f"SELECT DISTINCT trim(person_id) FROM ({every}) WHERE trim(person_id) <> '' ORDER BY 1"
    return [str(person) for (person,) in connection.execute(query).fetchall()]


def _person(path: Path, report: Json, persons: Sequence[str]) -> str:
    metadata = report.get("matcherMetadata")
    sample = metadata.get("sampleId") if isinstance(metadata, dict) else None
    names = [str(name).strip() for name in (sample, report.get("title")) if name and str(name).strip()]
    for name in names:
        if name in persons:
            return name
    if len(persons) == 1:
        return persons[0]
    if not persons and names:
        return names[0]
    raise InputError(
        f"{path}: field matcherMetadata.sampleId: names none of the {len(persons)} persons of the other inputs. "
        "Expected the person_id of one of them; run PharmCAT with that sample id, or give the report with the data of "
        "one person."
    )


def _rows(
    file: str, report: Json
) -> tuple[list[dict[str, str | None]], list[tuple[str, str, str, str, str]]]:
    """The genotype rows of one report, without the person, and the notes on what was not used."""
    rows: list[dict[str, str | None]] = []
    notes: list[tuple[str, str, str, str, str]] = []
    genes = _genes(report)
    for gene in GENES:
        found = genes.get(gene)
        called = list(_called(found)) if isinstance(found, dict) else []
        for label, phenotype, score in called:
            row = {"gene": gene, "diplotype": label, "phenotype": phenotype, "activity_score": score}
            rows.append(row | {"source": file, "source_row": gene})
        if not called and gene in genes:
            notes.append((file, gene, "diplotype", "", "PharmCAT did not call this gene; no genotype row"))
        missing = _missing(found)
        if called and missing:
            reason = f"{missing} positions were not in the sample; PharmCAT reads them as the reference"
            notes.append((file, gene, "variants", "", reason))
    others = sorted(str(gene) for gene in genes if gene not in GENES)
    if others:
        shown = ", ".join(others[:_NAMED]) + (
            f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        )
        notes.append((file, "", "genes", shown, "no rule of OpenTRD asks these genes; not used"))
    return rows, notes


def _called(found: Json) -> Iterator[tuple[str | None, str | None, str | None]]:
    """Diplotype, phenotype and activity score of every call; several calls are several rows."""
    for name in ("recommendationDiplotypes", "sourceDiplotypes"):
        calls = found.get(name)
        listed = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
        if listed:
            break
    else:
        return
    for call in listed:
        phenotypes = call.get("phenotypes")
        label, score = _known(call.get("label")), _known(call.get("activityScore"))
        stated = phenotypes if isinstance(phenotypes, list) and len(phenotypes) == 1 else [None]
        phenotype = _known(stated[0])
        if label or phenotype or score:
            # An activity score such as ≥4.0 is no number; the alleles say the same.
            yield label, phenotype, score if score and score[0].isdigit() else None


def _known(value: Any) -> str | None:
    text = str(value).strip() if isinstance(value, str | int | float) else ""
    return None if text.lower() in _NOT_CALLED else text


def _missing(found: Any) -> int:
    variants: Iterable[Any] = found.get("variants", ()) if isinstance(found, dict) else ()
    if not isinstance(variants, list):
        return 0
    return sum(1 for variant in variants if isinstance(variant, dict) and not variant.get("call"))
