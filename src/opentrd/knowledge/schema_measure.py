"""What a row of the tables on scales, laboratory units and outcomes has to be."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from opentrd.knowledge.schema_base import Fact, KnownTable, Name


class Scale(KnownTable):
    """A rating scale: what it measures, who rates, what a higher score says; its range stands in ``measure``.

    ``trial_outcome``: may its change say whether an antidepressant treatment worked. ``band_scheme``: the scheme that
    names its severity where none is asked for.
    """

    scale: str = Field(min_length=1)
    title: str = Field(min_length=1)
    construct_: str = Field(alias="construct", min_length=1)
    rater: Literal["clinician", "self"]
    recall_days: int | None = Field(ge=1)
    higher_is: Literal["worse", "better", "positive", "morning"]
    trial_outcome: bool
    band_scheme: str | None
    note: str | None


class ScaleItem(KnownTable):
    """Which item of which scale a measure is."""

    measure: str
    scale: str
    item: int = Field(ge=1)


class ScaleRule(KnownTable):
    """An item that enters the total of a scale.

    Within a group the highest score counts, groups are added. A slot is answered when one of its items is: items
    that share a slot are alternatives. ``reversed``: the item counts its range's two ends together minus the answer.
    """

    scale: str
    grp: str = Field(min_length=1)
    slot: int = Field(ge=1)
    item_scale: str
    item: int = Field(ge=1)
    reversed_: bool = Field(alias="reversed")


class ScaleProrate(KnownTable):
    """A published rule: at most so many unanswered items may be filled with the mean of the others."""

    scale: str
    most_missing: int = Field(ge=1)


class ScaleBand(KnownTable):
    """A severity band of a scale under a named scheme, whole points, both ends inclusive."""

    scheme: Name
    scale: str
    from_score: int
    to_score: int
    band: str = Field(min_length=1)

    @model_validator(mode="after")
    def _range_is_ordered(self) -> ScaleBand:
        if self.from_score > self.to_score:
            raise ValueError("from_score is above to_score")
        return self


class UnitName(KnownTable):
    """A unit as reports write it (case does not matter) and what it is in UCUM."""

    name: str = Field(min_length=1)
    unit: str = Field(min_length=1)


class LabUnit(KnownTable):
    """How a value in another unit becomes one in the unit of the measure: value x factor / divisor + plus."""

    measure: str
    unit: str = Field(min_length=1)
    factor: float = Field(gt=0)
    divisor: float = Field(gt=0)
    plus: float


MEASURE_MODELS: dict[str, type[Fact]] = {
    "lab_unit": LabUnit,
    "scale": Scale,
    "scale_band": ScaleBand,
    "scale_item": ScaleItem,
    "scale_prorate": ScaleProrate,
    "scale_rule": ScaleRule,
    "unit_name": UnitName,
}

MEASURE_KEYS: dict[str, tuple[str, ...]] = {
    "lab_unit": ("measure", "unit"),
    "scale": ("scale",),
    "scale_band": ("scheme", "scale", "from_score"),
    "scale_item": ("measure",),
    "scale_prorate": ("scale",),
    "scale_rule": ("scale", "item_scale", "item"),
    "unit_name": ("name",),
}

MEASURE_REFERENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("lab_unit", "measure"): ("measure", "measure"),
    ("lab_unit", "unit"): ("unit_name", "unit"),
    ("scale", "band_scheme"): ("scale_band", "scheme"),
    ("scale_band", "scale"): ("scale", "scale"),
    ("scale_item", "measure"): ("measure", "measure"),
    ("scale_item", "scale"): ("scale", "scale"),
    ("scale_prorate", "scale"): ("scale", "scale"),
    ("scale_rule", "scale"): ("scale", "scale"),
    ("scale_rule", "item_scale"): ("scale", "scale"),
}
