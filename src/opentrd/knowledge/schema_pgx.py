"""Pharmacogenetics and drug levels: alleles, phenotypes, recommendations by guideline, inhibitors, ranges.

CPIC and DPWG are never merged: every row names its ``system``. A gene is written by its symbol, an allele by its star
name, a phenotype by CPIC's standard term.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from opentrd.knowledge.schema_base import Fact, KnownTable

System = Literal["CPIC", "DPWG"]
Gene = Literal["CYP2D6", "CYP2C19", "CYP2B6", "CYP3A4"]
AlleleFunction = Literal[
    "No function", "Decreased function", "Normal function", "Increased function", "Uncertain function"
]
Phenotype = Literal[
    "Poor Metabolizer", "Likely Poor Metabolizer", "Intermediate Metabolizer", "Likely Intermediate Metabolizer",
    "Normal Metabolizer", "Rapid Metabolizer", "Ultrarapid Metabolizer", "Indeterminate",
]  # fmt: skip
# In a recommendation a gene that was not tested is a value of its own.
Tested = Phenotype | Literal["No Result"]


class AlleleFunctionRow(KnownTable):
    """What a star allele does; its activity value where the gene is scored (``value_high`` empty: or more)."""

    system: System
    gene: Gene
    allele: str = Field(pattern=r"^\*[0-9]+(x≥?[0-9]+)?$")
    function: AlleleFunction
    value_low: float | None = Field(ge=0)
    value_high: float | None = Field(ge=0)


class PhenotypeRule(KnownTable):
    """The phenotype of an activity score (both ends belong to it), or of a pair of allele functions."""

    system: System
    gene: Gene
    score_from: float | None = Field(ge=0)
    score_to: float | None
    function_1: AlleleFunction | None
    function_2: AlleleFunction | None
    phenotype: Phenotype

    @model_validator(mode="after")
    def _score_or_functions(self) -> PhenotypeRule:
        if (self.score_from is None) == (self.function_1 is None or self.function_2 is None):
            raise ValueError("give either score_from or both functions")
        if self.function_1 and self.function_2 and self.function_1 > self.function_2:
            raise ValueError("function_1 comes first in the alphabet")
        return self


class PhenotypeName(KnownTable):
    """A way to write a phenotype, in lower case."""

    name: str = Field(pattern=r"^[^A-Z]+$")
    phenotype: Phenotype


class PgxRecommendation(KnownTable):
    """What a guideline says for one drug at the phenotype of one gene or of two; looked up by score where it is given.

    ``avoid``: the guideline says to avoid the drug; ``consider_alternative``: it prefers or names another one;
    ``actionable``: it departs from the usual dose.
    """

    system: System
    guideline: str = Field(min_length=1)
    agent: str
    gene_1: Gene
    phenotype_1: Tested
    score_from: float | None = Field(ge=0)
    score_to: float | None
    gene_2: Gene | None
    phenotype_2: Tested | None
    expected: str | None
    action: str = Field(min_length=1)
    start_dose: str | None
    maintenance_dose: str | None
    avoid: bool
    consider_alternative: bool
    slower_titration: bool
    measure_level: bool
    actionable: bool
    strength: Literal["Strong", "Moderate", "Optional", "No recommendation"] | None


class CypModifier(KnownTable):
    """A drug that inhibits or induces an enzyme, or is broken down by it; ``above_mg``: from this daily dose on."""

    agent: str = Field(min_length=1)
    kind: Literal["inhibitor", "inducer", "substrate"]
    enzyme: Literal["CYP1A2", "CYP2B6", "CYP2C19", "CYP2D6", "CYP3A4"]
    strength: Literal["strong", "moderate", "weak", "major"]
    above_mg: float | None
    effect: str | None


class Phenoconversion(KnownTable):
    """How an inhibitor of this strength changes the score (``score_factor``) or the phenotype of a gene."""

    gene: Gene
    strength: Literal["strong", "moderate", "weak"]
    phenotype: Phenotype | None
    score_factor: float | None = Field(ge=0, le=1)
    converted: Phenotype | None

    @model_validator(mode="after")
    def _factor_or_phenotype(self) -> Phenoconversion:
        if (self.score_factor is None) != (self.phenotype is not None and self.converted is not None):
            raise ValueError("give either score_factor or phenotype and converted")
        return self


class LevelRange(KnownTable):
    """A plasma range (or the level from which toxicity is feared: ``alert``, in ``value_high``) by a named scheme.

    ``metabolite``: the measure that is added when ``is_sum``; empty then: it has no measure and the sum is open above.
    """

    scheme: str = Field(min_length=1)
    agent: str
    measure: str | None
    metabolite: str | None
    is_sum: bool
    kind: Literal["range", "alert"]
    value_low: float | None
    value_high: float | None
    unit: Literal["ng/mL", "mmol/L"]
    from_age: float | None
    shown: str = Field(min_length=1)
    note: str | None


PGX_MODELS: dict[str, type[Fact]] = {
    "allele_function": AlleleFunctionRow,
    "cyp_modifier": CypModifier,
    "level_range": LevelRange,
    "pgx_recommendation": PgxRecommendation,
    "phenoconversion": Phenoconversion,
    "phenotype_name": PhenotypeName,
    "phenotype_rule": PhenotypeRule,
}
PGX_KEYS: dict[str, tuple[str, ...]] = {
    "allele_function": ("system", "gene", "allele"),
    "cyp_modifier": ("agent", "kind", "enzyme"),
    "level_range": ("scheme", "agent", "kind", "is_sum", "from_age"),
    "pgx_recommendation": ("system", "agent", "gene_1", "phenotype_1", "score_from", "gene_2", "phenotype_2"),
    "phenoconversion": ("gene", "strength", "phenotype"),
    "phenotype_name": ("name",),
    "phenotype_rule": ("system", "gene", "score_from", "function_1", "function_2"),
}
PGX_REFERENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("pgx_recommendation", "agent"): ("agent", "agent"),
    ("level_range", "measure"): ("measure", "measure"),
    ("level_range", "metabolite"): ("measure", "measure"),
}
