"""The text itself: passages twice, units, placeholders, numbers of headings, markers of footnotes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from opentrd.evidence.audit.model import Finding, Material, Sentence, quote
from opentrd.evidence.audit.read import body
from opentrd.evidence.audit.registry import rule
from opentrd.evidence.audit.text import NUMBERED

GROUP = "Text"
SHINGLE = 4
ALIKE = 0.7
FEWEST = 8  # shared runs: sentences of one form share a few
SHORTEST = 11  # words: shorter sentences are alike by chance
_SUMMARIES = (
    "abstract",
    "summary",
    "conclusion",
    "declaration",
    "funding",
    "conflict",
    "keyword",
    "contribution",
)


def _words(text: str) -> list[str]:
    bare = re.sub(r"<sup>[^<]*</sup>|\[[\d,\s–-]+\]|\([^()]*\d{4}[^()]*\)|\(\d[\d,\s–-]*\)", " ", text)
    return re.findall(r"[a-zà-ž0-9-]+", bare.lower())


@rule(
    "duplicate_passage", group=GROUP, severity="low",
    asserts="The text does not say the same sentence twice.",
    needs="sentences of eleven words or more outside summaries, conclusions and declarations",
    arithmetic=f"runs of {SHINGLE} words shared, as a share of those of the shorter sentence: {ALIKE:.0%} or more, at least {FEWEST}",
    source="Broder 1997 (resemblance and containment of documents)",
)  # fmt: skip
def duplicate_passage(material: Material) -> Iterator[Finding]:
    """Sentences that come twice in the body; neighbouring pairs are told once."""
    for document in material.documents:
        sentences = [one for one in body(document, without=_SUMMARIES) if len(_words(one.text)) >= SHORTEST]
        shingles = [_shingles(one) for one in sentences]
        where: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place, parts in enumerate(shingles):
            for part in parts:
                where[part].append(place)
        shared: dict[tuple[int, int], int] = defaultdict(int)
        for places in where.values():
            for index, first in enumerate(places):
                for second in places[index + 1 :]:
                    shared[first, second] += 1
        last = (-9, -9)
        for (first, second), times in sorted(shared.items()):
            smaller = min(len(shingles[first]), len(shingles[second]))
            if times < max(FEWEST, ALIKE * smaller):
                continue
            neighbour = first - last[0] <= 2 and second - last[1] <= 2
            last = (first, second)
            if not neighbour:
                yield Finding(
                    "duplicate_passage", f"{sentences[first].place}; {sentences[second].place}", quote(sentences[first].text),
                    quote(sentences[second].text), f"{times} of {smaller} runs of {SHINGLE} words are the same", "low",
                )  # fmt: skip


def _shingles(sentence: Sentence) -> set[tuple[str, ...]]:
    words = _words(sentence.text)
    return {tuple(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)}


_UNIT = re.compile(
    r"(?<![\w/])(?P<unit>(?:[kmµμunpfc]?(?:g|mol|IU|U|Eq|kat)|m?IU)\s?/\s?(?:[dmµμu]?[lL]|kg|m²|day|d|h|min))"
    r"\s?(?P<tail>(?:<sup>\s*)?[-−–⁻][1¹](?!\d|\.\d)(?:\s*</sup>)?|/\s?[a-zA-Z]*[lL]\b)"
)


@rule(
    "unit_grammar", group=GROUP, severity="low",
    asserts="A unit divides once: mg/L or mg L-1, not both.",
    needs="a concentration or dose unit",
    arithmetic="a solidus and a negative exponent on the same unit divide twice: mg/L-1 = mg x L", source="UCUM; SI Brochure, 5.4.6",
)  # fmt: skip
def unit_grammar(material: Material) -> Iterator[Finding]:
    """Units with a solidus and a negative exponent: one finding per file and unit."""
    for document in material.documents:
        texts = [(one.text, str(one.place)) for one in document.sentences]
        texts += [
            (cell, str(table.place(row)))
            for table in document.tables
            for row in table.rows
            for cell in row.cells
        ]
        seen: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for text, place in texts:
            # Units are mostly glued to their number ("3mg/L"), so a digit may stand before them.
            for match in _UNIT.finditer(re.sub(r"(?<=\d)(?=[a-zµμ])", " ", text)):
                unit = re.sub(r"\s", "", match["unit"])
                seen[unit].append((place, match.group()))
        for unit, found in seen.items():
            yield Finding(
                "unit_grammar", "; ".join(dict.fromkeys(place for place, _ in found[:3])), found[0][1], unit,
                f"{found[0][1]} divides by {unit.split('/')[1]} twice" + (f" ({len(found)} times)" if len(found) > 1 else ""),
                "low",
            )  # fmt: skip


_PLACEHOLDER = re.compile(
    r"[\[(]\s*insert (?:figure|table|here|ref)[^\])]*[\])]|\bcitation needed\b|error! (?:reference|bookmark)[^.]*|"
    r"\bTBD\b|\bXX+\b|lorem ipsum|\[\?+\]",
    re.IGNORECASE,
)


@rule(
    "placeholder", group=GROUP, severity="low",
    asserts="Nothing is left that was to be filled in.",
    needs="text", arithmetic="words of a draft (\"insert figure here\", \"citation needed\", \"XX\")", source="proofreading",
)  # fmt: skip
def placeholder(material: Material) -> Iterator[Finding]:
    """Placeholders that were never filled."""
    for document in material.documents:
        for sentence in document.sentences:
            match = _PLACEHOLDER.search(sentence.text)
            if match:
                yield Finding(
                    "placeholder", str(sentence.place), quote(match.group()), "a finished text", "left from a draft", "low",
                )  # fmt: skip


@rule(
    "heading_numbers", group=GROUP, severity="low",
    asserts="Numbered headings count on without gaps.",
    needs="four or more numbered headings", arithmetic="under each number the next is one higher, the first is 1",
    source="proofreading",
)  # fmt: skip
def heading_numbers(material: Material) -> Iterator[Finding]:
    """A section number that is missing ("3.1", then "3.3")."""
    for document in material.documents:
        numbered = [
            (tuple(int(part) for part in match["number"].split(".")), text, line)
            for text, line in document.headings
            if (match := NUMBERED.fullmatch(text))
        ]
        if len(numbered) < 4 or numbered[0][0] != (1,):
            continue
        last: dict[tuple[int, ...], int] = {}
        for number, text, line in numbered:
            above, here = number[:-1], number[-1]
            expected = last.get(above, 0) + 1
            if here > expected:
                missing = ".".join(map(str, (*above, expected)))
                yield Finding(
                    "heading_numbers", str(document.place(line)), quote(text), f"after {'.'.join(map(str, (*above, expected - 1)))}",
                    f"{missing} is missing", "low",
                )  # fmt: skip
            last[above] = here


def _quiet(text: str) -> str:
    """A line of a title page without addresses: a finding is passed on."""
    return quote(re.sub(r"\S+@\S+", "(e-mail)", text))


_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_MARKER = re.compile(r"^(?:<sup>\s*(?P<tag>\d{1,2})\s*</sup>|(?P<sign>[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))\s*(?P<rest>\S.*)")


@rule(
    "footnote_markers", group=GROUP, severity="low",
    asserts="On the title page one marker stands for one affiliation or note.",
    needs="lines that begin with a raised number before the abstract", arithmetic="the same number on two different lines",
    source="proofreading",
)  # fmt: skip
def footnote_markers(material: Material) -> Iterator[Finding]:
    """One marker, two notes."""
    for document in material.documents:
        seen: dict[int, tuple[int, str]] = {}
        for line, text in enumerate(document.lines[: document.header_end], 1):
            match = _MARKER.match(text.strip())
            if match is None:
                continue
            number = int(match["tag"] or match["sign"].translate(_RAISED))
            if number in seen and seen[number][1] != match["rest"]:
                first = seen[number]
                yield Finding(
                    "footnote_markers", f"{document.place(first[0])}; {document.place(line)}", _quiet(first[1]),
                    _quiet(match["rest"]), f"marker {number} stands for both", "low",
                )  # fmt: skip
            seen.setdefault(number, (line, match["rest"]))
