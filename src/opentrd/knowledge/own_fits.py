"""Whether the parts of a definition of one's own fit together: family, rules, gates, cut-offs.

A cell that the assessment would not read is a problem, never left out in silence.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opentrd.knowledge.own_tables import OWNERS, PARTS, Facts, Problem, Row, Typed, as_text, part_columns

# Columns of a definition that a family does not read, and what they say then.
_NONE = dict.fromkeys(
    ("at_most", "augmentation", "neurostimulation", "intolerance", "window_days", "window_from"), "none"
)
FIXED: dict[str, dict[str, str]] = {
    "switches": {**_NONE, "episode": "none"},
    "window": {**_NONE, "episode": "none"},
    "scores": _NONE,
    "instrument": {**_NONE, "episode": "last", "distinct_level": "agent"},
}
LEVELS = {
    "failures": ("agent", "class", "trial"), "instrument": ("agent",), "switches": ("event", "agent"), "window": ("event",),
    "scores": ("event",),
}  # fmt: skip
# Gates whose subject is not free, and those that have no value.
SUBJECTS = {
    "rating_at_least": ("measure", "measure"), "rating_drop_below": ("measure", "measure"),
    "no_procedure": ("procedure_set", "procedure_set"), "has_procedure": ("procedure_set", "procedure_set"),
    "no_effective": ("agent_set", "agent_set"),
}  # fmt: skip
WITHOUT_VALUE = ("no_procedure", "has_procedure")
# Columns (and gates) that hold whole numbers, with the smallest; no column holds more than _LARGEST, nobody is older than 150.
WHOLE = {
    "needed": 1, "at_most": 1, "window_days": 1, "min_depression_rows": 0, "min_days": 0, "max_next_days": 0,
    "new_episode_after_days": 0, "min_length_days": 0, "min_switch_gap_days": 0, "max_switch_gap_days": 0, "min_agents": 0,
    "max_issues_before": 0, "max_issues_after": 0, "max_issues_total": 0, "min_before": 0, "lookback_days": 0,
    "diagnosis_days": 0, "prior_observation_days": 0, "min_age": 0, "max_age": 0,
}  # fmt: skip
_LARGEST = 100_000
_OLDEST = 150
# What the failure rule has to say of each parameter: a number, or nothing.
READ_BY_BASIS = {
    "improvement": {"min_improvement_pct", "max_improvement_pct", "includes_threshold"},
    "switch": {"max_next_days"},
}
_SHOWN = 12  # names listed in a message


def parts_fit(row: Row, family: str, found: Mapping[str, Sequence[Row]], problems: list[Problem]) -> None:
    """A row of definitions writes each rule once, and only rules that its family reads."""
    read = {
        column for name, (families, _) in PARTS.items() if family in families for column in part_columns(name)
    }
    every = {column for name in PARTS for column in part_columns(name)} | {"adequacy_rule", "failure_rule"}
    named = {name for name in ("adequacy_rule", "failure_rule") if family in PARTS[name][0]}
    if family not in LEVELS:
        return  # the model says so
    for column in sorted(every - read - named):
        value = row.cells.get(column, "")
        if value not in ("", "none"):
            expected = f"an empty cell: a definition of the family {family} does not read {column}"
            problems.append(
                Problem(
                    row.file, row.number, column, value, expected, "Empty the cell, or give another family."
                )
            )
    for name, (families, _) in PARTS.items():
        owner, inline = OWNERS[name], [column for column in part_columns(name) if row.cells.get(column)]
        apart = row.cells.get(name) if owner == name else any(
            other.cells[owner] == row.cells["definition"] for other in found.get(name, ())
        )  # fmt: skip
        if family in families and apart and inline:
            expected = f"an empty cell, because {name} says it"
            advice = f"Write the parameters here or in {name}, not in both."
            problems.append(Problem(row.file, row.number, inline[0], row.cells[inline[0]], expected, advice))
        if (
            family in families
            and name in row.cells
            and not apart
            and not any(c in row.cells for c in part_columns(name))
        ):
            advice = f"Or give columns for its parameters: {', '.join(part_columns(name))}."
            problems.append(Problem(row.file, row.number, name, "", f"a name of {name}", advice))


Pairs = Sequence[tuple[Row, Typed]]


def fits(typed: Mapping[str, Pairs], rows: Mapping[str, Sequence[Row]], facts: Facts) -> Iterator[Problem]:
    """What does not fit together in rows that are in order each for itself."""
    for name, pairs in typed.items():
        for row, values in pairs:
            yield from _numbers_fit(name, row, values)
    for row, values in typed.get("definition", ()):
        yield from _family_fits(row, values, rows)
        yield from _switches_fit(row, values, typed, facts)
    yield from _ages_fit(typed.get("definition_gate", ()))
    for row, values in typed.get("adequacy_rule", ()):
        yield from _adequacy_fits(row, values)
    for row, values in typed.get("failure_rule", ()):
        yield from _failure_fits(row, values)
    for row, values in typed.get("definition_gate", ()):
        yield from _gate_fits(row, values, rows, facts)
    for row, values in typed.get("score_rule", ()):
        yield from _score_fits(row, values, typed, facts)


def field_of(name: str, row: Row, column: str) -> str:
    """The column that a reader sees: a row made out of a short cell is blamed on that cell."""
    if row.made and name == "definition_exclusion":
        return "exclusions"
    return row.cells["gate"] if row.made and name == "definition_gate" else column


def known_names(target: str, column: str, rows: Mapping[str, Sequence[Row]], facts: Facts) -> list[str]:
    """All names in a column: the shipped ones and those of one's own, also in rows that are not in order."""
    own = [row.cells[column] for row in rows.get(target, []) if column in row.cells]
    return list(dict.fromkeys([*(str(value) for value in facts[target][column].to_pylist()), *own]))


