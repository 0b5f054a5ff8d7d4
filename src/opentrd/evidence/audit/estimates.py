"""Effects as they are printed, in sentences and in table cells: value, interval, level, measure, p value, group sizes."""

from __future__ import annotations

import re

from opentrd.evidence.audit.model import Estimate, Place, Table, TableRow
from opentrd.evidence.audit.numbers import (
    MINUS,
    NUMBER,
    Number,
    PValue,
    number,
    p_values,
    ranges,
    to_number,
)

RATIO = frozenset({"OR", "RR", "HR", "IRR", "ROM"})
DIFFERENCE = frozenset({"SMD", "MD", "RD", "BETA"})
# Our short form, how it is abbreviated (case counts), how it is spelt out.
_MEASURES: tuple[tuple[str, str, str], ...] = (
    ("IRR", r"\bIRRs?\b", r"incidence[- ]rate ratio"),
    (
        "SMD",
        r"\bSMDs?\b|\b[dg]\s?=",
        r"standardi[sz]ed mean difference|cohen['’]?s?,?\s+d\b|hedges['’]?s?,?\s+g\b",
    ),
    (
        "MD",
        r"\b(?:W?MDs?|LSMD)\b",
        r"diff(?:erence|\.)? (?:of|in|between) (?:LS )?means?|(?<!standardised )(?<!standardized )mean difference",
    ),
    ("OR", r"\ba?ORs?\b(?!\s+(?:the|a|an|in)\b)", r"odds ratio"),
    ("RR", r"\bRRs?\b", r"relative risk|risk ratio"),
    ("HR", r"\ba?HRs?\b", r"hazards? ratio"),
    ("RD", r"\bRDs?\b", r"risk difference"),
    ("ROM", r"\bROM\b", r"ratio of means"),
    ("BETA", r"β\s?=|\bB\s?=", r"\bbeta\b"),
    ("R", r"\b[rR]\s?=", r"correlation"),
)
# What has an interval, but neither in the middle of it nor of its logarithms.
_SKEWED = re.compile(
    r"\bNN[TH][BH]?s?\b|numbers? needed to|\b(?:median|sensitivity|specificity|accuracy)\b(?!\s+(?:analys|diff))|"
    r"\b(?:ICC|AUC|AUROC|kappa|alpha|reliability)\b|κ|τ|\btau\b|\btau[²2]",
    re.IGNORECASE,
)
_PATTERNS = [
    (short, pattern)
    for short, printed, spelt in _MEASURES
    for pattern in (re.compile(printed), re.compile(spelt, re.IGNORECASE))
]
_TEXT_ESTIMATE = re.compile(
    rf"(?P<value>(?<![\w.]){NUMBER})(?:\s?%)?(?:\s+[a-z]+(?=\s*[(\[]))?(?:\s*(?:[,;:(\[]|\bwith(?:\s+an?)?\b))*\s*"
    rf"(?:(?P<level>\d\d(?:\.\d)?)\s?%\s?-?\s?)?(?P<word>CI|CrI|confidence interval|credible interval)?"
    r"\s*(?:of|from)?\s*[:=,]?\s*[(\[]?\s*"
    rf"(?P<low>{NUMBER})\s*(?:to|,|;|[{MINUS}])\s*(?P<high>{NUMBER})"
)


def measure_of(text: str) -> str:
    """The effect measure a piece of text names, in our short form; empty when it names none or several."""
    named = {short for short, pattern in _PATTERNS if pattern.search(text)}
    return named.pop() if len(named) == 1 else ""


def in_sentence(text: str, place: Place) -> list[Estimate]:
    """The effects with an interval in a sentence. A bare "a (b-c)" counts only beside a measure or the word CI."""
    found = []
    for match in _TEXT_ESTIMATE.finditer(text):
        before = text[max(0, match.start() - 60) : match.start()]
        window = re.split(r"[;()]|(?<=\d)\s*,", before)[-1]
        measure = _nearest_measure(window) or _nearest_measure(before)
        if not match["word"] and not (
            measure and re.search(r"[(\[]", text[match.end("value") : match.start("low")])
        ):
            continue
        if match["level"] is None and re.fullmatch(
            r"\s?%\s?-?\s?", text[match.end("value") : match.start("word")] if match["word"] else ""
        ):
            continue  # "95% CI 1 to 2" without a value before it: the level is no estimate
        if match["word"] is None and re.match(r"\s?%", text[match.end() :]):
            continue
        if _is_year_or_ref(match["value"]) or re.search(
            r"(?:\bn|N|weeks?|age[sd]?)\s*[=:]?\s*$", text[: match.start()]
        ):
            continue
        low, high = to_number(match["low"]), to_number(match["high"])
        if not _nearest_measure(window):
            measure = _skewed(window) or measure or _skewed(before)
        if "%" in text[match.end("value") : match.start("low")].replace("95%", "").replace("95 %", ""):
            measure = measure or "PERCENT"
        after = text[match.end() : match.end() + 40]
        tail = re.split(r"(?:\b(?:and|while|versus|vs)\b)|\.\s", after)[0]
        p = next((value for value, _, _ in p_values(tail)), None)
        level = float(match["level"]) / 100 if match["level"] else (0.95 if match["word"] else None)
        found.append(
            Estimate(to_number(match["value"]), low, high, level, measure, p, place, match.group().strip())
        )
    return found


