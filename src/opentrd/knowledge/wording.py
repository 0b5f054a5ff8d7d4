"""A definition in plain words, rendered from its parameters, so that text and logic cannot diverge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

Row = Mapping[str, Any]
Tables = Mapping[str, list[Row]]

_TABLES = (
    "definition", "adequacy_rule", "failure_rule", "definition_exclusion", "definition_gate", "switch_rule", "window_rule",
    "score_rule", "dose_table", "dose_minimum", "agent_set", "procedure_set", "instrument_rule",
)  # fmt: skip


def definition_texts(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Title, text, citation, status and gaps of every definition and instrument in ``knowledge.*``, by its name.

    ``missing`` says which parameters its source does not give (empty when none): the cells that are empty.
    """
    tables = {name: _rows(connection, name) for name in _TABLES}
    texts = {}
    for row in tables["definition"]:
        said = _SENTENCES[row["family"]](row, tables) + _gates(row, tables)
        excluded = {x["says"] for x in tables["definition_exclusion"] if x["definition"] == row["definition"]}
        if excluded:
            said += f" Not with {_or(sorted(excluded))}."
        # The note of a window definition says its ways in again, in other words; one text is enough.
        note = "" if row["family"] == "window" else row["note"] or ""
        texts[row["definition"]] = {
            "title": row["title"],
            "text": f"{said} {note}".strip(),
            "citation": row["source"],
            "status": row["knowledge_status"],
            "missing": ", ".join(_missing(row, tables)),
        }
    return texts


# Definitions that count trials


def _failures(row: Row, tables: Tables) -> str:
    place = {
        "any": " within one depressive episode",
        "current": " in the current depressive episode",
        "last": " in the last depressive episode",
        "none": " at any time",
    }[row["episode"]]
    one = row["needed"] == 1
    any_outcome = _find(tables["failure_rule"], "failure_rule", row["failure_rule"])["basis"] == "any"
    counted = ("was tried" if one else "were tried") if any_outcome else "failed"
    said = [
        f"{_how_many(row)} {counted}{_inside(row) or place}; {_kinds(row, tables)} count.",
        _adequate(row, tables),
        _failed(row, tables),
    ]
    if row["intolerance"] == "failure":
        said.append("A trial stopped for intolerance has failed, whatever its dose and length.")
    if row["alternative"] != "none":
        said.append(f"Also met by {row['alternative']}, which a record does not show.")
    said.append(_diagnosis(row))
    return " ".join(part for part in said if part)


def _how_many(row: Row) -> str:
    unit = {"agent": "different agents", "class": "different classes", "trial": "trials"}[
        row["distinct_level"]
    ]
    if row["needed"] is None:
        return f"Some {unit} (the source does not say how many)"
    if row["needed"] == 1:
        return f"At least one {row['distinct_level']}"
    most = f" and at most {row['at_most']}" if str(row["at_most"]) != "none" else ""
    return f"At least {row['needed']}{most} {unit}"


def _inside(row: Row) -> str:
    """The window in words, with the place it lies in; empty without one."""
    if row["window_from"] == "none":
        return ""
    days = (
        "a time that the source does not give" if row["window_days"] is None else f"{row['window_days']} days"
    )
    words = {
        "each": f"within {days} of the first of them",
        "index": f"within {days} of the first drug",
        "diagnosis": f"within {days} of the first diagnosis of depression",
        "calendar_year": "in one calendar year",
        "before_ect": f"in the {days} before a course of ECT",
    }[row["window_from"]]
    episode = "" if row["episode"] == "none" else " and one depressive episode"
    return f" {words}{episode}"


