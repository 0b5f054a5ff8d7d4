"""What a text says of a study, against the study's own row: sizes, significance, design, effects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from opentrd.evidence.audit.model import Finding, Material, quote
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


# Designs in which no treatment was given to groups or persons of the study.
_NO_TRIAL = (
    "cross-sectional",
    "case-control",
    "animal",
    "narrative review",
    "systematic review",
    "meta-analysis",
)


def _design_problem(study: Row, text: str) -> str | None:
    design, blinding = str(study.get("design") or ""), study.get("blinding")
    if re.search(r"\bopen-label (?:\w+ )?(?:study|trial)\b", text, re.IGNORECASE) and design in _NO_TRIAL:
        return f"called an open-label study; it is a {study.get('design_detail') or design}"
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
