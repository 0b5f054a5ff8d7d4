"""A definition in plain words, rendered from its parameters, so that text and logic cannot diverge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

Row = Mapping[str, Any]


def definition_texts(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Title, text and citation of every definition and instrument in ``knowledge.*``, by its name."""
    tables = {name: _rows(connection, name) for name in (
        "definition", "adequacy_rule", "failure_rule", "definition_exclusion", "switch_rule", "window_rule", "dose_table",
        "agent_set",
    )}  # fmt: skip
    texts = {}
    for row in tables["definition"]:
        said = _SENTENCES[row["family"]](row, tables)
        excluded = [x["says"] for x in tables["definition_exclusion"] if x["definition"] == row["definition"]]
        if excluded:
            said += f" Not with {_or(sorted(excluded))}."
        # The note of a window definition says its ways in again, in other words; one text is enough.
        note = "" if row["family"] == "window" else row["note"] or ""
        texts[row["definition"]] = {
            "title": row["title"],
            "text": f"{said} {note}".strip(),
            "citation": row["source"],
            "status": row["knowledge_status"],
        }
    return texts


def _failures(row: Row, tables: Mapping[str, list[Row]]) -> str:
    place = {
        "any": "within one depressive episode",
        "current": "in the current depressive episode",
        "none": "at any time",
    }[row["episode"]]
    kinds = ["antidepressants"]
    if row["augmentation"] != "none":
        kinds.append("augmentations")
    if row["neurostimulation"] != "none":
        kinds.append("courses of neurostimulation")
    unit = {"agent": "different agents", "class": "different classes", "trial": "trials"}[
        row["distinct_level"]
    ]
    return (
        f"At least {row['needed']} {unit} failed {place}; {' and '.join(kinds)} count. "
        f"{_adequate(row, tables)} {_failed(row, tables)} Depression has to be diagnosed."
    )


def _instrument(row: Row, tables: Mapping[str, list[Row]]) -> str:
    return f"Stages the episode at as-of, else the last one. {_adequate(row, tables)} {_failed(row, tables)}"


def _adequate(row: Row, tables: Mapping[str, list[Row]]) -> str:
    rule = _find(tables["adequacy_rule"], "adequacy_rule", row["adequacy_rule"])
    dose = _dose(rule["dose_table"], tables)
    length = {"none": "no minimum duration", "": "a duration the paper does not give"}.get(
        str(rule["min_days"] if rule["min_days"] is not None else ""), f"at least {rule['min_days']} days"
    )
    adherence = (
        ""
        if str(rule["min_adherence"]) == "none"
        else f", with adherence of at least {rule['min_adherence']}"
    )
    return (
        f"A trial is adequate with {length} {dose}{adherence}; one stopped earlier for intolerance or nonadherence "
        "is not a failure."
    )


def _dose(table: str | None, tables: Mapping[str, list[Row]]) -> str:
    if table is None:
        return "at an adequate dose that the paper does not give"
    if table == "none":
        return "at any dose"
    found = [row for row in tables["dose_table"] if row["dose_table"] == table]
    return f"at or above the minimum dose ({found[0]['title'] if found else table})"


def _failed(row: Row, tables: Mapping[str, list[Row]]) -> str:
    rule = _find(tables["failure_rule"], "failure_rule", row["failure_rule"])
    most = f"{rule['max_improvement_pct']:g} %"
    bound = f"at most {most}" if rule["includes_threshold"] else f"below {most}"
    inefficacy = ", or a stop for inefficacy" if rule["max_improvement_pct"] >= 50 else ""
    return f"It failed with an improvement of {bound}{inefficacy}."


def _switches(row: Row, tables: Mapping[str, list[Row]]) -> str:
    rule = _find(tables["switch_rule"], "definition", row["definition"])
    counted = "from different drugs" if row["distinct_level"] == "agent" else "in all"
    return (
        f"At least {row['needed']} switches {counted}: a drug issued over at least {rule['min_length_days']} days, then another "
        f"one issued within {rule['max_switch_gap_days']} days; at least {rule['min_agents']} different drugs ever. A pause of more "
        f"than {rule['new_episode_after_days']} days begins a new episode of a drug. At least {row['min_depression_rows']} "
        "depression codes."
    )


def _window(row: Row, tables: Mapping[str, list[Row]]) -> str:
    rules = [rule for rule in tables["window_rule"] if rule["definition"] == row["definition"]]
    ways = "; ".join(f"({rule['path']}) {_way(rule, tables['agent_set'])}" for rule in rules)
    before = _span(rules[0]["diagnosis_days"])
    return f"Any of: {ways}. A depressive disorder is recorded in the {before} before. The first such day counts."


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


def _one_of(agent_set: str, sets: list[Row]) -> str:
    """A member of a set in words: the drug itself when the set has one only, else ``an antidepressant``."""
    agents = [row["agent"] for row in sets if row["agent_set"] == agent_set]
    if len(agents) == 1:
        return str(agents[0])
    name = _set_name(agent_set)
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"


def _set_name(agent_set: str) -> str:
    """The last word of a set's name, which says what is in it; what stands before names the definition."""
    return agent_set.rpartition("_")[2]


def _count(number: int) -> str:
    return _NUMBERS.get(number, str(number))


def _span(days: int) -> str:
    return "year" if days == 365 else f"{days} days"


_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
_SENTENCES = {"failures": _failures, "instrument": _instrument, "switches": _switches, "window": _window}


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