def _kinds(row: Row, tables: Tables) -> str:
    """What counts as a trial: drugs of a set, and the augmentations and courses that count as well."""
    kinds = [_plural(row["agent_set"])]
    if row["augmentation"] == "augmenting":
        kinds.append("augmentations")
    elif row["augmentation"] != "none":
        agents = _members(tables["agent_set"], "agent_set", row["augmentation"], "agent")
        kinds.append(
            f"augmentations with {_or(agents) if len(agents) <= _FEW else _plural(row['augmentation'])}"
        )
    if row["neurostimulation"] == "neurostimulation":
        kinds.append("courses of neurostimulation")
    elif row["neurostimulation"] != "none":
        kinds.append(f"courses of {_procedure(row['neurostimulation'], tables['procedure_set'])}")
    return f"{', '.join(kinds[:-1])} and {kinds[-1]}" if len(kinds) > 1 else kinds[0]


def _diagnosis(row: Row) -> str:
    least = int(row["min_depression_rows"])
    return {0: "", 1: "Depression has to be diagnosed."}.get(least, f"At least {least} depression codes.")


def _instrument(row: Row, tables: Tables) -> str:
    said = f"Stages the episode at as-of, else the last one. {_adequate(row, tables)} {_failed(row, tables)}"
    rule = next((x for x in tables["instrument_rule"] if x["instrument"] == row["definition"]), None)
    if rule is not None and rule["add_on"] == "used":
        said += " An augmentation counts when it was used."
    if rule is not None and rule["strict_order"]:
        said += " The steps count in the order of time."
    return said


def _adequate(row: Row, tables: Tables) -> str:
    rule = _find(tables["adequacy_rule"], "adequacy_rule", row["adequacy_rule"])
    if rule["dose_table"] == "none" and str(rule["min_days"]) == "none":
        return "A trial of any dose and length counts."
    length = (
        "a duration that the source does not give"
        if rule["min_days"] is None
        else "no minimum duration"
        if str(rule["min_days"]) == "none"
        else f"at least {rule['min_days']} days"
    )
    adherence = (
        ""
        if str(rule["min_adherence"]) == "none"
        else ", with an adherence that the source does not give"
        if rule["min_adherence"] is None
        else f", with adherence of at least {rule['min_adherence']}"
    )
    reasons = "nonadherence" if row["intolerance"] == "failure" else "intolerance or nonadherence"
    return (
        f"A trial is adequate with {length} {_dose(rule['dose_table'], tables)}{adherence}; one stopped earlier for {reasons} "
        "is not a failure."
    )


def _dose(table: str | None, tables: Tables) -> str:
    if table is None:
        return "at an adequate dose that the source does not give"
    if table == "none":
        return "at any dose"
    found = [row for row in tables["dose_table"] if row["dose_table"] == table]
    return f"at or above the minimum dose ({found[0]['title'] if found else table})"


def _failed(row: Row, tables: Tables) -> str:
    rule = _find(tables["failure_rule"], "failure_rule", row["failure_rule"])
    if rule["basis"] is None:
        return "When a trial failed, the source does not say in figures."
    if rule["basis"] == "any":
        return "What came of it is not asked."
    if rule["basis"] == "stop":
        return "It failed when it was stopped for inefficacy."
    if rule["basis"] == "switch":
        limit = rule["max_next_days"]
        time = "a time that the source does not give" if limit is None else f"{limit} days"
        within = "" if str(limit) == "none" else f" within {time} of its end"
        return f"It failed when another of these treatments follows{within}."
    if rule["max_improvement_pct"] == 0 and rule["includes_threshold"]:
        return "It failed without any improvement."
    most = f"{rule['max_improvement_pct']:g} %"
    bound = f"at most {most}" if rule["includes_threshold"] else f"below {most}"
    if str(rule["min_improvement_pct"]) != "none":
        return f"It failed with an improvement of at least {rule['min_improvement_pct']} % and {bound}."
    inefficacy = ", or a stop for inefficacy" if rule["max_improvement_pct"] >= 50 else ""
    return f"It failed with an improvement of {bound}{inefficacy}."


# Definitions that count switches, look at windows, or at a score


