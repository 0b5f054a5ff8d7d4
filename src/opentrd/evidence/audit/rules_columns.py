"""Columns of effects that mix what cannot be compared, and cells that slipped into a neighbouring row."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from opentrd.evidence.audit.estimates import DIFFERENCE, RATIO
from opentrd.evidence.audit.model import Document, Estimate, Finding, Material, Table, TableRow, quote
from opentrd.evidence.audit.registry import rule

GROUP = "Tables of studies"
_BENEFIT = re.compile(
    r"\b(?:effective|superior|improv\w+|efficacy|benefi\w+|reduc(?:ed|tion)\w*|rapid|better|sustained|highest|"
    r"antidepressant effects?)\b",
    re.IGNORECASE,
)
_NO_BENEFIT = re.compile(
    r"\b(?:no (?:benefit|difference|effect)|ineffective|worse|inferior|failed)\b", re.IGNORECASE
)


def _by_table(document: Document) -> Iterator[tuple[Table, list[tuple[TableRow, Estimate]]]]:
    for table in document.tables:
        lines = {row.line: row for row in table.rows}
        yield (
            table,
            [
                (lines[found.place.line], found)
                for found in document.estimates
                if found.place.line in lines and found.place == table.place(lines[found.place.line])
            ],
        )


@rule(
    "effect_types_mixed", group=GROUP, severity="low",
    asserts="One column of effects holds one type of effect, or a column beside it names the type.",
    needs="a table whose effect cells name their measure",
    arithmetic="rows by measure: ratios, standardised differences and raw differences in one column",
    source="Cochrane Handbook 6.5, chapter 6",
)  # fmt: skip
def effect_types_mixed(material: Material) -> Iterator[Finding]:
    """Ratios, raw and standardised differences under one heading."""
    for document in material.documents:
        for table, found in _by_table(document):
            if "measure" in table.roles or len(found) < 4:
                continue
            rows: dict[str, set[str]] = defaultdict(set)
            for row, one in found:
                kind = "ratio" if one.measure in RATIO else one.measure
                if kind in ("ratio", "SMD", "MD", "RD", "R"):
                    rows[kind].add(row.study)
            if len(rows) < 2:
                continue
            names = {
                "ratio": "ratio",
                "SMD": "standardised difference",
                "MD": "raw difference",
                "RD": "risk difference",
                "R": "correlation",
            }
            counts = ", ".join(f"{names[kind]} {len(who)}" for kind, who in rows.items())
            yield Finding(
                "effect_types_mixed", str(table.place(table.rows[0])), f"column {table.header[table.roles['estimate']]!r}",
                f"studies by type: {counts}", f"{len(rows)} types of effect in one column: rows cannot be compared or pooled",
                "low",
            )  # fmt: skip


@rule(
    "direction_mixed", group=GROUP, severity="medium",
    asserts="In one column of differences the same sign means benefit.",
    needs="a table with effects and a findings column",
    arithmetic="among rows of one measure whose findings tell a benefit, signs of the effects whose interval does not cross 0",
    source="Cochrane Handbook 6.5, chapter 6 (direction of effect)",
)  # fmt: skip
def direction_mixed(material: Material) -> Iterator[Finding]:
    """Benefit printed with a plus in some rows and with a minus in others."""
    for document in material.documents:
        for table, found in _by_table(document):
            if "direction" in table.roles or "findings" not in table.roles:
                continue
            told = _findings_by_study(table)
            for measure in DIFFERENCE:
                signs: dict[bool, list[tuple[TableRow, Estimate]]] = {True: [], False: []}
                for row, one in found:
                    text = told.get(row.study, "")
                    crosses = one.low and one.high and one.low.value <= 0 <= one.high.value
                    # An estimate outside its own interval has lost a sign: it says nothing about the column.
                    lost = one.low and one.high and not one.low.low <= one.value.value <= one.high.high
                    if one.measure != measure or crosses or lost or one.value.value == 0:
                        continue
                    if _BENEFIT.search(text) and not _NO_BENEFIT.search(text):
                        signs[one.value.value > 0].append((row, one))
                if not (signs[True] and signs[False]):
                    continue
                few, many = sorted(signs.values(), key=len)
                yield Finding(
                    "direction_mixed", str(table.place(few[0][0])),
                    f"{measure}: " + "; ".join(f"{row.study} {one.value.text}" for row, one in few),
                    f"{measure}: " + quote("; ".join(f"{row.study} {one.value.text}" for row, one in many), 200),
                    f"{len(signs[True])} positive and {len(signs[False])} negative values, all told as benefit", "medium",
                )  # fmt: skip


def _findings_by_study(table: Table) -> dict[str, str]:
    told: dict[str, str] = defaultdict(str)
    for row in table.rows:
        told[row.study] += " " + table.cell(row, "findings")
    return told


_COMMON = frozenset({
    "with", "from", "that", "this", "were", "was", "have", "been", "into", "than", "more", "most", "also",
    "between", "among", "after", "before", "which", "while", "study", "studies", "patients", "depression",
    "depressive", "symptoms", "effect", "effects", "significant", "significantly", "clinical", "treatment",
    "review", "showed", "associated",
})  # fmt: skip


def _words(text: str) -> set[str]:
    whole = re.findall(r"[A-Za-z][\w-]{2,}", text)
    return {
        word.lower()
        for word in whole + [part for word in whole for part in word.split("-")]
        if (len(word) > 4 or any(sign.isupper() or sign.isdigit() for sign in word[1:]))
        and word.lower() not in _COMMON
    }


@rule(
    "shifted_rows", group=GROUP, severity="high",
    asserts="A findings cell speaks of the study of its own row.",
    needs="a table of six or more studies with a findings column and other text columns (titles of the references help)",
    arithmetic="words shared with the own row and with the next, rare words weighing more; three or more rows in a run fit the next",
    source="weights: Spärck Jones 1972, J Doc 28:11-21",
)  # fmt: skip
def shifted_rows(material: Material) -> Iterator[Finding]:
    """Runs of findings cells that fit the following row better than their own."""
    for document in material.documents:
        for table in document.tables:
            if "findings" not in table.roles or len(table.rows) < 6:
                continue
            about = [_about(document, table, row) for row in table.rows]
            spread = Counter(word for words in about for word in words)
            weight = {word: math.log(len(about) / times) for word, times in spread.items()}
            found = [_words(table.cell(row, "findings")) for row in table.rows]

            def fit(
                place: int,
                other: int,
                found: list[set[str]] = found,
                about: list[set[str]] = about,
                weight: dict[str, float] = weight,
            ) -> float:
                return sum(weight[word] for word in found[place] & about[other])

            slipped = [
                place + 1 < len(table.rows)
                and bool(found[place])
                and len(found[place] & about[place + 1] - about[place]) >= 2
                and fit(place, place + 1) > 1.2 * fit(place, place) + 0.5
                for place in range(len(table.rows))
            ]
            start = 0
            while start < len(slipped):
                end = start
                while end < len(slipped) and slipped[end]:
                    end += 1
                if end - start >= 3:
                    yield _slipped(table, start, end, found, about)
                start = max(end, start + 1)


def _about(document: Document, table: Table, row: TableRow) -> set[str]:
    words = _words(
        " ".join(
            cell
            for position, cell in enumerate(row.cells)
            if position not in (table.roles["findings"], table.roles.get("study"), table.roles.get("quality"))
        )
    )
    name = re.match(r"[\w'’À-ž-]+", row.study)
    for entry in document.references:
        if name and entry.surnames and entry.surnames[0] == name.group() and str(entry.year) in row.study:
            words |= _words(entry.title)
    return words


def _slipped(table: Table, start: int, end: int, found: list[set[str]], about: list[set[str]]) -> Finding:
    pairs = [
        f"row {table.rows[place].study}: "
        f"{', '.join(sorted(found[place] & about[place + 1] - about[place])[:4])} (words of {table.rows[place + 1].study})"
        for place in range(start, end)
    ]
    empty = " whose own cell is empty" if not found[end] else ""
    return Finding(
        "shifted_rows", str(table.place(table.rows[start])), "; ".join(pairs),
        f"column {table.header[table.roles['findings']]!r}",
        f"{end - start} findings in a run speak of the study in the next row, up to {table.rows[end].study}{empty}: "
        "the column slipped by one row",
        "high",
    )  # fmt: skip
