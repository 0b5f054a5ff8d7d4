"""Texts that write decimals with a comma ("0,75 (0,61-0,93)"): read as points, without touching citations and thousands."""

from __future__ import annotations

import re

from opentrd.evidence.audit.numbers import MINUS

# "0,75" has no other meaning than three quarters: no thousands begin with 0, no reference has the number 0.
_SURE = re.compile(r"(?<![\w.,/])0,\d{2,}(?![\d,]*,\d)|\bp\s?[<=>]\s?0,\d", re.IGNORECASE)
_TIME = re.compile(r"(?:weeks?|days?|months?|hours?|visits?|at|points?)\s*[:(]?\s*$", re.IGNORECASE)
_POINT = re.compile(r"(?<![\w.,/-])(?:0?\.\d+|\d+\.\d{1,2}|0\.\d+)(?![\w.]*\.\d|\w)")
_NUMBERED_HEADING = re.compile(r"^[#*\s]*\d+(?:\.\d+)+\.?\s")
_COMMA = re.compile(r"(?<=\d),(?=\d)")
_THOUSAND = re.compile(r"(?<![\w.,/-])[1-9]\d{0,2}(?:\.\d{3})+(?![\d.])")
_REFERENCES = re.compile(
    r"[#*\s]*(references?|bibliography|literature cited|reference list)[\s:*]*", re.IGNORECASE
)
_BRACKETS = re.compile(r"<sup>[^<]*</sup>|\[[^\[\]]*\]|\([^()]*\)")
_CITES = re.compile(r"(?:[Rr]efs?\.?\s*)?\d{1,3}(?:\s*[,;–—-]\s*\d{1,3})+")


def with_points(content: str) -> tuple[str, bool]:
    """The text with decimal commas turned into points, and whether there were any.

    A whole text is read so when some number is surely one ("0,75") and none has a decimal point; otherwise only the
    paragraphs and tables of which that is true. The reference list stays as it is.
    """
    lines = content.split("\n")
    end = next((place for place, line in enumerate(lines) if _REFERENCES.fullmatch(line)), len(lines))
    blocks: list[list[int]] = [[]]
    for place in range(end):
        if lines[place].strip():
            blocks[-1].append(place)
        elif blocks[-1]:
            blocks.append([])
    sure = [any(_is_sure(lines[place]) for place in block) for block in blocks]
    points = [any(_has_point(lines[place]) for place in block) for block in blocks]
    everywhere = any(sure) and not any(points)
    for block, certain, pointed in zip(blocks, sure, points, strict=True):
        if everywhere or (certain and not pointed):
            for place in block:
                lines[place] = _turned(lines[place])
    return "\n".join(lines), any(
        everywhere or (certain and not pointed) for certain, pointed in zip(sure, points, strict=True)
    )


def _is_sure(line: str) -> bool:
    # "weeks 0,12" names two weeks.
    return any(not _TIME.search(line[: match.start()]) for match in _SURE.finditer(line))


def _has_point(line: str) -> bool:
    return _POINT.search(_NUMBERED_HEADING.sub("", line)) is not None


def _turned(line: str) -> str:
    """One line with points; numbers in brackets that are citations keep their commas."""
    kept: list[tuple[int, int]] = []
    for match in _BRACKETS.finditer(line):
        inside = match.group()[1:-1] if match.group()[0] in "[(" else re.sub(r"</?sup>", "", match.group())
        interval = re.search(
            rf"\d,\d+\s*%?\s*$|\bCI\s*:?\s*$|[{MINUS}]?\d,\d+\s*\w*\s*$", line[: match.start()]
        )
        if _CITES.fullmatch(inside) and not re.search(r"(?<!\d)0,\d", inside) and not interval:
            kept.append(match.span())

    def free(place: int) -> bool:
        return not any(start <= place < end for start, end in kept)

    # Points between thousands ("1.234 patients") become the commas of the other kind of writing; lengths stay the same.
    marked = _THOUSAND.sub(lambda match: match.group().replace(".", "\x00"), line)
    return _COMMA.sub(lambda match: "." if free(match.start()) else ",", marked).replace("\x00", ",")
