"""Judge a study, a review or a body of evidence by a tool whose questions and rules are rows of knowledge."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from opentrd import knowledge
from opentrd.evidence.errors import EvidenceError
from opentrd.knowledge.tool_rules import Decision, Rule, Value, decide, parse_condition

Row = Mapping[str, Any]

_NO = frozenset({"N", "PN"})
_UNCLEAR = frozenset({"NI", "CD", "NR"})


@dataclass(frozen=True)
class ToolJudgement:
    """What a tool says: the decision of each scope (domains, then ``overall``), and how often each answer was given.

    A tool that is made to have no algorithm has no scopes, only the tally.
    """

    tool: str
    version: str
    scopes: Mapping[str, Decision]
    tally: Mapping[str, int]
    unanswered: tuple[str, ...]
    knowledge_status: str

    @property
    def overall(self) -> str | None:
        """The overall judgement, or None while several are possible or the tool has none."""
        decision = self.scopes.get("overall")
        return None if decision is None else decision.judgement

    def table(self) -> list[dict[str, Any]]:
        """One row for each scope: tool, version, scope, judgement (None: open), possible, rules, missing, knowledge_status."""
        return [
            {
                "tool": self.tool, "version": self.version, "scope": scope, "judgement": decision.judgement,
                "possible": "; ".join(decision.possible), "rules": "; ".join(decision.rules),
                "missing": "; ".join(decision.missing), "knowledge_status": self.knowledge_status,
            }
            for scope, decision in self.scopes.items()
        ]  # fmt: skip


@dataclass(frozen=True)
class Definition:
    """A tool as it stands in knowledge: its row, its items by name, its rules by scope in order."""

    row: Row
    items: Mapping[str, Row]
    rules: Mapping[str, tuple[Rule, ...]]
    knowledge_status: str


_WEAKEST = ("recalled", "transcribed", "computed", "verified")


@cache
def definition(tool: str) -> Definition:
    """A tool by its name. Raises EvidenceError with the known names when there is none."""
    rows = {row["tool"]: row for row in knowledge.table("tool").to_pylist()}
    if tool not in rows:
        raise EvidenceError("this tool is not known", field="tool", value=tool, expected=", ".join(rows))
    items = {r["item"]: r for r in knowledge.table("tool_item").to_pylist() if r["tool"] == tool}
    own = [r for r in knowledge.table("tool_rule").to_pylist() if r["tool"] == tool]
    rules: dict[str, list[Rule]] = {}
    for row in own:
        rules.setdefault(row["scope"], []).append(
            Rule(row["rule"], parse_condition(row["when"]), row["then"])
        )
    statuses = {row["knowledge_status"] for row in [rows[tool], *items.values(), *own]}
    return Definition(
        rows[tool],
        items,
        {scope: tuple(found) for scope, found in rules.items()},
        min(statuses, key=_WEAKEST.index),
    )


def judge(tool: str, answers: Mapping[str, str], *, critical: Collection[str] | None = None) -> ToolJudgement:
    """Judge by the rules of a tool.

    ``answers``: item -> answer, in the letters of the tool (Y, PY, PN, N, NI, NA; stars as 0, 1, 2; AMSTAR 2: Y, PY, N,
    NMA). An item that is not answered stays open: the judgement is given only where every answer to it would give the same.
    ``critical``: for AMSTAR 2, the items that count as critical in this topic (default: those of the tool).

    Raises EvidenceError for an unknown tool, item or answer. Sources: the rows of the tables ``tool``, ``tool_item`` and
    ``tool_rule``.
    """
    tool_ = definition(tool)
    for item, answer in answers.items():
        if item not in tool_.items:
            raise EvidenceError(
                f"{tool} has no such item", field="answers", value=item, expected=", ".join(tool_.items)
            )
        if answer not in tool_.items[item]["answers"].split():
            raise EvidenceError(
                f"{tool} does not take this answer", field=f"item {item}", value=answer,
                expected=tool_.items[item]["answers"],
            )  # fmt: skip
    unknown = set(critical or ()) - set(tool_.items)
    if unknown:
        raise EvidenceError(f"{tool} has no such item", field="critical", value=", ".join(sorted(unknown)))
    facts = _facts(tool_.items, answers, critical)
    scopes: dict[str, Decision] = {}
    for scope, rules in tool_.rules.items():
        scopes[scope] = found = decide(rules, {**facts, **_counts(scopes, tool_.items)})
        facts[scope] = frozenset(found.possible)
    tally: dict[str, int] = {}
    for answer in answers.values():
        tally[answer] = tally.get(answer, 0) + 1
    return ToolJudgement(
        tool,
        tool_.row["version"],
        scopes,
        tally,
        tuple(item for item in tool_.items if item not in answers),
        tool_.knowledge_status,
    )


def propose(tool: str, numbers: Mapping[str, float | None]) -> dict[str, Decision]:
    """The decision of each scope of a tool whose rules take numbers; None: the number is not known."""
    tool_ = definition(tool)
    facts: dict[str, Value] = {
        name: (float(value), float(value)) for name, value in numbers.items() if value is not None
    }
    return {scope: decide(rules, facts) for scope, rules in tool_.rules.items()}


def _facts(
    items: Mapping[str, Row], answers: Mapping[str, str], critical: Collection[str] | None
) -> dict[str, Value]:
    """What is known of items, of the stars and doubts of each domain, and of flaws and weaknesses."""
    facts: dict[str, Value] = {}
    spans: dict[str, list[float]] = {}

    def add(name: str, low: float, high: float) -> None:
        span = spans.setdefault(name, [0.0, 0.0])
        span[0] += low
        span[1] += high

    for name, item in items.items():
        possible = frozenset({answers[name]} if name in answers else item["answers"].split())
        facts[name] = possible
        domain = item["domain"]
        if item["max_stars"]:
            stars = [float(answer) for answer in possible]
            add(domain, min(stars), max(stars))
            continue
        add(f"{domain}.no", possible <= _NO, bool(possible & _NO))
        add(f"{domain}.unclear", possible <= _UNCLEAR, bool(possible & _UNCLEAR))
        if item["critical"] is not None:
            counts = name in critical if critical is not None else item["critical"]
            add("critical_flaws" if counts else "weaknesses", possible <= {"N"}, "N" in possible)
            add("weaknesses" if counts else "critical_flaws", 0, 0)
    facts.update({name: (low, high) for name, (low, high) in spans.items()})
    return facts


def _counts(scopes: Mapping[str, Decision], items: Mapping[str, Row]) -> dict[str, Value]:
    """How many domains have each judgement, at least and at most."""
    domains = dict.fromkeys(item["domain"] for item in items.values())
    judged: Sequence[Decision] = [scopes[name] for name in domains if name in scopes]
    words = {word for decision in judged for word in decision.possible}
    counts: dict[str, Value] = {}
    for word in words | {"high", "low", "some concerns"}:
        certain = sum(decision.judgement == word for decision in judged)
        counts[f"n({word})"] = (float(certain), float(sum(word in d.possible for d in judged)))
    return counts
