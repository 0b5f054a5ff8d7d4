"""Write docs/definitions.md from the knowledge tables: one line for each definition and instrument, with its source,
what its source does not give, and what cannot be computed at all. A test holds the file against the tables."""

from __future__ import annotations

from pathlib import Path

import duckdb

from opentrd import knowledge
from opentrd.knowledge.wording import definition_texts

TARGET = Path(__file__).parent.parent / "docs" / "definitions.md"
_HEAD = """# Definitions and instruments

Made from the knowledge tables by `python tools/definitions_page.py`. Each line is rendered from the parameters that the SQL
reads; `opentrd knowledge definition` prints the rows themselves.

- `none` in a row: the clause is not part of the definition. An empty cell: its source does not give it; the clause is then
  not known for any trial, so the definition is not met or undetermined, never met. The last column names these gaps.
- Clinical definitions that ask for an adequate dose and name no doses are read with the minimum doses of the ATRQ, and say so
  under *taken as given*. Labels, registers and claims studies that do not give their figures keep the gap.
- *read in* says where the rule was read; *status* is `verified` (read in the source itself), `transcribed` (read in another
  author's words), `computed` or `recalled` (not read; to be checked before use).
"""
_FAMILIES = {
    "failures": "Definitions that count trials",
    "switches": "Definitions that count switches of issued drugs",
    "window": "Definitions that look at a window of days",
    "scores": "Cut-offs of instruments",
    "instrument": "Instruments",
}


def text() -> str:
    """The whole page as Markdown."""
    with duckdb.connect(":memory:") as connection:
        knowledge.load_into(connection)
        said = definition_texts(connection)
    rows = knowledge.table("definition").to_pylist()
    parts = [_HEAD]
    for family, title in _FAMILIES.items():
        lines = [
            _line(
                f"`{row['definition']}`: {row['title']}",
                said[row["definition"]]["text"],
                row["assumes"],
                f"{row['source']} (read in: {row['read_in']}; {row['knowledge_status']})",
                said[row["definition"]]["missing"],
            )
            for row in rows
            if row["family"] == family
        ]
        parts.append(f"## {title}\n\n{_table('name', 'rule', 'taken as given', 'source', 'not given')}")
        parts[-1] += "\n".join(lines) + "\n"
    parts.append(
        f"## What cannot be computed\n\n{_table('name', 'what is missing', 'source', 'looked for in')}"
    )
    parts[-1] += "\n".join(
        _line(f"`{row['name']}`: {row['title']}", row["missing"], row["source"], row["read_in"])
        for row in knowledge.table("not_computable").to_pylist()
    )
    return "\n".join(parts) + "\n"


def _table(*names: str) -> str:
    return f"| {' | '.join(names)} |\n|{'---|' * len(names)}\n"


def _line(*cells: str | None) -> str:
    return f"| {' | '.join((cell or '').replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