def unknown_name(row: Row, column: str, value: str, target: str, known: Sequence[str]) -> Problem:
    """A name that is nowhere, with the one that may be meant."""
    close = difflib.get_close_matches(value, known, 1)
    listed = f": {', '.join(known)}" if len(known) <= _SHOWN else f" (`opentrd knowledge {target}`)"
    advice = f"Is {close[0]} meant?" if close else ""
    return Problem(row.file, row.number, column, value, f"a name of {target}{listed}", advice)


def _numbers_fit(name: str, row: Row, values: Typed) -> Iterator[Problem]:
    """Whole where a part is meant by none, and no larger than the assessment can count."""
    for column, value in values.items():
        meant = str(values["gate"]) if name == "definition_gate" and column == "value" else column
        if value in (None, "none") or (isinstance(value, str) and meant not in WHOLE):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            continue
        number, most = float(value), _OLDEST if meant in ("min_age", "max_age") else _LARGEST
        least = WHOLE.get(meant, -_LARGEST)
        if least <= number <= most and (meant not in WHOLE or number == int(number)):
            continue
        kind = "a whole number" if meant in WHOLE else "a number"
        also = ", or none" if isinstance(value, str) else ""
        shown = value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
        yield Problem(
            row.file, row.number, field_of(name, row, column), shown, f"{kind} from {least} to {most}{also}"
        )


def _switches_fit(row: Row, values: Typed, typed: Mapping[str, Pairs], facts: Facts) -> Iterator[Problem]:
    """A switch counts its agent or class, and a calendar year has its days."""
    own = [rule for _, rule in typed.get("failure_rule", ())]
    basis = {str(rule["failure_rule"]): rule["basis"] for rule in [*facts["failure_rule"].to_pylist(), *own]}
    if values["distinct_level"] == "trial" and basis.get(str(values["failure_rule"])) == "switch":
        advice = "One trial may follow two of the same agent, which is one switch."
        expected = "agent or class, because the failure is a switch"
        yield Problem(row.file, row.number, "distinct_level", "trial", expected, advice)
    if values["window_from"] == "calendar_year" and str(values["window_days"]) != "365":
        expected = "365, which stands for a calendar_year"
        yield Problem(row.file, row.number, "window_days", as_text(values["window_days"]), expected)


def _ages_fit(gates: Pairs) -> Iterator[Problem]:
    least = {values["definition"]: values["value"] for _, values in gates if values["gate"] == "min_age"}
    for row, values in gates:
        low, high = least.get(values["definition"]), values["value"]
        if values["gate"] == "max_age" and low is not None and high is not None and high < low:
            expected = f"at least min_age ({low:g})"
            yield Problem(
                row.file, row.number, field_of("definition_gate", row, "value"), f"{high:g}", expected
            )


