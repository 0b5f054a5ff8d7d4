"""docs/fit-measures.md, sections 5 to 7: which ratings speak for a trial, and what each named rule says of them."""

from __future__ import annotations

from typing import Any

from reference import facts
from reference.fit_measures import group_score, groups_of, occasions
from reference.history import History
from reference.trials import Trial
from reference.truth import Truth

Row = dict[str, Any]
Interval = tuple[float, float]


def trial_key(trial: Trial) -> str:
    """What tells the trials of a person apart: kind, agents, first and last possible day."""
    return (
        f"{trial.kind}: {' + '.join(trial.agents)}, {min(trial.possible_days)} to {max(trial.possible_days)}"
    )


def outcomes(history: History, trials: list[Trial], ratings: list[Row], items: list[Row]) -> list[Row]:
    """The rows of ``outcome`` of a person."""
    found = []
    scored = sorted({row["scale"] for row in facts.rows("scale_cutoff")})
    acnp = {scale: nine_symptoms(scale, items) for scale in symptom_scales()}
    dated = [
        row
        for row in ratings
        if row["origin"] != "converted" and row["reason"] is None and row["date_low"] is not None
    ]
    for trial in trials:
        if trial.outcome["stop_reason"] is not None:
            met = trial.outcome["stop_reason"] == "intolerance"
            found.append(
                _row(trial, "", "stopped_for_intolerance", "stop reason", "met" if met else "not met")
            )
        if trial.certain_start is None or history.undated:
            continue
        for scale in scored:
            found += _of_scale(trial, [row for row in dated if row["measure"] == scale], scale, acnp)
    return found


def _row(trial: Trial, rating: str, rule: str, measure: str, status: str | None, **more: Any) -> Row:
    nothing = {"baseline": None, "change_pct": None, "change_points_low": None, "change_points_high": None}
    return {
        "trial_id": trial_key(trial), "measurement_id": rating, "rule": rule, "measure": measure, "status": status,
        **nothing, **more,
    }  # fmt: skip


def acting(trial: Trial) -> str:
    """Rule 25."""
    if trial.kind in ("procedure", "psychotherapy"):
        rapid = trial.agent in facts.members("procedure_set", "infusion")
    else:
        rapid = facts.one("agent", agent=trial.agent)["role"] == "rapid-acting"
    return "rapid" if rapid else "standard"


def baseline(trial: Trial, ratings: list[Row]) -> Interval | None:
    """Rule 22: the last rating on the first day or in the days before it."""
    certain, start = trial.certain_start, trial.start
    assert certain is not None and start is not None
    before = [
        row
        for row in ratings
        if row["date_high"] <= certain and start - row["date_high"] <= facts.parameter("baseline_days")
    ]
    if not before:
        return None
    last = [row for row in before if row["date_high"] == max(row["date_high"] for row in before)]
    return min(row["low"] for row in last), max(row["high"] for row in last)


def _of_scale(trial: Trial, ratings: list[Row], scale: str, acnp: dict[str, list[Row]]) -> list[Row]:
    """Rules 23 to 29 for one trial and one scale."""
    certain = trial.certain_start
    assert certain is not None
    base = baseline(trial, ratings)
    last = max(trial.possible_days) + facts.parameter("outcome_tail_days")
    later = [row for row in ratings if certain < row["date_low"] <= last]
    better = facts.one("scale", scale=scale)["higher_is"] == "better"
    found: list[Row] = []
    # A rule that comes after another one needs what that one said.
    rules = sorted(facts.rows("outcome_rule"), key=lambda rule: rule["after_rule"] is not None)
    for row in later:
        points, percent = change(base, (row["low"], row["high"]), better)
        exact = base is not None and base[0] == base[1]
        row["_told"] = {
            "baseline": base[0] if base is not None and exact else None,
            "change_pct": percent[0] if percent is not None and percent[0] == percent[1] else None,
            "change_points_low": None if points is None else points[0],
            "change_points_high": None if points is None else points[1],
        }
        row["_of"] = {"total": (row["low"], row["high"]), "drop_points": points, "drop_pct": percent}
        row["_status"] = {}
    for rule in rules:
        cuts = [
            cut for cut in facts.rows("scale_cutoff") if (cut["rule"], cut["scale"]) == (rule["rule"], scale)
        ]
        if not cuts or rule["acting"] not in ("any", acting(trial)):
            continue
        for row in later:
            first, end = row["date_low"] - certain, row["date_high"] - certain
            if rule["from_day"] is not None and end < rule["from_day"]:
                continue
            if rule["to_day"] is not None and first > rule["to_day"]:
                continue
            inside = (rule["from_day"] is None or first >= rule["from_day"]) and (
                rule["to_day"] is None or end <= rule["to_day"]
            )
            verdict = held(cuts[0], row["_of"][rule["basis"]])
            if rule["after_rule"] is not None:
                earlier = [
                    other
                    for other in later
                    if other["date_low"] < row["date_high"] and rule["after_rule"] in other["_status"]
                ]
                possibly = [other for other in earlier if other["_status"][rule["after_rule"]] != "not met"]
                if not possibly:
                    continue
                sure = any(
                    other["_status"][rule["after_rule"]] == "met" and other["date_high"] < row["date_low"]
                    for other in earlier
                )
                inside = inside and sure
            status = "not met" if verdict is False else "met" if verdict and inside else None
            row["_status"][rule["rule"]] = status
            found.append(_row(trial, row["rating_id"], rule["rule"], scale, status, **row["_told"]))
    if facts.one("scale", scale=scale)["trial_outcome"]:
        found += [line for row in later for line in _acnp(trial, row, scale, acnp)]
    return found


