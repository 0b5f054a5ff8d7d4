"""What a row of the tables on signs and findings has to be."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from opentrd.knowledge.schema_base import Fact, KnownTable, Name

Group = Literal[
    "suicide", "beside_suicide", "pseudo_resistance", "bipolar", "function", "residual", "context", "data_quality",
]  # fmt: skip


class Sign(KnownTable):
    """Something that a record can show or rule out: a symptom, a finding, a diagnosis.

    ``silence``: what it means that the source keeps diagnoses and records none (``absent``), or that it has to be
    asked or measured (``unknown``).
    """

    sign: Name
    title: str = Field(min_length=1)
    silence: Literal["absent", "unknown"]
    settles: str = Field(min_length=1)


class SignRule(KnownTable):
    """One way to show a sign (``speaks`` for), to rule it out (against), or both: a condition or a value.

    A value has to satisfy all bounds given, in the unit of the measure; ``within_days``: how old it may be;
    ``denied_within_days``: how old what rules it out may be, where that is less (a statement of the past does not cover later days);
    ``occasion``: does only the latest rating of the measure count, or any. A condition that is ruled out speaks against.
    """

    sign: Name
    kind: Literal["condition", "condition_set", "measure"]
    subject: str = Field(min_length=1)
    speaks: Literal["for", "against", "both"]
    at_least: float | None
    above: float | None
    up_to: float | None
    below: float | None
    within_days: int | None = Field(ge=1)
    denied_within_days: int | None = Field(ge=1)
    occasion: Literal["last", "any"]

    @model_validator(mode="after")
    def _bounds_belong_to_measures(self) -> SignRule:
        bounded = any(bound is not None for bound in (self.at_least, self.above, self.up_to, self.below))
        if bounded != (self.kind == "measure"):
            raise ValueError("a measure needs a bound (at_least, above, up_to, below), a condition has none")
        return self


class SignPart(KnownTable):
    """A sign made of others: every ``gate`` has to be there, and at least ``needed`` of the ``counted`` ones."""

    sign: Name
    part: Name
    role: Literal["gate", "counted"]
    needed: int = Field(ge=0)


class Finding(KnownTable):
    """A check: its group, its place on the page, and what the page says. ``sign``: the one sign that decides, if one does."""

    finding: Name
    grp: Group
    place: int = Field(ge=1)
    title: str = Field(min_length=1)
    sign: str | None
    says_present: str | None
    says_absent: str | None
    says_unknown: str | None
    settles: str | None


class SmokingEffect(KnownTable):
    """A drug whose level smoking lowers."""

    agent: str = Field(min_length=1)
    effect: str = Field(min_length=1)


class ScreeningAccuracy(KnownTable):
    """Sensitivity and specificity of a screening scale for bipolar disorder at its cut-off."""

    scale: str = Field(min_length=1)
    at_least: float
    sensitivity: float = Field(gt=0, lt=1)
    specificity: float = Field(gt=0, lt=1)
    note: str | None


FINDING_MODELS: dict[str, type[Fact]] = {
    "sign": Sign,
    "sign_rule": SignRule,
    "sign_part": SignPart,
    "finding": Finding,
    "smoking_effect": SmokingEffect,
    "screening_accuracy": ScreeningAccuracy,
}
FINDING_KEYS: dict[str, tuple[str, ...]] = {
    "sign": ("sign",),
    "sign_rule": ("sign", "kind", "subject", "speaks", "at_least", "above", "up_to", "below"),
    "sign_part": ("sign", "part"),
    "finding": ("finding",),
    "smoking_effect": ("agent",),
    "screening_accuracy": ("scale",),
}
FINDING_REFERENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("sign_rule", "sign"): ("sign", "sign"),
    ("sign_part", "sign"): ("sign", "sign"),
    ("sign_part", "part"): ("sign", "sign"),
    ("finding", "sign"): ("sign", "sign"),
    ("smoking_effect", "agent"): ("agent", "agent"),
    ("screening_accuracy", "scale"): ("scale", "scale"),
}
