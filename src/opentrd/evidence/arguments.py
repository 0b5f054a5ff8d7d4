"""Arguments of the Python interface: a wrong one is named with its value and what was expected, as a wrong cell is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from opentrd.evidence.errors import EvidenceError


def check_level(level: Any) -> None:
    """Raise EvidenceError unless ``level`` is a number between 0 and 1."""
    number = isinstance(level, int | float) and not isinstance(level, bool)
    if not number or not 0 < level < 1:
        raise EvidenceError(
            "this level is not possible", field="level", value=said(level), expected="a number between 0 and 1",
            advice="write 0.95 for 95 %, as a number and not as text" if isinstance(level, str) else None,
        )  # fmt: skip


def check_words(**given: Any) -> None:
    """Raise EvidenceError for an argument that is neither text nor None."""
    for name, value in given.items():
        if value is not None and not isinstance(value, str):
            raise EvidenceError(
                "this argument takes a name", field=name, value=said(value), expected="text, or None"
            )


def check_names(field: str, value: Any) -> None:
    """Raise EvidenceError unless ``value`` is None or a mapping of text to text."""
    if value is None:
        return
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise EvidenceError(
            "this argument takes a word for each name", field=field, value=said(value),
            expected='a mapping, such as {"placebo": "low"}',
        )  # fmt: skip


def check_truth(field: str, value: Any) -> None:
    """Raise EvidenceError unless ``value`` is true or false."""
    if not isinstance(value, bool):
        raise EvidenceError(
            "this argument takes a yes or no", field=field, value=said(value), expected="True or False"
        )


def check_pairs(field: str, value: Any) -> None:
    """Raise EvidenceError unless ``value`` is a list of pairs of names."""
    whole = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if not whole or not all(
        isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(name, str) for name in pair) for pair in value
    ):  # fmt: skip
        raise EvidenceError(
            "this argument takes pairs of names", field=field, value=said(value), expected='[("A", "B")]'
        )


def column_of(field: str, value: Any, rows: int) -> tuple[str, ...]:
    """One word for each of ``rows`` rows. Raises EvidenceError for anything else than such a sequence."""
    try:
        words = tuple(str(one) for one in value)
    except TypeError:
        words = ()
    if isinstance(value, str | bytes) or len(words) != rows:
        what = "cluster" if field == "cluster" else "value"
        raise EvidenceError(
            f"there is not one {what} for each row", field=field, value=said(value),
            expected=f"the name of a column, or {rows} values",
        )  # fmt: skip
    return words


def folder_of(path: Any, field: str = "path") -> Path:
    """A folder to write into. Raises EvidenceError when this is no path, or a file stands there."""
    target = file_of(path, field, "the name of a folder")
    if target.exists() and not target.is_dir():
        raise EvidenceError(
            "this is a file, not a folder", field=field, value=str(target), expected="the name of a folder",
            advice="give a folder; the page and its tables are written into it",
        )  # fmt: skip
    parent = next((one for one in target.parents if one.exists()), None)
    if parent is not None and not parent.is_dir():
        raise EvidenceError(
            f"{parent} is a file, so nothing can be written below it", field=field, value=str(target),
            expected="the name of a folder",
        )  # fmt: skip
    return target


def file_of(path: Any, field: str = "path", expected: str = "the name of a file") -> Path:
    """A path. Raises EvidenceError when the value is none."""
    if not isinstance(path, str | Path) or not str(path):
        raise EvidenceError("this is not a path", field=field, value=said(path), expected=expected)
    return Path(path)


def said(value: Any) -> str:
    """An argument as it is shown: its value, of anything longer its type."""
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return "nan" if isinstance(value, float) and math.isnan(value) else repr(value)
    text = repr(value)
    return (
        text if len(text) <= 40 and " object at 0x" not in text else f"a value of type {type(value).__name__}"
    )
