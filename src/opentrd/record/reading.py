"""From a source to a record: find out what the source is, read it, and put it into the typed tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from opentrd import knowledge
from opentrd.knowledge.own import shipped
from opentrd.knowledge.own_tables import Facts
from opentrd.record.file_names import is_own, is_record_folder, is_record_table, near_miss
from opentrd.record.files import load_folder
from opentrd.record.normalise import normalise
from opentrd.record.omop_remote import InPlace
from opentrd.record.pharmcat import is_report, load_reports
from opentrd.record.raw import InputError, connect, create_record_tables

_DIGEST_BLOCK = 1 << 20
_NAMED = 3  # inputs named in a message
_DATABASE_ENDINGS = (".duckdb", ".db", ".ddb")
_FHIR_ENDINGS = (".json", ".ndjson", ".json.gz", ".ndjson.gz", ".jsonl")
_EXPECTED = (
    "Expected a FHIR R4 bundle (.json), a FHIR bulk export (.ndjson files or a folder of them), a folder of record "
    "tables (person.csv, exposure.csv, ... or .parquet), or an OMOP CDM (a DuckDB file, a folder of tables, "
    "or postgresql://...); beside any of them, or alone, PharmCAT reports (.json)."
)


@dataclass
class Record:
    """What is known of one or many persons: typed tables in an embedded database, and what was not understood.

    ``connection`` holds the schemas ``record`` (the typed tables) and ``knowledge``; ``kind`` is ``fhir``, ``omop`` or
    ``tables``; ``digests`` are the sizes and SHA-256 sums of the files read, without their names.
    """

    database: duckdb.DuckDBPyConnection
    kind: str
    digests: list[dict[str, str | int]] = field(default_factory=list)
    # The last assessment may have run beside the database; this makes its tables there, once somebody looks.
    pending: Callable[[], None] | None = field(default=None, repr=False, compare=False)
    run_number: int = field(default=0, repr=False, compare=False)
    # The facts that lie in the database.
    facts: Facts | None = field(default=None, repr=False, compare=False)
    # A CDM that stays where it is: the tables above are filled when it is assessed, with results only.
    in_place: InPlace | None = field(default=None, repr=False, compare=False)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The embedded database, with the tables of the last assessment in it."""
        if self.pending is not None:
            self.pending()
            self.pending = None
        return self.database

    @property
    def persons(self) -> int:
        """Number of persons."""
        return int(self.database.execute("SELECT count(*) FROM record.person").fetchall()[0][0])

    @property
    def unread(self) -> int:
        """Number of notes on what was not understood."""
        return int(self.database.execute("SELECT count(*) FROM record.unread").fetchall()[0][0])

    def know(self, facts: Facts) -> None:
        """Load these facts, unless they are those that lie there."""
        if self.facts is not facts:
            knowledge.load_into(self.database, facts)
            self.facts = facts

    def only(self, person_id: str) -> None:
        """Keep one person. Raises InputError if there is no such person (of a CDM in place: when it is assessed)."""
        if self.in_place is not None:
            self.in_place.person = person_id
            return
        found = self.connection.execute(
            "SELECT count(*) FROM record.person WHERE person_id = ?", [person_id]
        ).fetchall()
        if not found[0][0]:
            raise InputError(
                f"The source has no person with the id given; number of persons in it: {self.persons}."
            )
        for table in ("person", "observation_period", "exposure", "procedure", "condition", "measurement",
                      "genotype", "coverage"):  # fmt: skip
            self.connection.execute(f"DELETE FROM record.{table} WHERE person_id <> ?", [person_id])


def read(
    source: str | Path | Sequence[str | Path], *, cdm_schema: str | None = None, engine: str | None = None
) -> Record:
    """Read a source (one or several paths, or a ``postgresql://`` address) into a Record.

    A CDM in PostgreSQL stays there, and so does one in Parquet when ``engine`` is ``spark``: it is read when it is
    assessed, by that engine.

    What was not understood is listed in the record's ``unread`` table. Raises InputError when the source cannot be
    read at all, with a message that says why.
    """
    sources = [source] if isinstance(source, str | Path) else list(source)
    if not sources:
        raise InputError(f"No input was given. {_EXPECTED}")
    record = Record(connect(), "omop", in_place=_in_place(sources, cdm_schema, engine))
    record.know(shipped())
    if record.in_place is not None:
        create_record_tables(record.database)
        return record
    record.kind, record.digests = _load(record.database, sources, cdm_schema)
    normalise(record.database)
    return record


