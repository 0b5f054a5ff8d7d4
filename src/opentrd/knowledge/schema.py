"""What a row of each knowledge table has to be: one frozen model per table, with the provenance of its facts.

A field annotated ``str`` keeps an empty cell as the empty text; one annotated ``str | None`` reads it as
null, which means *not known*. Tables without a model of their own are held to ``Fact`` alone.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from opentrd.knowledge.schema_base import Fact, KnownTable, Name
from opentrd.knowledge.schema_biomarker import BIOMARKER_MODELS
from opentrd.knowledge.schema_domain import DOMAIN_MODELS
from opentrd.knowledge.schema_evidence import EVIDENCE_MODELS
from opentrd.knowledge.schema_finding import FINDING_MODELS
from opentrd.knowledge.schema_measure import MEASURE_MODELS
from opentrd.knowledge.schema_option import OPTION_MODELS
from opentrd.knowledge.schema_pgx import PGX_MODELS
from opentrd.knowledge.schema_tools import TOOL_MODELS

MeasureKind = Literal["scale", "scale item", "rating", "lab", "vital", "drug level", "history", "imaging"]


class Agent(KnownTable):
    """A drug by its lower-case ingredient name, its class, and what it is to a depression history."""

    agent: str = Field(min_length=1, pattern=r"^[^A-Z]+$")
    class_: str = Field(alias="class", min_length=1)
    role: Literal["antidepressant", "augmenting", "rapid-acting", "other"]
    thase_rush_class: Literal["SSRI", "SNRI", "TCA", "MAOI", "other", ""]
    note: str | None


class AgentCode(KnownTable):
    """A code or name under which a record may mention an agent."""

    agent: str
    system: Literal["name", "RxNorm", "ATC", "OMOP"]
    code: str = Field(min_length=1)


class CodeName(KnownTable):
    """The name that a vocabulary prints for a code, read independently of ``agent_code``."""

    system: Literal["RxNorm", "ATC", "OMOP"]
    code: str = Field(min_length=1)
    name: str = Field(min_length=1)


class AgentSet(KnownTable):
    """Membership of an agent in a named set that definitions refer to."""

    agent_set: str
    agent: str
    note: str | None


class SaltWord(KnownTable):
    """A word that may follow an ingredient name without changing the agent."""

    word: str = Field(pattern=r"^[a-z]+$")


class DoseTable(KnownTable):
    """A table of minimum doses; ``unit`` is that of its doses per day."""

    dose_table: str
    title: str
    unit: Literal["mg"]
    note: str | None


class DoseMinimum(KnownTable):
    """The minimum daily dose (mg) of an agent in a dose table; ``form`` empty: any form not listed apart."""

    dose_table: str
    agent: str
    form: Literal["", "CR", "transdermal"]
    min_dose_mg: float = Field(gt=0)
    note: str | None


class DoseEquivalence(KnownTable):
    """Fluoxetine-equivalent mg = daily mg x ``factor``, by a named scheme."""

    scheme: str
    agent: str
    factor: float = Field(gt=0)
    note: str | None


class ProcedureKind(KnownTable):
    """A treatment that is not a drug exposure, by the name used in clinic."""

    procedure: str
    grp: Literal["neurostimulation", "psychotherapy", "infusion", "other"]
    modality: str
    note: str | None


class ProcedureCode(KnownTable):
    """A code or name under which a record may mention a procedure."""

    procedure: str
    system: Literal["name", "CPT4", "HCPCS", "ICD10PCS", "ICD9Proc", "SNOMED", "OPCS4", "OMOP"]
    code: str = Field(min_length=1)


class ProcedureSet(KnownTable):
    """Membership of a procedure in a named set."""

    procedure_set: str
    procedure: str


class ConditionKind(KnownTable):
    """A diagnosis, finding or circumstance by the name a clinician would type."""

    condition: str
    grp: str = Field(min_length=1)
    note: str | None


class ConditionCode(KnownTable):
    """A code or name of a condition; ``prefix`` also covers every longer code, the most specific row wins."""

    condition: str
    system: Literal["name", "ICD10CM", "ICD10", "SNOMED", "OMOP"]
    code: str = Field(min_length=1)
    match: Literal["exact", "prefix"]


class ConditionSet(KnownTable):
    """Membership of a condition in a named set."""

    condition_set: str
    condition: str
    note: str | None


class Measure(KnownTable):
    """Something asked, rated or measured, its unit, and the values that are possible at all."""

    measure: str
    kind: MeasureKind
    unit: str | None
    min_value: float | None
    max_value: float | None
    note: str | None

    @model_validator(mode="after")
    def _range_is_ordered(self) -> Measure:
        if self.min_value is not None and self.max_value is not None and self.min_value >= self.max_value:
            raise ValueError("min_value is not below max_value")
        return self


class MeasureCode(KnownTable):
    """A code or name under which a record may mention a measure."""

    measure: str
    system: Literal["name", "LOINC", "OMOP", "SNOMED"]
    code: str = Field(min_length=1)


# ``none``: not part of the definition; empty: its paper does not give it.
OptionalNumber = Annotated[str | None, Field(pattern=r"^(none|-?[0-9]+(\.[0-9]+)?)$")]


class Definition(KnownTable):
    """A definition of treatment-resistant depression, or how an instrument looks at trials.

    ``needed`` of what ``family`` counts; which trials are looked at (``agent_set``, ``augmentation``,
    ``neurostimulation``: sets, or ``none``), where they have to lie (``episode``, ``window_days``, ``window_from``).
    """

    definition: Name
    title: str = Field(min_length=1)
    family: Literal["failures", "switches", "window", "scores", "instrument"]
    adequacy_rule: str | None
    failure_rule: str | None
    needed: int | None = Field(ge=1)
    at_most: OptionalNumber
    distinct_level: Literal["agent", "class", "trial", "event"]
    agent_set: str = Field(min_length=1)
    augmentation: str = Field(min_length=1)
    neurostimulation: str = Field(min_length=1)
    intolerance: Literal["none", "failure"]
    episode: Literal["none", "any", "current", "last"]
    window_days: OptionalNumber
    window_from: Literal["none", "each", "index", "diagnosis", "calendar_year", "before_ect"]
    min_depression_rows: int = Field(ge=0)
    alternative: str = Field(min_length=1)
    assumes: str | None
    note: str | None

    @model_validator(mode="after")
    def _parts_fit_the_family(self) -> Definition:
        if self.family in ("failures", "instrument") and not (self.adequacy_rule and self.failure_rule):
            raise ValueError("a definition of this family names an adequacy_rule and a failure_rule")
        if (self.window_days == "none") != (self.window_from == "none"):
            raise ValueError("window_days and window_from are both none or both given")
        return self


class AdequacyRule(KnownTable):
    """When a trial was adequate: dose table, days at dose, adherence (share of days)."""

    adequacy_rule: Name
    gap_rule: str
    dose_table: str | None
    min_days: OptionalNumber
    min_adherence: OptionalNumber
    meaning: str


class FailureRule(KnownTable):
    """When an adequate trial failed: by improvement (percent), by what followed, or by why it was stopped."""

    failure_rule: Name
    basis: Literal["improvement", "switch", "stop", "any"] | None
    min_improvement_pct: OptionalNumber
    max_improvement_pct: float | None
    includes_threshold: bool | None
    max_next_days: OptionalNumber
    meaning: str


class SwitchRule(KnownTable):
    """Parameters of a definition that counts switches of issued drugs; days and numbers of issues."""

    definition: Name
    reading: Literal["code", "text", "early"]
    new_episode_after_days: int
    min_length_days: int
    min_switch_gap_days: int
    max_switch_gap_days: int
    min_agents: int
    from_set: str = Field(min_length=1)
    max_issues_before: OptionalNumber
    max_issues_after: OptionalNumber
    max_issues_total: OptionalNumber


class WindowRule(KnownTable):
    """One way into a cohort: what starts on the entry day, and what has to lie in the days before."""

    definition: Name
    path: str
    entry_set: str
    prior_set: str
    min_agents: int
    min_before: int
    lookback_days: int
    uses_dose_eras: bool
    diagnosis_set: str
    diagnosis_days: int
    prior_observation_days: int


class ScoreRule(KnownTable):
    """A cut-off of an instrument's total (or item) that stands for resistance."""

    definition: Name
    instrument: Name
    item: str
    at_least: float
    strictly: bool


