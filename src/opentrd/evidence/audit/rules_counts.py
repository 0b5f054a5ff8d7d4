"""Percentages of counts, parts of a total, group sizes, and the numbers of a PRISMA flow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opentrd.evidence.audit.model import Document, Finding, Material, Sentence, quote
from opentrd.evidence.audit.numbers import COUNT, Number, count, to_number
from opentrd.evidence.audit.registry import rule

GROUP = "Counts and percentages"
_PCT = r"(?P<percent>\d{1,3}(?:\.\d+)?)\s?(?:%|per\s?cent\b)"
_APPROX = r"(?P<about>approximately|about|around|nearly|roughly|almost|some|~|≈|over|more than|less than|under|up to|at least)?\s*"
_FRACTION = r"(?P<part>\d{1,3}(?:,\d{3})+|\d{1,6})\s?(?:/|\s(?:out )?of\s(?:the\s)?)\s?(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,6})"
_SHARES = (
    re.compile(rf"(?<![\d/.-]){_FRACTION}\s*(?:[a-z]+\s){{0,3}}[(\[,]\s*{_APPROX}{_PCT}"),
    re.compile(rf"{_APPROX}(?<![\d.–-]){_PCT}\s*[(\[]\s*(?:n\s*=\s*)?{_FRACTION}\s*[)\],;]"),
)
_OF_ALL = re.compile(
    r"\b[Oo]f\s+(?:the\s+|these\s+|all\s+)?(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,6})\s+(?:[\w-]+\s+){0,2}?"
    r"(?:participants|patients|subjects|individuals|adults|persons|people|trials|studies),\s+"
    rf"(?P<part>\d{{1,3}}(?:,\d{{3}})+|\d{{1,6}})\s*[(\[]\s*{_APPROX}{_PCT}\s*[)\]]"
)
_SHARE_N = re.compile(
    rf"{_APPROX}(?<![\d.–-]){_PCT}\s+(?:of\s+(?:the\s+)?)?(?P<what>[a-z][\w\s-]{{2,50}}?)\s*\(\s*n\s*=\s*(?P<part>\d[\d,]*)\s*\)",
    re.IGNORECASE,
)


@rule(
    "percent_of_count", group=GROUP, severity="medium",
    asserts="A percentage is the share that its count makes of its total.",
    needs="a count, its total and a percentage: in one phrase, in one table row, or with the number of included studies",
    arithmetic="100 x count / total, rounded to the printed decimals (either way of rounding a half); \"about\" is given 2.5 points",
    source="arithmetic",
)  # fmt: skip
def percent_of_count(material: Material) -> Iterator[Finding]:
    """Shares that do not follow from their counts."""
    for document in material.documents:
        for sentence in document.sentences:
            for pattern in (*_SHARES, _OF_ALL):
                for match in pattern.finditer(sentence.text):
                    part, whole = (int(match[name].replace(",", "")) for name in ("part", "whole"))
                    yield from _share(
                        match.group(), sentence, part, whole, to_number(match["percent"]), match["about"]
                    )
        included = _included(document)
        for sentence in document.sentences:
            for match in _SHARE_N.finditer(sentence.text):
                what = match["what"].lower()
                if included and re.search(r"\binclud\w+ (?:stud|article|trial|paper|report)", what):
                    part = int(match["part"].replace(",", ""))
                    whole, source = included
                    yield from _share(
                        match.group(),
                        sentence,
                        part,
                        whole,
                        to_number(match["percent"]),
                        match["about"],
                        f"{whole} included studies ({quote(source.text, 90)})",
                    )
        for table in document.tables:
            for row in table.rows:
                for events, size, percent in (
                    ("events", "n", "percent"),
                    ("events_1", "n_1", "percent_1"),
                    ("events_2", "n_2", "percent_2"),
                ):
                    cells = [table.cell(row, role).rstrip("% ") for role in (events, size, percent)]
                    if cells[0].isdigit() and cells[1].isdigit() and re.fullmatch(r"\d+(?:\.\d+)?", cells[2]):
                        finding = _wrong_share(int(cells[0]), int(cells[1]), to_number(cells[2]), None)
                        if finding:
                            yield Finding(
                                "percent_of_count", str(table.place(row)), f"{cells[0]} of {cells[1]}", f"{cells[2]} %",
                                finding, "medium",
                            )  # fmt: skip


def _share(
    said: str,
    sentence: Sentence,
    part: int,
    whole: int,
    percent: Number,
    about: str | None,
    against: str = "",
) -> Iterator[Finding]:
    if about and re.match(r"over|more|less|under|up|at", about, re.IGNORECASE):
        return
    wrong = _wrong_share(part, whole, percent, about)
    if wrong:
        yield Finding(
            "percent_of_count", str(sentence.place), quote(said), against or f"{part} of {whole}", wrong,
            "low" if about else "medium",
        )  # fmt: skip


def _wrong_share(part: int, whole: int, percent: Number, about: str | None) -> str | None:
    if whole < 1:
        return f"{part} of {whole}: a share of nothing"
    if part > whole:
        return f"{part} is more than its total {whole}"
    share = 100 * part / whole
    slack = percent.half + 1e-9
    if about:
        nearest = round(percent.value * whole / 100)
        # A rounded figure stands for its neighbourhood, unless another count is clearly nearer to it.
        if abs(share - percent.value) <= 2.5 or nearest == part:
            return None
        return (
            f"{part} of {whole} is {share:.1f} %, not about {percent.text} %; "
            f"{nearest} of {whole} would be {100 * nearest / whole:.1f} %"
        )
    if abs(share - percent.value) <= slack:
        return None
    return f"100 x {part} / {whole} = {share:.{percent.decimals + 1}f} %, printed is {percent.text} %"


def _included(document: Document) -> tuple[int, Sentence] | None:
    """The number of included studies as the text gives it, when it gives one number only."""
    pattern = re.compile(
        rf"\b(?:total of\s+)?(?P<n>{COUNT})\s+(?:studies|articles|papers|trials|reports)\b[^.;]{{0,40}}?"
        r"(?:were (?:included|identified, which included|deemed (?:suitable|eligible)|eligible)|met (?:all |our )?(?:the )?inclusion)",
        re.IGNORECASE,
    )
    found = [
        (value, sentence)
        for sentence in document.sentences
        for match in pattern.finditer(sentence.text)
        if (value := count(match["n"])) is not None
    ]
    return found[0] if found and len({value for value, _ in found}) == 1 else None


_UNIT = r"[A-Za-z][\w'’/-]*"
_ITEM = re.compile(
    rf"(?:^|,|;|\band\b|\bor\b|:|\s)\s*(?P<n>{COUNT})\s+(?P<what>(?:{_UNIT})(?:\s+(?:{_UNIT})){{0,6}}?)\s*(?=,|;|\band\b|\.|$|\(|\bwhich\b|\bthat\b|\bwho\b|\breported\b)",
    re.IGNORECASE,
)
_TOTAL_LIST = re.compile(
    rf"(?P<total>{COUNT})\s+(?P<who>participants|patients|subjects|individuals|adults|studies|articles|trials|papers|people)\b"
    rf"(?P<between>[^.;]{{0,60}}?)(?P<word>consist(?:ed|ing) of|compris(?:ed|ing)(?: of)?|"
    rf"made up of|namely|in (?P<groups>{COUNT}) groups,? (?:including|with)|:)\s+(?P<rest>[^.]+)",
    re.IGNORECASE,
)
_IN_GROUPS = re.compile(
    r"\b(?P<total>\d[\d,]*)\s+(?:[a-z-]+\s)?(?:participants|patients|subjects|individuals|adults|persons)\s+"
    r"\(\s*(?P<first>\d[\d,]*)\s+(?P<what>[^(),;]+?)(?:,|\s+and|;)\s+(?:and\s+)?(?P<second>\d[\d,]*)\s+[^(),;\d]+\)",
    re.IGNORECASE,
)
_PART_ONLY = re.compile(r"%|per\s?cent|years|months|weeks|women|men|female|male|aged", re.IGNORECASE)
_COMPOSED = re.compile(
    r"\b(?:consist(?:ed|s) of|comprised(?: of)?|was made up of)\s+(?P<rest>[^.]+)", re.IGNORECASE
)
_CELL_TOTAL = re.compile(r"^[Nn]\s*=\s*(?P<total>\d[\d,]*)\s*[:;(]\s*(?P<rest>.+)$")


@rule(
    "parts_sum", group=GROUP, severity="medium",
    asserts="Groups that are listed as making up a total add up to it.",
    needs="a total followed by an exhaustive list of counts (\"252 participants in four groups, including ...\", \"N=51: ...\")",
    arithmetic="sum of the parts = total", source="arithmetic",
)  # fmt: skip
def parts_sum(material: Material) -> Iterator[Finding]:
    """Lists of parts that do not add up to their total."""
    for document in material.documents:
        for index, sentence in enumerate(document.sentences):
            yield from _list_in(sentence)
            yield from _composition_after(document, index)
        for table in document.tables:
            for row in table.rows:
                cell = table.cell(row, "sample") or table.cell(row, "n")
                match = _CELL_TOTAL.match(cell)
                if match is None:
                    continue
                parts = [
                    int(a or b)
                    for a, b in re.findall(
                        r"(?:=\s*(\d+)\b|(?:^|[,;]\s*|\band\s+)(\d+)\s+[A-Za-z])",
                        match["rest"].replace(",0", "0"),
                    )
                ]
                total = int(match["total"].replace(",", ""))
                if len(parts) >= 2 and sum(parts) != total:
                    yield _sum_finding(str(table.place(row)), cell, parts, total)
        for table in document.tables:
            for row in table.rows:
                sizes = [table.cell(row, role) for role in ("n", "n_1", "n_2")]
                if all(size.isdigit() for size in sizes):
                    total, *parts = (int(size) for size in sizes)
                    # More than two arms may make the total larger than two of them, never smaller.
                    if sum(parts) > total:
                        yield _sum_finding(
                            str(table.place(row)),
                            f"n = {total}, groups {parts[0]} and {parts[1]}",
                            parts,
                            total,
                        )


def _sum_finding(locus: str, said: str, parts: list[int], total: int) -> Finding:
    return Finding(
        "parts_sum", locus, quote(said), f"total {total}", f"{' + '.join(map(str, parts))} = {sum(parts)}, not {total}",
        "medium",
    )  # fmt: skip


def _items(rest: str) -> list[int]:
    return [value for match in _ITEM.finditer(rest) if (value := count(match["n"])) is not None]


def _list_in(sentence: Sentence) -> Iterator[Finding]:
    for pair in _IN_GROUPS.finditer(sentence.text):
        # "(12 women and 3 with pain)" tells traits that may overlap; groups are "in", "assigned to", "with drug".
        whole, *sizes = (int(pair[name].replace(",", "")) for name in ("total", "first", "second"))
        if re.match(
            r"(?:in|assigned|allocated|randomi[sz]ed|on|received|receiving)\b", pair["what"]
        ) and not _PART_ONLY.search(pair.group()):
            if sum(sizes) != whole:
                yield _sum_finding(str(sentence.place), pair.group(), sizes, whole)
            return
    match = _TOTAL_LIST.search(sentence.text)
    total = count(match["total"]) if match else None
    if match is None or total is None:
        return
    parts = _items(match["rest"])
    groups = count(match["groups"]) if match["groups"] else None
    # "in four groups, including" is a full list only when four groups follow.
    if len(parts) < 2 or (groups is not None and len(parts) != groups) or any(part > total for part in parts):
        return
    if groups is None and len(parts) < 3:
        return
    if sum(parts) != total:
        yield _sum_finding(str(sentence.place), match.group(), parts, total)


def _composition_after(document: Document, index: int) -> Iterator[Finding]:
    """ "23 articles met the criteria. The set consisted of 8 ..., 4 ... and 3 ...\""""
    sentence = document.sentences[index]
    match = _COMPOSED.search(sentence.text)
    if match is None or index == 0 or _TOTAL_LIST.search(sentence.text):
        return
    before = document.sentences[index - 1]
    if before.paragraph != sentence.paragraph:
        return
    totals = [
        value
        for found in re.finditer(
            rf"(?P<n>{COUNT})\s+(?:articles|studies|papers|trials|reports)\b", before.text, re.IGNORECASE
        )
        if (value := count(found["n"])) is not None
    ]
    parts = _items(match["rest"])
    if len(totals) == 1 and len(parts) >= 3 and sum(parts) != totals[0]:
        yield _sum_finding(str(sentence.place), sentence.text, parts, totals[0])
