"""Self-tests of the knowledge tables: form, provenance, keys, codes, references, names by the vocabularies.

Nothing is repaired here. Each finding is one sentence that names the file, the row and what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from pydantic import ValidationError

from opentrd.knowledge.checks_evidence import EVIDENCE_KEYS, EVIDENCE_REFERENCES, evidence_findings
from opentrd.knowledge.loader import DOUBLE_COLUMNS, EMPTY_TEXT_COLUMNS, TABLES, read_cells, tables
from opentrd.knowledge.schema import MODELS
from opentrd.knowledge.schema_base import Fact
from opentrd.knowledge.schema_biomarker import BIOMARKER_KEYS, BIOMARKER_REFERENCES
from opentrd.knowledge.schema_domain import DOMAIN_KEYS, DOMAIN_REFERENCES
from opentrd.knowledge.schema_finding import FINDING_KEYS, FINDING_REFERENCES
from opentrd.knowledge.schema_measure import MEASURE_KEYS, MEASURE_REFERENCES
from opentrd.knowledge.schema_option import OPTION_KEYS, OPTION_REFERENCES, option_findings
from opentrd.knowledge.schema_pgx import PGX_KEYS, PGX_REFERENCES

PROVENANCE = ("source", "read_in", "knowledge_status")

# What makes a row of a table one row. A table that is not listed: all its columns but the provenance.
KEYS: dict[str, tuple[str, ...]] = {
    "agent": ("agent",),
    "agent_set": ("agent_set", "agent"),
    "adequacy_rule": ("adequacy_rule",),
    "code_name": ("system", "code"),
    "definition": ("definition",),
    "failure_rule": ("failure_rule",),
    "instrument_rule": ("instrument",),
    "switch_rule": ("definition",),
    "window_rule": ("definition", "path"),
    "condition_kind": ("condition",),
    "condition_set": ("condition_set", "condition"),
    "dose_equivalence": ("scheme", "agent"),
    "dose_minimum": ("dose_table", "agent", "form"),
    "dose_table": ("dose_table",),
    "measure": ("measure",),
    "multiverse_default": ("parameter", "setting"),
    "procedure_kind": ("procedure",),
    "procedure_set": ("procedure_set", "procedure"),
    "salt_word": ("word",),
    **EVIDENCE_KEYS,
    **MEASURE_KEYS,
    **BIOMARKER_KEYS,
    **PGX_KEYS,
    **OPTION_KEYS,
    **FINDING_KEYS,
    **DOMAIN_KEYS,
}

# table, column -> the table and column where every value must be found
REFERENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("agent_code", "agent"): ("agent", "agent"),
    ("agent_set", "agent"): ("agent", "agent"),
    ("condition_code", "condition"): ("condition_kind", "condition"),
    ("condition_set", "condition"): ("condition_kind", "condition"),
    ("definition", "adequacy_rule"): ("adequacy_rule", "adequacy_rule"),
    ("definition", "agent_set"): ("agent_set", "agent_set"),
    ("definition", "augmentation"): ("agent_set", "agent_set"),
    ("definition", "failure_rule"): ("failure_rule", "failure_rule"),
    ("definition", "neurostimulation"): ("procedure_set", "procedure_set"),
    ("adequacy_rule", "dose_table"): ("dose_table", "dose_table"),
    ("adequacy_rule", "gap_rule"): ("gap_rule", "gap_rule"),
    ("definition_gate", "definition"): ("definition", "definition"),
    ("instrument_rule", "instrument"): ("definition", "definition"),
    ("instrument_rule", "stimulation_set"): ("procedure_set", "procedure_set"),
    ("score_rule", "definition"): ("definition", "definition"),
    ("score_rule", "instrument"): ("definition", "definition"),
    ("switch_rule", "definition"): ("definition", "definition"),
    ("switch_rule", "from_set"): ("agent_set", "agent_set"),
    ("window_rule", "definition"): ("definition", "definition"),
    ("window_rule", "diagnosis_set"): ("condition_set", "condition_set"),
    ("window_rule", "entry_set"): ("agent_set", "agent_set"),
    ("window_rule", "prior_set"): ("agent_set", "agent_set"),
    ("definition_exclusion", "condition_set"): ("condition_set", "condition_set"),
    ("definition_exclusion", "definition"): ("definition", "definition"),
    ("dose_equivalence", "agent"): ("agent", "agent"),
    ("dose_minimum", "agent"): ("agent", "agent"),
    ("dose_minimum", "dose_table"): ("dose_table", "dose_table"),
    ("measure_code", "measure"): ("measure", "measure"),
    ("procedure_code", "procedure"): ("procedure_kind", "procedure"),
    ("procedure_set", "procedure"): ("procedure_kind", "procedure"),
    ("severity_level", "condition_set"): ("condition_set", "condition_set"),
    **EVIDENCE_REFERENCES,
    **MEASURE_REFERENCES,
    **BIOMARKER_REFERENCES,
    **PGX_REFERENCES,
    **OPTION_REFERENCES,
    **FINDING_REFERENCES,
    **DOMAIN_REFERENCES,
}
# What stands where a reference is not part of a definition (none) or not given by its paper (empty).
NO_REFERENCE = ("", "none")

# table of codes -> the column with the name that a code stands for
CODE_TABLES = {
    "agent_code": "agent",
    "condition_code": "condition",
    "measure_code": "measure",
    "procedure_code": "procedure",
}
KIND_OF_CODES = {
    "agent_code": "agent",
    "condition_code": "condition_kind",
    "measure_code": "measure",
    "procedure_code": "procedure_kind",
}

# The tables hold rounded decimals.
ROUNDING = 1e-4

Row = dict[str, str]


def check(folder: Path = TABLES) -> list[str]:
    """All findings about the tables in ``folder``, sorted by table; empty when nothing is wrong."""
    findings: list[str] = []
    read: dict[str, list[Row]] = {}
    for name in tables(folder):
        try:
            header, rows = read_cells(name, folder)
        except ValueError as error:
            findings.append(str(error))
            continue
        absent = [column for column in _annotations(MODELS.get(name, Fact)) if column not in header]
        if absent:
            findings.append(f"{name}.csv: has no column {', '.join(absent)}")
            continue
        read[name] = [dict(zip(header, row, strict=True)) for row in rows]
    for name, named_rows in read.items():
        findings += _form(name, named_rows)
        findings += _keys(name, named_rows)
    for name in CODE_TABLES:
        findings += _one_name_per_code(name, read.get(name, []))
        findings += _name_finds_itself(name, read)
    findings += _references(read)
    findings += _names_agree(read)
    findings += _equivalents_agree(read)
    findings += _no_set_contradicts(read.get("condition_set", []))
    findings += evidence_findings(read)
    findings += option_findings(read)
    return findings


def schema_disagreements() -> list[str]:
    """Where the column types of the loader differ from the annotations of the schema; empty when nowhere."""
    found: list[str] = []
    for name, model in MODELS.items():
        for column, kinds in _annotations(model).items():
            if (float in kinds) != (column in DOUBLE_COLUMNS):
                found.append(f"{name}.{column}: the loader and the schema differ on DOUBLE")
            if column in EMPTY_TEXT_COLUMNS and NoneType in kinds:
                found.append(f"{name}.{column}: the loader keeps empty text, the schema says null")
    return found


def _annotations(model: type[Fact]) -> dict[str, tuple[Any, ...]]:
    return {
        field.alias or name: get_args(field.annotation) or (field.annotation,)
        for name, field in model.model_fields.items()
    }


def _where(name: str, number: int, row: Row) -> str:
    first = [value for column, value in row.items() if column not in PROVENANCE][:3]
    return f"{name}.csv, row {number} ({', '.join(first)})"


def _form(name: str, rows: list[Row]) -> Iterator[str]:
    """Each row is what its model says, and the provenance is complete and honest."""
    model = MODELS.get(name, Fact)
    nullable = {column for column, kinds in _annotations(model).items() if NoneType in kinds}
    for number, row in enumerate(rows, 1):
        given = {column: None if column in nullable and not value else value for column, value in row.items()}
        try:
            model.model_validate(given)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                field = ".".join(str(part) for part in detail["loc"]) or "provenance"
                yield f"{_where(name, number, row)}: {field}: {detail['msg']}"
        if row["read_in"].lower().startswith("not read") and row["knowledge_status"] != "recalled":
            yield f"{_where(name, number, row)}: it was not read, so it has to be marked recalled"
        if any(value != value.strip() for value in row.values()):
            yield f"{_where(name, number, row)}: a cell begins or ends with a space"


def _keys(name: str, rows: list[Row]) -> Iterator[str]:
    seen: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(rows, 1):
        columns = KEYS.get(name) or [column for column in row if column not in PROVENANCE]
        key = tuple(row.get(column, "") for column in columns)
        if key in seen:
            yield f"{_where(name, number, row)}: the same key stands in row {seen[key]}; keep one of them"
        seen.setdefault(key, number)


def _one_name_per_code(name: str, rows: list[Row]) -> Iterator[str]:
    """No code serves two names; an exact code inside another name's prefix is allowed, the exact one wins."""
    seen: dict[tuple[str, str, str], str] = {}
    for number, row in enumerate(rows, 1):
        owner = row.get(CODE_TABLES[name], "")
        key = (row.get("system", ""), row.get("code", "").lower(), row.get("match", ""))
        if seen.setdefault(key, owner) != owner:
            yield f"{_where(name, number, row)}: a code serves one name, and this stands for {seen[key]!r}"