def _switches(row: Row, tables: Tables) -> str:
    rule = _find(tables["switch_rule"], "definition", row["definition"])
    if rule["reading"] == "early":
        return f"{_early_switch(rule)} {_diagnosis(row)}".strip()
    counted = "from different drugs" if row["distinct_level"] == "agent" else "in all"
    said = (
        f"At least {row['needed']} switches {counted}: a drug issued over at least {rule['min_length_days']} days, then another "
        f"one issued within {rule['max_switch_gap_days']} days; at least {rule['min_agents']} different drugs ever. A pause of more "
        f"than {rule['new_episode_after_days']} days begins a new episode of a drug."
    )
    return f"{said} {_diagnosis(row)}".strip()


def _early_switch(rule: Row) -> str:
    limits = [
        f"at most {'(number not given)' if rule[column] is None else rule[column]} times {words}"
        for column, words in (
            ("max_issues_before", "before it"),
            ("max_issues_after", "after it"),
            ("max_issues_total", "in all"),
        )
        if str(rule[column]) != "none"
    ]
    start = (
        "" if rule["from_set"] == "none" else f" It has to start from one of the {_plural(rule['from_set'])}."
    )
    return (
        f"The first early switch: another drug is issued {rule['min_switch_gap_days']} to {rule['max_switch_gap_days']} days after "
        f"the first issue of a drug that was issued {', '.join(limits) or 'any number of times'}.{start}"
    )


def _scores(row: Row, tables: Tables) -> str:
    rule = _find(tables["score_rule"], "definition", row["definition"])
    titles = {x["definition"]: x["title"] for x in tables["definition"]}
    bound = "more than" if rule["strictly"] else "at least"
    item = "total" if rule["item"] == "total" else f"item {rule['item']}"
    said = f"The {item} of the {titles[rule['instrument']]} is {bound} {rule['at_least']:g}."
    return f"{said} {_diagnosis(row)}".strip()


def _window(row: Row, tables: Tables) -> str:
    rules = [rule for rule in tables["window_rule"] if rule["definition"] == row["definition"]]
    ways = "; ".join(f"({rule['path']}) {_way(rule, tables['agent_set'])}" for rule in rules)
    before = _span(rules[0]["diagnosis_days"])
    observed = max(int(rule["prior_observation_days"]) for rule in rules)
    said = f"Any of: {ways}. A depressive disorder is recorded in the {before} before. The first such day counts."
    return f"{said} The person was observed for {observed} days before it." if observed else said


def _way(rule: Row, sets: list[Row]) -> str:
    """One way into the cohort: what is started, and what has to be there in the days up to it."""
    agents, before = int(rule["min_agents"]), int(rule["min_before"])
    kind = _set_name(rule["prior_set"])
    least = f"at least {_count(agents)} {kind if agents == 1 else f'different {kind}s'}"
    said = (
        f"{_one_of(rule['entry_set'], sets)} is started, with {'dose eras of ' if rule['uses_dose_eras'] else ''}{least} in the "
        f"{_span(rule['lookback_days'])} up to that day"
    )
    return f"{said}, at least {_count(before)} of them begun before it" if before else said


def _gates(row: Row, tables: Tables) -> str:
    """What else is asked of the person, a sentence for each gate in the order of the table."""
    mine = [gate for gate in tables["definition_gate"] if gate["definition"] == row["definition"]]
    return "".join(f" {_gate(gate, row, tables)}" for gate in mine)


