"""The era step beside a peer, in one run on the same rows: PhenEx, which needs Python 3.12.

    python bench/peers.py [persons] [--phenex-python PATH]

PATH is a Python in which PhenEx is installed. Without one (or where it cannot be imported) the line says that it was skipped.
PhenEx makes one time range table per drug (EventsToTimeRange), from the start of each exposure, its days and a gap of 30 days;
ours are all agents, both readings (certain and possible), from the exposures to the eras.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

import opentrd
from opentrd import knowledge
from opentrd.assess.plan import order
from opentrd.engines import duckdb as embedded
from opentrd.record.synthesize import synthesize

ERA_STEPS = ("as_of", "issue", "supply", "chain", "era")
_PHENEX = """
import sys, time
import ibis
from phenex.codelists import Codelist
from phenex.derived_tables import EventsToTimeRange
from phenex.tables import CodeTable

class Drug(CodeTable):
    NAME_TABLE = "DRUG_EXPOSURE"
    DEFAULT_MAPPING = {"PERSON_ID": "PERSON_ID", "EVENT_DATE": "EVENT_DATE", "CODE": "CODE"}
    KNOWN_FIELDS = ["PERSON_ID", "EVENT_DATE", "CODE", "DAYS"]

con = ibis.duckdb.connect()
con.raw_sql("SET threads = 2")
rows = con.read_parquet(sys.argv[1])
rows = con.create_table("drug", rows)
agents = sorted(rows.CODE.as_table().distinct().execute().CODE)
began = time.perf_counter()
eras = 0
for agent in agents:
    node = EventsToTimeRange(name="ERA_" + "".join(c for c in agent.upper() if c.isalpha()), domain="DRUG_EXPOSURE",
                             codelist=Codelist([agent]), max_days=30, days_columnname="DAYS", gap_period=30)
    eras += node.execute({"DRUG_EXPOSURE": Drug(rows)}).count().execute()
print(time.perf_counter() - began, int(eras), len(agents))
"""


def main() -> None:
    """Make the persons, run our era steps, then PhenEx's; print seconds and the ratio."""
    words = sys.argv[1:]
    python = words[words.index("--phenex-python") + 1] if "--phenex-python" in words else sys.executable
    persons = int(words[0]) if words and words[0].isdigit() else 20_000
    out = Console(highlight=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        synthesize(persons, 1, folder / "record", "record", file_format="parquet")
        connection = opentrd.read(folder / "record").connection
        connection.execute("SET threads = 2")
        knowledge.load_into(connection)
        connection.execute(
            "COPY (SELECT person_id AS PERSON_ID, start_latest AS EVENT_DATE, agent AS CODE, "
            "date_diff('day', start_latest, end_earliest) AS DAYS FROM record.exposure WHERE start_latest IS NOT NULL) "
            f"TO '{folder}/drug.parquet'"
        )
        began = time.perf_counter()
        embedded.run(connection, [step for step in order() if step.table in ERA_STEPS])
        ours = time.perf_counter() - began
        sizes = connection.execute(
            "SELECT (SELECT count(*) FROM record.exposure), (SELECT count(*) FROM assess.era)"
        ).fetchall()[0]
        out.print(f"{persons:,} persons, {sizes[0]:,} exposures, 2 threads")
        out.print(f"OpenTRD, exposures to eras {ours:8.2f} s   {sizes[1]:,} eras, two readings")
        script = folder / "phenex_eras.py"
        script.write_text(_PHENEX, encoding="utf-8")
        done = subprocess.run(
            [python, str(script), str(folder / "drug.parquet")], capture_output=True, text=True, check=False
        )
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["no message"])[-1]
            out.print(f"PhenEx was skipped: {why}", markup=False)
            return
        seconds, eras, agents = done.stdout.split()[-3:]
        out.print(
            f"PhenEx, one node per drug  {float(seconds):8.2f} s   {int(eras):,} eras of {agents} drugs"
        )
        out.print(f"ratio: {float(seconds) / ours:.1f}")


if __name__ == "__main__":
    main()