def _nearest_measure(before: str) -> str:
    """The measure named last before the value."""
    ends = [(match.end(), short) for short, pattern in _PATTERNS for match in pattern.finditer(before)]
    return max(ends)[1] if ends else ""


def _skewed(text: str) -> str:
    """A quantity with an interval that is skewed by nature, as it is printed."""
    match = _SKEWED.search(text)
    return match.group() if match else ""


def _is_year_or_ref(text: str) -> bool:
    return bool(re.fullmatch(r"(?:19|20)\d{2}", text))


def in_row(table: Table, row: TableRow) -> list[Estimate]:
    """The effects in a table row: one, or several in one cell that pair with as many intervals in the next."""
    place = table.place(row)
    head = {role: table.header[position] for role, position in table.roles.items()}
    cell = table.cell(row, "estimate")
    level = _level(table, row, head)
    p_cell = table.cell(row, "p")
    # An interaction, a margin or an exact test has another p than the interval.
    other_test = re.search(
        r"interact|inferior|one-?sided|exact|fisher|trend", table.cell(row, "p_test"), re.IGNORECASE
    )
    p = None if other_test else _p(p_cell)
    column_measure = (
        measure_of(table.cell(row, "measure"))
        or table.cell(row, "measure").upper()
        or measure_of(head.get("estimate", ""))
        or _skewed(head.get("estimate", ""))
    )
    if table.cell(row, "ci_low") and table.cell(row, "ci_high"):
        value, low, high = (
            _only(cell),
            _only(table.cell(row, "ci_low")),
            _only(table.cell(row, "ci_high")),
        )
        if value is None or low is None or high is None:
            return []
        measure = measure_of(cell) or column_measure
        text = f"{cell} ({table.cell(row, 'ci_low')} to {table.cell(row, 'ci_high')})"
        return [Estimate(value, low, high, level, measure, p, place, text, row.study, _groups(table, row))]
    values = labelled_values(cell)
    intervals = ranges(table.cell(row, "ci"))
    if values and not intervals:
        inside = in_sentence(f"{column_measure} {cell}", place) if re.search(r"[(\[]", cell) else []
        if inside:
            return inside
    if not values:
        return []
    paired = len(values) == len(intervals)
    found = []
    for index, (value, label, measure) in enumerate(values):
        low = intervals[index][0] if paired else None
        high = intervals[index][1] if paired else None
        text = f"{label + ': ' if label else ''}{value.text} {f'({measure}) ' if measure else ''}".strip()
        if low is not None and high is not None:
            text += f" [{low.text} to {high.text}]"
        found.append(
            Estimate(
                value,
                low,
                high,
                level if paired else None,
                measure or column_measure,
                p,
                place,
                text,
                label or row.study,
                _groups(table, row) if len(values) == 1 else (),
            )
        )
    return found


def labelled_values(cell: str) -> list[tuple[Number, str, str]]:
    """The values of an effect cell with their labels and measures: "28 mg: -4.2 (MD) 56 mg: -6.3 (MD)".

    A cell that prints a range of values ("0.67-0.68") holds no single value and gives none.
    """
    if not re.search(r"\d", cell):
        return []
    bare = cell.strip()
    parts = list(
        re.finditer(
            rf"(?:(?P<label>[^():;]*?):\s*)?(?P<value>(?<![\w.])[{MINUS}]?\s?{NUMBER}\.?)\s*(?:\((?P<note>[^)]*)\))?\s*[;,]?\s*(?=$|[^\d.])",
            bare,
        )
    )
    if ranges(re.sub(r"\([^)]*\)", "", bare)):
        return []
    found = []
    labelled = [part for part in parts if part["label"] is not None]
    for part in labelled or parts[:1]:
        value = number(part["value"].replace(" ", ""))
        if value is not None:
            found.append((value, (part["label"] or "").strip(), measure_of(part["note"] or bare)))
    return found


def _only(cell: str) -> Number | None:
    clean = cell.strip().replace("−", "-").replace("–", "-")
    return to_number(clean) if re.fullmatch(NUMBER, clean) else None


def _p(cell: str) -> PValue | None:
    if not cell:
        return None
    found = p_values(cell) or p_values(f"p {cell}" if cell.strip()[:1] in "<>=" else f"p = {cell.strip()}")
    return found[0][0] if found else None


def _level(table: Table, row: TableRow, head: dict[str, str]) -> float:
    printed = number(table.cell(row, "level"))
    if printed is not None:
        return printed.value / 100 if printed.value > 1 else printed.value
    for role in ("ci", "ci_low", "estimate"):
        match = re.search(r"(\d\d(?:\.\d)?)\s?%", head.get(role, ""))
        if match:
            return float(match[1]) / 100
    return 0.95


def _groups(table: Table, row: TableRow) -> tuple[int, ...]:
    sizes = [table.cell(row, role) for role in ("n_1", "n_2")]
    return tuple(int(size) for size in sizes) if all(size.isdigit() for size in sizes) else ()
