"""Plain text of an article -> headings, sentences with their line, tables, and the lines of the reference list."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from opentrd.evidence.audit.model import Place, Sentence

_TEX = {
    r"\chi": "χ", r"\varphi": "φ", r"\phi": "φ", r"\alpha": "α", r"\beta": "β", r"\gamma": "γ", r"\eta": "η",
    r"\pm": "±", r"\leq": "≤", r"\geq": "≥", r"\times": "×", r"\*": "*", r"\_": "_", r"\%": "%", r"\&": "&",
}  # fmt: skip
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{2,3})(?=\S)(.+?)(?<=\S)\1(?!\w)")
KNOWN = re.compile(
    r"(abstract|summary|background|objectives?|introduction|methods?|materials and methods|results?|discussion|"
    r"conclusions?|conclusion|limitations|references|bibliography|literature cited|declarations|funding|keywords|"
    r"acknowledge?ments?|author(?:s['’]?)? contributions|conflicts? of interest(?: statement)?|ethical statement)\s*:?",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+(?P<title>[A-Z].*)")
REFERENCES = re.compile(r"(references?|bibliography|literature cited|reference list)\s*:?", re.IGNORECASE)
_ENDS_LIST = re.compile(
    r"(?:#+\s+|(?:supplementary\s+)?(?:table|figure|fig\.)\s+\w|appendix\b|notes?:|\*\*cite)", re.IGNORECASE
)
CAPTION = re.compile(r"(?:\**)(?:table)\s+(?P<number>[A-Z]?\d+|[IVX]+)\b", re.IGNORECASE)
_FRONT_END = re.compile(r"(abstract|summary|introduction|background)\b", re.IGNORECASE)
_ABBREVIATION = re.compile(
    r"(?:\b(?:al|vs|e\.g|i\.e|fig|figs|dr|prof|approx|cf|no|ref|refs|resp|ca|st|eq|diff|suppl|vol|pp|ed|eds)|\b[A-Z])\.$",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(
    r"(?<=[.?!])[\"”’)\]]*(?:<sup>[^<]*</sup>|\s?\[[\d,\s–-]+\](?=\s+[A-Z]))?\s+(?=[\"“(\[]?[A-Z0-9À-ŽΑ-Ω])"
)
_LIST_ITEM = re.compile(r"(?:[-*•]\s+|\d{1,3}[.)]\s+|\[\d{1,3}\]\s*)")


@dataclass
class Parts:
    """A text taken apart. ``listed``: the lines of the reference list; ``grids``: runs of table lines."""

    lines: list[str]
    headings: list[tuple[str, int]] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)
    listed: list[tuple[str, int]] = field(default_factory=list)
    grids: list[tuple[str, int, list[tuple[str, int]]]] = field(default_factory=list)
    front_end: int = 0


def clean(line: str) -> str:
    """One line without markup that does not change its meaning; superscripts keep their tags."""
    line = html.unescape(line.replace("\u00a0", " ").replace("\u2009", " ").replace("\u202f", " "))
    if "$" in line or "\\" in line:
        for mark, sign in _TEX.items():
            line = line.replace(mark, sign)
        line = re.sub(r"\^\{?([\w,*+-]+)\}?", r"<sup>\1</sup>", line.replace("$", ""))
    line = re.sub(r"\\([()\[\]])", r"\1", line)
    line = re.sub(r"\[(https?://[^\]]+)\]\(\1\)", r"\1", line)  # a link whose text is its own address
    line = re.sub(r"χ\s?(?:<sup>2</sup>|2(?=\s?\())", "χ²", line)
    line = re.sub(r"</?(?:em|i|b|strong|sub)>", "", line)
    return _EMPHASIS.sub(r"\2", line)


def is_grid(line: str) -> bool:
    """Whether a line is a row of a table (tabs, or pipes as in Markdown)."""
    return line.count("\t") >= 2 or line.count("|") >= 3 or re.search(r"\S\t\S", line) is not None


def take_apart(text: str, file: str) -> Parts:
    """Split a text into its parts; line numbers count from 1."""
    parts = Parts([clean(line) for line in text.splitlines()])
    lines, total = parts.lines, len(parts.lines)
    section, in_list, paragraph = "", False, 0
    chunks: list[tuple[str, int]] = []
    caption, caption_line = "", -9

    def flush() -> None:
        nonlocal paragraph
        if chunks:
            parts.sentences.extend(sentences(chunks, file, section, paragraph))
            paragraph += 1
            chunks.clear()

    place = 0
    while place < total:
        line, number = lines[place], place + 1
        bare = line.strip().strip("#* ").strip()
        if is_grid(line):
            flush()
            rows, place = _grid(lines, place)
            title = caption if number - caption_line < 4 else ""
            parts.grids.append((title, number, rows))
            in_list = False
            continue
        place += 1
        if not bare:
            # A paragraph goes on after a blank line when it broke off in the middle of a sentence.
            if chunks and not _open(chunks[-1][0], lines, place):
                flush()
            continue
        if _FRONT_END.match(bare) and not parts.front_end and len(bare) < 40:
            parts.front_end = number
        if REFERENCES.fullmatch(bare):
            flush()
            section, in_list = bare, True
            parts.headings.append((bare, number))
            continue
        if CAPTION.match(bare):
            flush()
            caption, caption_line = bare, number
            in_list = False
            continue
        if in_list and _ENDS_LIST.match(line.strip()):
            in_list = False
        if in_list:
            parts.listed.append((line.strip(), number))
            continue
        if _is_heading(lines, place - 1):
            flush()
            section = bare.rstrip(":")
            parts.headings.append((bare, number))
            continue
        if chunks and _LIST_ITEM.match(line) and not re.match(r"[a-z]", line):
            flush()
        chunks.append((line.strip(), number))
    flush()
    return parts


def _grid(lines: list[str], place: int) -> tuple[list[tuple[str, int]], int]:
    """The table lines from ``place`` on; blank lines inside belong to it."""
    rows: list[tuple[str, int]] = []
    ahead = place
    while ahead < len(lines) and (is_grid(lines[ahead]) or not lines[ahead].strip()):
        if lines[ahead].strip():
            rows.append((lines[ahead], ahead + 1))
        ahead += 1
    return rows, ahead


def _open(text: str, lines: list[str], place: int) -> bool:
    """Whether a paragraph that ends with ``text`` goes on in the next line that is not blank."""
    following = next((line.strip() for line in lines[place:] if line.strip()), "")
    if not following or is_grid(following) or following.startswith("#"):
        return False
    if text.endswith(("-", "–")) and text[-2:-1].isalpha():
        return bool(re.match(r"[a-z]", following))
    return not re.search(r"[.?!:;”\"]\s*(?:<sup>[^<]*</sup>)?$", text) and bool(
        re.match(r"[a-z(]", following)
    )


def _is_heading(lines: list[str], place: int) -> bool:
    raw = lines[place].strip()
    if raw.startswith("#"):
        return True
    bare = raw.strip("* ")
    words = bare.split()
    if not bare or len(bare) > 110 or "\t" in raw:
        return False
    if KNOWN.fullmatch(bare):
        return True
    alone = (not place or not lines[place - 1].strip()) and (
        place + 1 == len(lines) or not lines[place + 1].strip()
    )
    if NUMBERED.fullmatch(bare) and len(words) <= 14 and alone and not re.search(r"[,;]|\d{4}", bare):
        return True
    if not alone or bare[-1] in ".,;:?!)" or len(words) > 9 or not bare[0].isupper():
        return False
    if bare.isupper() and len(bare) > 3:
        return True
    return len(words) <= 8 and not re.search(r"\d|@|,", bare) and not REFERENCES.match(bare)


def sentences(chunks: list[tuple[str, int]], file: str, section: str, paragraph: int) -> list[Sentence]:
    """The sentences of one paragraph, each with the line in which it begins."""
    text, starts = "", []
    for part, line in chunks:
        if text.endswith("-") and text[-2:-1].isalpha() and part[:1].islower():
            text = text[:-1]  # a word that was hyphenated at the end of the line
        elif text:
            text += " "
        starts.append((len(text), line))
        text += part
    found, begin = [], 0
    for boundary in [*_BOUNDARY.finditer(text), None]:
        end = len(text) if boundary is None else boundary.end()
        piece = text[begin:end].strip()
        head = text[begin : boundary.start() if boundary else end]
        if boundary is not None and _ABBREVIATION.search(head.rstrip()):
            continue
        if piece:
            line = max((line for at, line in starts if at <= begin), default=starts[0][1])
            found.append(Sentence(piece, Place(file, line, section), section, paragraph))
        begin = end
    return found
