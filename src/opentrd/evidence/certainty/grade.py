"""A computed proposal for the certainty of one pooled result in the words of GRADE, with the numbers it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from scipy.stats import norm

from opentrd.evidence.certainty.indirectness import indirect_shares
from opentrd.evidence.certainty.tools import definition, propose
from opentrd.evidence.certainty.zones import check_interval, check_zone, crossings, number
from opentrd.evidence.errors import EvidenceError
from opentrd.knowledge.tool_rules import Decision

LEVELS = ("very low", "low", "moderate", "high")
STEPS = {"not serious": 0, "serious": 1, "very serious": 2, "extremely serious": 3}
# What a person has to decide may be anything from no step down to two.
_OPEN = (0, 2)


@dataclass(frozen=True)
class GradeProposal:
    """Each domain's proposal, the numbers behind them, and the certainty as a range: while a domain is open, it is open.

    ``upgrades``: steps up that the caller has stated, with their reasons (observational evidence only).
    """

    start: str
    domains: Mapping[str, Decision]
    numbers: Mapping[str, float | None]
    upgrades: Mapping[str, int]
    studies: tuple[dict[str, Any], ...]
    version: str

    def _level(self, worst: bool) -> str:
        steps = 0
        for decision in self.domains.values():
            known = [_steps(word) for word in decision.possible]
            steps += max(high for _, high in known) if worst else min(low for low, _ in known)
        place = LEVELS.index(self.start) - steps + sum(self.upgrades.values())
        return LEVELS[min(max(place, 0), len(LEVELS) - 1)]

    @property
    def certainty_low(self) -> str:
        """The lowest certainty that the open domains leave possible."""
        return self._level(worst=True)

    @property
    def certainty_high(self) -> str:
        """The highest certainty that the open domains leave possible."""
        return self._level(worst=False)

    @property
    def certainty(self) -> str | None:
        """The proposed certainty, or None while a person has to decide a domain on which it depends."""
        return self.certainty_low if self.certainty_low == self.certainty_high else None

    def table(self) -> list[dict[str, Any]]:
        """One row for each domain and one for ``certainty``: scope, proposed, possible, rules, missing, numbers, version."""
        rows = [
            {
                "scope": scope, "proposed": decision.judgement or "", "possible": "; ".join(decision.possible),
                "rules": "; ".join(decision.rules), "missing": "; ".join(decision.missing),
                "numbers": _said(scope, self.numbers), "version": self.version,
            }
            for scope, decision in self.domains.items()
        ]  # fmt: skip
        possible = dict.fromkeys((self.certainty_low, self.certainty_high))
        numbers = f"starts {self.start}" + "".join(f"; +{n} {why}" for why, n in self.upgrades.items())
        rows.append(
            {
                "scope": "certainty", "proposed": self.certainty or "", "possible": "; ".join(possible),
                "rules": "", "missing": "", "numbers": numbers, "version": self.version,
            }
        )  # fmt: skip
        return rows


def _steps(word: str) -> tuple[int, int]:
    """Fewest and most steps down for one possible judgement."""
    return (STEPS[word], STEPS[word]) if word in STEPS else _OPEN


_OF_SCOPE = {
    "risk of bias": ("high_share", "low_share"),
    "inconsistency": ("k", "pi_extra", "i2_low"),
    "imprecision": ("ci_crossings", "ois_ratio"),
    "indirectness": ("indirect_share", "indirect_unknown_share"),
    "publication bias": ("k", "egger_p", "unregistered_share"),
}


def _said(scope: str, numbers: Mapping[str, float | None]) -> str:
    parts = []
    for name in _OF_SCOPE.get(scope, ()):
        value = numbers.get(name)
        parts.append(f"{name} {'not known' if value is None else format(value, '.4g')}")
    return "; ".join(parts)


def propose_grade(
    result: Mapping[str, Any],
    studies: Sequence[Mapping[str, Any]],
    *,
    zone: tuple[float, float],
    failures: int | None = None,
    participants: int | None = None,
    needed: float | None = None,
    egger_p: float | None = None,
    randomised: bool = True,
    upgrades: Mapping[str, int] | None = None,
) -> GradeProposal:
    """Propose a certainty for one pooled result.

    ``result``: the table of a pairwise result (estimate, ci_low, ci_high, pi_low, pi_high, i2_low, k); ``studies``: rows
    with study, weight, risk_of_bias (low, some concerns, high, or None), and where known failed_trials_required and
    registered (true or false); ``zone``: differences too small to matter, on the scale of the estimate (for ratios the
    logarithm), e.g. from the table ``important_difference``; ``failures``: failed treatments of the persons asked about
    (None: indirectness stays open); ``participants`` and ``needed``: persons there are, and the optimal information size
    (:func:`optimal_information_size`); ``egger_p``: p of a test for asymmetry; ``upgrades``: steps up with their reason,
    for observational evidence.

    Each domain is decided by the rows of the tool ``grade``: bias and indirectness by share of weight, inconsistency by the
    limits of the zone that the prediction interval crosses beyond the confidence interval, imprecision by those the
    confidence interval crosses and by size. It is a proposal: see :class:`.DecisionLog`. Raises EvidenceError.
    """
    check_zone(zone)
    if not studies:
        raise EvidenceError("no studies", field="studies", expected="one row for each study pooled")
    if upgrades and randomised:
        raise EvidenceError(
            "randomised evidence starts high and is not rated up", field="upgrades", value=dict(upgrades)
        )
    ci = check_interval(number(result.get("ci_low")), number(result.get("ci_high")), "ci")
    pi = check_interval(number(result.get("pi_low")), number(result.get("pi_high")), "pi")
    total = sum(float(row["weight"]) for row in studies)
    if not total > 0:
        raise EvidenceError("the weights do not add up to anything", field="weight", value=total)
    crossed = None if ci is None else crossings(ci, zone)
    beyond = None if ci is None or pi is None else max(crossings(pi, zone) - crossings(ci, zone), 0)
    i2_low = number(result.get("i2_low"))
    indirect: tuple[float | None, float | None] = (None, None)
    rows: list[dict[str, Any]] = []
    if failures is not None:
        share, unknown, rows = indirect_shares(studies, failures)
        indirect = (share, unknown)
    numbers: dict[str, float | None] = {
        **_bias_shares(studies, total),
        "k": float(result.get("k") or len(studies)),
        "pi_extra": beyond,
        "i2_low": i2_low if isfinite(i2_low) else None,
        "ci_crossings": crossed,
        "ois_ratio": None if participants is None or not needed else participants / needed,
        "indirect_share": indirect[0],
        "indirect_unknown_share": indirect[1],
        "egger_p": egger_p,
        "unregistered_share": _unregistered(studies, total),
    }
    return GradeProposal(
        "high" if randomised else "low",
        propose("grade", numbers),
        numbers,
        dict(upgrades or {}),
        tuple(rows),
        definition("grade").row["version"],
    )


def _bias_shares(studies: Sequence[Mapping[str, Any]], total: float) -> dict[str, float | None]:
    """Share of the weight in studies at high and at low risk; not known as soon as one study is not judged."""
    judged = {"low": 0.0, "some concerns": 0.0, "high": 0.0}
    for row in studies:
        word = row.get("risk_of_bias")
        if word is None:
            return {"high_share": None, "low_share": None}
        if word not in judged:
            raise EvidenceError(
                "unknown risk of bias", row=str(row["study"]), field="risk_of_bias", value=word,
                expected=", ".join(judged),
            )  # fmt: skip
        judged[word] += float(row["weight"]) / total
    return {"high_share": judged["high"], "low_share": judged["low"]}


def _unregistered(studies: Sequence[Mapping[str, Any]], total: float) -> float | None:
    if any(row.get("registered") is None for row in studies):
        return None
    return sum(float(row["weight"]) / total for row in studies if not row["registered"])


def optimal_information_size(
    difference: float, *, sd: float = 1.0, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Persons that one two-arm trial with equal arms would need to show this difference in means.

    ``difference`` in the unit of ``sd`` (1: a standardised difference). Two-sided ``alpha``; the usual normal formula,
    4 (z_alpha + z_power)^2 sd^2 / difference^2.
    """
    if not difference or not sd > 0:
        raise EvidenceError(
            "cannot be computed", field="difference", value=difference, expected="not 0, sd above 0"
        )
    z = float(norm.ppf(1 - alpha / 2) + norm.ppf(power))
    return 4 * z**2 * sd**2 / difference**2
