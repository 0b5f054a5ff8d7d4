"""Columns of numbers with the place they came from, so that a fault can be named by file, row and field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opentrd.evidence.errors import EvidenceError

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Columns:
    """Named columns of equal length. ``rows``: how the rows are called in a message (default 1, 2, ...)."""

    values: dict[str, Floats]
    file: str | None = None
    rows: Sequence[int | str] | None = None

    @classmethod
    def of(cls, values: dict[str, ArrayLike]) -> Columns:
        """Columns from anything that numpy reads as numbers; a single number is repeated."""
        arrays: dict[str, Floats] = {}
        for name, value in values.items():
            try:
                arrays[name] = np.atleast_1d(np.asarray(value, dtype=float))
            except (TypeError, ValueError):
                raise EvidenceError(
                    "the values are not all numbers", field=name, expected="numbers, one for each study"
                ) from None
        lengths = {name: len(array) for name, array in arrays.items()}
        longest = max(lengths.values(), default=0)
        for name, length in lengths.items():
            if arrays[name].ndim != 1 or length not in (1, longest):
                raise EvidenceError(
                    "the columns do not have the same length",
                    field=name,
                    value=length,
                    expected=f"{longest} values",
                )
        return cls({name: np.broadcast_to(array, (longest,)) for name, array in arrays.items()})

    def __getitem__(self, name: str) -> Floats:
        return self.values[name]

    def __len__(self) -> int:
        return len(next(iter(self.values.values()), ()))

    def require(
        self, good: Truths, field: str, message: str, expected: str, advice: str | None = None
    ) -> None:
        """Raise the fault of the first row where ``good`` is false."""
        bad = np.flatnonzero(~good)
        if not len(bad):
            return
        row = int(bad[0])
        value = self.values[field][row]
        raise EvidenceError(
            message + (f"; so in {len(bad)} rows" if len(bad) > 1 else ""),
            file=self.file,
            row=self.rows[row] if self.rows is not None else row + 1,
            field=field,
            value=f"{value:g}" if np.isfinite(value) else str(value),
            expected=expected,
            advice=advice,
        )

    def finite(self, *fields: str) -> None:
        """Every value is a number."""
        for field in fields:
            self.require(
                np.isfinite(self[field]), field, "a number is missing", "a number",
                "fill it in or leave the study out",
            )  # fmt: skip

    def above(self, low: float, *fields: str) -> None:
        """Every value is a number above ``low``."""
        self.finite(*fields)
        for field in fields:
            self.require(self[field] > low, field, "the value is too small", f"a number above {low:g}")

    def counts(self, events: str, total: str) -> None:
        """Events are between 0 and the number they are counted among."""
        self.above(0, total)
        self.finite(events)
        self.require(self[events] >= 0, events, "a count is negative", "0 or more events")
        self.require(
            self[events] <= self[total], events, f"there are more events than persons in {total}",
            f"at most {total}", f"check that {events} and {total} belong to the same group and were not exchanged",
        )  # fmt: skip
