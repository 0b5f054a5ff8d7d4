"""Write docs/spread.md: what the definitions say about one synthetic population, beside the truth.

opentrd synthesize --persons 20000 --seed 1 --out population
opentrd assess population --out run && opentrd compare run --truth population/truth --min-count 1
python tools/spread_page.py run
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "spread.md"
HEAD = """# The spread between definitions

One synthetic population of {persons:,} persons (`opentrd synthesize --persons {persons} --seed 1`), all definitions, and the
truth: who really had at least two failed adequate trials in one episode. Synthetic histories are plausible, not real: this page
shows how far definitions lie apart and how they fail, not how common anything is. Percentages are of the persons a definition
may speak about; *lowest* counts those who certainly meet it, *highest* also the undetermined. Sensitivity, specificity and
predictive value are of the decided persons. Made by `tools/spread_page.py` from the tables of `opentrd compare`.

| definition | lowest % | highest % | sensitivity % | specificity % | positive predictive value % |
|---|---|---|---|---|---|
"""


def main() -> None:
    """Read prevalence and accuracy of a compared run, write the page, sorted by the lowest percentage."""
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "compare" / "accuracy.csv").is_file():
        sys.exit(f"Give the folder of a compared run, with its truth:\n{__doc__}")
    folder = Path(sys.argv[1]) / "compare"
    accuracy = {row["definition"]: row for row in _rows(folder / "accuracy.csv")}
    rows = sorted(_rows(folder / "prevalence.csv"), key=lambda row: -float(row["eligible_low_pct"] or 0))
    lines = [HEAD.format(persons=int(rows[0]["persons"]))]
    for row in rows:
        found = accuracy.get(row["definition"], {})
        cells = [row["definition"], row["eligible_low_pct"], row["eligible_high_pct"]]
        cells += [_percent(found.get(name)) for name in ("sensitivity", "specificity", "ppv")]
        lines.append(f"| {' | '.join(cell or 'nobody meets it' for cell in cells)} |\n")
    PAGE.write_text("".join(lines), encoding="utf-8")


def _percent(share: str | None) -> str:
    return f"{100 * float(share):.1f}" if share else ""


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
