"""Biomarkers: the few published cut-offs with what may be read from them, and the reported direction of the other markers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from opentrd.knowledge.schema_base import Fact, KnownTable, Name


class BiomarkerRule(KnownTable):
    """A stratum, cut-off, caution or composite of a marker, by whom it was published and what it may be used for.

    The value belongs to the rule from ``value_low`` to ``value_high``, an end that is ``open`` left out, in ``unit`` (of a
    ``genotype``: the alleles; of ``stable``: days between two values). ``label`` of a ``reference``: a word that an assay's name has.
    """

    rule: Name
    kind: Literal[
        "stratum", "cut", "acute", "stable", "confounder", "composite", "composite_part", "challenge", "reference",
        "genotype", "limit", "not_computable",
    ]  # fmt: skip
    scheme: str = Field(min_length=1)
    measure: str | None
    value_low: float | None
    low_open: bool
    value_high: float | None
    high_open: bool
    unit: str | None
    label: str = Field(min_length=1)
    says: str | None

    @model_validator(mode="after")
    def _a_rule_with_numbers_has_an_order(self) -> BiomarkerRule:
        if self.value_low is not None and self.value_high is not None and self.value_low >= self.value_high:
            raise ValueError("value_low is not below value_high")
        return self


class BiomarkerDirection(KnownTable):
    """What was reported of a marker in depression, against persons without it; no cut-off follows from it."""

    measure: str = Field(min_length=1)
    side: Literal["blood", "saliva", "urine", "brain"]
    direction: Literal["raised", "lower", "not altered", "altered", "inconsistent"]
    effect: str | None
    caveat: str | None


BIOMARKER_MODELS: dict[str, type[Fact]] = {
    "biomarker_direction": BiomarkerDirection,
    "biomarker_rule": BiomarkerRule,
}
BIOMARKER_KEYS: dict[str, tuple[str, ...]] = {
    "biomarker_direction": ("measure",),
    "biomarker_rule": ("rule",),
}
BIOMARKER_REFERENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("biomarker_direction", "measure"): ("measure", "measure"),
}
