"""Columns of text for Arrow. ``pyarrow.array`` imports pandas wherever it is installed, which a short run waits for."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate

import pyarrow as pa

# Offsets of a text column are 32 bit wide.
_MOST_BYTES = 2**31 - 1


def text_array(cells: Sequence[str | None]) -> pa.Array:
    """These texts as an Arrow column; None is null.

    Raises UnicodeEncodeError for text that UTF-8 cannot hold, and OverflowError for more than 2 GiB of it.
    """
    encoded = [b"" if cell is None else cell.encode() for cell in cells]
    ends = list(accumulate(map(len, encoded), initial=0))
    if ends[-1] > _MOST_BYTES:
        raise OverflowError(f"a column of {ends[-1]:,} bytes; expected at most {_MOST_BYTES:,}")
    validity, missing = None, sum(cell is None for cell in cells)
    if missing:
        bits = "".join("0" if cell is None else "1" for cell in reversed(cells))
        validity = pa.py_buffer(int(bits, 2).to_bytes((len(cells) + 7) // 8, "little"))
    offsets = pa.py_buffer(array("i", ends).tobytes())
    return pa.StringArray.from_buffers(
        len(cells), offsets, pa.py_buffer(b"".join(encoded)), validity, missing
    )


def text_table(columns: Mapping[str, Sequence[str | None]]) -> pa.Table:
    """Columns of text by name as an Arrow table."""
    return pa.Table.from_arrays([text_array(cells) for cells in columns.values()], names=list(columns))
