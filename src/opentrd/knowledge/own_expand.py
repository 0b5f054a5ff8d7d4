"""One row of a file of definitions as rows of ``definition`` and of the rules that it writes in short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from opentrd.knowledge.own_fits import parts_fit
from opentrd.knowledge.own_tables import (
    BASE_INSTRUMENTS,
    DEFAULTS,
    FAMILY_DEFAULTS,
    OWNERS,
    PARTS,
    PROVENANCE,
    Facts,
    Problem,
    Row,
    as_text,
    part_columns,
)  # fmt: skip


def expanded(
    row: Row, found: Mapping[str, Sequence[Row]], facts: Facts, problems: list[Problem]
) -> dict[str, list[Row]]:
    """A row of the file as rows of ``definition`` and of the rules that it writes in the same row."""
    cells = dict(row.cells)
    name = cells["definition"]
    family = cells.get("family", DEFAULTS["family"])
    proof = {column: cells[column] for column in PROVENANCE}
    made: dict[str, list[Row]] = {}
    parts_fit(row, family, found, problems)
    for part, (families, defaults) in PARTS.items():
        owner = OWNERS[part]
        named = (
            cells.get(part, "")
            if owner == part
            else any(other.cells[owner] == name for other in found.get(part, ()))
        )
        if family not in families or named:
            continue
        values = _part_defaults(part, cells, facts) | defaults
        values |= {column: cells[column] for column in part_columns(part) if column in cells}
        if part == "failure_rule":
            values = _failure(values, cells)
        key = f"{name}_{part.removesuffix('_rule')}" if owner == part else name
        if owner == part:
            cells[part] = key
            values["meaning"] = f"As the row of {name} says"
        made[part] = [Row(row.file, row.number, {owner: key, **values, **proof}, True)]
    if family == "instrument" and not any(
        other.cells["instrument"] == name for other in found.get("instrument", ())
    ):
        made |= _like_its_base(row, cells, found, facts)
    made |= _short(row, proof, facts)
    defaults = DEFAULTS | FAMILY_DEFAULTS.get(family, {}) | {"title": name}
    columns = facts["definition"].column_names
    whole = {column: cells.get(column, defaults.get(column)) for column in columns}
    made["definition"] = [Row(row.file, row.number, {c: v for c, v in whole.items() if v is not None})]
    return made


def _failure(values: dict[str, str], cells: Mapping[str, str]) -> dict[str, str]:
    """Without a column ``basis``, a threshold of improvement says that improvement is asked; ``none``: nothing is."""
    if "basis" not in cells and values["max_improvement_pct"] not in ("", "none"):
        values["basis"] = "improvement"
    if values["basis"] == "none":
        values["basis"] = "any"
    if values["max_improvement_pct"] == "none":
        values["max_improvement_pct"] = ""
    if values["basis"] == "improvement" and "includes_threshold" not in cells:
        values["includes_threshold"] = "false"
    return values


def _part_defaults(part: str, cells: Mapping[str, str], facts: Facts) -> dict[str, str]:
    """What a variant of an instrument does not say is as in the shipped instrument of its method."""
    if part != "instrument_rule":
        return {}
    # With a method that is not known only that is told, and not each column that it would have filled.
    base = BASE_INSTRUMENTS.get(cells.get("method", ""), BASE_INSTRUMENTS["maudsley"])
    row = next(row for row in facts[part].to_pylist() if row["instrument"] == base)
    return {column: as_text(row[column]) for column in part_columns(part)}


def _like_its_base(
    row: Row, cells: Mapping[str, str], found: Mapping[str, Sequence[Row]], facts: Facts
) -> dict[str, list[Row]]:
    """Items, levels and bands of the shipped instrument of the same method, under the name of the variant."""
    given = [
        other.cells
        for other in found.get("instrument_rule", ())
        if other.cells["instrument"] == cells["definition"]
    ]
    method = given[0].get("method", "") if given else cells.get("method", "")
    base = BASE_INSTRUMENTS.get(method)
    made: dict[str, list[Row]] = {}
    for name in ("instrument", "level", "band"):
        if any(other.cells["instrument"] == cells["definition"] for other in found.get(name, ())):
            continue
        for like in facts[name].to_pylist():
            if like["instrument"] == base:
                copied = {column: as_text(value) for column, value in like.items()} | {
                    "instrument": cells["definition"]
                }
                made.setdefault(name, []).append(Row(row.file, row.number, copied, True))
    return made


def _short(row: Row, proof: dict[str, str], facts: Facts) -> dict[str, list[Row]]:
    """Exclusions and ages that stand in the row of a definition."""
    name = row.cells["definition"]
    says = {
        like["condition_set"]: like["says"] for like in reversed(facts["definition_exclusion"].to_pylist())
    }
    made: dict[str, list[Row]] = {}
    for excluded in _list(row.cells.get("exclusions", "")):
        cells = {
            "definition": name,
            "condition_set": excluded,
            "says": says.get(excluded, excluded.replace("_", " ")),
        }
        made.setdefault("definition_exclusion", []).append(Row(row.file, row.number, cells | proof, True))
    for gate in ("min_age", "max_age"):
        for value in _list(row.cells.get(gate, "")):
            cells = {
                "definition": name,
                "gate": gate,
                "subject": "",
                "value": value,
                "acts_on": "eligible",
                "says": "age",
            }
            made.setdefault("definition_gate", []).append(Row(row.file, row.number, cells | proof, True))
    return made


def _list(cell: str) -> Iterable[str]:
    return [part.strip() for part in cell.split(";") if part.strip() not in ("", "none")]