class DefinitionGate(KnownTable):
    """What else has to be true of the person; it acts on whether the definition applies or is met."""

    definition: Name
    gate: Literal[
        "min_age", "max_age", "severity_at_least", "rating_at_least", "rating_drop_below", "measured_failure",
        "no_effective", "no_procedure", "has_procedure", "recurrent",
    ]  # fmt: skip
    subject: str | None
    value: float | None
    acts_on: Literal["eligible", "met"]
    says: str = Field(min_length=1)


class DefinitionExclusion(KnownTable):
    """A set of conditions that excludes when recorded; ``says`` is its name in words."""

    definition: Name
    condition_set: str
    says: str = Field(min_length=1)


class InstrumentRule(KnownTable):
    """How a variant of a staging method reads severity, add-ons, stimulation and the order of trials."""

    instrument: Name
    method: Literal["maudsley", "thase_rush", "european_staging", "mgh_s", "count"]
    severity_from: Literal["rating", "unstated", "none"]
    add_on: Literal["failed", "used", "none"]
    stimulation_set: str
    strict_order: bool


class MultiverseDefault(KnownTable):
    """One value of one parameter of the shipped multiverse; ``is_base``: the value where a grid does not name it."""

    parameter: Name
    setting: str = Field(min_length=1)
    is_base: bool
    meaning: str = Field(min_length=1)


MODELS: dict[str, type[Fact]] = {
    "agent": Agent,
    "agent_code": AgentCode,
    "agent_set": AgentSet,
    "code_name": CodeName,
    "condition_code": ConditionCode,
    "condition_kind": ConditionKind,
    "condition_set": ConditionSet,
    "definition": Definition,
    "adequacy_rule": AdequacyRule,
    "failure_rule": FailureRule,
    "switch_rule": SwitchRule,
    "window_rule": WindowRule,
    "score_rule": ScoreRule,
    "definition_gate": DefinitionGate,
    "definition_exclusion": DefinitionExclusion,
    "instrument_rule": InstrumentRule,
    "dose_equivalence": DoseEquivalence,
    "dose_minimum": DoseMinimum,
    "dose_table": DoseTable,
    "multiverse_default": MultiverseDefault,
    "measure": Measure,
    "measure_code": MeasureCode,
    "procedure_code": ProcedureCode,
    "procedure_kind": ProcedureKind,
    "procedure_set": ProcedureSet,
    "salt_word": SaltWord,
    **EVIDENCE_MODELS,
    **TOOL_MODELS,
    **MEASURE_MODELS,
    **BIOMARKER_MODELS,
    **PGX_MODELS,
    **OPTION_MODELS,
    **FINDING_MODELS,
    **DOMAIN_MODELS,
}
