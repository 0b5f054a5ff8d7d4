"""Statements that point in opposite directions: on a marker, on one thing in one sentence, and between claim rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from opentrd.evidence.audit import lexicon
from opentrd.evidence.audit.model import Document, Finding, Material, Place, quote
from opentrd.evidence.audit.read import body
from opentrd.evidence.audit.registry import rule

GROUP = "Claims against claims"
_MARKERS = [(row["marker"], re.compile(row["pattern"], re.IGNORECASE)) for row in lexicon.rows("marker")]
_UNSTEADY = r"inconsistent(?:ly)?|no consistent|disparate|conflicting|unreliable"
_NONE = r"(?:not|no)\s+(?:significant\w*\s+)?(?:alter\w+|differ\w+|elevat\w+|increas\w+|chang\w+)|unaltered|unchanged"
_UP = r"elevated|elevation|raised|higher|increased?|up-?regulated"
_DOWN = r"lower(?:ed)?|reduced|decreased?|diminished|much less|down-?regulated"
_PREDICATE = re.compile(
    rf"(?P<unsteady>{_UNSTEADY})|(?P<none>{_NONE})|(?P<up>\b(?:{_UP})\b)|(?P<down>\b(?:{_DOWN})\b)",
    re.IGNORECASE,
)
_STEADY = re.compile(
    r"\bconsistent(?:ly)?\b|\brobust(?:ly)?|\bmarked(?:ly)?\b|\breliabl[ey]\b|\bvalidated\b|most uniform",
    re.IGNORECASE,
)
# Only what is told of ill persons beside healthy ones is compared.
_COMPARED = re.compile(r"healthy|controls?\b|\bHC\b|\bMDD\b|\bTRD\b|depress", re.IGNORECASE)
# Changes under treatment, predictions, mechanisms and animals are other questions.
_OTHER = re.compile(
    r"\b(?:ketamine|infliximab|celecoxib|treatment with|therapy|ECT\b|electroconvulsive|after|during|session|predict\w*|respon[sd]\w*|"
    r"reduction|driv\w+|caus\w+|induc\w+|lead\w*|mice|mouse|animal|expression|signal\w*|inhibit\w*|subgroup|cut-?off|whether|may|might)\b",
    re.IGNORECASE,
)
_DIRECTIONS = ("up", "down", "none", "unsteady")


@dataclass(frozen=True)
class Said:
    """One statement on a marker: its direction, and whether it is called consistent."""

    marker: str
    direction: str
    steady: bool
    text: str
    place: Place


def statements(document: Document) -> list[Said]:
    """What a document says of the markers it names, comparing ill with healthy persons."""
    texts = [(sentence.text, sentence.place) for sentence in body(document)]
    texts += [
        (table.cell(row, "findings"), table.place(row)) for table in document.tables for row in table.rows
    ]
    found = []
    for text, place in texts:
        for clause in re.split(r";|\b(?:whereas|while|however|conversely|but)\b", text, flags=re.IGNORECASE):
            if _OTHER.search(clause) or not (_COMPARED.search(clause) or len(clause) < len(text)):
                continue
            for marker, pattern in _MARKERS:
                mention = pattern.search(clause)
                direction = _direction(clause, mention) if mention else ""
                if direction:
                    found.append(Said(marker, direction, bool(_STEADY.search(clause)), clause.strip(), place))
    return found


def _direction(clause: str, mention: re.Match[str]) -> str:
    """The direction told of a mention: what stands right after it, else "elevated levels of a, b and c" before it."""
    after = clause[mention.end() : mention.end() + 55]
    following = _PREDICATE.search(after)
    if following and not any(pattern.search(after[: following.start()]) for _, pattern in _MARKERS):
        return _name(following)
    before = clause[max(0, mention.start() - 160) : mention.start()]
    leading = list(_PREDICATE.finditer(before))
    if leading and re.match(
        r"\s*(?:levels?|concentrations?)?\s*(?:of|in)?\b[^.]*$", before[leading[-1].end() :]
    ):
        between = before[leading[-1].end() :]
        # A list of markers may stand between, but no verb of another statement.
        if not re.search(r"\b(?:is|are|was|were|that|which|showed|and was)\b", between):
            return _name(leading[-1])
    return ""


def _name(match: re.Match[str]) -> str:
    return next(name for name in _DIRECTIONS if match[name])


@rule(
    "polarity_marker", group=GROUP, severity="high",
    asserts="A text tells one direction of a marker: not consistently raised here and inconsistent, unchanged or lowered there.",
    needs="sentences or findings cells on a known marker in ill against healthy persons (not under treatment, not predictions)",
    arithmetic="directions told in one document; \"consistently raised\" against \"inconsistent\", or raised against lowered; "
    "raised against unchanged, or between documents, is a question",
    source="vote of directions: Cochrane Handbook 6.5, chapter 12",
)  # fmt: skip
def polarity_marker(material: Material) -> Iterator[Finding]:
    """Opposite directions of one marker."""
    told = {document.file: statements(document) for document in material.documents}
    for file, said in told.items():
        by_marker: dict[str, list[Said]] = defaultdict(list)
        for one in said:
            by_marker[one.marker].append(one)
        for marker, ones in by_marker.items():
            ups = [one for one in ones if one.direction == "up"]
            steady = [one for one in ups if one.steady]
            downs = [one for one in ones if one.direction == "down"]
            unsteady = [one for one in ones if one.direction == "unsteady"]
            none = [one for one in ones if one.direction == "none"]
            if steady and unsteady:
                yield _finding(
                    marker, steady, unsteady, "consistently raised against inconsistent", question=False
                )
            elif ups and downs:
                yield _finding(marker, ups, downs, "raised against lowered", question=False)
            elif ups and none:
                yield _finding(
                    marker,
                    ups,
                    none,
                    "raised against unchanged: is the same comparison meant?",
                    question=True,
                )
            for other, more in told.items():
                opposite = [one for one in more if one.marker == marker and one.direction in ("down", "none")]
                if other > file and ups and opposite:
                    yield _finding(
                        marker,
                        ups,
                        opposite,
                        "raised in one text, not so in the other: same comparison?",
                        question=True,
                    )
                opposite = [one for one in more if one.marker == marker and one.direction == "up"]
                if other > file and opposite and (downs or none) and not ups:
                    yield _finding(
                        marker,
                        opposite,
                        downs or none,
                        "raised in one text, not so in the other: same comparison?",
                        question=True,
                    )


def _near(one: Said) -> str:
    """The words around the marker: an abstract is one long sentence."""
    pattern = next(pattern for marker, pattern in _MARKERS if marker == one.marker)
    match = pattern.search(one.text)
    assert match is not None
    start, end = max(0, match.start() - 130), match.end() + 90
    cut = one.text[start:end]
    cut = cut if not start else f"... {cut.partition(' ')[2]}"
    return quote(cut if end >= len(one.text) else f"{cut.rpartition(' ')[0]} ...", 260)


def _finding(marker: str, ones: list[Said], others: list[Said], problem: str, *, question: bool) -> Finding:
    places = "; ".join(dict.fromkeys([str(ones[0].place), *(str(one.place) for one in others[:2])]))
    return Finding(
        "polarity_marker", places, _near(ones[0]), _near(others[0]),
        f"{marker}: {problem} ({len(ones)} and {len(others)} statements)", "high", question=question,
    )  # fmt: skip


@rule(
    "opposite_words", group=GROUP, severity="high",
    asserts="One sentence does not tell a thing and its opposite of one study.",
    needs="a sentence with two phrases that the word list holds as opposites",
    arithmetic="both phrases in one sentence, without a word that sets them against each other",
    source="meaning of the words (list lexicon/opposite.csv)",
)  # fmt: skip
def opposite_words(material: Material) -> Iterator[Finding]:
    """Reduced permeability as a sign of a leaking barrier; open-label and double-blind at once."""
    pairs = [
        (row, re.compile(row["one_way"], re.IGNORECASE), re.compile(row["other_way"], re.IGNORECASE))
        for row in lexicon.rows("opposite")
    ]
    against = re.compile(
        r"\b(?:but|whereas|while|however|contrast|unlike|versus|vs|although|though|compared|rather than|followed by|then|or|both)\b",
        re.IGNORECASE,
    )
    for document in material.documents:
        texts = [(sentence.text, sentence.place) for sentence in body(document)]
        texts += [
            (table.cell(row, "design"), table.place(row)) for table in document.tables for row in table.rows
        ]
        for text, place in texts:
            for row, one, other in pairs:
                first, second = one.search(text), other.search(text)
                if first and second and not against.search(text):
                    yield Finding(
                        "opposite_words", str(place), quote(_around(text, first)), quote(_around(text, second)),
                        f"{row['thing']}: {row['one_says']}; {row['other_says']}", "high",
                    )  # fmt: skip


def _around(text: str, match: re.Match[str]) -> str:
    start, end = max(0, match.start() - 60), match.end() + 40
    return ("... " if start else "") + text[start:end] + (" ..." if end < len(text) else "")


_OPPOSED = {
    frozenset(pair)
    for pair in (("higher", "lower"), ("better", "worse"), ("predicts better", "predicts worse"),
                 ("higher", "no difference"), ("lower", "no difference"), ("higher", "mixed"), ("lower", "mixed"))
}  # fmt: skip


@rule(
    "polarity_claim", group=GROUP, severity="medium",
    asserts="Claim rows of one review on one subject, quantity and population have one polarity.",
    needs="a table with columns subject and polarity (and review, quantity, population where there are)",
    arithmetic="opposed polarities within one review and population: a finding; between reviews, or without a population: a question",
    source="vote of directions: Cochrane Handbook 6.5, chapter 12",
)  # fmt: skip
def polarity_claim(material: Material) -> Iterator[Finding]:
    """Claim rows that contradict one another."""
    for document in material.documents:
        for table in document.tables:
            if "subject" not in table.roles or "polarity" not in table.roles:
                continue
            review = next((at for at, name in enumerate(table.header) if name.lower() == "review"), None)
            rows: dict[tuple[str, str, str], list[tuple[str, str, Place, str]]] = defaultdict(list)
            for row in table.rows:
                key = (table.cell(row, "subject"), table.cell(row, "quantity"), table.cell(row, "population"))
                polarity = table.cell(row, "polarity")
                if key[0] and polarity:
                    who = row.cells[review] if review is not None else ""
                    text = " | ".join(cell for cell in row.cells[:6] if cell)
                    rows[key].append((who, polarity, table.place(row), text))
            for key, ones in rows.items():
                seen = set()
                for at, (who, polarity, place, text) in enumerate(ones):
                    for other, opposite, where, said in ones[at + 1 :]:
                        pair = frozenset((polarity, opposite))
                        if pair not in _OPPOSED or (who, other, pair) in seen:
                            continue
                        seen.add((who, other, pair))
                        yield Finding(
                            "polarity_claim", f"{place}; {where}", quote(text), quote(said),
                            f"{', '.join(part for part in key if part)}: {polarity} against {opposite}"
                            + ("" if who == other and key[2] else ". Is the same comparison meant?"),
                            "medium", question=who != other or not key[2],
                        )  # fmt: skip
