"""Writes docs/audit.md from the registry of rules: ``python tools/audit_page.py``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from opentrd.evidence.audit import RULES

TARGET = Path(__file__).parent.parent / "docs" / "audit.md"
HEAD = """# What the auditor checks

```
opentrd audit table.csv                      # an evidence table: one row a study or an effect
opentrd audit article.txt --out results      # an article as plain text or Markdown, with its references; and a page
opentrd audit *.txt table.csv --json         # several at once, as one JSON list
```

It reads a published table or text and lists what cannot be true together: within the text, between text and reference list,
and against the studies that OpenTRD knows (`opentrd knowledge study`). Each **finding** has a rule, a place (file, line,
section or table row), both statements, the arithmetic, a severity, and, where it can be told, where the error starts: in
this text (`review`) or already in the study (`study`). What only a person can settle is a **question**; questions are shown
and written apart and are not in the JSON list unless `--questions` asks for them.

Severity: *high* changes what a reader concludes; *medium* is a wrong number or method; *low* is form, spelling or the list of
references. Every rule allows for rounding: a number stands for all values that are printed so.

## What it can read

- **CSV or TSV.** Columns are recognised by their names: `study`, `design`, `estimate` (or `yi`, `effect size`), `measure`, `ci_low`,
  `ci_high` (or one column `95% CI`), `level`, `p`, `statistic`, `df`, `n`, `n1`, `n2`, `events_1`, `mean`, `sd`, `scale`, `items`,
  `min`, `max`, `percent`, `quality`, `tool`, `findings`, `subject`, `polarity` and their usual variants. Columns that were
  not understood are named in the output.
- **Text.** Headings, sentences, tables (tabs or Markdown pipes), a reference list (numbered, or by author and year), citations in
  brackets, parentheses or superscripts, or by author and year. Figures are not read.

Decimal commas ("0,75 (0,61-0,93)") are read as points in a table or text that has no decimal point, otherwise in the paragraphs
that have none; the output says so.

It does not read PDF, does not search for the cited papers, and says nothing about what it could not read. A text without
findings is a text in which these rules found nothing.

## The rules
"""


def text() -> str:
    """The whole page."""
    parts = [HEAD]
    rules = list(RULES.values())
    groups = list(dict.fromkeys(rule.group for rule in rules))
    for group, members in groupby(
        sorted(rules, key=lambda rule: groups.index(rule.group)), lambda rule: rule.group
    ):
        parts.append(f"### {group}\n")
        for rule in members:
            parts.append(
                f"**`{rule.id}`** ({rule.severity}). {rule.asserts}\n\n- needs: {rule.needs}\n- arithmetic: {rule.arithmetic}\n"
                f"- source: {rule.source}\n"
            )
    parts.append(
        "Each rule has a planted contradiction and a near miss in `tests/audit_cases`. This page is written by "
        "`tools/audit_page.py` from the rules themselves.\n"
    )
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
