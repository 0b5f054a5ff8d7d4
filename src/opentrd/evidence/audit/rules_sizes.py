"""Numbers of persons and studies that a text tells of a study, against the study's own rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from opentrd.evidence.audit.model import Document, Finding, Material, Sentence, Table, TableRow, quote
from opentrd.evidence.audit.numbers import COUNT, count
from opentrd.evidence.audit.read import body
from opentrd.evidence.audit.registry import rule
from opentrd.evidence.audit.rules_studies import GROUP, POOLS, against
from opentrd.evidence.audit.shelf import Row, Shelf, number, says
from opentrd.evidence.audit.told_sizes import Told, clauses, other_counts, told_sizes


@rule(
    "size_against_study", group=GROUP, severity="high",
    asserts="The number of persons or studies told of a study is the one the study gives.",
    needs="a table row, or a sentence or clause that cites one study the knowledge has, with N =, a number of studies, or the "
    "size of the whole study (\"a trial of 60 patients\", \"60 patients were randomised\")",
    arithmetic="printed number (or the sum of the printed groups) against n_persons or n_studies of the study row, and "
    "against every denominator of the study row and its arms (randomised, treated, analysed): one that agrees is enough; in sentences "
    "the size of one group, or a number a little off where the row lacks a denominator, is a question",
    source="the source of the study row",
)  # fmt: skip
def size_against_study(material: Material) -> Iterator[Finding]:
    """Numbers of persons and studies that the source does not have."""
    shelf = Shelf(material)
    for document in material.documents:
        for table in document.tables:
            for row in table.rows:
                study = shelf.of_row(document, row.study)
                if study is None:
                    continue
                counted = list(denominators(study, shelf.arms[str(study["study"])]))
                if "quantity" in table.roles:
                    cell = f"{table.cell(row, 'quantity')} {table.cell(row, 'estimate')}"
                    told = re.fullmatch(r"(n_persons|n_studies) (\d+(?:\.0)?)", cell)
                    also = counted if told and told[1] == "n_persons" else []
                    problem = _differs(study, told[1], int(float(told[2])), also) if told else None
                else:
                    cell = table.cell(row, "sample")
                    problem = _cell_size(study, cell, counted)
                    if not cell and table.cell(row, "n").isdigit():
                        cell = f"N={table.cell(row, 'n')}"
                        problem = _column_size(table, row, study, int(table.cell(row, "n")), counted)
                if problem:
                    yield _size(str(table.place(row)), cell, study, problem)
        sentences = body(document)
        for place, sentence in enumerate(sentences):
            before = sentences[place - 1] if place else None
            follows = None
            if (
                before is not None
                and before.paragraph == sentence.paragraph
                and re.match(r"(?:The|This) (?:\w+ )?(?:trial|study)\b", sentence.text)
            ):
                follows = shelf.cites_only_one(document, before.text, before.place)
            yield from _sentence_size(document, sentence, shelf, follows)


def _size(locus: str, said: str, study: Row, problem: str) -> Finding:
    known = [
        f"{int(value)} {name}"
        for name, value in (("persons", number(study, "n_persons")), ("studies", number(study, "n_studies")))
        if value
    ]
    known += [f"groups: {study['groups']}"] if study.get("groups") else []
    shown = "; ".join(known)
    return against(
        study,
        Finding(
            "size_against_study", locus, quote(said), f"{says(study)}: {shown}", problem, "high", "review"
        ),
    )


def _differs(study: Row, field: str, value: int, also: list[int]) -> str | None:
    true = number(study, field)
    if true is None or int(true) in (value, *also):
        return None
    return (
        f"printed {value:,}, the study has {int(true):,}".replace(",", " ")
        if value > 9999
        else f"printed {value}, the study has {int(true)}"
    )


def _cell_size(study: Row, cell: str, counted: list[int]) -> str | None:
    studies = re.search(rf"\b({COUNT})\s+(?:\w+\s)?(?:studies|RCTs|trials)\b", cell, re.IGNORECASE)
    if studies and (value := count(studies[1])) is not None and study.get("design") in POOLS:
        problem = _differs(study, "n_studies", value, [])
        if problem:
            return f"{problem} studies"
    persons = re.search(r"\bN\s*=\s*(\d[\d,]*)", cell)
    if persons is None:
        return None
    value = int(persons[1].rstrip(",").replace(",", ""))
    rest = cell[persons.end() :]
    parts = [
        int(part.replace(",", ""))
        for part in re.findall(r"(?<![\d.>])(\d{1,3}(?:,\d{3})+|\d+)(?!\s*(?:%|weeks|mg))", rest)
    ]
    problem = _differs(study, "n_persons", value, [value + sum(parts), sum(parts)])
    problem = None if value in counted else problem
    return f"{problem} persons" if problem else None


def _column_size(table: Table, row: TableRow, study: Row, value: int, counted: list[int]) -> str | None:
    """A column of sizes: of whole studies only where each study has one row with its design; else never above the study."""
    if study.get("design") in POOLS:
        return None
    whole = ("design" in table.roles or "population" in table.roles) and "subgroup" not in table.roles
    alone = sum(other.study == row.study for other in table.rows) == 1
    true = number(study, "n_persons")
    if true is None or not ((whole and alone) or value > true):
        return None
    problem = None if value in counted else _differs(study, "n_persons", value, [])
    return f"{problem} persons" if problem else None


_STUDIES = re.compile(
    rf"(?:review|meta-analysis|analys\w+|includ\w+|encompass\w+|compris\w+|cover\w+)\b[^.\d]{{0,60}}?\b(?P<n>{COUNT})\s+"
    r"(?:[a-z-]+\s){0,3}(?:studies|trials|RCTs)\b",
    re.IGNORECASE,
)


def _sentence_size(
    document: Document, sentence: Sentence, shelf: Shelf, follows: Row | None
) -> Iterator[Finding]:

    study = shelf.cites_only_one(document, sentence.text, sentence.place)
    pooled: list[Row] = []
    match = _STUDIES.search(sentence.text)
    if match:
        # The study meant is the one whose citation stands last before "which included 111 studies".
        before = shelf.cited_in(document, sentence.text[: match.start("n")], sentence.place)
        pooled = [row for row in (before[-1:] or ([study] if study else [])) if row.get("design") in POOLS]
    for row in pooled:
        value = count(match["n"]) if match else None
        problem = _differs(row, "n_studies", value, []) if value is not None else None
        if problem and match:
            yield _size(
                str(sentence.place),
                sentence.text[max(0, match.start() - 60) : match.end()],
                row,
                f"{problem} studies",
            )
    for clause, one in clauses(document, sentence.text, sentence.place, shelf):
        yield from _told(sentence, clause, one, shelf)
    if follows is not None and not shelf.cited_in(document, sentence.text, sentence.place):
        # "The trial enrolled 60 patients." after a sentence that cites one paper: probably that one.
        for found in _told(sentence, sentence.text, follows, shelf):
            yield replace(found, question=True, arithmetic=f"{found.arithmetic}. Is this study meant?")


def denominators(study: Row, arms: list[Row]) -> dict[int, str]:
    """The numbers that a study may be told with: the size of its row, and its groups summed by what was counted."""
    known: dict[int, str] = {}
    size = number(study, "n_persons")
    if size is not None:
        known[int(size)] = str(study.get("n_basis") or "persons")
    sums: dict[tuple[str, str], list[int]] = {}
    for arm in arms:
        if (n := number(arm, "n")) is not None:
            # Rows of a subset belong together by their denominator; a named subset is no size of the whole study.
            basis = str(arm.get("denominator") or "")
            whole = not arm.get("subset_of") or basis in ("observed", "treated")
            if whole:
                sums.setdefault((basis, str(arm.get("subset") or "")), []).append(int(n))
    for (basis, _), sizes in sums.items():
        if len(sizes) >= 2:
            known.setdefault(sum(sizes), basis or "groups summed")
    return known


def _agrees(told: Told, true: int) -> bool:
    if told.hedge in ("more than", "over", "at least"):
        return told.value <= true <= 1.25 * told.value
    if told.hedge in ("up to", "fewer than", "less than"):
        return 0.8 * told.value <= true <= told.value
    return abs(told.value - true) <= 0.1 * true if told.hedge else told.value == true


def _told(sentence: Sentence, text: str, study: Row, shelf: Shelf) -> Iterator[Finding]:
    """The sizes that a clause tells of a study, against every number of persons the study gives."""
    size = number(study, "n_persons")
    if size is None or study.get("design") in (*POOLS, "narrative review", "animal"):
        return
    arms = shelf.arms[str(study["study"])]
    known = denominators(study, arms)
    groups = str(study.get("groups") or "")
    parts = {int(one) for one in re.findall(r"(?<![\d.])\d+(?![\d.%]|\s?mg)", groups)}
    parts |= {int(n) for arm in arms if (n := number(arm, "n")) is not None}
    told = told_sizes(text)
    if any(_agrees(one, true) for one in told for true in known):
        return  # one number of the clause is that of the study: the others count its parts or phases
    for one in told:
        rest = other_counts(text, one)
        if any(_agrees(replace(one, value=one.value + more), true) for more in rest for true in known):
            continue
        doubt = ""
        if one.value in parts:
            if not one.generic and re.search(r"healthy|control", groups, re.IGNORECASE):
                continue
            weak = not one.generic or one.kind == "part"
            doubt = "the number of one of its groups. Is that group meant?" if weak else ""
        elif one.kind == "part" and one.value <= max(known):
            continue
        elif one.value < size and "observed" not in known.values() and one.value >= 0.8 * size:
            doubt = "perhaps the number analysed, which the study row does not give. Is that meant?"
        elif one.kind == "analysed" and one.value < size:
            continue
        elif size < one.value <= 1.25 * size and study.get("n_basis") in ("treated", "observed"):
            doubt = "perhaps the number randomised, which the study row does not give. Is that meant?"
        elif one.value > size and re.search(r"enrol|recruit|includ", one.text, re.IGNORECASE):
            doubt = "perhaps the number before randomisation. Is that meant?"
        elif str(study.get("design", "")).startswith("secondary"):
            doubt = "the study row is a secondary analysis. Is the whole trial meant?"
        listed = ", ".join(f"{value} {basis}" for value, basis in known.items())
        found = _size(str(sentence.place), text, study, f"printed {one.value}, the study has {listed}")
        yield replace(found, question=True, arithmetic=f"{found.arithmetic}; {doubt}") if doubt else found
