"""Run all rules over some files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from opentrd import knowledge
from opentrd.evidence.audit import (
    read,
    rules_columns,
    rules_counts,
    rules_effects,
    rules_flow,
    rules_interval,
    rules_methods,
    rules_polarity,
    rules_possible,
    rules_questions,
    rules_reference_list,
    rules_references,
    rules_scale,
    rules_sizes,
    rules_sources,
    rules_studies,
    rules_tests,
    rules_text,
)
from opentrd.evidence.audit.model import SEVERITIES, Document, Finding, Material
from opentrd.evidence.audit.registry import RULES
from opentrd.evidence.audit.shelf import Shelf, number, same_effects
from opentrd.evidence.errors import EvidenceError

# Importing a module of rules registers them; this is the order of the documentation and of the page.
MODULES = (
    rules_interval, rules_possible, rules_tests, rules_counts, rules_flow, rules_scale, rules_columns, rules_methods,
    rules_references, rules_reference_list, rules_text, rules_polarity, rules_sizes, rules_studies, rules_effects,
    rules_sources, rules_questions,
)  # fmt: skip
_order = [module.__name__ for module in MODULES]
_sorted = sorted(RULES.values(), key=lambda rule: _order.index(rule.check.__module__))
RULES.clear()
RULES.update({rule.id: rule for rule in _sorted})
FACTS = ("measure", "measure_code", "study", "arm", "effect", "claim", "guideline_line")


@dataclass(frozen=True)
class Report:
    """What an audit found: the findings (gravest first), the questions, and the documents they are about."""

    findings: tuple[Finding, ...]
    questions: tuple[Finding, ...]
    documents: tuple[Document, ...]

    def rows(self, *, questions: bool = False) -> list[dict[str, str]]:
        """The findings as rows of the contract, with ``questions`` also what only a person can settle."""
        return [found.row() for found in (*self.findings, *(self.questions if questions else ()))]


def facts() -> dict[str, list[dict[str, object]]]:
    """The knowledge tables that the rules read; a table that is not there is left out."""
    known = set(knowledge.tables())
    return {name: knowledge.table(name).to_pylist() for name in FACTS if name in known}


def audit(
    paths: Sequence[str | Path],
    *,
    rows: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Audit evidence tables (CSV) and texts (.txt, .md); files given together are also held against one another.

    ``rows``: facts by table instead of the shipped ones (``study``, ``effect``, ``measure``, ...).
    Raises ``EvidenceError`` when a file cannot be read or two have the same name.
    """
    files = [Path(path) for path in paths]
    names = [path.name for path in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise EvidenceError(
            f"two files are called {twice[0]}", advice="rename one, so that findings can name their file"
        )
    documents = []
    for path in files:
        progress(f"reading {path.name}")
        documents.append(read.read(path))
    return examine(Material(documents, facts() if rows is None else rows), progress)


def examine(material: Material, progress: Callable[[str], None] = lambda _: None) -> Report:
    """Run every rule over documents that are already read."""
    found: list[Finding] = []
    for rule in RULES.values():
        progress(f"rule {rule.id}")
        found.extend(rule.check(material))
    unique = [_with_origin(one, material) for one in dict.fromkeys(found)]
    order = {document.file: place for place, document in enumerate(material.documents)}

    def rank(one: Finding) -> tuple[int, int, int]:
        file, _, rest = one.locus.partition(":")
        digits = rest.split(" ")[0].split(";")[0]
        return (
            SEVERITIES.index(one.severity),
            order.get(file, 0),
            int(digits) if digits.isdigit() else 0,
        )

    return Report(
        tuple(sorted((one for one in unique if not one.question), key=rank)),
        tuple(sorted((one for one in unique if one.question), key=rank)),
        tuple(material.documents),
    )


_COPIED = ("sign_lost", "estimate_outside_interval", "estimate_off_centre", "interval_order")


def _with_origin(found: Finding, material: Material) -> Finding:
    """Whether a wrong interval already stands so in the study (then the review only copied it)."""
    if found.rule not in _COPIED or found.origin:
        return found
    shelf = Shelf(material)
    for document in material.documents:
        for table in document.tables:
            for row in table.rows:
                study = shelf.of_row(document, row.study) if str(table.place(row)) == found.locus else None
                if study is None:
                    continue
                for one in document.estimates:
                    if one.place != table.place(row) or not one.low or not one.high:
                        continue
                    if one.value.text not in found.statement_a or one.low.text not in found.statement_b:
                        continue
                    printed = [
                        effect
                        for effect in same_effects(shelf, study, one)
                        if number(effect, "ci_low") is not None
                    ]
                    alike = any(
                        number(effect, "ci_low") == one.low.value
                        and number(effect, "ci_high") == one.high.value
                        for effect in printed
                    )
                    if printed:
                        return replace(found, origin="study" if alike else "review")
    return found
