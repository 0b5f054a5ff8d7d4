"""Every rule of the auditor on a planted contradiction and on a near miss (``tests/audit_cases``).

A case is named ``<rule>.positive*`` or ``<rule>.negative*``. A positive case must give its rule and no other; a negative case
must stay silent altogether. A file of the rule's name in ``beside`` is audited together with its cases.
Whole articles in ``clean`` are right throughout. ``facts.json`` holds invented study rows for the rules that hold a text
against its sources.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from opentrd.evidence.audit import RULES, audit
from opentrd.evidence.audit.run import facts

CASES = Path(__file__).parent / "audit_cases"
FILES = sorted(path for path in CASES.iterdir() if path.suffix in (".csv", ".txt", ".md"))


@cache
def _facts() -> Mapping[str, Sequence[Mapping[str, object]]]:
    own = json.loads((CASES / "facts.json").read_text(encoding="utf-8"))
    return {**{name: rows for name, rows in facts().items() if name.startswith("measure")}, **own}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_case(path: Path) -> None:
    rule, kind = path.name.split(".")[:2]
    beside = CASES / "beside" / f"{rule}.txt"
    report = audit([path, beside] if beside.exists() else [path], rows=_facts())
    fired = {found.rule for found in (*report.findings, *report.questions)}
    assert fired == ({rule} if kind.startswith("positive") else set()), [
        found.row() for found in (*report.findings, *report.questions)
    ]


@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_has_a_planted_contradiction_and_a_near_miss(rule: str) -> None:
    kinds = {path.name.split(".")[1].split("-")[0] for path in FILES if path.name.split(".")[0] == rule}
    assert kinds == {"positive", "negative"}


def test_every_case_belongs_to_a_rule() -> None:
    assert {path.name.split(".")[0] for path in FILES} == set(RULES)


@pytest.mark.parametrize("path", sorted((CASES / "clean").iterdir()), ids=lambda path: path.name)
def test_a_sound_article_is_left_in_peace(path: Path) -> None:
    report = audit([path], rows=_facts())
    assert [found.row() for found in (*report.findings, *report.questions)] == []
    (document,) = report.documents
    assert len(document.references) >= 6 and len(document.citations) >= 8 and len(document.estimates) >= 3
