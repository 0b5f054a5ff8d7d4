"""What a person decided instead of, or on, a proposal: never without a name and a reason, and never overwritten."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from opentrd.evidence.errors import EvidenceError


@dataclass(frozen=True)
class PersonsDecision:
    """One decision: on what (``subject``, e.g. a comparison or a study, and ``scope``, e.g. a domain), what was proposed
    by which rules of which tool version, what was decided, by whom, why, and on which day (YYYY-MM-DD)."""

    subject: str
    tool: str
    version: str
    scope: str
    proposed: str
    rules: str
    decided: str
    by: str
    reason: str
    on: str

    def __post_init__(self) -> None:
        for name in ("subject", "tool", "scope", "decided", "by"):
            if not getattr(self, name).strip():
                raise EvidenceError("a decision needs this", field=name, value=getattr(self, name))
        if self.decided != self.proposed and not self.reason.strip():
            raise EvidenceError(
                "a decision that differs from the proposal needs a reason",
                field="reason",
                value=self.reason,
                expected=f"why {self.decided!r} and not {self.proposed!r}",
            )
        try:
            datetime.date.fromisoformat(self.on)
        except ValueError:
            raise EvidenceError("not a day", field="on", value=self.on, expected="YYYY-MM-DD") from None

    @property
    def overrides(self) -> bool:
        """Whether the decision differs from the proposal."""
        return self.decided != self.proposed


@dataclass(frozen=True)
class DecisionLog:
    """All decisions in the order they were taken. A later one on the same subject and scope holds; the earlier stays."""

    rows: tuple[PersonsDecision, ...] = ()

    def add(self, decision: PersonsDecision) -> DecisionLog:
        """A log with one more decision."""
        return DecisionLog((*self.rows, decision))

    def holding(self, subject: str, scope: str) -> PersonsDecision | None:
        """The decision that holds, or None: then the proposal stands, undecided."""
        found = [row for row in self.rows if (row.subject, row.scope) == (subject, scope)]
        return found[-1] if found else None

    def table(self) -> list[dict[str, object]]:
        """One row for each decision, with ``overrides`` and whether it still ``holds``."""
        names = [field.name for field in fields(PersonsDecision)]
        return [
            dict(zip(names, astuple(row), strict=True))
            | {"overrides": row.overrides, "holds": self.holding(row.subject, row.scope) is row}
            for row in self.rows
        ]

    def write(self, path: Path) -> None:
        """Write the log as CSV."""
        names = [field.name for field in fields(PersonsDecision)]
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(names)
            writer.writerows(astuple(row) for row in self.rows)

    @classmethod
    def read(cls, path: Path) -> DecisionLog:
        """Read a log that :meth:`write` has written. Raises EvidenceError that names file, row and field."""
        names = [field.name for field in fields(PersonsDecision)]
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            absent = [name for name in names if name not in (reader.fieldnames or ())]
            if absent:
                raise EvidenceError(
                    "columns are missing", file=path.name, value=", ".join(absent), expected=", ".join(names)
                )
            return cls(tuple(_decisions(path.name, reader, names)))


def _decisions(file: str, rows: Iterable[dict[str, str]], names: list[str]) -> Iterable[PersonsDecision]:
    for number, row in enumerate(rows, 2):
        try:
            yield PersonsDecision(**{name: row[name] or "" for name in names})
        except EvidenceError as problem:
            raise EvidenceError(
                "this decision cannot be used", file=file, row=number, field=problem.field,
                value=problem.value, expected=problem.expected,
            ) from None  # fmt: skip
