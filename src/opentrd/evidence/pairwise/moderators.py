"""Moderators: from columns of a table to the matrix of a meta-regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from opentrd.evidence.arguments import said
from opentrd.evidence.effect_checks import Floats, Truths
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.table import MISSING, RawTable, is_number

Moderators = str | Sequence[str] | Mapping[str, ArrayLike] | ArrayLike


@dataclass(frozen=True)
class Design:
    """``x``: intercept and moderators (k, p); ``terms``: their names; ``complete``: rows in which none is missing;
    ``gaps``: (row, moderator) of what is missing; ``notes``: how text was coded."""

    x: Floats
    terms: tuple[str, ...]
    complete: Truths
    notes: tuple[str, ...] = ()
    gaps: tuple[tuple[int, str], ...] = ()


def design(raw: RawTable, mods: Moderators | None) -> Design:
    """The matrix for moderators given by name (one, a list, or separated by commas) or as columns.

    Text makes one column of 0 and 1 for each level but the first in code-point order, the reference, which a note names.
    Raises EvidenceError for a column that is missing or has one value only.
    """
    named = _named(raw, mods)
    complete = np.ones(len(raw), dtype=bool)
    gaps: list[tuple[int, str]] = []
    for name, values in named:
        known = (
            np.isfinite(values)
            if isinstance(values, np.ndarray)
            else np.array([cell.strip().lower() not in MISSING for cell in values])
        )
        complete &= known
        gaps += [(int(i), name) for i in np.flatnonzero(~known)]
    columns: dict[str, Floats] = {}
    notes: list[str] = []
    for name, values in named:
        # Levels that stand only in rows that will be left out are no levels.
        levels = sorted({values[i] for i in np.flatnonzero(complete)})
        if len(levels) < 2 and complete.any():
            raise EvidenceError(
                "the moderator has the same value in every study", file=raw.file, field=name,
                expected="at least two values", advice="leave it out",
            )  # fmt: skip
        if isinstance(values, np.ndarray):
            columns[name] = np.where(complete, values, 0.0)
            continue
        words = [i for i in np.flatnonzero(complete) if not is_number(values[i])]
        if 0 < 2 * len(words) < complete.sum():
            notes.append(
                f"{name}: {values[words[0]]!r} (row {raw.rows[words[0]]}) is not a number, so all its values are taken as words"
            )
        notes.append(f"{name}: compared with {str(levels[0])!r}")
        for level in levels[1:]:
            columns[f"{name}: {level}"] = np.array([float(cell == level) for cell in values])
    return Design(
        np.column_stack([np.ones(len(raw)), *columns.values()]),
        ("intercept", *columns),
        complete,
        tuple(notes),
        tuple(sorted(gaps)),
    )


def _named(raw: RawTable, mods: Moderators | None) -> list[tuple[str, Floats | tuple[str, ...]]]:
    if mods is None:
        return []
    if isinstance(mods, str):
        mods = [name.strip() for name in mods.split(",") if name.strip()]
    if isinstance(mods, Sequence) and all(isinstance(name, str) for name in mods):
        names = [str(name) for name in mods]
        return [(name, raw.numbers(name) if raw.is_numeric(name) else raw.text(name)) for name in names]
    if isinstance(mods, Mapping):
        given = {str(name): np.asarray(values) for name, values in mods.items()}
    else:
        try:
            array = np.asarray(mods, dtype=float)
        except (TypeError, ValueError):
            array = np.zeros(())
        if array.ndim not in (1, 2):
            raise EvidenceError(
                "these are no moderators", file=raw.file, field="mods", value=said(mods),
                expected="names of columns, or columns of numbers with one value for each study",
            )  # fmt: skip
        array = array[:, None] if array.ndim == 1 else array
        given = {f"moderator {i + 1}": column for i, column in enumerate(array.T)}
    found: list[tuple[str, Floats | tuple[str, ...]]] = []
    for name, column in given.items():
        if column.shape != (len(raw),):
            raise EvidenceError(
                "the moderator does not have one value for each study", field=name, value=str(column.shape),
                expected=f"{len(raw)} values",
            )  # fmt: skip
        text = column.dtype.kind in "USO"
        found.append((name, tuple(str(cell) for cell in column) if text else column.astype(float)))
    return found


def require_rank(raw: RawTable, made: Design, x: Floats) -> None:
    """Raise EvidenceError when there are too few studies for the moderators, or one follows from the others."""
    k, p = x.shape
    if k <= p:
        raise EvidenceError(
            f"{k} studies are too few for {p} coefficients", file=raw.file, expected=f"at least {p + 1} studies",
            advice="; ".join([*(note for note in made.notes if "taken as words" in note), "use fewer moderators"]),
        )  # fmt: skip
    scaled = x / np.maximum(np.abs(x).max(axis=0), np.finfo(float).tiny)
    if np.linalg.matrix_rank(scaled) < p:
        raise EvidenceError(
            "the moderators follow from each other, so their effects cannot be told apart", file=raw.file,
            field=", ".join(made.terms[1:]), advice="leave one of them out",
        )  # fmt: skip
