"""Pages and plots from result tables. Reads tables only; knows nothing of how they were made."""

from __future__ import annotations

from opentrd.report.pages import cohort_page, index_page, patient_page, write

__all__ = ["cohort_page", "index_page", "patient_page", "write"]
