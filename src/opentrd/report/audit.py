"""The page of an audit: findings by gravity with both statements and the arithmetic, questions, and the rules that ran."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import opentrd
from opentrd import knowledge
from opentrd.evidence.audit import RULES, Finding, Report
from opentrd.report import pages

COLUMNS = ("rule", "locus", "statement_a", "statement_b", "arithmetic", "severity", "origin")
SEVERITY_WORDS = {
    "high": "changes what a reader concludes",
    "medium": "a number or a method is wrong",
    "low": "form, spelling, reference list",
}


def content(report: Report) -> dict[str, Any]:
    """What the page prints, from a report."""
    fired = Counter(found.rule for found in report.findings)
    asked = Counter(found.rule for found in report.questions)
    files = [
        {
            "name": document.file,
            "kind": "evidence table" if document.tables and document.tables[0].is_csv else "text",
            "rows": sum(len(table.rows) for table in document.tables),
            "sentences": len(document.sentences),
            "references": len(document.references),
            "citations": len(document.citations),
            "effects": len(document.estimates),
            "counts": {
                word: sum(
                    found.severity == word and _file(found) == document.file for found in report.findings
                )
                for word in SEVERITY_WORDS
            },
            "questions": sum(_file(found) == document.file for found in report.questions),
            "notes": document.notes,
        }
        for document in report.documents
    ]
    return {
        "files": files,
        "groups": [
            {"severity": word, "meaning": meaning, "files": _by_file(report, word)}
            for word, meaning in SEVERITY_WORDS.items()
            if any(found.severity == word for found in report.findings)
        ],
        "number": len(report.findings),
        "counts": {word: sum(found.severity == word for found in report.findings) for word in SEVERITY_WORDS},
        "questions": [_item(found) for found in report.questions],
        "rules": [
            {
                "id": rule.id,
                "group": rule.group,
                "asserts": rule.asserts,
                "arithmetic": rule.arithmetic,
                "source": rule.source,
                "fired": fired[rule.id] + asked[rule.id],
            }
            for rule in RULES.values()
        ],
    }


def _file(found: Finding) -> str:
    return found.locus.partition(":")[0]


def _by_file(report: Report, severity: str) -> list[dict[str, Any]]:
    return [
        {"name": document.file, "findings": [_item(found) for found in here]}
        for document in report.documents
        if (
            here := [
                one for one in report.findings if one.severity == severity and _file(one) == document.file
            ]
        )
    ]


def _item(found: Finding) -> dict[str, Any]:
    places = []
    for locus in found.locus.split("; "):
        file, _, rest = locus.partition(":")
        line, _, within = rest.partition(" (")
        places.append({"file": file, "line": line, "within": within.removesuffix(")")})
    rule = RULES[found.rule]
    return {**found.row(), "places": places, "title": rule.asserts, "name": found.rule.replace("_", " ")}


def page(report: Report) -> str:
    """The page as HTML: self-contained, printable, all text from files escaped."""
    meta = {"version": opentrd.__version__, "knowledge_digest": knowledge.digest()}
    return pages.audit_page(content(report), meta)


def write(folder: Path, report: Report) -> Path:
    """Write ``index.html``, ``findings.csv`` and ``questions.csv`` into ``folder``; the path of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, found in (("findings", report.findings), ("questions", report.questions)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for one in found:
                writer.writerow([_safe(one.row()[column]) for column in COLUMNS])
    target = folder / "index.html"
    target.write_text(page(report), encoding="utf-8")
    return target


def _safe(cell: str) -> str:
    """A cell that a spreadsheet does not run as a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell
