"""From what a caller gives to a table of effects: its shape (pairwise or network), one measure on one scale, estimates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opentrd import evidence
from opentrd.evidence.effect import MEASURES, measure_named
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network.arms import MEASURES as ARM_MEASURES
from opentrd.evidence.table import MISSING, RawTable, read_table

# Words in a column ``measure`` that say it is about effect measures, beside the names of these.
_OTHER_NAMES = frozenset({"D", "G", "HEDGES G", "COHEN D", "LOG OR", "LOG RR", "LOG HR"})
# Raw columns of two groups in one row: such a table is pairwise even when it also names a treatment.
_TWO_GROUPS = ("yi", "events_1", "mean_1", "o_minus_e")


def shape(columns: Iterable[str], measure: str | None = None) -> str:
    """``pairwise`` or ``network``, by the columns of an effects table."""
    names = set(columns)
    if {"treatment_1", "treatment_2"} <= names:
        return "network"
    single = measure is not None and measure.upper() not in ARM_MEASURES
    if "treatment" in names and not names & set(_TWO_GROUPS) and not single:
        return "network"
    return "pairwise"


def both_treatments(raw: RawTable) -> None:
    """Refuse one of the two treatment columns of a network without the other: pooled as pairwise, all comparisons would mix."""
    there = [name for name in ("treatment_1", "treatment_2") if name in raw.columns]
    if len(there) == 1 and not raw.columns.keys() & {"events_1", "mean_1", "o_minus_e"}:
        other = "treatment_2" if there[0] == "treatment_1" else "treatment_1"
        raise EvidenceError(
            f"the table has {there[0]} but not {other}", file=raw.file, field=other,
            expected="both, in a network of contrasts", advice=f"the table has: {', '.join(raw.columns)}",
        )  # fmt: skip


def raw_table(source: Any) -> RawTable:
    if (
        isinstance(source, Sequence)
        and not isinstance(source, str)
        and len(source)
        and all(isinstance(row, Mapping) for row in source)
    ):
        names = list(dict.fromkeys(name for row in source for name in row))
        source = {name: [row.get(name) for row in source] for name in names}
    return read_table(source)


def effects_of(
    raw: RawTable, measure: str | None, asked: bool, zero_cells: str | None, missing: str
) -> evidence.EffectTable:
    """Estimates as the table gives them (a measure then only names them), or computed from its raw numbers."""
    named = measure_named(measure) if measure else None
    whole = named is not None and all(column in raw.columns for column in named.columns)
    if "yi" in raw.columns and not (whole and asked):
        table = evidence.read_effects(raw, missing=missing)
        if named is None:
            return table
        note = f"yi and its variance are taken from the table as they stand ({named.name}"
        note += ", as logarithms)" if named.scale == "log" else ")"
        return replace(table, measure=named.name, notes=(*table.notes, note))
    return evidence.read_effects(raw, measure=measure, zero_cells=zero_cells, missing=missing)


def one_measure(raw: RawTable, measure: str | None) -> str | None:
    """The measure asked for, else that of the column ``measure``. Raises EvidenceError for two measures or scales."""
    words = {cell.strip().upper() for cell in raw.columns.get("measure", ())} - {"", "NA"}
    said = None
    if words & (
        MEASURES.keys() | _OTHER_NAMES
    ):  # else the column is about something else, such as the scale used
        said = _one_value(
            raw,
            "measure",
            "two effect measures in one table",
            "convert them to one measure, or pool them apart",
        )
        said = said if said and said.upper() in MEASURES else None
    chosen = measure or said
    if said is not None and measure is not None and said.upper() != measure.upper():
        row = next(row for row, cell in zip(raw.rows, raw.columns["measure"], strict=True) if cell)
        raise EvidenceError(
            f"the table says {said}, asked for was {measure}", file=raw.file, row=row, field="measure",
            value=said, expected=measure, advice="leave out --measure, or correct the column",
        )  # fmt: skip
    name = (chosen or "").upper()
    if name == "MD":
        _one_value(
            raw, "scale", "mean differences on two scales in one table",
            "use the standardised mean difference (SMD), or pool the scales apart",
        )  # fmt: skip
    if name == "SMD" or words & {"D", "G", "HEDGES G", "COHEN D"}:
        _one_value(
            raw, "score", "change and final scores in one standardised mean difference",
            "use the mean difference, or pool them apart",
        )  # fmt: skip
    return chosen


def _one_value(raw: RawTable, field: str, message: str, advice: str) -> str | None:
    first: tuple[int, str] | None = None
    for row, cell in zip(raw.rows, raw.columns.get(field, ()), strict=False):
        if cell.strip().lower() in MISSING:
            continue
        if first is not None and cell.strip().casefold() != first[1].casefold():
            raise EvidenceError(
                f"{message}: {first[1]} in row {first[0]}", file=raw.file, row=row, field=field, value=cell,
                expected=f"{first[1]} in every row", advice=advice,
            )  # fmt: skip
        first = first or (row, cell.strip())
    return first[1] if first else None
