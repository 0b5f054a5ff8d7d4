"""docs/fit-options.md, section 4: what was tried, and what came of it."""

from __future__ import annotations

from functools import cache

from reference import facts
from reference.fit_safety import members, parts
from reference.trials import Trial
from reference.truth import Truth, reaches


def parameter(name: str) -> float:
    """The value of a shared parameter."""
    return float(facts.one("parameter", parameter=name)["value"])


@cache
def roles(treatment: str) -> frozenset[str]:
    """The roles in which a treatment is looked at."""
    return frozenset(row["role"] for row in facts.rows("treatment_role") if row["treatment"] == treatment)


def is_trial_of(trial: Trial, treatment: str, role: str) -> bool:
    """Rule 17."""
    mine = {name for _, name in members(treatment)}
    if trial.kind in ("combination", "augmentation"):
        if role == "combine":
            return parts(treatment) == 2 and _covers(treatment, set(trial.agents))
        return role in ("add", "stop") and parts(treatment) == 1 and trial.agent in mine
    if parts(treatment) != 1 or trial.agent not in mine:
        return False
    if trial.kind == "drug":
        rapid = facts.one("agent", agent=trial.agent)["role"] == "rapid-acting"
        return role == "add" if rapid else role in ("switch", "optimise")
    return True


def _covers(treatment: str, agents: set[str]) -> bool:
    """Whether the two agents fill the two parts of a combination."""
    sides: dict[int, set[str]] = {}
    for row in facts.rows("treatment_part"):
        if row["treatment"] == treatment:
            sides.setdefault(row["part"], set()).add(row["member"])
    one, other = sides.values()
    pair = sorted(agents)
    return len(pair) == 2 and ((pair[0] in one and pair[1] in other) or (pair[1] in one and pair[0] in other))


def dose_ok(trial: Trial) -> Truth:
    """Rule 18."""
    if trial.kind in ("procedure", "psychotherapy"):
        return True
    return reaches(*trial.days_at_dose("atrq"), 1) if facts.minimum_doses("atrq", trial.agent) else None


def duration_ok(trial: Trial) -> Truth:
    """Rule 18."""
    if trial.kind in ("procedure", "psychotherapy"):
        if trial.agent not in facts.members("procedure_set", "ect"):
            return True
        return None if trial.sessions is None else trial.sessions >= facts.parameter("ect_course_sessions")
    least = float(facts.one("adequacy_rule", adequacy_rule="atrq_42")["min_days"])
    return reaches(*(trial.days_at_dose("atrq") if dose_ok(trial) else trial.days()), least)


def responded(trial: Trial) -> Truth:
    """Rule 19."""
    improvement, stop = trial.outcome["improvement_pct"], trial.outcome["stop_reason"]
    if improvement is not None:
        return bool(improvement >= parameter("response_pct"))
    return True if stop == "remission" else False if stop == "inefficacy" else None


def failed(trial: Trial) -> Truth:
    """Rule 20."""
    dose, duration, helped = dose_ok(trial), duration_ok(trial), responded(trial)
    if helped or dose is False or duration is False:
        return False
    if trial.outcome["stop_reason"] in ("intolerance", "nonadherence"):
        return False
    return True if helped is False and dose and duration else None


def answer(name: str, trial: Trial) -> Truth:
    """Rule 24: what came of the last antidepressant trial."""
    improvement, stop = trial.outcome["improvement_pct"], trial.outcome["stop_reason"]
    if name == "not_tolerated":
        return None if stop is None else bool(stop == "intolerance")
    if name == "response":
        return responded(trial)
    least, most = parameter("partial_response_pct"), parameter("response_pct")
    if improvement is None:
        return False if responded(trial) else None
    return bool(least <= improvement < most) if name == "partial_response" else bool(improvement < least)
