"""The numbers of a study flow (PRISMA): what follows from what, and which boxes have none."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from opentrd.evidence.audit.model import Document, Finding, Material, Sentence, quote
from opentrd.evidence.audit.numbers import COUNT, count
from opentrd.evidence.audit.registry import rule

GROUP = "Counts and percentages"
_RECORDS = r"(?:records|citations|articles|references|papers|studies|publications|reports|titles|abstracts)"
_WERE = r"\s+(?:were\s+)?(?:\w+ly\s+)?"
_FULL = r"full[- ]?texts?(?:\s+(?:articles|papers|reports))?"
_UNIQUE = r"(?:(?:unique|remaining|potentially relevant)\s+)?"
# The boxes of a PRISMA 2020 flow that a text may give, in order; {n} is the number.
_BOXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "identified",
        (
            rf"{{n}}\s+{_UNIQUE}{_RECORDS}{_WERE}(?:identified|retrieved|found)",
            rf"(?:identified|yielded|retrieved|returned)\s+(?:a total of\s+)?{{n}}\s+{_UNIQUE}{_RECORDS}",
        ),
    ),
    (
        "screened",
        (
            rf"{{n}}\s+{_UNIQUE}{_RECORDS}\s+(?:remained\s+)?after\s+(?:the\s+)?(?:removal|removing|de-?duplication|exclusion)",
        ),
    ),
    (
        "duplicates",
        (r"{n}\s+duplicates?\b", r"(?:removal|removing|exclusion) of\s+{n}\s+duplicates?"),
    ),
    (
        "screened",
        (
            rf"{{n}}\s+{_UNIQUE}(?:titles and abstracts|{_RECORDS}){_WERE}screened",
            r"(?:after|following)\s+(?:the\s+)?(?:removal|elimination|removing|de-?duplication|exclusion)"
            rf"(?:\s+of)?(?:\s+duplicates?)?[^.\d]{{{{0,30}}}}?{{n}}\s+{_UNIQUE}(?:{_RECORDS}|remained)",
            rf"screened\s+{{n}}\s+{_RECORDS}",
            rf"duplicates?\b[^.;\d]{{{{0,40}}}}?{{n}}\s+(?:{_RECORDS}\s+)?(?:were\s+screened|remained)",
        ),
    ),
    (
        "excluded_screening",
        (
            rf"{{n}}\s+(?:{_RECORDS}\s+)?(?:were\s+)?excluded\s+(?:at|after|on|based on|during)\s+"
            r"(?:title|screening|the title|abstract)",
            rf"screening\s+excluded\s+{{n}}\s+{_RECORDS}",
            r"\bscreened\b[^.]{{0,60}}?\bof which\s+{n}\s+were\s+excluded",
        ),
    ),
    (
        "full_text",
        (
            rf"{{n}}\s+{_FULL}{_WERE}(?:evaluated|assessed|reviewed|retrieved|examined|read)",
            r"(?:assessed|reviewed|read)\s+{n}\s+full[- ]?texts?",
        ),
    ),
    (
        "excluded_full_text",
        (
            rf"{{n}}\s+(?:{_FULL}|reports){_WERE}excluded",
            r"excluded\s+{n}\s+full[- ]texts?",
            rf"{_FULL}{_WERE}(?:assessed|reviewed|read)[^.]{{{{0,60}}}}?\bof which\s+{{n}}\s+were\s+excluded",
        ),
    ),
    (
        "included",
        (
            rf"{{n}}\s+{_RECORDS}{_WERE}included",
            rf"{{n}}\s+{_RECORDS}\s+met\s+(?:all\s+)?(?:the\s+|our\s+)?inclusion",
        ),
    ),
)
_PATTERNS = [
    (box, re.compile(pattern.format(n=rf"\b(?P<n>{COUNT})"), re.IGNORECASE))
    for box, patterns in _BOXES
    for pattern in patterns
]


_REASONS = re.compile(
    rf"\b(?P<n>{COUNT})\s+(?:[\w-]+\s+){{0,4}}?(?:were\s+)?excluded\b(?P<rest>[^.]*\(\s*n\s*=\s*\d[^.]*)",
    re.IGNORECASE,
)
_SOURCES = re.compile(
    rf"\b(?P<n>{COUNT})\s+{_UNIQUE}{_RECORDS}\b[^.()]{{0,60}}\((?P<rest>[^()]*\w\s*(?::|,?\s*n\s*=)\s*\d[^()]*)\)",
    re.IGNORECASE,
)
_OVERLAP = re.compile(r"more than one|multiple|several reasons|not mutually|overlap", re.IGNORECASE)


def _sums(sentence: Sentence) -> Iterator[tuple[int, list[int], str, str]]:
    """Totals with their listed parts: exclusions by reason ("(n = 3)") and records by database ("PubMed: 487")."""
    match = _REASONS.search(sentence.text)
    total = count(match["n"]) if match else None
    if match and total is not None and not _OVERLAP.search(sentence.text):
        parts = [int(part.replace(",", "")) for part in re.findall(r"\(\s*n\s*=\s*(\d[\d,]*)", match["rest"])]
        if len(parts) >= 3:
            yield total, parts, "excluded", match.group()
    for match in _SOURCES.finditer(sentence.text):
        total = count(match["n"])
        parts = [
            int(part.replace(",", ""))
            for part in re.findall(r"(?::|=)\s*(\d{1,3}(?:,\d{3})+|\d+)", match["rest"])
        ]
        if total is not None and len(parts) >= 2:
            yield total, parts, "records", match.group()


def flow(document: Document) -> dict[str, tuple[int, Sentence]]:
    """The boxes of the study flow that the text gives a number for (the first place each)."""
    found: dict[str, tuple[int, Sentence]] = {}
    for sentence in document.sentences:
        if sentence.place.line < document.header_end or re.search(
            r"abstract|summary", sentence.section, re.IGNORECASE
        ):
            continue
        for box, pattern in _PATTERNS:
            match = pattern.search(sentence.text) if box not in found else None
            value = count(match["n"]) if match else None
            if value is not None:
                found[box] = (value, sentence)
    return found


_IDENTITIES = (
    ("identified", "duplicates", "screened"),
    ("screened", "excluded_screening", "full_text"),
    ("full_text", "excluded_full_text", "included"),
)


@rule(
    "prisma_arithmetic", group=GROUP, severity="high",
    asserts="The boxes of a study flow follow from one another.",
    needs="two or more numbers of the flow in the text",
    arithmetic="screened = identified - duplicates; full texts = screened - excluded; included = full texts - excluded; none grows; "
    "reasons and databases add up",
    source="Page et al. 2021, BMJ 372:n71 (PRISMA 2020)",
)  # fmt: skip
def prisma_arithmetic(material: Material) -> Iterator[Finding]:
    """Flow numbers that do not follow from one another, reasons and databases that do not add up."""
    for document in material.documents:
        for sentence in document.sentences:
            for total, parts, what, said in _sums(sentence):
                if sum(parts) != total:
                    yield Finding(
                        "prisma_arithmetic", str(sentence.place), quote(said, 240), f"{what} {total}",
                        f"{' + '.join(map(str, parts))} = {sum(parts)}, not {total}", "medium",
                    )  # fmt: skip
        boxes = flow(document)
        for start, taken, left in _IDENTITIES:
            if all(box in boxes for box in (start, taken, left)):
                whole, minus, rest = (boxes[box][0] for box in (start, taken, left))
                if whole - minus != rest:
                    yield Finding(
                        "prisma_arithmetic", str(boxes[left][1].place), f"{start} {whole}, {taken} {minus}", f"{left} {rest}",
                        f"{whole} - {minus} = {whole - minus}, not {rest}", "high",
                    )  # fmt: skip
        order = [box for box in ("identified", "screened", "full_text", "included") if box in boxes]
        for earlier, later in itertools.pairwise(order):
            if boxes[later][0] > boxes[earlier][0]:
                yield Finding(
                    "prisma_arithmetic", str(boxes[later][1].place), f"{earlier} {boxes[earlier][0]}",
                    f"{later} {boxes[later][0]}", f"{boxes[later][0]} > {boxes[earlier][0]}: the flow grows", "high",
                )  # fmt: skip


@rule(
    "prisma_boxes", group=GROUP, severity="question",
    asserts="A systematic review reports every box of its study flow, from records identified to reasons for exclusion.",
    needs="a text that calls itself a systematic review and gives at least two numbers of the flow",
    arithmetic="boxes of PRISMA 2020 without a number in the text (a figure may hold them)",
    source="Page et al. 2021, BMJ 372:n71 (PRISMA 2020, items 16a and 16b)",
)  # fmt: skip
def prisma_boxes(material: Material) -> Iterator[Finding]:
    """Boxes of the flow without a number in the text: a question, because a figure may have them."""
    for document in material.documents:
        boxes = flow(document)
        says = any(
            re.search(r"systematic (?:literature )?review|PRISMA", sentence.text)
            for sentence in document.sentences
        )
        if len(boxes) < 2 or not says:
            continue
        missing = [
            box.replace("_", " ") for box in dict.fromkeys(name for name, _ in _BOXES) if box not in boxes
        ]
        first = min((sentence for _, sentence in boxes.values()), key=lambda item: item.place.line)
        if missing:
            yield Finding(
                "prisma_boxes", str(first.place), "; ".join(f"{box.replace('_', ' ')} {value}" for box, (value, _) in boxes.items()),
                f"no number in the text for: {', '.join(missing)}",
                "Does the flow diagram give these boxes, with the reasons for exclusion at full text?", "low", question=True,
            )  # fmt: skip
