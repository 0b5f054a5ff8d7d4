"""Numbers that cannot be: ratios below 0, shares and correlations beyond 1, parts above their whole, negative SDs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opentrd.evidence.audit.estimates import RATIO
from opentrd.evidence.audit.model import Document, Estimate, Finding, Material, Place, Table, TableRow, quote
from opentrd.evidence.audit.numbers import MINUS, NUMBER, Number, to_number
from opentrd.evidence.audit.registry import rule
from opentrd.evidence.audit.rules_interval import GROUP

_LOG = re.compile(r"\b(?:log|ln)|logarithm|\bbeta\b|β|coefficient", re.IGNORECASE)
_SHARE = re.compile(r"(?:proportion|prevalence|probability|PR|PLO|PFT|PAS)", re.IGNORECASE)
# What is named, the lowest and the highest possible value, and how the text prints it.
_IN_TEXT: tuple[tuple[str, float, float, re.Pattern[str]], ...] = (
    (
        "a ratio", 0.0, float("inf"),
        re.compile(
            rf"(?:\ba?(?:ORs?|RRs?|HRs?|IRRs?)\b|\b(?:odds|risk|hazards?|rate) ratio|\brelative risk)\s*(?:of|=|:|was|is)\s*"
            rf"(?P<n>[{MINUS}]\d*\.?\d+)(?![\w%])"
        ),
    ),
    (
        "a correlation", -1.0, 1.0,
        re.compile(
            rf"(?:(?<![\w²])(?:r|ρ|r<sub>s</sub>)\s?(?:\(\d+\))?\s?=|\bcorrelation(?: coefficient)? (?:of|was|is))\s*"
            rf"(?P<n>{NUMBER})(?!\s?(?:[A-Za-zµ%]|\d))"
        ),
    ),
    (
        "a reliability or an agreement", -1.0, 1.0,
        re.compile(
            rf"(?:\b[Cc]ronbach['’]?s?,?\s*(?:alpha|α)|\bICC|\bkappa|κ)\s*(?:of|=|:|was|is)\s*(?P<n>{NUMBER})(?!\s?(?:[A-Za-z%]|\d))"
        ),
    ),
    (
        "a share of persons in percent", 0.0, 100.0,
        re.compile(
            rf"(?<![\w.,{MINUS}])(?P<n>\d+(?:\.\d+)?)\s?(?:%|per\s?cent)\s+of\s+(?:the\s|all\s|these\s)?(?:\w+\s)?(?:patients|participants|persons|subjects|adults)\b"
        ),
    ),
    (
        "a rate in percent", 0.0, 100.0,
        re.compile(
            r"\b(?:response|remission|relapse|recurrence|dropout|drop-out|discontinuation|completion|retention) rates?\s*"
            rf"(?:of|=|:|was|were|is)\s*(?P<n>{NUMBER})\s?%"
        ),
    ),
    (
        "I²", 0.0, 100.0,
        re.compile(rf"\bI(?:²|<sup>2</sup>|\^?2)\s*(?:of|=|:|was|is)\s*(?P<n>{NUMBER})\s?%"),
    ),
)  # fmt: skip


_PERSONS = r"(?:patients|participants|persons|subjects|adults|women|men|responders|completers)"
_PART = re.compile(
    rf"(?<![\w.,/:{MINUS}])(?P<k>\d+) (?:out )?of (?:the |all |these )?(?P<n>\d+)(?![\d.,/]) (?:[a-z-]+ )?{_PERSONS}\b"
)


@rule(
    "impossible_value", group=GROUP, severity="high",
    asserts="A ratio is not below 0, a share lies between 0 and 1, a correlation between -1 and 1, a part is no larger than its "
    "whole, and no SD, SE or size is negative.",
    needs="an effect whose measure is named (not one on the log scale), a correlation, a reliability, a share of persons, so many "
    "of so many persons, I², or columns of percentages, standard deviations, standard errors or sizes",
    arithmetic="the printed number, give or take half a unit of its last decimal, against the lowest and the highest possible value",
    source="definitions of the measures",
)  # fmt: skip
def impossible_value(material: Material) -> Iterator[Finding]:
    """Negative ratios, correlations beyond 1, more than 100 % of the patients, negative standard deviations."""
    for document in material.documents:
        yield from _estimates(document)
        for sentence in document.sentences:
            yield from _sentence(sentence.text, sentence.place)
        for table in document.tables:
            for row in table.rows:
                yield from _columns(table, row)


def _finding(place: Place, said: str, shown: str, what: str, low: float, high: float) -> Finding:
    bounds = f"not below {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
    return Finding(
        "impossible_value", str(place), quote(said), shown, f"{what} is {bounds}; {shown} cannot be", "high"
    )


def _beyond(number: Number, low: float, high: float) -> bool:
    return number.high < low - 1e-9 or number.low > high + 1e-9


def _estimates(document: Document) -> Iterator[Finding]:
    heads = {
        (table.file, row.line): " ".join(
            [table.cell(row, "measure"), *(table.header[table.roles[role]] for role in ("estimate", "ci") if role in table.roles)]
        )
        for table in document.tables
        for row in table.rows
    }  # fmt: skip
    for found in document.estimates:
        head = heads.get((found.place.file, found.place.line), "")
        measure = found.measure
        if measure in RATIO:
            bounds, what = (0.0, float("inf")), "a ratio"
        elif measure == "R":
            bounds, what = (-1.0, 1.0), "a correlation"
        elif _SHARE.fullmatch(measure) and "%" not in head + found.text:
            bounds, what = (0.0, 1.0), "a proportion"
        else:
            continue
        if _LOG.search(head) or _logs(document, found):
            continue
        for number in (found.value, found.low, found.high):
            if number is not None and _beyond(number, *bounds):
                yield _finding(found.place, found.text, f"{measure} {number.text}", what, *bounds)
                break


def _logs(document: Document, found: Estimate) -> bool:
    """Whether a sentence tells its effect on the log scale."""
    texts = [one.text for one in document.sentences if one.place == found.place and found.text in one.text]
    return any(
        _LOG.search(text[max(0, text.find(found.text) - 60) : text.find(found.text)]) for text in texts
    )


def _sentence(text: str, place: Place) -> Iterator[Finding]:
    for what, low, high, pattern in _IN_TEXT:
        for match in pattern.finditer(text):
            number = to_number(match["n"])
            logs = what == "a ratio" and _LOG.search(text[max(0, match.start() - 30) : match.end()])
            if _beyond(number, low, high) and not logs:
                yield _finding(place, match.group(), number.text, what, low, high)
    for match in _PART.finditer(text):
        part, whole = int(match["k"]), int(match["n"])
        # "12 of 10 patients"; a year or a week before "of" counts no persons
        if part > whole and not re.search(
            r"(?:week|month|day|year|visit|item)s? $", text[: match.start()], re.IGNORECASE
        ):
            yield _finding(place, match.group(), str(part), f"a part of {whole} persons", 0.0, float(whole))


def _columns(table: Table, row: TableRow) -> Iterator[Finding]:
    for roles, what, high in (
        (("sd", "sd_1", "sd_2", "se"), "a standard deviation or error", float("inf")),
        (("n", "n_1", "n_2", "events", "events_1", "events_2"), "a number of persons", float("inf")),
        (("percent", "percent_1", "percent_2"), "a share in percent", 100.0),
    ):
        for role in roles:
            cell = _number_cell(table, row, role)
            if cell is None or not _beyond(cell, 0.0, high):
                continue
            beyond = [
                one for other in table.rows
                if (one := _number_cell(table, other, role)) is not None and _beyond(one, 0.0, high)
            ]  # fmt: skip
            # Several such shares: a column of changes in percent, not of shares.
            if high == 100.0 and len(beyond) > 1:
                continue
            yield _finding(
                table.place(row),
                f"{table.header[table.roles[role]]}: {cell.text}",
                cell.text,
                what,
                0.0,
                high,
            )


def _number_cell(table: Table, row: TableRow, role: str) -> Number | None:
    cell = table.cell(row, role).replace("%", "").strip()
    return to_number(cell) if re.fullmatch(rf"(?:{NUMBER})", cell) else None
