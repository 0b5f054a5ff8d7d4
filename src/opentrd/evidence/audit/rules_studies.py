"""What a text says of a study, against the study's own row: sizes, significance, design, effects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from opentrd.evidence.audit.model import Document, Finding, Material, Sentence, Table, TableRow, quote
from opentrd.evidence.audit.numbers import COUNT, count, to_number
from opentrd.evidence.audit.read import body
from opentrd.evidence.audit.registry import rule
from opentrd.evidence.audit.rules_tests import count_tests
from opentrd.evidence.audit.shelf import Row, Shelf, number, says

GROUP = "Against the study rows"
POOLS = (
    "meta-analysis",
    "network meta-analysis",
    "individual participant data meta-analysis",
    "systematic review",
)


def against(study: Row, found: Finding) -> Finding:
    """A study row that was never read in its source makes a finding a question."""
    if study.get("knowledge_status") == "recalled":
        return replace(
            found,
            question=True,
            arithmetic=f"{found.arithmetic}. Which is right? The study row is only recalled",
        )
    return found


@rule(
    "size_against_study", group=GROUP, severity="high",
    asserts="The number of persons or studies told of a study is the one the study gives.",
    needs="a table row or a sentence on one study that the knowledge has, with N = or a number of studies or participants",
    arithmetic="printed number (or the sum of the printed groups) against n_persons or n_studies of the study row",
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
                if "quantity" in table.roles:
                    cell = f"{table.cell(row, 'quantity')} {table.cell(row, 'estimate')}"
                    told = re.fullmatch(r"(n_persons|n_studies) (\d+(?:\.0)?)", cell)
                    problem = (
                        _differs(study, told[1], int(float(told[2])), [int(float(told[2]))]) if told else None
                    )
                else:
                    cell = table.cell(row, "sample")
                    problem = _cell_size(study, cell)
                    if not cell and table.cell(row, "n").isdigit():
                        cell = f"N={table.cell(row, 'n')}"
                        problem = _column_size(table, row, study, int(table.cell(row, "n")))
                if problem:
                    yield _size(str(table.place(row)), cell, study, problem)
        for sentence in body(document):
            yield from _sentence_size(document, sentence, shelf)


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


def _cell_size(study: Row, cell: str) -> str | None:
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
    return f"{problem} persons" if problem else None


def _column_size(table: Table, row: TableRow, study: Row, value: int) -> str | None:
    """A column of sizes: of whole studies only where each study has one row with its design; else never above the study."""
    if study.get("design") in POOLS:
        return None
    whole = ("design" in table.roles or "population" in table.roles) and "subgroup" not in table.roles
    alone = sum(other.study == row.study for other in table.rows) == 1
    true = number(study, "n_persons")
    if true is None or not ((whole and alone) or value > true):
        return None
    problem = _differs(study, "n_persons", value, [])
    return f"{problem} persons" if problem else None


_PERSONS = re.compile(
    rf"\b(?P<n>{COUNT})\s+(?:adult\s+)?(?P<who>participants|subjects|individuals|persons)\b(?!\s+with)",
    re.IGNORECASE,
)
_STUDIES = re.compile(
    rf"(?:review|meta-analysis|analys\w+|includ\w+|encompass\w+|compris\w+|cover\w+)\b[^.\d]{{0,60}}?\b(?P<n>{COUNT})\s+"
    r"(?:[a-z-]+\s){0,3}(?:studies|trials|RCTs)\b",
    re.IGNORECASE,
)


def _sentence_size(document: Document, sentence: Sentence, shelf: Shelf) -> Iterator[Finding]:
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
    persons = list(_PERSONS.finditer(sentence.text))
    if study is not None and study.get("design") not in POOLS and len(persons) == 1:
        value = count(persons[0]["n"])
        if value is not None and (problem := _differs(study, "n_persons", value, [])):
            yield _size(str(sentence.place), sentence.text, study, f"{problem} persons")


_PERCENTS = re.compile(r"(\d{1,3}(?:\.\d+)?)\s?(?:%|-?\s?per\s?cent\b)")
_SIGNIFICANT = re.compile(r"(?<!not )(?<!non-)(?<!in)\bsignificant(?:ly)?\b(?! heterogen)", re.IGNORECASE)
_INSIGNIFICANT = re.compile(r"\b(?:not|no|non-?|without|neither)\s?(?:\w+\s){0,3}significan", re.IGNORECASE)
_PLANNED = re.compile(r"\bpre-?specified|\ba priori|\bpre-?planned", re.IGNORECASE)


@rule(
    "significance_against_study", group=GROUP, severity="high",
    asserts="A difference called significant is significant by the study's own counts, and a subgroup called pre-specified was so.",
    needs="a sentence with two percentages that are the response or remission of two arms of a study cited in its paragraph",
    arithmetic="p from the events of the two arms (Fisher, chi-squared, Wald), and the p and analysis status the study gives",
    source="the source of the study row; Fisher 1935",
)  # fmt: skip
def significance_against_study(material: Material) -> Iterator[Finding]:
    """ "Statistically significant" for counts that no test calls so; "pre-specified" for an exploratory subgroup."""
    shelf = Shelf(material)
    for document in material.documents:
        paragraphs: dict[int, list[Row]] = {}
        for sentence in body(document):
            cited = shelf.cited_in(document, sentence.text, sentence.place)
            paragraphs[sentence.paragraph] = paragraphs.get(sentence.paragraph, []) + cited
        for sentence, clause in [(one, part) for one in body(document) for part in one.text.split(";")]:
            printed = [to_number(part) for part in _PERCENTS.findall(clause)]
            if len(printed) != 2:
                continue
            for study in {str(row["study"]): row for row in paragraphs[sentence.paragraph]}.values():
                pair = _arms(
                    shelf.arms[str(study["study"])],
                    [value.value for value in printed],
                    [value.half for value in printed],
                )
                if pair is None:
                    continue
                (first, second), (a, c) = pair
                sizes = (int(number(first, "n") or 0), int(number(second, "n") or 0))
                subset = str(first.get("subset") or "")
                own = [
                    row
                    for row in shelf.effects[str(study["study"])]
                    if str(row.get("subgroup") or "") == subset
                ]
                if _SIGNIFICANT.search(clause) and not _INSIGNIFICANT.search(clause):
                    tests = count_tests((a, c), sizes)
                    if min(tests.values()) > 0.05:
                        listed = ", ".join(f"{name} {value:.2g}" for name, value in tests.items())
                        source = [
                            f"{row.get('p_relation')} {row['p_value']}"
                            for row in own
                            if row.get("p_value") is not None and row.get("knowledge_status") != "computed"
                        ]
                        told = f"; the study gives p {source[0]}" if source else ""
                        yield against(study, Finding(
                            "significance_against_study", str(sentence.place), quote(clause, 240),
                            f"{says(study)}: {a}/{sizes[0]} against {c}/{sizes[1]}{', ' + subset if subset else ''}",
                            f"p: {listed}{told}; none is below 0.05", "high", "review",
                        ))  # fmt: skip
                status = {str(row.get("analysis")) for row in own if row.get("analysis")}
                if _PLANNED.search(clause) and status and status <= {"exploratory", "post hoc"}:
                    yield against(study, Finding(
                        "significance_against_study", str(sentence.place), quote(clause, 240),
                        f"{says(study)}: analysis {', '.join(sorted(status))}",
                        f"called pre-specified; the study calls it {', '.join(sorted(status))}", "high", "review",
                    ))  # fmt: skip


def _arms(
    arms: list[Row], printed: list[float], half: list[float]
) -> tuple[tuple[Row, Row], tuple[int, int]] | None:
    """Two arms of one subset whose shares of response or remission are the two printed percentages."""
    for event in ("events_response", "events_remission"):
        known = [arm for arm in arms if number(arm, event) is not None and number(arm, "n")]
        for first in known:
            for second in known:
                if first is second or (first.get("subset") or "") != (second.get("subset") or ""):
                    continue
                shares = [
                    100 * (number(arm, event) or 0) / (number(arm, "n") or 1) for arm in (first, second)
                ]
                if all(
                    abs(share - value) <= slack + 1e-9
                    for share, value, slack in zip(shares, printed, half, strict=True)
                ):
                    return (first, second), (int(number(first, event) or 0), int(number(second, event) or 0))
    return None


@rule(
    "design_against_study", group=GROUP, severity="high",
    asserts="A study is called double-blind, open-label or randomised as its own report calls it.",
    needs="a sentence that cites one study, or a table row, with a word on blinding or randomisation",
    arithmetic="the word against blinding and design of the study row; from a neighbouring sentence it is a question",
    source="the source of the study row",
)  # fmt: skip
def design_against_study(material: Material) -> Iterator[Finding]:
    """Open studies called double-blind, and the reverse."""
    shelf = Shelf(material)
    for document in material.documents:
        for table in document.tables:
            for row in table.rows:
                study = shelf.of_row(document, row.study)
                cell = table.cell(row, "design")
                if study is not None and cell and (problem := _design_problem(study, cell)):
                    yield _design(str(table.place(row)), f"{row.study}: {cell}", study, problem)
        sentences = body(document)
        for place, sentence in enumerate(sentences):
            study = shelf.cites_only_one(document, sentence.text, sentence.place)
            if study is None:
                continue
            if problem := _design_problem(study, sentence.text):
                yield _design(str(sentence.place), sentence.text, study, problem)
            before = sentences[place - 1] if place else None
            if (
                before is not None
                and before.paragraph == sentence.paragraph
                and not shelf.cited_in(document, before.text, before.place)
                and not re.search(r"<sup>|\[\d|\(\d{1,3}[,)]|\(\D*(?:19|20)\d\d", before.text)
                and re.search(
                    r"\b(?:one|a|an|another)\b[^.]{0,40}\b(?:trial|study)\b", before.text, re.IGNORECASE
                )
                and (problem := _design_problem(study, before.text))
            ):
                found = _design(str(before.place), before.text, study, f"{problem}. Is this study meant?")
                yield replace(found, question=True)


def _design_problem(study: Row, text: str) -> str | None:
    design, blinding = str(study.get("design") or ""), study.get("blinding")
    if re.search(r"\bdouble-?\s?blind", text, re.IGNORECASE) and blinding == "open":
        return f"called double-blind; the study is {design}, {blinding}"
    if re.search(r"\bopen-label", text, re.IGNORECASE) and blinding == "double-blind":
        # Many blinded trials have an open phase; only a trial told as open-label altogether is wrong.
        return (
            None
            if re.search(r"phase|extension|follow|double", text, re.IGNORECASE)
            else f"called open-label; the study is {blinding}"
        )
    if re.search(r"(?<!non-)(?<!non)\brandomi[sz]ed\b", text, re.IGNORECASE) and design in (
        "single-arm trial",
        "cohort",
        "case-control",
        "cross-sectional",
        "narrative review",
    ):
        return f"called randomised; the study is a {design}"
    return None


def _design(locus: str, said: str, study: Row, problem: str) -> Finding:
    shown = f"{says(study)}: {study.get('design_detail') or study.get('design')}"
    return against(
        study, Finding("design_against_study", locus, quote(said), shown, problem, "high", "review")
    )


_WEEKS = re.compile(rf"\b(?P<n>{COUNT})[\s-]weeks?\b", re.IGNORECASE)
_CONTROLLED = re.compile(
    r"compared (?:to|with) (?:placebo|control|sham)|versus placebo|double-?\s?blind|controlled", re.IGNORECASE
)


@rule(
    "duration_against_study", group=GROUP, severity="medium",
    asserts="A comparison is not told over more weeks than the study compared its groups.",
    needs="a sentence that cites one study, names a comparison with placebo or control, and one number of weeks",
    arithmetic="printed weeks against duration_weeks of the study row; follow-ups and extensions are left alone",
    source="the source of the study row",
)  # fmt: skip
def duration_against_study(material: Material) -> Iterator[Finding]:
    """ "Over four weeks compared to placebo" for a comparison that lasted two."""
    shelf = Shelf(material)
    for document in material.documents:
        for sentence in body(document):
            study = shelf.cites_only_one(document, sentence.text, sentence.place)
            weeks = _WEEKS.findall(sentence.text)
            true = number(study, "duration_weeks") if study is not None else None
            if study is None or true is None or len(weeks) != 1 or not _CONTROLLED.search(sentence.text):
                continue
            if re.search(
                r"follow|extension|maintenance|later|after|prior|previous|failed",
                sentence.text,
                re.IGNORECASE,
            ):
                continue
            value = count(weeks[0])
            if value is not None and value > true:
                detail = f" ({study['duration_detail']})" if study.get("duration_detail") else ""
                yield against(study, Finding(
                    "duration_against_study", str(sentence.place), quote(sentence.text, 240), says(study),
                    f"told over {value} weeks; the study compared over {true:g}{detail}", "medium", "review",
                ))  # fmt: skip
