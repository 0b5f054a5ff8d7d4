"""Whether a citation can be the source of what is told: trial names, topics of titles, first reports, sole approvals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opentrd.evidence.audit import references
from opentrd.evidence.audit.designs import included_tables, studies
from opentrd.evidence.audit.model import Document, Finding, Material, Reference, Sentence, quote
from opentrd.evidence.audit.read import body
from opentrd.evidence.audit.references import plain
from opentrd.evidence.audit.registry import rule
from opentrd.evidence.audit.rules_references import short
from opentrd.evidence.audit.shelf import Row, Shelf, says

GROUP = "References"
_POOLS = ("meta-analysis", "review")


def _styles(document: Document) -> tuple[str, ...]:
    return tuple(style for style in document.style.split(", ") if style and style != "author-year")


def _cited(document: Document, sentence: Sentence) -> list[int]:
    cites = references.numeric(sentence.text, sentence.place, _styles(document))
    return sorted({number for cite, _ in cites for number in cite.numbers})


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


@rule(
    "trial_against_entry", group=GROUP, severity="medium",
    asserts="A trial that is called by its name is cited with a paper of that trial.",
    needs="a sentence with the name of a trial that the knowledge has, and numeric citations whose entries it also has",
    arithmetic="trial names of the cited entries against the name told; a question where a cited number is not in the list",
    source="the study rows; citation accuracy: Jergas & Baethge 2015, PeerJ 3:e1364",
)  # fmt: skip
def trial_against_entry(material: Material) -> Iterator[Finding]:
    """A named trial behind whose citation stand other trials only."""
    shelf = Shelf(material)
    names = {
        str(row["trial_name"])
        for row in shelf.studies.values()
        if row.get("trial_name") and re.fullmatch(r"[A-Z][A-Za-z]*(?:[-*][A-Z0-9]+)+", str(row["trial_name"]))
    }
    for document in material.documents:
        listed = document.numbered()
        for sentence in body(document):
            numbers = _cited(document, sentence)
            told = [
                name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", sentence.text)
            ]
            entries = [listed[number] for number in numbers if number in listed]
            if not told or not entries:
                continue
            rows = [shelf.of_reference(entry) for entry in entries]
            for name in sorted(told):
                if any(
                    row is None or _of_trial(row, entry, name)
                    for row, entry in zip(rows, entries, strict=True)
                ):
                    continue
                missing = [str(number) for number in numbers if number not in listed]
                after = (
                    f"; {', '.join(missing)} is not in the list. Is that the one meant?" if missing else ""
                )
                yield Finding(
                    "trial_against_entry", str(sentence.place), quote(sentence.text, 240),
                    "; ".join(f"listed: {short(entry)}" for entry in entries),
                    f"{name} is told; the cited papers are of {', '.join(_trial(row) for row in rows if row)}{after}",
                    "medium", "review", question=bool(missing),
                )  # fmt: skip


def _of_trial(row: Row, entry: Reference, name: str) -> bool:
    """Whether a cited paper may speak of the trial: it is of it, names it, or pools or reviews many."""
    own = str(row.get("trial_name") or "")
    if _letters(name) in _letters(own) or _letters(name) in _letters(entry.title):
        return True
    return not own or any(word in str(row.get("design")) for word in _POOLS)


def _trial(row: Row) -> str:
    return f"{row['trial_name']} ({row['study']})" if row.get("trial_name") else str(row["study"])


# Words of every text on the subject: sharing them says nothing.
_WORDS = """
about after also among analysis antidepressant antidepressants based between both clinical compared controlled
criteria depressed depression depressive disorder disorders drug drugs during effect effects efficacy evidence from
function functional have into major management meta more most other outcome outcomes over patient patients randomised
randomized report resistance resistant response results review role several severe some studies study such systematic
than that their them therapy these they this those through towards treatment treatments trial under using versus were
when which with within without
"""
_FEWEST_WORDS = 8
_COMMON = frozenset(word[:6] for word in _WORDS.split())


def _stems(text: str) -> set[str]:
    words = re.findall(r"[a-zà-ž]{4,}", text.lower())
    return {word[:6] for word in words} - _COMMON


@rule(
    "citation_topic", group=GROUP, severity="question",
    asserts="The title of a paper cited for what its author found has something to do with the paragraph.",
    needs="a numbered list with titles, and a sentence that names an author (et al.) and cites one paper of that author",
    arithmetic="words of the title (first six letters, without those of every text on depression; two or more) in the "
    "paragraph of at least eight such words: none",
    source="citation accuracy: Jergas & Baethge 2015, PeerJ 3:e1364",
)  # fmt: skip
def citation_topic(material: Material) -> Iterator[Finding]:
    """A paper on a scale behind "structured interviews reduce errors"."""
    for document in material.documents:
        listed = document.numbered()
        titles = {number: _stems(entry.title) for number, entry in listed.items()}
        paragraphs: dict[int, str] = {}
        for sentence in body(document):
            paragraphs[sentence.paragraph] = f"{paragraphs.get(sentence.paragraph, '')} {sentence.text}"
        for sentence in body(document):
            numbers = _cited(document, sentence)
            entry = listed.get(numbers[0]) if len(numbers) == 1 else None
            if entry is None or len(titles[numbers[0]]) < 2:
                continue
            told = _stems(paragraphs[sentence.paragraph])
            # In a few words nothing can be missed.
            if len(told) < _FEWEST_WORDS or titles[numbers[0]] & told:
                continue
            if not _named(sentence, entry):
                continue
            yield Finding(
                "citation_topic", str(sentence.place), quote(sentence.text), f"listed: {short(entry)}",
                "the title shares no word of its own with the paragraph. Is this the right paper?", "low", question=True,
            )  # fmt: skip


def _named(sentence: Sentence, entry: Reference) -> bool:
    told = re.findall(r"([A-ZÀ-Ž][\w'’-]+)\s+(?:et\s+al\b|and\s+(?:colleagues|co-?workers))", sentence.text)
    return any(plain(name) in {plain(one) for one in entry.surnames} for name in told)


@rule(
    "primary_report", group="Against the study rows", severity="question",
    asserts="What a trial set out to show is cited from its own report, not from a secondary analysis of it.",
    needs="a table row, or a sentence that cites one study, on a secondary analysis whose trial has a report in the knowledge",
    arithmetic="superiority or non-inferiority told, nothing of a secondary analysis, and another study row with the same trial name",
    source="the study rows; CONSORT 2025 (primary outcome)",
)  # fmt: skip
def primary_report(material: Material) -> Iterator[Finding]:
    """ "The trial showed non-inferiority" with a subgroup paper behind it."""
    shelf = Shelf(material)
    for document in material.documents:
        told: list[tuple[str, str, Row]] = []
        for table in document.tables:
            for row in table.rows:
                study = shelf.of_row(document, row.study)
                if study is not None:
                    told.append((str(table.place(row)), f"{row.study}: {' '.join(row.cells[1:])}", study))
        for sentence in body(document):
            study = shelf.cites_only_one(document, sentence.text, sentence.place)
            if study is not None:
                told.append((str(sentence.place), sentence.text, study))
        for locus, text, study in told:
            if not str(study.get("design")).startswith("secondary analysis") or not study.get("trial_name"):
                continue
            own = [
                row for row in shelf.studies.values()
                if row.get("trial_name") == study["trial_name"] and str(row.get("design")).startswith("randomised")
            ]  # fmt: skip
            claims = re.search(r"\bnon-?inferior|\bsuperior", text, re.IGNORECASE)
            if (
                claims
                and own
                and not re.search(r"second|post[- ]hoc|sub-?group|exploratory", text, re.IGNORECASE)
            ):
                yield Finding(
                    "primary_report", locus, quote(text), f"{says(study)}: {study['design']}",
                    f"{claims.group()!r} is told; {own[0]['study']} is the report of {study['trial_name']} itself. Is that one meant?",
                    "medium", question=True,
                )  # fmt: skip


_SOLE = re.compile(
    r"\b(?:only|sole)\b[^.;]{0,60}\b(?:approv\w+|licen[cs]\w+|authori[sz]\w+)\b|"
    r"\b(?:approv\w+|licen[cs]\w+|authori[sz]\w+)\b[^.;]{0,40}\b(?:only|solely|exclusively)\b",
    re.IGNORECASE,
)
_RESISTANT = re.compile(
    r"treatment[- ]resistan\w+|resistant depression|\bTRD\b|refractory depression", re.IGNORECASE
)


@rule(
    "sole_approval", group="Against the study rows", severity="medium",
    asserts="A treatment that is called the only one approved for resistant depression is the only one with such a label.",
    needs="a sentence with only or sole, an approval, resistant depression, and a treatment whose label the knowledge has",
    arithmetic="other treatments with a label line whose condition is resistant depression or two failures; a recalled line asks",
    source="the labels, as the guideline lines give them",
)  # fmt: skip
def sole_approval(material: Material) -> Iterator[Finding]:
    """ "The only drug approved for resistant depression" where others have such a label."""
    lines = [
        row for row in material.rows("guideline_line")
        if row.get("line") == "licensed"
        and (_RESISTANT.search(str(row.get("condition") or "")) or str(row.get("asks") or "").endswith("_failures"))
    ]  # fmt: skip
    names = list(dict.fromkeys(str(row["target"]) for row in lines))
    for document in material.documents:
        for sentence in body(document):
            text = sentence.text
            if (
                not _SOLE.search(text)
                or not _RESISTANT.search(text)
                or re.search(r"\bnot (?:the )?only\b", text, re.IGNORECASE)
            ):
                continue
            told = [name for name in names if re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE)]
            drugs = re.search(r"\bdrugs?\b|\bmedic\w+|antidepressant|pharmac", text, re.IGNORECASE)
            others = [
                row for row in lines
                if row["target"] not in told and (not drugs or row.get("role") != "course")
            ]  # fmt: skip
            if len(told) != 1 or not others:
                continue
            sure = [row for row in others if row.get("knowledge_status") != "recalled"]
            shown = "; ".join(
                f"{row['target']}: {row['guideline']}, {row['condition']} ({row['knowledge_status']})"
                for row in others
            )
            ask = "" if sure else " Is there another? The label lines are only recalled"
            yield Finding(
                "sole_approval", str(sentence.place), quote(text, 240), shown,
                f"told as the only one: {told[0]}; others with such a label: {', '.join(str(row['target']) for row in others)}.{ask}",
                "medium", "review", question=not sure,
            )  # fmt: skip


_UNIPOLAR_ONLY = re.compile(
    r"\b(?:exclusively|only|solely|purely)\b[^;.]{0,40}\bunipolar\b|\bunipolar\b[^;.]{0,25}\b(?:only|alone|exclusively)\b",
    re.IGNORECASE,
)
_UNIPOLAR = re.compile(r"\bunipolar\b|\bMDD\b|\bmajor depressi", re.IGNORECASE)


@rule(
    "eligibility_against_study", group="Against the study rows", severity="question",
    asserts="No included study is on persons only whom the criteria exclude.",
    needs="a sentence that excludes studies of unipolar depression alone, and a table of included studies that the knowledge has",
    arithmetic="populations of the study rows: unipolar or major depressive disorder, and nothing bipolar",
    source="PRISMA 2020, item 5 (Page 2021, BMJ 372:n71); the study rows",
)  # fmt: skip
def eligibility_against_study(material: Material) -> Iterator[Finding]:
    """ "Exclusively unipolar" excluded, and trials of major depressive disorder included."""
    shelf = Shelf(material)
    for document in material.documents:
        criteria = next(
            (
                one for one in document.sentences
                if re.search(r"exclusion criteria|\bexclude[ds]?\b|ineligible", one.text, re.IGNORECASE)
                and _UNIPOLAR_ONLY.search(one.text) and one.place.line >= document.header_end
            ),
            None,
        )  # fmt: skip
        if criteria is None:
            continue
        found = [
            (str(table.place(row)), row.study, str(study["population"]))
            for table in included_tables(document) for row in studies(table)
            if (study := shelf.of_row(document, row.study)) is not None
            and _UNIPOLAR.search(str(study.get("population") or "")) and "bipolar" not in str(study["population"]).lower()
        ]  # fmt: skip
        if found:
            yield Finding(
                "eligibility_against_study", "; ".join([str(criteria.place), *(place for place, _, _ in found[:3])]),
                f"excluded: {quote(criteria.text, 120)}",
                "included: " + "; ".join(f"{who} ({quote(text, 60)})" for _, who, text in found),
                f"{len(found)} included {'study is' if len(found) == 1 else 'studies are'} on unipolar or major depression by "
                "the study rows. Were bipolar persons among them?", "medium", question=True,
            )  # fmt: skip