def _name_finds_itself(name: str, read: dict[str, list[Row]]) -> Iterator[str]:
    """Every agent, condition, measure and procedure can be written by its own name."""
    column = CODE_TABLES[name]
    written = {(row[column], row["code"]) for row in read.get(name, []) if row.get("system") == "name"}
    for row in read.get(KIND_OF_CODES[name], []):
        if (row[column], row[column]) not in written:
            yield f"{name}.csv: {row[column]!r} has no row of system 'name' with its own name"


def _references(read: dict[str, list[Row]]) -> Iterator[str]:
    for (name, column), (target, target_column) in REFERENCES.items():
        if name not in read or target not in read:
            continue
        known = {row.get(target_column) for row in read[target]}
        for number, row in enumerate(read[name], 1):
            value = row.get(column, "")
            if value not in known and value not in NO_REFERENCE:
                yield f"{_where(name, number, row)}: {column} {value!r} is not in {target}.csv"


def _names_agree(read: dict[str, list[Row]]) -> Iterator[str]:
    """The name that the vocabulary prints for a code of an agent is one of that agent's names.

    ``code_name`` is read from the vocabularies and not derived from ``agent_code``: a code given to the wrong
    agent is found even where it stands only once.
    """
    salts = {row["word"] for row in read.get("salt_word", [])}
    names: dict[str, set[str]] = {}
    for row in read.get("agent_code", []):
        if row["system"] == "name":
            names.setdefault(row["agent"], set()).add(_plain(row["code"], salts))
    printed = {(row["system"], row["code"]): row["name"] for row in read.get("code_name", [])}
    for number, row in enumerate(read.get("agent_code", []), 1):
        if row["system"] == "name":
            continue
        name = printed.get((row["system"], row["code"]))
        if name is None:
            yield (
                f"{_where('agent_code', number, row)}: code_name.csv has no name for this code; "
                "add the name that the vocabulary prints for it"
            )
        elif _plain(name, salts) not in names.get(row["agent"], set()):
            yield f"{_where('agent_code', number, row)}: the vocabulary calls this code {name!r}"


