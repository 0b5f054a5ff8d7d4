"""What a row of the tables on treatments has to be: treatments, safety rules, guideline lines, matches, evidence."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from opentrd.knowledge.schema_base import Fact, KnownTable, Name

Role = Literal["switch", "add", "combine", "optimise", "course", "stop"]


class Treatment(KnownTable):
    """Something that can be done about the depression; ``investigational``: outside trials nobody offers it."""

    treatment: str = Field(min_length=1)
    title: str = Field(min_length=1)
    kind: Literal[
        "antidepressant", "augmentation", "rapid-acting", "combination", "neurostimulation", "psychotherapy", "chronotherapy",
        "lifestyle", "supplement", "anti-inflammatory", "investigational", "other",
    ]  # fmt: skip
    status: Literal["established", "investigational"]
    note: str | None


class TreatmentPart(KnownTable):
    """A drug or procedure that a treatment consists of; several members of one ``part`` are a choice of one."""

    treatment: str
    part: int = Field(ge=1)
    kind: Literal["agent", "procedure"]
    member: str


class TreatmentRole(KnownTable):
    """A role in which a treatment is looked at; ``max_dose_mg``: top of the CANMAT range a day, of the role optimise."""

    treatment: str
    role: Role
    max_dose_mg: float | None = Field(gt=0)


class SafetySet(KnownTable):
    """Membership in a set that safety rules, guideline lines or matches name."""

    safety_set: str = Field(min_length=1)
    kind: Literal["agent", "condition", "procedure", "measure", "phenotype"]
    member: str = Field(min_length=1)


class SafetyRule(KnownTable):
    """What a label, regulator or guideline says about a treatment and a circumstance.

    ``target`` is a treatment, a safety set, or ``any agent``; ``effect`` what it makes of the option; ``changes``
    what would change that.
    """

    rule: Name
    target: str
    severity: Literal["contraindicated", "avoid", "restricted", "caution", "monitor"]
    effect: Literal["block", "caution", "monitor"]
    jurisdiction: Literal["FDA", "MHRA", "EMA", "NICE", "DPWG"] | None
    says: str = Field(min_length=1)
    changes: str | None


class SafetyRulePart(KnownTable):
    """A part of a rule: alternatives are or, parts of one alternative are and; bounds of a measure or an age, days of a gap."""

    rule: Name
    alternative: int = Field(ge=1)
    part: int = Field(ge=1)
    kind: Literal[
        "exposure", "condition", "procedure", "measure", "phenotype", "age", "sex", "allergy", "always", "not computable"
    ]  # fmt: skip
    subject: str | None
    min_value: float | None
    max_value: float | None
    strictly: bool
    within_days: int | None = Field(ge=0)

    @model_validator(mode="after")
    def _bounds_belong_to_numbers(self) -> SafetyRulePart:
        numeric = self.kind in ("measure", "age")
        if numeric == (self.min_value is None and self.max_value is None):
            raise ValueError("a measure or an age has a bound, and nothing else has one")
        if self.kind not in ("age", "always") and not self.subject:
            raise ValueError("subject is empty: name the set, the sex, or why it is not computable")
        return self


class GuidelineLine(KnownTable):
    """One line of one guideline. ``asks``: the circumstance (``circumstance``) that it is for; ``place``: its order."""

    guideline: str
    target: str
    role: Role
    line: Literal[
        "first", "second", "third", "first step", "recommended", "suggested", "option", "specialist", "licensed", "investigational",
        "research only", "not recommended", "against",
    ]  # fmt: skip
    place: Literal["1", "2", "3", "4", "9"]
    level: str | None
    condition: str | None
    asks: str | None
    dose: str | None
    cautions: str | None


class Circumstance(KnownTable):
    """A circumstance that guideline lines ask for, and from what it is told."""

    state: Name
    kind: Literal["failures", "used", "answer", "severity", "suicidality", "procedure", "ect", "condition"]
    number: int | None = Field(ge=1)
    says: str


class SwitchLogic(KnownTable):
    """When a guideline prefers one role: it holds with ``state``, unless ``unless_state`` holds too."""

    role: Role
    state: Name
    unless_state: str | None
    stance: Literal["for", "against"]
    says: str


class DomainMatch(KnownTable):
    """A hypothesis of a review: a treatment matches a domain, does not, or is a weak strategy in it.

    With ``measure_set`` it depends on a value instead of on the domain: it has to lie above ``above``, or not above ``up_to``.
    """

    domain: Name
    target: str
    role: Role | None
    relation: Literal["match", "mismatch", "weak", "experimental"]
    measure_set: str | None
    above: float | None
    up_to: float | None
    says: str


class OptionEvidence(KnownTable):
    """A result that speaks for or against a treatment; ``effect`` is its row of the evidence tables; ``certainty`` as recorded."""

    evidence: Name
    target: str
    role: Role
    stance: Literal["for", "against", "neutral"]
    effect: str | None
    says: str
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    population: str | None
    certainty: str


OPTION_MODELS: dict[str, type[Fact]] = {
    "treatment": Treatment,
    "treatment_part": TreatmentPart,
    "treatment_role": TreatmentRole,
    "safety_set": SafetySet,
    "safety_rule": SafetyRule,
    "safety_rule_part": SafetyRulePart,
    "guideline_line": GuidelineLine,
    "circumstance": Circumstance,
    "switch_logic": SwitchLogic,
    "domain_match": DomainMatch,
    "option_evidence": OptionEvidence,
}

OPTION_KEYS: dict[str, tuple[str, ...]] = {
    "treatment": ("treatment",),
    "treatment_part": ("treatment", "part", "kind", "member"),
    "treatment_role": ("treatment", "role"),
    "safety_set": ("safety_set", "kind", "member"),
    "safety_rule": ("rule",),
    "safety_rule_part": ("rule", "alternative", "part"),
    "guideline_line": ("guideline", "target", "role", "line", "condition"),
    "circumstance": ("state",),
    "switch_logic": ("role", "state"),
    "domain_match": ("domain", "target", "relation", "says"),
    "option_evidence": ("evidence", "target", "role"),
}

OPTION_REFERENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("treatment_part", "treatment"): ("treatment", "treatment"),
    ("treatment_role", "treatment"): ("treatment", "treatment"),
    ("safety_rule_part", "rule"): ("safety_rule", "rule"),
    ("guideline_line", "asks"): ("circumstance", "state"),
    ("switch_logic", "state"): ("circumstance", "state"),
    ("switch_logic", "unless_state"): ("circumstance", "state"),
    ("option_evidence", "target"): ("treatment", "treatment"),
    ("option_evidence", "effect"): ("effect", "effect"),
}

_KINDS = {
    "agent": ("agent", "agent"),
    "condition": ("condition_kind", "condition"),
    "procedure": ("procedure_kind", "procedure"),
    "measure": ("measure", "measure"),
}


def option_findings(read: dict[str, list[dict[str, str]]]) -> list[str]:
    """What no single reference can say: members are known by their kind, targets are treatments or sets, parts have a rule."""
    found: list[str] = []
    for name in ("treatment_part", "safety_set"):
        for number, row in enumerate(read.get(name, []), 1):
            table, column = _KINDS.get(row["kind"], ("", ""))
            if table in read and row["member"] not in {other[column] for other in read[table]}:
                found.append(
                    f"{name}.csv, row {number}: {row['kind']} {row['member']!r} is not in {table}.csv"
                )
    sets = {(row["safety_set"], row["kind"]) for row in read.get("safety_set", [])}
    targets = (
        {row["treatment"] for row in read.get("treatment", [])} | {name for name, _ in sets} | {"any agent"}
    )
    for name in ("safety_rule", "guideline_line", "domain_match"):
        for number, row in enumerate(read.get(name, []), 1):
            if row["target"] not in targets:
                found.append(
                    f"{name}.csv, row {number}: target {row['target']!r} is no treatment and no safety set"
                )
    for number, row in enumerate(read.get("safety_rule_part", []), 1):
        kind = {"exposure": "agent"}.get(row["kind"], row["kind"])
        if (
            kind in ("agent", "condition", "procedure", "measure", "phenotype")
            and (row["subject"], kind) not in sets
        ):
            found.append(
                f"safety_rule_part.csv, row {number}: {row['subject']!r} is no safety set of {kind}s"
            )
    for number, row in enumerate(read.get("domain_match", []), 1):
        if row["measure_set"] and (row["measure_set"], "measure") not in sets:
            found.append(
                f"domain_match.csv, row {number}: {row['measure_set']!r} is no safety set of measures"
            )
    parts = {row["rule"] for row in read.get("safety_rule_part", [])}
    for number, row in enumerate(read.get("safety_rule", []), 1):
        if row["rule"] not in parts:
            found.append(
                f"safety_rule.csv, row {number}: {row['rule']!r} has no part in safety_rule_part.csv"
            )
    return found
