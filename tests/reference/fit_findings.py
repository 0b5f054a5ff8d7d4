"""docs/fit-findings.md, sections 2 to 5, and section 8 of docs/fit-measures.md: what the checks find."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from reference import facts
from reference.days import ordinal, touches
from reference.episodes import Episode, episode_of, episodes
from reference.fit_outcome import trial_key
from reference.fit_signs import Sign, read
from reference.gates import completed_years
from reference.history import History
from reference.trials import Trial
from reference.truth import Truth

Row = dict[str, Any]
NOT_STATED = ...
RECORD = "record"


def row(finding: str, subject: str, present: Truth, value: Any = NOT_STATED, source: str = RECORD) -> Row:
    """One finding."""
    return {"finding": finding, "subject": subject, "source": source, "present": present, "value": value}


def group_of(finding: str) -> str:
    """The group that a check of the table ``finding`` belongs to."""
    return str(facts.one("finding", finding=finding)["grp"])


def by_signs(history: History, signs: dict[str, Sign]) -> list[Row]:
    """Section 2: the checks that one sign decides."""
    return [
        row(
            check["finding"],
            "",
            read(check["sign"], signs, history),
            _said(signs.get(check["sign"]), history),
        )
        for check in facts.rows("finding")
        if check["sign"]
    ]


def _said(sign: Sign | None, history: History) -> Any:
    """What decides, in words, with its day; where several things show it, or nothing decides, the words are left open."""
    if sign is None:
        return None
    if sign.basis is None or sign.present is None or len(sign.shown_by) > 1:
        return NOT_STATED
    basis = sign.basis
    text = basis.subject
    if basis.kind == "condition":
        text += "" if basis.present is not False else " ruled out"
    else:
        bound = basis.low if basis.low is not None else basis.high
        exact = basis.low == basis.high
        text += f" {'=' if exact else 'from' if basis.low is not None else 'up to'} "
        text += f"{bound:.0f}" if bound == int(bound or 0) else f"{bound:.2f}"
    day = history.day(basis.last)
    if day is None:
        return text
    still = basis.kind == "condition" and sign.present and basis.last == history.as_of
    return f"{text} ({'still so on ' if still else ''}{day.isoformat()})"


def antidepressant_trials(trials: list[Trial]) -> list[Trial]:
    """The drug trials of antidepressants."""
    wanted = facts.members("agent_set", "antidepressant")
    return [trial for trial in trials if trial.kind == "drug" and trial.agent in wanted]


def of_trials(history: History, trials: list[Trial], signs: dict[str, Sign], domains: list[Row]) -> list[Row]:
    """Section 3: why a trial that did not help may not count as one."""
    found = []
    limit = float(facts.one("failure_rule", failure_rule="below_50")["max_improvement_pct"])
    for trial in antidepressant_trials(trials):
        improvement, stop = trial.outcome["improvement_pct"], trial.outcome["stop_reason"]
        if (improvement is not None and improvement >= limit) or stop == "remission":
            continue
        key, dose = trial_key(trial), _dose_ok(trial)
        found += [
            row("low_dose", key, None if dose is None else not dose),
            row("short_duration", key, _short(trial, dose)),
            row("poor_adherence", key, _poor_adherence(trial)),
            row("intolerance_as_failure", key, None if stop is None else stop == "intolerance"),
            row("recalled_outcome", key, _recalled(trial)),
            row("incomplete_record", key, _incomplete(trial, dose)),
        ]
        if _enzymes(trial.agent) and _inducers(trial.agent):
            found.append(row("inducer", key, _induced(history, trial)))
        if trial.agent in {effect["agent"] for effect in facts.rows("smoking_effect")}:
            found.append(row("smoking_lowers_level", key, read("smoking", signs, history)))
        found += _mismatch(trial, domains)
    return found


def _dose_ok(trial: Trial) -> Truth:
    """Whether the ATRQ minimum was reached."""
    low, high = trial.days_at_dose("atrq")
    return True if low > 0 else False if high == 0 else None


def _short(trial: Trial, dose: Truth) -> Truth:
    low, high = trial.days_at_dose("atrq") if dose else trial.days()
    if low >= 42:
        return False
    return True if high is not None and high < 42 else None


def _poor_adherence(trial: Trial) -> Truth:
    """What the record says of adherence, the dispensing dates and the stop; if they contradict each other it is not known."""
    good = float(facts.one("parameter", parameter="good_adherence")["value"])
    said = []
    if trial.outcome["adherence"] is not None:
        said.append(trial.outcome["adherence"] < good)
    if trial.outcome["stop_reason"] == "nonadherence":
        said.append(True)
    known = trial.certain_days == trial.possible_days and not trial.unbounded and trial.certain_days
    if known and trial.statuses == {"dispensed"}:
        covered = len(trial.certain_days) / (max(trial.certain_days) - min(trial.certain_days) + 1)
        said.append(covered < good)
    return said[0] if len(set(said)) == 1 else None


def _recalled(trial: Trial) -> Truth:
    basis = trial.outcome["improvement_basis"]
    if basis == "recalled" or "reported" in trial.statuses:
        return True
    return None if basis is None else False


def _incomplete(trial: Trial, dose: Truth) -> Truth:
    minimum = facts.minimum_doses("atrq", trial.agent)
    no_dose = dose is None and (bool(minimum) or trial.top_dose is None)
    low, high = trial.days()
    no_outcome = trial.outcome["improvement_pct"] is None and trial.outcome["stop_reason"] is None
    return no_dose or low != high or no_outcome


def _enzymes(agent: str) -> set[str]:
    return {
        r["enzyme"] for r in facts.rows("cyp_modifier") if r["agent"] == agent and r["kind"] == "substrate"
    }


def _inducers(agent: str) -> set[str]:
    """The drugs that speed up what breaks this one down."""
    return {
        r["agent"]
        for r in facts.rows("cyp_modifier")
        if r["kind"] == "inducer" and r["enzyme"] in _enzymes(agent) and r["agent"] != agent
    }


def _induced(history: History, trial: Trial) -> Truth:
    others = [event for event in history.exposures if event.row["agent"] in _inducers(trial.agent)]
    if any(event.certain and trial.certainly_touches(event.certain) for event in others):
        return True
    if any(touches(event.possible, trial.possible_part) for event in others):
        return None
    return False if history.complete("exposure") else None


def _mismatch(trial: Trial, domains: list[Row]) -> list[Row]:
    kind = facts.one("agent", agent=trial.agent)["class"]
    poor = {
        edge["from_node"]
        for edge in facts.rows("mechanism")
        if edge["relation"] == "poorly matched with"
        and (edge["to_kind"], edge["to_node"]) in (("class", kind), ("agent", trial.agent))
    }
    if not poor:
        return []
    mine = [domain for domain in domains if domain["domain"] in poor]
    present: Truth = None
    if any(domain["rank_worst"] == 1 and domain["present"] for domain in mine):
        present = True
    elif not any(domain["rank_best"] == 1 for domain in mine):
        present = False
    return [row("domain_mismatch", trial_key(trial), present, source="Pinzi 2026")]


# --- bipolar spectrum -----------------------------------------------------------------------------------


def bipolar(
    history: History, conditions: list[Row], trials: list[Trial], ratings: list[Row], signs: dict[str, Sign]
) -> list[Row]:
    """Section 4, but for the indicators that one sign decides."""
    drugs = antidepressant_trials(trials)
    outcomes = [trial.outcome for trial in drugs]
    worse: Truth = None
    if any(outcome["improvement_pct"] is not None and outcome["improvement_pct"] < 0 for outcome in outcomes):
        worse = True
    elif outcomes and all(
        outcome["improvement_pct"] is not None or outcome["stop_reason"] == "remission"
        for outcome in outcomes
    ):
        worse = False
    return [
        row("bipolar_induced", "", _induced_mania(history, conditions, drugs, signs)),
        row("bipolar_atypical", "", _atypical(history, signs)),
        row("bipolar_rapid_cycling", "", _rapid_cycling(history)),
        row("bipolar_worsening", "", worse),
        row("bipolar_traits", "", None),
        *_screens(ratings),
    ]


def _induced_mania(
    history: History, conditions: list[Row], drugs: list[Trial], signs: dict[str, Sign]
) -> Truth:
    sign = signs.get("induced_mania")
    sure, may = False, False
    for condition in conditions:
        if condition["condition"] != "mania" or condition["present"] is False:
            continue
        first = ordinal(condition["start_earliest"]) or history.first
        last = ordinal(condition["start_latest"]) or history.as_of
        known = condition["start_earliest"] is not None
        for trial in drugs:
            may = may or touches((first, last), trial.possible_part)
            if known and any(part[0] <= first and last <= part[1] for part in trial.certain_parts):
                sure = True
    if (sign is not None and sign.present) or sure:
        return True
    open_sign = sign is not None and sign.present is None
    kept = history.complete("condition") and history.complete("exposure")
    return False if kept and not may and not open_sign else None


def _atypical(history: History, signs: dict[str, Sign]) -> Truth:
    both = [read(name, signs, history) for name in ("atypical", "atypical_ids")]
    return True if True in both else False if False in both else None


def _rapid_cycling(history: History) -> Truth:
    needed = facts.parameter("rapid_cycling_episodes")
    window = facts.parameter("rapid_cycling_days")
    found: list[Episode] = episodes(history)
    began = [e for e in found if e.start_known and history.as_of - e.possible[0] < window]
    if len(began) >= needed and not history.undated:
        return True
    depression = facts.members("condition_set", "depression")
    undated = any(
        event.row["condition"] in depression and event.row["start_earliest"] is None
        for event in history.conditions
    )
    return False if history.complete("condition") and not history.undated and not undated else None


def _screens(ratings: list[Row]) -> list[Row]:
    prior = float(facts.one("parameter", parameter="bipolar_prevalence")["value"])
    found = []
    for scale in facts.rows("screening_accuracy"):
        last = [r for r in ratings if r["measure"] == scale["scale"] and r["last"]]
        if not last:
            continue
        low, high = min(r["low"] for r in last), max(r["high"] for r in last)
        hit, miss = scale["sensitivity"], 1 - scale["specificity"]
        value = None
        if low >= scale["at_least"]:
            value = prior * hit / (prior * hit + (1 - prior) * miss)
        elif high < scale["at_least"]:
            value = prior * (1 - hit) / (prior * (1 - hit) + (1 - prior) * (1 - miss))
        found.append(
            row("bipolar_screen", scale["scale"], None, None if value is None else f"{100 * value:.0f}")
        )
    return found


# --- context and data quality ---------------------------------------------------------------------------


def context(history: History, labs: list[Row]) -> list[Row]:
    """Section 5: what is recorded as context."""
    person = history.person or {}
    onset = any(r["measure"] == "age at onset" and r["usable"] for r in labs)
    return [
        row("age_at_onset", "", onset or None),
        row("socioeconomic", "", bool(person.get("socioeconomic")) or None, person.get("socioeconomic")),
        row("language", "", bool(person.get("language")) or None, person.get("language")),
        row("race_ethnicity", "", bool(person.get("race") or person.get("ethnicity")) or None),
    ]


def data_quality(history: History, trials: list[Trial], labs: list[Row]) -> list[Row]:
    """Section 5: what the record could not have shown."""
    found = [
        row("table_not_kept", table, not history.complete(table))
        for table in ("exposure", "procedure", "condition", "measurement")
    ]
    found += [
        row("no_dates", "", history.undated),
        row("age_unknown", "", _age_unknown(history)),
        *(
            row("unusable_value", f"{r['measure']} {r['measurement_id']}", True, r["reason"])
            for r in labs
            if not r["usable"]
        ),
    ]
    if trials:
        missing = not history.recorded("depression")
        unknown = missing and not history.complete("condition")
        found.append(row("diagnosis_missing", "", None if unknown else missing))
    drugs = antidepressant_trials(trials)
    if drugs:
        found.append(row("left_truncation", "", _truncated(history, drugs)))
    return found


def _age_unknown(history: History) -> bool:
    person = history.person
    if history.undated or person is None or person["birth_earliest"] is None:
        return True
    today = date.fromordinal(history.as_of)
    adult = facts.parameter("adult_age")
    youngest, oldest = (completed_years(person[f"birth_{end}"], today) for end in ("latest", "earliest"))
    return youngest < adult <= oldest


def _truncated(history: History, drugs: list[Trial]) -> Truth:
    if not history.observation:
        return None
    first = min(span[0] for span in history.observation)
    if any(trial.certain_start is not None and trial.certain_start <= first for trial in drugs):
        return True
    return False if min(min(trial.possible_days) for trial in drugs) > first else None


# --- monitoring -----------------------------------------------------------------------------------------


def monitoring(
    history: History, trials: list[Trial], found_episodes: list[Episode], ratings: list[Row]
) -> list[Row]:
    """docs/fit-measures.md, section 8."""
    usable = [r for r in ratings if r["origin"] != "converted"]
    of_depression = {r["scale"] for r in facts.rows("scale") if r["trial_outcome"]}
    depression = [r for r in usable if r["measure"] in of_depression]
    burden = [r for r in usable if r["measure"] == "FIBSER burden"]
    found = []
    for trial in antidepressant_trials(trials):
        start = trial.certain_start
        if start is None or history.undated:
            continue
        age, last, key = history.as_of - start, max(trial.possible_days), trial_key(trial)
        if last >= history.as_of:
            for week, window in visits(age).items():
                name = "rating_due" if window[0] <= age <= window[1] else "rating_missed"
                present = _unrated(history, depression, start, window)
                found.append(row(name, f"{key} week {week}", present, str(age), source="stard"))
            if age > 0:
                present = _unrated(history, burden, start, (1, age))
                found.append(row("side_effects_unrated", key, present, str(age)))
        episode, _ = episode_of(trial, found_episodes)
        if age > 0 and found_episodes and episode is found_episodes[-1]:
            window = (1, last + facts.parameter("outcome_tail_days") - start)
            found.append(row("trial_unmeasured", key, _unrated(history, depression, start, window), str(age)))
    return found


def visits(age: int) -> dict[int, tuple[int, int]]:
    """Rule 39: the windows of visits that have begun, in days of the trial."""
    weeks = sorted(r["week"] for r in facts.rows("care_visit"))
    before = facts.parameter("visit_window_days")
    begins = {week: 7 * week - before if week else -facts.parameter("baseline_days") for week in weeks}
    ends = {week: begins[after] - 1 for week, after in itertools.pairwise(weeks)}
    ends[weeks[0]] = 0
    ends[weeks[-1]] = 7 * weeks[-1] + facts.parameter("last_visit_days")
    if age > ends[weeks[-1]]:
        return {}
    return {week: (begins[week], ends[week]) for week in weeks if begins[week] <= age}


def _unrated(history: History, ratings: list[Row], start: int, window: tuple[int, int]) -> Truth:
    """Rule 41."""
    first, last = start + window[0], start + window[1]
    may = False
    for rating in ratings:
        if rating["date_low"] is None:
            may = True
        elif rating["reason"] is None and first <= rating["date_low"] and rating["date_high"] <= last:
            return False
        elif rating["date_low"] <= last and rating["date_high"] >= first:
            may = True
    return None if may or not history.complete("measurement") else True