def _plain(name: str, salts: set[str]) -> str:
    """The name in lower case without the salt words that follow its first word."""
    first, *rest = name.lower().split()
    return " ".join([first, *(word for word in rest if word not in salts)])


def _equivalents_agree(read: dict[str, list[Row]]) -> Iterator[str]:
    """A dose that equals fluoxetine 20 mg, times its factor, is the fluoxetine row's own dose."""
    factors = {
        row["agent"]: row["factor"]
        for row in read.get("dose_equivalence", [])
        if row["scheme"] == "hayasaka2015"
    }
    doses = [row for row in read.get("dose_minimum", []) if row["dose_table"] == "fluoxetine_20"]
    reference = next((row["min_dose_mg"] for row in doses if row["agent"] == "fluoxetine"), "nan")
    for row in doses:
        place = f"dose_minimum.csv, fluoxetine_20, {row['agent']}"
        try:
            ratio = float(row["min_dose_mg"]) * float(factors[row["agent"]]) / float(reference)
        except (KeyError, ValueError):
            yield f"{place}: there is no factor of hayasaka2015 to compute it from"
            continue
        if not abs(ratio - 1) < ROUNDING:
            yield f"{place}: dose times factor is not the dose of fluoxetine"


def _no_set_contradicts(rows: list[Row]) -> Iterator[str]:
    """A diagnosis that makes someone eligible does not exclude the same person."""
    members: dict[str, set[str]] = {}
    for row in rows:
        members.setdefault(row["condition_set"], set()).add(row["condition"])
    for other in ("depression_remission", "bipolar", "psychosis", "dementia", "substance_use"):
        for condition in sorted(members.get("depression", set()) & members.get(other, set())):
            yield f"condition_set.csv: {condition!r} is in depression and in {other}"
