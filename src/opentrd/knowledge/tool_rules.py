"""The small language in which the rules of judging tools are written, and how one is decided.

A condition is clauses joined by ``;``. A clause is ``subject: values``; it holds when the subject has one of the values
(separated by spaces or, for judgements of several words, by ``|``). A number ``n`` means that number, ``a..b`` from a up to
but without b, ``a..`` from a, ``..b`` below b. Rules of one scope are tried in their order and the first that holds decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf

# What a clause compares with: answers or judgements that are still possible, or a number known to lie in [low, high].
Value = frozenset[str] | tuple[float, float]

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_RANGE = re.compile(rf"({_NUMBER})?\.\.({_NUMBER})?")


@dataclass(frozen=True)
class Clause:
    """One comparison: ``words`` for answers and judgements, or the half-open range [low, high) for a number."""

    subject: str
    words: frozenset[str] = frozenset()
    low: float = -inf
    high: float = inf

    @property
    def numeric(self) -> bool:
        """Whether the clause compares a number."""
        return not self.words

    def holds(self, value: Value | None) -> bool | None:
        """True, False, or None where what is known of the value leaves both possible."""
        if value is None:
            return None
        if isinstance(value, tuple):
            if self.low <= value[0] and value[1] < self.high:
                return True
            return False if value[1] < self.low or value[0] >= self.high else None
        if not value:
            return None
        return True if value <= self.words else False if not value & self.words else None


@dataclass(frozen=True)
class Rule:
    """When all clauses hold, the judgement is ``then``."""

    rule: str
    clauses: tuple[Clause, ...]
    then: str

    def holds(self, facts: Mapping[str, Value]) -> bool | None:
        """Whether the condition holds, as far as the facts tell."""
        found = [clause.holds(facts.get(clause.subject)) for clause in self.clauses]
        if False in found:
            return False
        return None if None in found else True


@dataclass(frozen=True)
class Decision:
    """What the rules of one scope say: the judgements still possible (one: it is decided), by which rules, and what is
    missing to decide."""

    possible: tuple[str, ...]
    rules: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def judgement(self) -> str | None:
        """The judgement, or None while more than one is possible."""
        return self.possible[0] if len(self.possible) == 1 else None


def parse_condition(text: str) -> tuple[Clause, ...]:
    """The clauses of a condition. Raises ValueError for a text that is not one."""
    return tuple(_clause(part.strip()) for part in text.split(";"))


def _clause(text: str) -> Clause:
    subject, colon, values = text.rpartition(": ")
    if not colon or not subject.strip() or not values.strip():
        raise ValueError(f"{text!r} is not a clause; expected 'subject: values'")
    values = values.strip()
    if found := _RANGE.fullmatch(values):
        low, high = found.groups()
        if low is None and high is None:
            raise ValueError(f"{text!r} has a range without ends")
        span = (float(low) if low else -inf, float(high) if high else inf)
        if span[0] >= span[1]:
            raise ValueError(f"{text!r} has an empty range")
        return Clause(subject, low=span[0], high=span[1])
    if re.fullmatch(_NUMBER, values):
        number = float(values)
        return Clause(subject, low=number, high=_next(number))
    # Judgements may have several words; answers are short capitals.
    apart = values.split("|") if "|" in values else values.split() if values.isupper() else [values]
    return Clause(subject, frozenset(part.strip() for part in apart))


def _next(number: float) -> float:
    """Just above a number: an exact value is the narrowest range."""
    return number + 1e-9


def decide(rules: Iterable[Rule], facts: Mapping[str, Value]) -> Decision:
    """The first rule that holds decides; rules before it that may hold leave their judgements possible too.

    ``facts``: what is known of each subject; a subject that is not there is not known.
    """
    possible: dict[str, None] = {}
    by: list[str] = []
    missing: dict[str, None] = {}
    closed = False
    for rule in rules:
        found = rule.holds(facts)
        if found is False:
            continue
        possible[rule.then] = None
        by.append(rule.rule)
        if found:
            closed = True
            break
        for clause in rule.clauses:
            if clause.holds(facts.get(clause.subject)) is None:
                missing[clause.subject] = None
    if not closed:
        # Nothing certain: the open rules' judgements, and possibly none of them.
        return Decision(tuple(possible) or ("not covered",), tuple(by), tuple(missing))
    decided = len(possible) == 1
    return Decision(tuple(possible), tuple(by), () if decided else tuple(missing))