def change(base: Interval | None, now: Interval, better: bool) -> tuple[Interval | None, Interval | None]:
    """Rule 24: improvement in points, and in percent of the baseline."""
    if base is None:
        return None, None
    points = (now[0] - base[1], now[1] - base[0]) if better else (base[0] - now[1], base[1] - now[0])
    if base[0] == 0:
        return points, None
    if better:
        return points, ((now[0] - base[1]) * 100 / base[1], (now[1] - base[0]) * 100 / base[0])
    return points, ((base[0] - now[1]) * 100 / base[0], (base[1] - now[0]) * 100 / base[1])


def held(cut: Row, interval: Interval | None) -> Truth:
    """Rule 27: does the interval satisfy the cut-off."""
    if interval is None:
        return None
    low, high = interval
    least, up_to, below = cut["at_least"], cut["up_to"], cut["below"]
    start = cut["open_from"] if cut["open_from"] is not None else least
    if (
        (start is not None and high < start)
        or (up_to is not None and low > up_to)
        or (below is not None and low >= below)
    ):
        return False
    holds = (
        (least is None or low >= least)
        and (up_to is None or high <= up_to)
        and (below is None or high < below)
    )
    return True if holds else None


def symptom_scales() -> list[str]:
    """The scales that rate all nine symptoms."""
    return sorted({row["scale"] for row in facts.rows("episode_symptom")})


def _acnp(trial: Trial, rating: Row, scale: str, acnp: dict[str, list[Row]]) -> list[Row]:
    """Rule 32."""
    told = rating["_told"]
    if scale not in acnp:
        return [_row(trial, rating["rating_id"], "acnp_remission", scale, "not determinable", **told)]
    of_day = [
        row
        for row in acnp[scale]
        if row["day"] == rating["date_low"] and rating["date_low"] == rating["date_high"]
    ]
    if not of_day:
        return [_row(trial, rating["rating_id"], "acnp_remission", scale, None, **told)]
    words = {True: "met", False: "not met", None: None}
    return [
        _row(trial, rating["rating_id"], rule, scale, words[met], **told)
        for rule, met in of_day[0]["rules"].items()
    ]


def nine_symptoms(scale: str, items: list[Row]) -> list[Row]:
    """Section 7: the days on which a scale's symptoms were rated, and what the ACNP rules say of each."""
    roles = {row["grp"]: row for row in facts.rows("episode_symptom") if row["scale"] == scale}
    recall = facts.one("scale", scale=scale)["recall_days"]
    days = []
    for (first, last), answers in sorted(
        (pair for pair in occasions(scale, items).items() if pair[0][0] is not None), key=lambda pair: pair[0]
    ):
        if first != last:
            continue
        states = {}
        for group, slots in groups_of(scale).items():
            if group in roles:
                low, high, _ = group_score(slots, answers)
                states[group] = (
                    "absent" if high == 0 else "present" if low >= roles[group]["present_from"] else "?"
                )
        days.append({"day": first, **_free_and_ill(states, roles)})
    for number, row in enumerate(days):
        row["free_run"], row["ill_run"] = (_run(days, number, name, recall) for name in ("free", "ill"))
        row["rules"] = _acnp_rules(days[: number + 1])
    return days


def _free_and_ill(states: dict[str, str], roles: dict[str, Row]) -> Row:
    """Rule 34."""
    core = [state for group, state in states.items() if roles[group]["role"] != "other"]
    others = [state for group, state in states.items() if roles[group]["role"] == "other"]
    limit, needed = facts.parameter("remission_symptoms"), facts.parameter("relapse_symptoms")
    free: Truth = None
    if all(state == "absent" for state in core) and sum(state != "absent" for state in others) < limit:
        free = True
    elif "present" in core or others.count("present") >= limit:
        free = False
    ill: Truth = None
    every = [*core, *others]
    if "present" in core and every.count("present") >= needed:
        ill = True
    elif all(state == "absent" for state in core) or sum(state != "absent" for state in every) < needed:
        ill = False
    return {"free": free, "ill": ill}


def _run(days: list[Row], number: int, name: str, recall: int) -> int:
    """Rule 35: days of the run of occasions that this one ends; 0 when it is not in one."""
    if days[number][name] is not True:
        return 0
    first = number
    while first and days[first - 1][name] is True and days[first]["day"] - days[first - 1]["day"] <= recall:
        first -= 1
    return int(days[number]["day"] - days[first]["day"] + recall)


def _acnp_rules(days: list[Row]) -> dict[str, Truth]:
    """Rule 36 for the last of these days; the earlier ones have theirs."""
    now, before = days[-1], days[:-1]
    weeks, months = facts.parameter("remission_weeks_days"), facts.parameter("recovery_days")
    remission: Truth = None
    if now["free"] and now["free_run"] >= weeks:
        remission = True
    elif any(row["free"] is False and now["day"] - row["day"] < weeks for row in days):
        remission = False
    recovery: Truth = None
    if remission and now["free_run"] >= months:
        recovery = True
    elif now["free"] is False:
        recovery = False
    again: Truth = None
    if now["ill"] and now["ill_run"] >= facts.parameter("episode_criteria_days"):
        again = True
    elif now["ill"] is False:
        again = False
    found = {"acnp_remission": remission, "acnp_recovery": recovery}
    recovered = any(row["rules"]["acnp_recovery"] for row in before)
    if recovered:
        found["acnp_recurrence"] = again
    elif any(row["rules"]["acnp_remission"] for row in before):
        found["acnp_relapse"] = again
    return found
