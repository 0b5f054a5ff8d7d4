"""Write docs/data-dictionary.md from the header comments of the SQL files. A test holds the file against them."""

from __future__ import annotations

from pathlib import Path

from opentrd.assess import plan

TARGET = Path(__file__).parent.parent / "docs" / "data-dictionary.md"
_HEAD = """# Data dictionary

Made from the header comments of the SQL files by `python tools/data_dictionary.py`. First the output tables, then the
steps between the record and them.
"""


def text() -> str:
    """The whole dictionary as Markdown."""
    steps = plan.steps()
    inner = [name for name in sorted(steps) if name not in plan.OUTPUT_TABLES]
    parts = [_HEAD]
    for name in (*plan.OUTPUT_TABLES, *inner):
        step = steps[name]
        title = step.sql.splitlines()[0].removeprefix("-- ").strip()
        parts.append(f"## {name}\n\n{_sentence(title.split(': ', 1)[-1])}\n")
        rows = "\n".join(
            f"| {_cell(names)} | {_cell(meaning)} |" for names, meaning in plan.columns_documented(step)
        )
        parts.append(f"| column | meaning |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
