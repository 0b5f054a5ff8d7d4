"""OpenTRD: the open, computable toolkit for treatment-resistant depression.

>>> import opentrd
>>> record = opentrd.read("patients/")            # FHIR, OMOP or record tables
>>> assessment = opentrd.assess(record)
>>> assessment.verdict.df()                        # one row: a person and a definition
>>> assessment.explain("verdict", "sforzini_2022") # what it rests on
>>> pooled = opentrd.pool("effects.csv")           # pairwise or network meta-analysis, without any patient
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentrd.api import Assessment, Record, assess, read
    from opentrd.evidence_face import pool

try:
    __version__ = version("opentrd")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["Assessment", "Record", "__version__", "assess", "pool", "read"]


def __getattr__(name: str) -> Any:
    """Load the interface on first use, so that ``opentrd --help`` does not wait for the database."""
    if name == "assess":
        from importlib import import_module

        return import_module("opentrd.assess")  # a callable package
    if name in ("Assessment", "Record", "read"):
        from opentrd import api

        return getattr(api, name)
    if name == "pool":
        from opentrd.evidence_face import pool

        return pool
    raise AttributeError(f"module 'opentrd' has no attribute {name!r}")
