"""``opentrd bench``: how fast the assessment is and what memory it takes, beside hand-written SQL on the same rows.

The hand-written script (``hand_written.sql``) answers the same definitions with two truth values for exact dates: no
bounds, no reasons, no lineage, no stages. It is the floor that the chain is measured against, not an equal.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from opentrd import knowledge
from opentrd.api import CHUNK_PERSONS
from opentrd.assess.plan import leading_to
from opentrd.engines import duckdb as embedded
from opentrd.record.raw import connect
from opentrd.record.reading import read
from opentrd.record.schema import RECORD_COLUMNS
from opentrd.record.synthesize import synthesize

HAND_WRITTEN = Path(__file__).with_name("hand_written.sql")
# Persons made and read at a time: the population may be larger than memory.
SLICE = 100_000
Say = Callable[[str], None]
# What the hand-written script answers too, and the stages beside it.
VERDICTS = ("verdict", "stage")


@dataclass(frozen=True)
class Figures:
    """One measurement: sizes, seconds, peak memory of the process in MB, and how far both scripts agree."""

    persons: int
    exposures: int
    definitions: int
    chain_seconds: float
    hand_seconds: float | None
    peak_mb: float
    agreement: float | None
    seconds: dict[str, float]  # per step, summed over chunks that ran side by side

    @property
    def ratio(self) -> float | None:
        """Seconds of the chain per second of the hand-written script."""
        return None if not self.hand_seconds else self.chain_seconds / self.hand_seconds


def population(persons: int, file: Path, *, seed: int = 1, say: Say | None = None) -> None:
    """Write synthetic persons as typed record tables into a DuckDB file, a slice at a time.

    Each slice has its own seed, and its number before the ids, so that slices do not share a person.
    """
    with duckdb.connect(str(file)) as target:
        target.execute("CREATE SCHEMA record")
        for number, start in enumerate(range(0, persons, SLICE)):
            if say:
                say(f"making persons {start + 1:,} and on")
            with tempfile.TemporaryDirectory() as folder:
                synthesize(
                    min(SLICE, persons - start), seed + number, Path(folder), "record", file_format="parquet"
                )
                record = read(Path(folder))
                for table in RECORD_COLUMNS:
                    rows = record.connection.table(f"record.{table}").to_arrow_table()
                    target.register("slice", rows)
                    named = (
                        f"SELECT * REPLACE ('{number:02d}' || person_id AS person_id) FROM slice"
                        if "person_id" in rows.column_names
                        else "FROM slice"
                    )
                    if number == 0:
                        target.execute(f'CREATE TABLE record."{table}" AS {named}')
                    elif "person_id" in rows.column_names or table == "unread":
                        target.execute(f'INSERT INTO record."{table}" {named}')
                    target.unregister("slice")
                record.connection.close()


def measure(
    file: Path,
    *,
    threads: int = 2,
    memory: str = "3GB",
    hand_written: bool = True,
    tables: tuple[str, ...] = VERDICTS,
    chunk: int = CHUNK_PERSONS,
    say: Say | None = None,
) -> Figures:
    """Run the chain, then the hand-written script, over the record tables of a DuckDB file; return the figures.

    ``tables`` are those that the chain is run for and that are written (``verdict`` among them, where compared).
    ``memory`` limits the database's own buffers; the peak is that of the whole process. Results are written as Parquet.
    """
    connection = connect(str(file), memory_limit=memory)
    connection.execute(f"SET threads = {threads}")
    knowledge.load_into(connection)
    with tempfile.TemporaryDirectory() as folder:
        connection.execute(f"SET temp_directory = '{folder}/spill'")
        began = time.perf_counter()
        seconds = embedded.run_in_chunks(
            connection, leading_to(*tables), size=chunk, keep=tables, into=Path(folder), progress=say
        )
        chain = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        hand = agreement = None
        if hand_written:
            if say:
                say("hand-written SQL")
            began = time.perf_counter()
            connection.execute("DROP SCHEMA IF EXISTS hand CASCADE")
            connection.execute(HAND_WRITTEN.read_text(encoding="utf-8"))
            hand = time.perf_counter() - began
            agreement = connection.execute(
                "SELECT avg(CASE WHEN v.met = h.met THEN 1.0 ELSE 0.0 END) "
                f"FROM read_parquet('{folder}/verdict/*.parquet') AS v JOIN hand.verdict AS h USING (person_id, definition) "
                "WHERE v.met IS NOT NULL"
            ).fetchall()[0][0]
            connection.execute("DROP SCHEMA hand CASCADE")
    sizes = connection.execute(
        "SELECT (SELECT count(*) FROM record.person), (SELECT count(*) FROM record.exposure), "
        "(SELECT count(*) FROM knowledge.definition)"
    ).fetchall()[0]
    connection.close()
    persons, exposures, definitions = (int(size) for size in sizes)
    return Figures(persons, exposures, definitions, chain, hand, peak, agreement, seconds)
