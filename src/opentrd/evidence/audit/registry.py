"""The registry of rules: what each asserts, what it needs, how grave a breach is, where its method comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from opentrd.evidence.audit.model import SEVERITIES, Finding, Material

Check = Callable[[Material], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """One rule: its id, the group it is listed under, what it asserts, what it reads, its arithmetic and its source."""

    id: str
    group: str
    asserts: str
    needs: str
    arithmetic: str
    severity: str
    source: str
    check: Check


RULES: dict[str, Rule] = {}


def rule(
    id: str, *, group: str, asserts: str, needs: str, arithmetic: str, severity: str, source: str
) -> Callable[[Check], Check]:
    """Register a function from material to findings as a rule.

    Raises ``ValueError`` for an id that is taken or an unknown severity: both are mistakes of a programmer.
    """

    def register(check: Check) -> Check:
        if id in RULES or severity not in (*SEVERITIES, "question"):
            raise ValueError(f"rule {id!r}: registered twice, or severity {severity!r} is not known")
        RULES[id] = Rule(id, group, asserts, needs, arithmetic, severity, source, check)
        return check

    return register