def _family_fits(row: Row, values: Typed, rows: Mapping[str, Sequence[Row]]) -> Iterator[Problem]:
    family = str(values["family"])
    for column, only in FIXED.get(family, {}).items():
        if values[column] != only:
            advice = f"Definitions of the family {family} do not read another value."
            yield Problem(row.file, row.number, column, str(values[column] or ""), only, advice)
    if values["distinct_level"] not in LEVELS[family]:
        expected = f"{' or '.join(LEVELS[family])} for the family {family}"
        yield Problem(row.file, row.number, "distinct_level", str(values["distinct_level"]), expected)
    if family == "switches" and values["needed"] is None:
        yield Problem(row.file, row.number, "needed", "", "a whole number of switches")
    early = any(
        other.cells.get("reading") == "early" and other.cells["definition"] == values["definition"]
        for other in rows.get("switch_rule", [])
    )
    if (family in ("window", "scores") or early) and values["needed"] != 1:
        advice = "Such a definition looks for one event."
        yield Problem(row.file, row.number, "needed", as_text(values["needed"]), "1", advice)
    most = values["at_most"]
    if most not in (None, "none") and values["needed"] is not None and float(most) < values["needed"]:
        yield Problem(row.file, row.number, "at_most", str(most), f"at least needed ({values['needed']})")
    for name, (families, _) in PARTS.items():
        owner = OWNERS[name]
        mine = [other for other in rows.get(name, []) if other.cells[owner] == values["definition"]]
        if owner != name and family in families and not mine:
            columns = ", ".join(part_columns(name))
            yield Problem(
                row.file,
                row.number,
                "family",
                family,
                f"the parameters of {name} ({columns})",
                "Add the columns.",
            )
        if owner != name and family not in families and mine:
            where = f"{mine[0].file}, row {mine[0].number}"
            expected = f"no row of {name}: the family {family} does not read it"
            yield Problem(
                row.file, row.number, "family", family, expected, f"Remove {where}, or give another family."
            )


def _adequacy_fits(row: Row, values: Typed) -> Iterator[Problem]:
    if values["gap_rule"] != "trial":
        yield Problem(
            row.file,
            row.number,
            "gap_rule",
            str(values["gap_rule"]),
            "trial",
            "Other gaps: see --multiverse.",
        )
    share = values["min_adherence"]
    if share not in (None, "none") and not 0 <= float(share) <= 1:
        yield Problem(row.file, row.number, "min_adherence", share, "a share from 0 to 1, or none")


def _failure_fits(row: Row, values: Typed) -> Iterator[Problem]:
    basis, low, high = values["basis"], values["min_improvement_pct"], values["max_improvement_pct"]
    read = READ_BY_BASIS.get(str(basis), set())
    for column in sorted(
        {"min_improvement_pct", "max_improvement_pct", "includes_threshold", "max_next_days"} - read
    ):
        if values[column] not in (None, "none"):
            advice = f"Write basis {next(b for b, columns in READ_BY_BASIS.items() if column in columns)} to use it."
            expected = f"none, because the basis is {basis or 'not given'}"
            yield Problem(row.file, row.number, column, str(values[column]), expected, advice)
    if basis != "improvement":
        return
    advice = "Leave the basis empty when the source gives no threshold."
    for column in ("max_improvement_pct", "includes_threshold", "min_improvement_pct"):
        if values[column] is None:
            expected = {"includes_threshold": "true or false", "min_improvement_pct": "percent, or none"}.get(
                column, "percent"
            )
            yield Problem(row.file, row.number, column, "", expected, advice)
    if high is not None and not 0 <= high <= 100:
        yield Problem(row.file, row.number, "max_improvement_pct", f"{high:g}", "percent from 0 to 100")
    if high is not None and low not in (None, "none") and float(low) >= high:
        yield Problem(
            row.file, row.number, "min_improvement_pct", str(low), f"less than max_improvement_pct ({high:g})"
        )


def _gate_fits(row: Row, values: Typed, rows: Mapping[str, Sequence[Row]], facts: Facts) -> Iterator[Problem]:
    gate, subject = str(values["gate"]), values["subject"]
    if gate in SUBJECTS and not (gate == "no_effective" and subject is None):
        known = known_names(*SUBJECTS[gate], rows, facts)
        if subject not in known:
            yield unknown_name(row, "subject", str(subject or ""), SUBJECTS[gate][0], known)
    elif gate not in SUBJECTS and subject is not None:
        yield Problem(row.file, row.number, "subject", str(subject), f"an empty cell: {gate} has no subject")
    if (values["value"] is None) != (gate in WITHOUT_VALUE):
        expected = f"an empty cell: {gate} has no value" if gate in WITHOUT_VALUE else f"a number for {gate}"
        yield Problem(row.file, row.number, "value", str(values["value"] or ""), expected)


def _score_fits(row: Row, values: Typed, typed: Mapping[str, Any], facts: Facts) -> Iterator[Problem]:
    pairs = [(other["instrument"], other["item"]) for other in facts["instrument"].to_pylist()]
    pairs += [(other["instrument"], other["item"]) for _, other in typed.get("instrument", [])]
    items = [item for instrument, item in pairs if instrument == values["instrument"]]
    if items and values["item"] not in items:
        yield Problem(row.file, row.number, "item", str(values["item"]), f"one of {', '.join(items)}")
