"""What rows of one's own have to be: form by the models, names that are free, references, parts that fit together.

Nothing is repaired and nothing is left out in silence: a cell that the assessment would not read is a problem.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import pyarrow as pa
from annotated_types import Ge, Gt
from pydantic import ValidationError

from opentrd.knowledge.checks import KEYS, NO_REFERENCE, PROVENANCE, REFERENCES
from opentrd.knowledge.loader import EMPTY_TEXT_COLUMNS, TEXT_COLUMNS
from opentrd.knowledge.own_fits import field_of, fits, known_names, unknown_name
from opentrd.knowledge.own_tables import OWNERS, PARTS, Facts, Problem, Row, Typed
from opentrd.knowledge.schema import MODELS
from opentrd.knowledge.schema_base import Fact

OWN_KEYS = {
    **KEYS, "definition_exclusion": ("definition", "condition_set"), "definition_gate": ("definition", "gate", "subject"),
    "instrument": ("instrument", "item"), "level": ("instrument", "item", "from_value"), "band": ("instrument", "from_score"),
    "score_rule": ("definition",),
}  # fmt: skip
OWN_REFERENCES = {
    **{place: target for place, target in REFERENCES.items() if place[0] in OWNERS},
    **{(name, "instrument"): ("definition", "definition") for name in ("instrument", "level", "band")},
}
_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def checked(
    rows: Mapping[str, Sequence[Row]], facts: Facts, problems: list[Problem]
) -> dict[str, tuple[dict[str, Any], ...]]:
    """The rows with typed values, by table. What is wrong is added to ``problems``."""
    typed: dict[str, list[tuple[Row, dict[str, Any]]]] = {}
    for name, given in rows.items():
        typed[name] = [
            (row, values) for row in given if (values := _typed(name, row, facts, problems)) is not None
        ]
    for name, pairs in typed.items():
        problems += _names_are_free(name, pairs, facts)
        problems += _keys(name, pairs)
        problems += _references(name, pairs, rows, facts)
    problems += fits(typed, rows, facts)
    return {name: tuple(values for _, values in pairs) for name, pairs in typed.items() if pairs}


def _typed(name: str, row: Row, facts: Facts, problems: list[Problem]) -> dict[str, Any] | None:
    """The values of a row as its model and the shipped table have them; None when the row is not in order."""
    model = MODELS.get(name, Fact)
    kinds = {field.alias or column: field for column, field in model.model_fields.items()}
    before = len(problems)
    given: dict[str, Any] = {}
    for field in facts[name].schema:
        column = field.name
        default = PARTS[name][1].get(column) if name in PARTS else None
        cell = row.cells.get(
            column, default if default is not None else "none" if column in TEXT_COLUMNS else None
        )
        optional = column in kinds and _is_optional(kinds[column].annotation)
        if cell is None and not (optional or column in ("form", "note")):
            problems.append(
                Problem(row.file, 1, column, "", f"a column {column}", f"The table {name} needs it.")
            )
            continue
        if column in kinds and bool in _kinds(kinds[column].annotation):
            cell = (cell or "").lower()  # a spreadsheet writes TRUE
            if cell not in ("true", "false", *([""] if optional else [])):
                problems.append(Problem(row.file, row.number, column, cell, _expected(model, column)))
        given[column] = None if optional and not cell else cell or ""
    if len(problems) > before:
        return None
    try:
        values = model.model_validate(given).model_dump(by_alias=True)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            column = str(detail["loc"][0]) if detail["loc"] else ""
            if row.made and column in (OWNERS[name], *PROVENANCE):
                continue  # told of the definition already
            if column:
                problems.append(_not_usable(name, model, row, column, given))
            else:
                # What two cells say together; the sentence begins with the column that it is about.
                said = str(detail["ctx"]["error"]) if "ctx" in detail else detail["msg"]
                first = said.split()[0] if said.split()[0] in given else ""
                problems.append(
                    Problem(
                        row.file,
                        row.number,
                        first,
                        str(given.get(first) or ""),
                        "cells that fit together",
                        f"{said}.",
                    )
                )
        return None
    return _as_in_table(name, row, values, facts, problems)


def _not_usable(name: str, model: type[Fact], row: Row, column: str, given: Mapping[str, Any]) -> Problem:
    value = str(given.get(column) or "")
    expected = _expected(model, column)
    place = field_of(name, row, column)
    close = difflib.get_close_matches(value, _choices(model, column), 1) if value else []
    advice = f"Is {close[0]} meant?" if close else ""
    if column in PROVENANCE:
        advice = "Every row says its source; knowledge_status recalled is for what was not read anywhere."
    elif not value and "none" in _choices(model, column):
        advice = "Write none when it is not part of the definition."
    return Problem(row.file, row.number, place, value, expected, advice)


def _as_in_table(
    name: str, row: Row, values: dict[str, Any], facts: Facts, problems: list[Problem]
) -> dict[str, Any] | None:
    """Values with the types of the shipped columns (tables without a model hold text until here)."""
    before = len(problems)
    made: dict[str, Any] = {}
    for field in facts[name].schema:
        value: Any = values.get(field.name)
        if isinstance(value, str) and not pa.types.is_string(field.type):
            whole = pa.types.is_integer(field.type)
            text = value
            try:
                value = None if text == "" else int(text) if whole else float(text)
            except ValueError:
                expected = f"{'a whole number' if whole else 'a number'}, or empty"
                problems.append(Problem(row.file, row.number, field.name, text, expected))
        if isinstance(value, float) and not math.isfinite(value):
            problems.append(Problem(row.file, row.number, field.name, str(value), "a number"))
        if isinstance(value, int | float) and pa.types.is_string(field.type):
            value = str(value)
        untold = value == "" and MODELS.get(name) is None and field.name not in EMPTY_TEXT_COLUMNS
        made[field.name] = None if untold else value
    return made if len(problems) == before else None


def _names_are_free(name: str, pairs: Sequence[tuple[Row, Typed]], facts: Facts) -> Iterator[Problem]:
    """No row adds to what is shipped: a definition, a rule or a set keeps its meaning. Empty dose tables may be filled."""
    owner = OWNERS[name]
    home = "definition" if owner == "instrument" else owner
    taken = set(facts[name][owner].to_pylist())
    if name != "dose_minimum":
        taken |= set(facts[home][OWNERS[home]].to_pylist())
    for row, values in pairs:
        if values[owner] in taken:
            kind = "definition or instrument" if home == "definition" else home.replace("_", " ")
            expected = f"a name that no shipped {kind} has"
            advice = "A shipped row is never changed or added to; give yours a name of its own."
            yield Problem(row.file, row.number, owner, str(values[owner]), expected, advice)


def _keys(name: str, pairs: Sequence[tuple[Row, Typed]]) -> Iterator[Problem]:
    seen: dict[tuple[Any, ...], Row] = {}
    for row, values in pairs:
        key = tuple(values[column] for column in OWN_KEYS[name])
        if key in seen:
            first = seen[key]
            expected = f"each {', '.join(OWN_KEYS[name])} once"
            advice = f"It stands in {first.file}, row {first.number} as well; keep one of them."
            yield Problem(row.file, row.number, OWN_KEYS[name][-1], str(key[-1] or key[0]), expected, advice)
        seen.setdefault(key, row)


def _references(
    name: str, pairs: Sequence[tuple[Row, Typed]], rows: Mapping[str, Sequence[Row]], facts: Facts
) -> Iterator[Problem]:
    for (table, column), (target, target_column) in OWN_REFERENCES.items():
        if table != name:
            continue
        known = known_names(target, target_column, rows, facts)
        for row, values in pairs:
            value = values[column]
            needed = (name, column) in (("definition", "agent_set"), ("score_rule", "instrument"))
            if value in known or (value in (None, *NO_REFERENCE) and not needed):
                continue
            yield unknown_name(row, field_of(name, row, column), str(value), target, known)


# What a column takes, in words


def _kinds(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return (annotation,)
    return tuple(kind for part in get_args(annotation) for kind in _kinds(part)) or (annotation,)


def _is_optional(annotation: Any) -> bool:
    return NoneType in _kinds(annotation)


def _choices(model: type[Fact], column: str) -> list[str]:
    field = next(field for name, field in model.model_fields.items() if (field.alias or name) == column)
    choices = [
        str(word)
        for kind in _kinds(field.annotation)
        if get_origin(kind) is Literal
        for word in get_args(kind)
    ]
    return [*choices, "none"] if column in TEXT_COLUMNS else choices


def _expected(model: type[Fact], column: str) -> str:
    field = next(field for name, field in model.model_fields.items() if (field.alias or name) == column)
    choices = _choices(model, column)
    words = [_WORDS[kind] for kind in _kinds(field.annotation) if kind in _WORDS]
    least = next((f" of at least {bound.ge}" for bound in field.metadata if isinstance(bound, Ge)), "")
    least = next((f" above {bound.gt}" for bound in field.metadata if isinstance(bound, Gt)), least)
    if column in TEXT_COLUMNS:
        said = "a number, or none"
    elif choices:
        said = f"one of {', '.join(word or '(empty)' for word in choices)}"
    elif column in ("definition", "instrument", "adequacy_rule", "failure_rule"):
        said = "a name of lower-case letters, digits and _, beginning with a letter"
    else:
        said = f"{words[0] if words else 'text'}{least}"
    return f"{said}, or empty when the source does not say" if _is_optional(field.annotation) else said
