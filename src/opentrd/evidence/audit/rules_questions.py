"""What a careful reader would ask: designs against titles, tables beside the included set, definitions between texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opentrd.evidence.audit import references
from opentrd.evidence.audit.designs import included_tables, studies
from opentrd.evidence.audit.model import Finding, Material, Reference, Sentence, Table, quote
from opentrd.evidence.audit.read import body
from opentrd.evidence.audit.registry import rule
from opentrd.evidence.audit.rules_references import short

_EXPERIMENT = re.compile(
    r"\b(?:controlled|randomi[sz]ed|double-?\s?blind)\b[^.]{0,40}?\b(?:study|trial)\b", re.IGNORECASE
)
_OVERVIEW = re.compile(
    r"\b(?:review|overview|theor(?:y|ies)|concepts?|perspectives?|hypothes[ie]s|progress and prospects|commentary)\b",
    re.IGNORECASE,
)
_SYSTEMATIC = re.compile(r"\b(?:meta-?analy\w+|systematic review)\b", re.IGNORECASE)
_TRIAL = re.compile(
    r"\b(?:randomi[sz]ed|double-blind|placebo-controlled)\b[^.]{0,40}\b(?:trial|study)\b", re.IGNORECASE
)


@rule(
    "design_against_title", group="References", severity="question",
    asserts="A study told as a controlled trial is not cited with a paper whose title is that of an overview, nor the reverse.",
    needs="a sentence that cites one paper of a list with titles and names a design",
    arithmetic="design word in the sentence against words in the title of the cited entry",
    source="citation accuracy: Jergas & Baethge 2015, PeerJ 3:e1364",
)  # fmt: skip
def design_against_title(material: Material) -> Iterator[Finding]:
    """ "In a controlled study ..." with an overview behind it; a sentence without a citation leans on the next one."""
    for document in material.documents:
        listed = document.numbered()
        styles = tuple(style for style in document.style.split(", ") if style)
        if not listed:
            continue
        sentences = body(document)
        for place, sentence in enumerate(sentences):
            entry = _only(sentence, styles, listed)
            if entry is None:
                continue
            told = [sentence.text]
            before = sentences[place - 1] if place else None
            # "In a controlled study, ... . This finding ... [9]" has its citation one sentence later.
            if (
                before is not None
                and before.paragraph == sentence.paragraph
                and not references.numeric(before.text, before.place, styles)
                and re.match(
                    r"(?:this|these|such|the) (?:finding|result|data|pattern|observation)",
                    sentence.text,
                    re.IGNORECASE,
                )
            ):
                told.append(before.text)
            text = " ".join(told)
            overview = _OVERVIEW.search(entry.title)
            # "A review of randomised trials" is told as a review: then the title is right.
            if (
                _EXPERIMENT.search(text)
                and not _OVERVIEW.search(text)
                and overview
                and not _SYSTEMATIC.search(text + entry.title)
            ):
                asked = f"told as {_first(_EXPERIMENT, text)!r}; the title says {overview.group()!r}. Is this the right paper?"
            elif (
                _SYSTEMATIC.search(text)
                and _TRIAL.search(entry.title)
                and not _SYSTEMATIC.search(entry.title)
            ):
                said, title = _first(_SYSTEMATIC, text), _first(_TRIAL, entry.title)
                asked = f"told as {said!r}; the title says {title!r}. Is this the right paper?"
            else:
                continue
            yield Finding(
                "design_against_title", str(sentence.place), quote(text), f"listed: {short(entry)}", asked, "low", question=True,
            )  # fmt: skip


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return " ".join(match.group().split()) if match else ""


def _only(sentence: Sentence, styles: tuple[str, ...], listed: dict[int, Reference]) -> Reference | None:
    numbers = {
        number
        for cite, _ in references.numeric(sentence.text, sentence.place, styles)
        for number in cite.numbers
    }
    return listed.get(numbers.pop()) if len(numbers) == 1 else None


def _numbers(table: Table) -> dict[int, int]:
    """The bracketed reference numbers in the first column of a table, with their line."""
    found: dict[int, int] = {}
    for row in table.rows:
        for cite, _ in references.numeric(row.cells[0] if row.cells else "", table.place(row), ("bracket",)):
            for number in cite.numbers:
                found.setdefault(number, row.line)
    return found


@rule(
    "outside_included", group="Methods and quality tools", severity="question",
    asserts="A table that groups the included studies holds included studies only.",
    needs="a table of included studies with reference numbers, and a second table that cites them in its first column",
    arithmetic="numbers of the second table minus those of the first, where at least four fifths are shared",
    source="PRISMA 2020, item 20a (Page 2021, BMJ 372:n71)",
)  # fmt: skip
def outside_included(material: Material) -> Iterator[Finding]:
    """Papers in a summary table that are not among the included."""
    for document in material.documents:
        for first in included_tables(document):
            included = _numbers(first)
            if len(included) < 4 or len(included) < 0.8 * len(studies(first)):
                continue
            for table in document.tables:
                if table is first:
                    continue
                numbers = _numbers(table)
                extra = sorted(set(numbers) - set(included))
                if extra and len(numbers) >= 4 and len(extra) <= 0.2 * len(numbers):
                    entries = [
                        short(document.numbered()[number])
                        for number in extra
                        if number in document.numbered()
                    ]
                    yield Finding(
                        "outside_included", str(document.place(numbers[extra[0]], table.title.split(".")[0])),
                        f"{table.title.split('.')[0]} cites {', '.join(map(str, extra))}: {'; '.join(entries)}",
                        f"{first.title.split('.')[0]}: {len(included)} included studies, {min(included)} to {max(included)}",
                        f"{len(extra)} of {len(numbers)} papers are not among the included. Should they stand there?",
                        "low", question=True,
                    )  # fmt: skip


_DEFINES = re.compile(
    r"\b(?:treatment[- ]resistan\w+|TRD)\b[^.]{0,160}?\b(?:at least |after )?(?:two|2)\b[^.]{0,60}?\bantidepressant\w*|"
    r"\b(?:at least |after )?(?:two|2)\b[^.]{0,60}?\bantidepressant\w*[^.]{0,160}?\b(?:treatment[- ]resistan\w+|TRD)\b",
    re.IGNORECASE,
)
_CLASSES = re.compile(r"(?:different|distinct)\s+(?:\w+\s+)?class(?:es)?", re.IGNORECASE)


@rule(
    "definition_between_texts", group="Claims against claims", severity="question",
    asserts="Texts that are read together define resistance alike.",
    needs="two or more files, each with a sentence that defines resistance by two failed antidepressants",
    arithmetic="definitions that ask for different classes against definitions that do not",
    source="Sforzini 2022, Mol Psychiatry 27:1286-1299 (definitions differ)",
)  # fmt: skip
def definition_between_texts(material: Material) -> Iterator[Finding]:
    """Two classes here, two trials there: one question for all files."""
    found: dict[str, Sentence] = {}
    for document in material.documents:
        first = next((s for s in document.sentences if _DEFINES.search(s.text)), None)
        classes = next(
            (s for s in document.sentences if _DEFINES.search(s.text) and _CLASSES.search(s.text)), None
        )
        chosen = classes or first
        if chosen is not None:
            found[document.file] = chosen
    asking = {file: one for file, one in found.items() if _CLASSES.search(one.text)}
    others = {file: one for file, one in found.items() if file not in asking}
    if asking and others:
        one, other = next(iter(asking.values())), next(iter(others.values()))
        yield Finding(
            "definition_between_texts", "; ".join(str(s.place) for s in (*asking.values(), *others.values())), quote(one.text),
            quote(other.text), f"different classes needed in {len(asking)}, not in {len(others)} of the texts: which one is meant?",
            "low", question=True,
        )  # fmt: skip