def _gate(gate: Row, row: Row, tables: Tables) -> str:
    value = f"{gate['value']:g}" if gate["value"] is not None else ""
    subject = str(gate["subject"] or "")
    helped = _set_name(subject or row["agent_set"])
    procedure = _procedure(subject, tables["procedure_set"])
    since = "of the episode" if row["family"] == "scores" else "afterwards"
    return {
        "min_age": f"At least {value} years old at the first drug.",
        "max_age": f"At most {value} years old at the first drug.",
        "severity_at_least": f"Maudsley severity of at least {value}.",
        "rating_at_least": f"The last {subject} {since} is at least {value}.",
        "rating_drop_below": f"{subject} has fallen by less than {value} % since the first drug.",
        "measured_failure": f"The failure of at least {value} of them was measured.",
        "no_effective": f"No {helped} ever led to remission or to an improvement of {value} % or more.",
        "no_procedure": f"No {procedure} is recorded.",
        "has_procedure": f"{procedure[:1].upper()}{procedure[1:]} is recorded.",
        "recurrent": f"At least {value} depressive episodes (a chronic course may stand for them).",
    }[str(gate["gate"])]


def _procedure(procedure_set: str, sets: list[Row]) -> str:
    """The procedures of a set by name, or the name of the set when it has many members."""
    members = _members(sets, "procedure_set", procedure_set, "procedure")
    return _or(members) if 0 < len(members) <= _FEW else procedure_set


def _missing(row: Row, tables: Tables) -> list[str]:
    """What a verdict lacks, in words: the cells that the source leaves empty, and doses that a user has to supply."""
    found = ["how many"] if row["needed"] is None and row["family"] == "failures" else []
    trials = row
    if row["family"] == "scores":
        score = _find(tables["score_rule"], "definition", row["definition"])
        trials = _find(tables["definition"], "definition", score["instrument"])
    if trials["family"] in ("failures", "instrument"):
        adequacy = _find(tables["adequacy_rule"], "adequacy_rule", trials["adequacy_rule"])
        failure = _find(tables["failure_rule"], "failure_rule", trials["failure_rule"])
        named = (
            ("the minimum dose", adequacy["dose_table"]), ("the duration", adequacy["min_days"]),
            ("the adherence", adequacy["min_adherence"]), ("the threshold of failure", failure["basis"]),
            ("the time to the next treatment", failure["max_next_days"]),
        )  # fmt: skip
        found += [words for words, value in named if value is None]
        doses = {"none", *(x["dose_table"] for x in tables["dose_minimum"])}
        if adequacy["dose_table"] is not None and adequacy["dose_table"] not in doses:
            found.append(f"the doses of the table {adequacy['dose_table']} (supplied by the user)")
    if row["window_days"] is None:
        found.append("the window")
    if row["at_most"] is None:
        found.append("the upper limit")
    return found


# Words


def _one_of(agent_set: str, sets: list[Row]) -> str:
    """A member of a set in words: the drug itself when the set has one only, else ``an antidepressant``."""
    agents = _members(sets, "agent_set", agent_set, "agent")
    if len(agents) == 1:
        return agents[0]
    name = _set_name(agent_set)
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"


def _members(rows: list[Row], set_column: str, name: str, column: str) -> list[str]:
    return [str(row[column]) for row in rows if row[set_column] == name]


def _set_name(agent_set: str) -> str:
    """The last word of a set's name, which says what is in it; what stands before names the definition."""
    name = agent_set.rpartition("_")[2]
    return name.upper() if name in _ABBREVIATIONS else name


def _plural(agent_set: str) -> str:
    return f"{_set_name(agent_set)}s"


def _count(number: int) -> str:
    return _NUMBERS.get(number, str(number))


def _span(days: int) -> str:
    return "year" if days == 365 else f"{days} days"


# A set of at most so many members is named by them.
_FEW = 5
_ABBREVIATIONS = ("ssri", "tca", "maoi")
_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
_SENTENCES = {
    "failures": _failures, "instrument": _instrument, "switches": _switches, "window": _window, "scores": _scores,
}  # fmt: skip


def _or(words: list[str]) -> str:
    if len(words) > 1 and any(" or " in word for word in words):
        return f"{'; '.join(words[:-1])}; or {words[-1]}"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _find(rows: list[Row], column: str, value: Any) -> Row:
    return next(row for row in rows if row[column] == value)


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    result = connection.execute(f"SELECT * FROM knowledge.{table}")
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