def _in_place(sources: list[str | Path], cdm_schema: str | None, engine: str | None) -> InPlace | None:
    """The CDM, when it is one that stays where it is."""
    from opentrd.record.omop_files import split_name, table_files
    from opentrd.record.omop_source import is_omop, is_postgres

    if len(sources) != 1:
        return None
    if is_postgres(sources[0]):
        return InPlace(str(sources[0]), cdm_schema)
    folder = Path(sources[0])
    if engine != "spark" or cdm_schema is not None or not folder.is_dir() or not is_omop(folder):
        return None
    parts = [part for files in table_files(folder)[0].values() for part in files]
    typed = all(split_name(part.name)[1] == ".parquet" for part in parts)
    return InPlace(folder) if typed else None


def _load(
    connection: duckdb.DuckDBPyConnection, sources: list[str | Path], cdm_schema: str | None
) -> tuple[str, list[dict[str, str | int]]]:
    from opentrd.record.omop_source import is_omop

    paths = [Path(source) for source in sources]
    for path in paths:
        if not path.exists():
            shown = (
                path.name if "://" in str(sources) or ":/" in str(path) else path
            )  # an address may hold a password
            raise InputError(f"{shown}: there is no such file or folder. {_EXPECTED}")
    reports = [path for path in paths if is_report(path)]
    if reports:
        rest: list[str | Path] = [path for path in paths if path not in reports]
        kind = _load(connection, rest, cdm_schema)[0] if rest else "tables"
        load_reports(connection, reports)
        return kind, _digests(paths)
    only = paths[0] if len(paths) == 1 else None
    # A folder of record tables and a CDM both have a person table; the CDM's columns tell them apart.
    if only is not None and is_omop(only):
        from opentrd.record.omop import load_omop

        if cdm_schema is not None and only.is_dir():
            raise InputError(f"--cdm-schema {cdm_schema} is for a CDM in a database; {only} is a folder.")
        load_omop(connection, only, cdm_schema=cdm_schema)
        return "omop", _digests(paths)
    if only is not None and only.is_file() and only.suffix.lower() in _DATABASE_ENDINGS:
        from opentrd.record.omop import load_omop

        load_omop(connection, only, cdm_schema=cdm_schema)  # says what is wrong with it
        return "omop", _digests(paths)
    if cdm_schema is not None:
        raise InputError(
            f"--cdm-schema {cdm_schema} is for a CDM in a database; {only or paths[0]} is not one."
        )
    if only is not None and is_record_folder(only):
        load_folder(connection, only)
        if inside := [path for path in sorted(only.iterdir()) if is_report(path)]:
            load_reports(connection, inside)
        return "tables", _digests(paths)
    from opentrd.record.fhir import is_fhir, load_fhir

    if all(is_record_table(path) for path in paths):
        places = ", ".join(sorted({str(path.absolute().parent) for path in paths}))
        raise InputError(
            f"{only or paths[0]}: record tables are read as a folder; give the folder that holds it: {places}"
        )
    if only is not None and only.is_file() and not only.name.lower().endswith(_FHIR_ENDINGS):
        raise InputError(f"{only}: not a file that OpenTRD reads by itself.{_meant(paths)} {_EXPECTED}")
    if any(is_fhir(path) for path in paths) or all(path.is_file() for path in paths):
        load_fhir(connection, paths)
        return "fhir", _digests(paths)
    named = ", ".join(map(str, paths[:_NAMED])) + (
        f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    )
    raise InputError(f"{named}: nothing in it can be read.{_meant(paths)} {_EXPECTED}")


def _meant(paths: list[Path]) -> str:
    """Which record tables the files are probably meant to be."""
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    pairs = [(file.name, table) for file in files if (table := near_miss(file))]
    return "".join(
        f" Is {name} the table {table}? Then call it {table}{''.join(Path(name).suffixes)}."
        for name, table in pairs[:_NAMED]
    )


def _digests(paths: list[Path]) -> list[dict[str, str | int]]:
    """Size and SHA-256 of every file read; names are left out, because they can name a patient.

    What OpenTRD itself wrote beside them (the truth of a synthesis, an earlier run) is not read.
    """
    files = [
        file
        for path in paths
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if file.is_file() and not any(is_own(part) for part in (file, *file.parents) if path in part.parents)
    ]
    return [{"bytes": file.stat().st_size, "sha256": _sha256(file)} for file in files]


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_DIGEST_BLOCK):
            digest.update(block)
    return digest.hexdigest()
