"""How fast the chain is, beside hand-written SQL that answers one of its questions on the same rows, in one run.

    python bench/chain.py [persons]

Prints seconds, persons per second and the ratio. The hand-written SQL answers "at least two different antidepressants for
42 days at the ATRQ minimum, improvement below 50 % or stopped for inefficacy, in known days": it has no unknowns, no
episodes, no lineage, no other definition. It is the floor, not an equal.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

import opentrd
from opentrd.assess.plan import order
from opentrd.engines import duckdb as embedded
from opentrd.record.synthesize import synthesize

HAND_WRITTEN = """
WITH dosed AS (
  SELECT x.person_id, x.agent, x.start_earliest AS start_date, x.end_latest AS end_date, x.improvement_pct, x.stop_reason
  FROM record.exposure AS x
  JOIN knowledge.agent_set AS s ON s.agent = x.agent AND s.agent_set = 'antidepressant'
  JOIN knowledge.dose_minimum AS m ON m.agent = x.agent AND m.dose_table = 'atrq' AND m.form = ''
  WHERE x.daily_dose_mg >= m.min_dose_mg AND x.end_latest IS NOT NULL
), ordered AS (
  SELECT *, max(end_date) OVER (PARTITION BY person_id, agent ORDER BY start_date, end_date
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to
  FROM dosed
), era AS (
  SELECT *, sum(CASE WHEN covered_to IS NULL OR date_diff('day', covered_to, start_date) > 31 THEN 1 ELSE 0 END)
              OVER (PARTITION BY person_id, agent ORDER BY start_date, end_date ROWS UNBOUNDED PRECEDING) AS era_no
  FROM ordered
), trial AS (
  SELECT person_id, agent, era_no,
         sum(CASE WHEN covered_to IS NULL OR covered_to < start_date THEN date_diff('day', start_date, end_date) + 1
                  WHEN covered_to < end_date THEN date_diff('day', covered_to, end_date) ELSE 0 END) AS days,
         arg_max(coalesce(improvement_pct < 50, stop_reason = 'inefficacy'), start_date) AS failed
  FROM era GROUP BY person_id, agent, era_no
)
SELECT count(*) FROM (SELECT person_id FROM trial WHERE days >= 42 AND failed
                      GROUP BY person_id HAVING count(DISTINCT agent) >= 2)
"""


def main() -> None:
    """Make the persons, run both, print the figures."""
    persons = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    out = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        synthesize(persons, 1, Path(folder), "record", file_format="parquet")
        began = time.perf_counter()
        record = opentrd.read(Path(folder))
        read = time.perf_counter() - began
        exposures = record.connection.execute("SELECT count(*) FROM record.exposure").fetchall()[0][0]
        began = time.perf_counter()
        embedded.run(record.connection, order())
        chain = time.perf_counter() - began
        began = time.perf_counter()
        answer = record.connection.execute(HAND_WRITTEN).fetchall()[0][0]
        hand = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.print(f"{persons:,} persons, {exposures:,} exposures, peak memory {peak:,.0f} MB")
    out.print(f"read and normalise   {read:8.2f} s   {persons / read:12,.0f} persons/s")
    out.print(f"the whole chain      {chain:8.2f} s   {persons / chain:12,.0f} persons/s")
    out.print(f"hand-written, 1 rule {hand:8.2f} s   {persons / hand:12,.0f} persons/s")
    out.print(f"ratio: {chain / hand:.1f} (six definitions, three instruments, all bounds; against one rule)")
    out.print(f"persons by the hand-written rule: {answer:,}")


if __name__ == "__main__":
    main()
