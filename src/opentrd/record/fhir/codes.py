"""Which condition, agent, procedure or measure of the knowledge a FHIR concept means."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from opentrd import knowledge
from opentrd.record.fhir.elements import Coding, all_words, codings, number

# A shorter name ("T3", "SAMe") is only taken when it is the whole text, not as a word in a sentence.
_SHORTEST_WORD = 5
# The tag that ends a fully specified name: 'Major depressive disorder (disorder)'.
_SNOMED_TAG = re.compile(r"\s*\((?:disorder|finding|situation|procedure|regime/therapy|event|product)\)$")
_REMEMBERED = 20_000  # concepts; the same few thousand come again and again in an export


@dataclass(frozen=True)
class Match:
    """What a concept was resolved to, and every other name that its codings would also give."""

    name: str
    others: tuple[str, ...] = ()


@dataclass
class CodeList:
    """Codes and names of one kind of thing (condition, procedure, measure), ready for look-up."""

    exact: dict[tuple[str, str], str] = field(default_factory=dict)
    prefix: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    matched: dict[str, Match | None] = field(default_factory=dict)

    def add(self, system: str, code: str, name: str, match: str = "exact") -> None:
        """Add one code; ``match`` is ``exact`` or ``prefix``."""
        if match == "prefix":
            self.prefix.setdefault(system.lower(), []).append((_plain(system, code.rstrip("*")), name))
            self.prefix[system.lower()].sort(key=lambda entry: (-len(entry[0]), entry))
        else:
            self.exact.setdefault((system.lower(), _plain(system, code)), name)

    def find(self, system: str, code: str) -> tuple[str, bool] | None:
        """The name of a code and whether the code matched exactly; None if no code list has it."""
        plain = _plain(system, code)
        if not plain:
            return None
        if (system.lower(), plain) in self.exact:
            return self.exact[system.lower(), plain], True
        for start, name in self.prefix.get(system.lower(), []):
            if plain.startswith(start):
                return name, False
        return None

    def match(self, concept: object) -> Match | None:
        """The best of a concept's codings: chosen by the user, exact, not 'unspecified'; else its words."""
        key = repr(concept)
        if key not in self.matched:
            forget_if_full(self.matched)
            self.matched[key] = self._match(concept)
        return self.matched[key]

    def _match(self, concept: object) -> Match | None:
        found: list[tuple[bool, bool, bool, int, str]] = []
        for place, coding in enumerate(codings(concept)):
            hit = self.find(code_system(coding), coding.code)
            if hit:
                found.append((not coding.chosen, not hit[1], "unspecified" in hit[0], place, hit[0]))
        names = [entry[-1] for entry in sorted(found)]
        if not names:
            spelled = [form for word in all_words(concept) for form in (word, _SNOMED_TAG.sub("", word))]
            names = [hit[0] for word in spelled if (hit := self.find("name", word))]
        distinct = list(dict.fromkeys(names))
        return Match(distinct[0], tuple(distinct[1:])) if distinct else None


@dataclass
class Codes:
    """Everything of the knowledge that reading FHIR needs."""

    agents: CodeList
    conditions: CodeList
    procedures: CodeList
    measures: CodeList
    measure_range: dict[str, tuple[str, float | None, float | None]]
    condition_sets: dict[str, set[str]]
    answers: dict[tuple[str, str], str]
    agent_words: re.Pattern[str]
    drugs: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # concepts already read as drugs

    def agents_of(self, concept: object) -> list[str]:
        """The known ingredients of a medicine: by ingredient code, else by the words of its name."""
        coded = [
            hit[0]
            for coding in codings(concept)
            if (hit := self.agents.find(code_system(coding), coding.code))
        ]
        if coded:
            return list(dict.fromkeys(coded))
        spelled = [name for word in all_words(concept) for _, name in self.agents_in(word)]
        return list(dict.fromkeys(spelled))

    def agents_in(self, phrase: str) -> list[tuple[re.Match[str] | None, str]]:
        """Every known ingredient that a drug name contains as a word, with where it stands."""
        whole = self.agents.find("name", phrase)
        if whole:
            return [(None, whole[0])]
        hits: list[tuple[re.Match[str] | None, str]] = []
        for found in self.agent_words.finditer(phrase):
            name = self.agents.find("name", found[0])
            if name:
                hits.append((found, name[0]))
        return hits


def forget_if_full(remembered: dict[str, Any]) -> None:
    """Empty a memory of concepts once it is large, so that a long export keeps to constant memory."""
    if len(remembered) >= _REMEMBERED:
        remembered.clear()


def code_system(coding: Coding) -> str:
    """The contract's name of a code system (``RxNorm``, ``SNOMED``, ...); empty if it has none."""
    return _system_uris().get(coding.system.rstrip("/").lower(), "")


def _plain(system: str, code: str) -> str:
    """A code as it is compared: ICD without its dot, names with single spaces, all in one case."""
    plain = re.sub(r"[\s\u200b]+", " ", code).strip().casefold()
    return plain.replace(".", "") if system.upper().startswith("ICD10") else plain


def _package_rows(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _system_uris() -> dict[str, str]:
    return {row["uri"].lower(): row["system"] for row in _package_rows("system_uri.csv")}


def _rows(table: str) -> list[dict[str, str]]:
    return [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in knowledge.table(table).to_pylist()
    ]


def _code_list(kinds: str, codes: str, column: str) -> CodeList:
    """The code list of one kind, in which every canonical name is a name of itself."""
    made = CodeList()
    for row in _rows(codes):
        made.add(row["system"], row["code"], row[column], row.get("match") or "exact")
    for row in _rows(kinds):
        made.add("name", row[column], row[column])
    return made


def _word_pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Any of the names as a word of its own: 'citalopram' does not match inside 'escitalopram'."""
    longest_first = sorted(
        {name for name in names if len(name) >= _SHORTEST_WORD}, key=lambda n: (-len(n), n)
    )
    anyone = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in longest_first)
    return re.compile(rf"(?<![^\W\d_])(?:{anyone or '(?!)'})(?![^\W\d_])", re.IGNORECASE)


@cache
def load_codes() -> Codes:
    """The look-up tables, made once from the knowledge of the package."""
    agents = _code_list("agent", "agent_code", "agent")
    sets: dict[str, set[str]] = {}
    for row in _rows("condition_set"):
        sets.setdefault(row["condition_set"], set()).add(row["condition"])
    return Codes(
        agents=agents,
        conditions=_code_list("condition_kind", "condition_code", "condition"),
        procedures=_code_list("procedure_kind", "procedure_code", "procedure"),
        measures=_code_list("measure", "measure_code", "measure"),
        measure_range={
            row["measure"]: (row["unit"], number(row["min_value"]), number(row["max_value"]))
            for row in _rows("measure")
        },
        condition_sets=sets,
        answers={(row["system"], row["code"]): row["value"] for row in _package_rows("answer_value.csv")},
        agent_words=_word_pattern(code for system, code in agents.exact if system == "name"),
    )
