"""What a row about a study is: the study, its arms and effects, what reviews say of it, and how it was judged.

An effect is what a study reports; a claim is what a review says. They stay apart, so that one can be held against
the other. What each column means is told in ``docs/evidence-studies.md``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from opentrd.knowledge.schema_base import Fact, KnownTable, Name
from opentrd.knowledge.schema_pool import POOL_MODELS

Doi = Annotated[str | None, Field(pattern=r"^10\.[0-9]{4,9}/\S+$")]
Day = Annotated[str | None, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
Year = Annotated[int | None, Field(ge=1850, le=2100)]
Count = Annotated[int | None, Field(ge=0)]
Percent = Annotated[float | None, Field(ge=0, le=100)]
Probability = Annotated[float | None, Field(ge=0, le=1)]
Level = Annotated[float | None, Field(gt=0, lt=1)]
Deviation = Annotated[float | None, Field(ge=0)]

Design = Literal[
    "randomised parallel", "randomised crossover", "randomised withdrawal", "randomised sequential",
    "secondary analysis of a randomised trial", "single-arm trial", "cohort", "case-control", "cross-sectional",
    "meta-analysis", "network meta-analysis", "individual participant data meta-analysis", "systematic review",
    "narrative review", "animal",
]  # fmt: skip
Control = Literal[
    "none", "saline", "placebo", "midazolam", "low dose", "sham", "waiting list", "usual care", "active",
    "healthy persons", "several",
]  # fmt: skip
Denominator = Literal["randomised", "treated", "observed", "enrolled"]
Timing = Literal["at timepoint", "any time", "averaged", "time to event"]
Measure = Literal[
    "d", "g", "SMD", "MD", "OR", "Peto OR", "RR", "HR", "RD", "RD per 100", "proportion", "r", "phi", "beta",
    "partial eta squared", "percent difference", "percent change", "fold", "pre-post d", "mean change", "median",
    "count", "cut-off mg/L", "none",
]  # fmt: skip
Polarity = Literal[
    "higher", "lower", "no difference", "mixed", "better", "worse", "predicts better", "predicts worse",
]  # fmt: skip
# Designs that pool other studies: they have no arms of their own.
POOLING = ("meta-analysis", "network meta-analysis", "individual participant data meta-analysis")


class Read(KnownTable):
    """A row with the place in its source and the day it was read; both are needed for what is marked verified."""

    locus: str | None
    read_on: Day

    @model_validator(mode="after")
    def _verified_was_read_on_a_day(self) -> Read:
        if self.knowledge_status == "verified" and not self.read_on:
            raise ValueError("read_on is empty but the row is marked verified")
        return self


class Study(Read):
    """A study, or a review. ``sample``: whose persons these are, so that two papers on one sample are not counted twice."""

    study: Name
    trial_name: str | None
    first_author: str | None
    year: Year
    doi: Doi
    pmid: Annotated[str | None, Field(pattern=r"^[0-9]{5,9}$")]
    registration: str | None
    design: Design
    design_detail: str = Field(min_length=1)
    blinding: Literal["double-blind", "rater-blind", "open"] | None
    control: Control | None
    groups: str | None
    population: str | None
    trd_definition: str | None
    failed_trials_required: Count
    failures_within: Literal["episode", "lifetime"] | None
    n_persons: Count
    n_studies: Count
    n_basis: Denominator | None
    arms_complete: bool | None
    sample: str = Field(min_length=1)
    duration_weeks: Deviation
    duration_detail: str | None
    primary_outcome: str | None
    setting: str | None
    country: str | None
    funding: str | None
    read_depth: Literal["full text", "table", "registry", "abstract", "secondary summary", "citation"]

    @model_validator(mode="after")
    def _verified_was_read_in_the_study(self) -> Study:
        if self.knowledge_status == "verified" and self.read_depth in ("secondary summary", "citation"):
            raise ValueError(f"read_depth is {self.read_depth} but the row is marked verified")
        if self.knowledge_status != "recalled" and self.read_depth == "citation":
            raise ValueError("read_depth is citation but the row is not marked recalled")
        return self


class Arm(Read):
    """One group of a study. ``subset_of`` names the arm whose persons these are a part of."""

    study: Name
    arm: Name
    treatment: str = Field(min_length=1)
    control: Control | None
    role: Literal["monotherapy", "adjunct", "combination", "mixed"] | None
    n: Count
    denominator: Denominator | None
    subset_of: str | None
    subset: str | None
    timepoint: str | None
    response_threshold_pct: Percent
    response_timing: Timing | None
    events_response: Count
    response_pct: Percent
    events_remission: Count
    remission_pct: Percent
    event: str | None
    events: Count
    scale: str | None
    baseline_mean: float | None
    baseline_sd: Deviation
    change_mean: float | None
    change_sd: Deviation
    change_n: Count
    note: str | None

    @model_validator(mode="after")
    def _events_are_persons(self) -> Arm:
        for name in ("events_response", "events_remission", "events", "change_n"):
            value = getattr(self, name)
            if value is not None and self.n is not None and value > self.n:
                raise ValueError(f"{name} is above n")
        if (self.subset_of is None) != (self.subset is None):
            raise ValueError("subset_of and subset are both given or both empty")
        if (self.event is None) != (self.events is None):
            raise ValueError("event and events are both given or both empty")
        return self


class Effect(Read):
    """One result that a study reports, between groups or within one; ``better``: which direction is an improvement."""

    effect: Name
    study: Name
    comparison: str = Field(min_length=1)
    outcome: str = Field(min_length=1)
    timepoint: str | None
    timing: Timing | None
    response_threshold_pct: Percent
    measure: Measure
    contrast: Literal["between", "within"]
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    ci_level: Level
    p_relation: Literal["=", "<", ">"] | None
    p_value: Probability
    p_test: str | None
    result: str | None
    test_statistic: str | None
    better: Literal["lower", "higher"] | None
    subgroup: str | None
    analysis: Literal[
        "primary", "secondary", "pre-specified subgroup", "exploratory", "post hoc", "meta-analytic",
    ] | None  # fmt: skip
    denominator: Denominator | None
    n: Count
    k_studies: Count
    i2: Percent
    computed_from: str | None
    printed_inconsistent: bool | None
    inconsistency: str | None
    error_starts_in: Literal["study", "copy"] | None

    @model_validator(mode="after")
    def _numbers_fit_each_other(self) -> Effect:
        if (self.ci_low is None) != (self.ci_high is None):
            raise ValueError("ci_low and ci_high are both given or both empty")
        if self.ci_low is not None and self.ci_level is None:
            raise ValueError("an interval needs its ci_level")
        if self.ci_low is not None and self.ci_high is not None and self.ci_low > self.ci_high:
            raise ValueError("ci_low is above ci_high")
        if (self.p_relation is None) != (self.p_value is None):
            raise ValueError("p_relation and p_value are both given or both empty")
        if (self.knowledge_status == "computed") != (self.computed_from is not None):
            raise ValueError("computed_from is given for a computed row, and only for one")
        if (self.estimate is None) != (self.measure == "none"):
            raise ValueError("an estimate has a measure, and measure none has no estimate")
        if self.measure in ("OR", "Peto OR", "RR", "HR") and self.estimate is not None and self.estimate <= 0:
            raise ValueError("a ratio is above zero")
        return self

    @model_validator(mode="after")
    def _what_is_printed_wrong_is_said(self) -> Effect:
        told = self.inconsistency is not None and self.error_starts_in is not None
        if bool(self.printed_inconsistent) != told:
            raise ValueError("printed_inconsistent, inconsistency and error_starts_in stand together")
        if None in (self.estimate, self.ci_low, self.ci_high) or self.printed_inconsistent:
            return self
        if not float(self.ci_low or 0) <= float(self.estimate or 0) <= float(self.ci_high or 0):
            raise ValueError("the estimate lies outside its interval; if it is printed so, say so")
        return self


class Claim(KnownTable):
    """One thing that a review says, in our own words, with its number or its direction."""

    claim: Name
    review: Name
    locus: str = Field(min_length=1)
    study: str | None
    says: str = Field(min_length=1)
    subject: str | None
    quantity: Literal[
        "n_persons", "arm_n", "n_studies", "count", "percent", "ratio", "estimate", "i2", "median", "cutoff",
        "duration", "definition", "population", "design", "analysis", "significance", "direction", "prediction",
        "regulatory", "status",
    ]  # fmt: skip
    population: str | None
    value: float | None
    value_low: float | None
    value_high: float | None
    ci_level: Level
    measure: str | None
    p_relation: Literal["=", "<", ">"] | None
    p_value: Probability
    polarity: Polarity | None
    significant: bool | None
    read_on: Day


class Citation(Read):
    """A review and a study it names. Numbers as printed in its text and in its list, which may differ."""

    review: Name
    study: Name
    role: Literal["included", "cited", "named"]
    number_in_list: Annotated[int | None, Field(ge=1)]
    number_in_text: str | None
    author_as_printed: str | None
    year_as_printed: Year


class Notice(Read):
    """What was published about a study afterwards and bears on its use."""

    study: Name
    kind: Literal["retraction", "expression of concern", "correction", "reanalysis", "comment", "reply"]
    year: Year
    says: str = Field(min_length=1)


class BiasJudgement(Read):
    """How somebody judged a study, with the instrument and its version as they name it."""

    study: Name
    instrument: str = Field(min_length=1)
    version: str = Field(min_length=1)
    domain: str = Field(min_length=1)
    judgement: str | None
    score: Count
    out_of: Count
    judged_by: Name

    @model_validator(mode="after")
    def _score_is_possible(self) -> BiasJudgement:
        if self.judgement is None and self.score is None:
            raise ValueError("neither a judgement nor a score is given")
        if self.score is not None and (self.out_of is None or self.score > self.out_of):
            raise ValueError("a score needs out_of, and lies not above it")
        return self


EVIDENCE_MODELS: dict[str, type[Fact]] = {
    "study": Study,
    "arm": Arm,
    "effect": Effect,
    "claim": Claim,
    "citation": Citation,
    "notice": Notice,
    "bias_judgement": BiasJudgement,
    **POOL_MODELS,
}
