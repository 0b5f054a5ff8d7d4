"""How definitions of treatment-resistant depression agree on one population: tables made from a finished run.

One SQL file is one table. The population is read in parts of bounded size (``sql/part/``); each part is counted, and the
counts are put together (``sql/``), so that memory does not grow with the number of persons. Counts are exact here;
``opentrd.report`` decides which of them may be shown.
"""

from opentrd.compare.comparison import (
    CONFIDENCE,
    PART_ROWS,
    YEARS,
    Comparison,
    compare,
    normal_quantile,
    wilson,
)
from opentrd.compare.run import RunError

__all__ = [
    "CONFIDENCE",
    "PART_ROWS",
    "YEARS",
    "Comparison",
    "RunError",
    "compare",
    "normal_quantile",
    "wilson",
]
