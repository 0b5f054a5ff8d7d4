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


class Crosswalk(KnownTable):
    """A range of one scale at one step of a published conversion table; what shares a step corresponds."""

    crosswalk: Name
    step: int = Field(ge=1)
    scale: str
    from_score: int
    to_score: int
    note: str | None


class CrosswalkAnchor(KnownTable):
    """A published pair of points (or ranges) of two scales, where the whole table could not be read."""

    crosswalk: Name
    scale: str
    from_score: int
    to_score: int
    to_scale: str
    to_low: int
    to_high: int
    note: str | None


class OutcomeRule(KnownTable):
    """A named rule on the outcome of a trial.

    ``basis``: the total, its fall since the baseline in points or percent, the nine symptoms week by week (``acnp``),
    or the stop reason. ``from_day``, ``to_day``: days of the trial in which it speaks; ``acting``: ``standard`` leaves
    out rapid-acting treatments; ``after_rule``: only after that rule was met by an earlier rating.
    """

    rule: Name
    kind: Name
    title: str = Field(min_length=1)
    basis: Literal["total", "drop_points", "drop_pct", "acnp", "stop_reason"]
    from_day: int | None = Field(ge=0)
    to_day: int | None = Field(ge=1)
    acting: Literal["any", "standard"]
    after_rule: str | None
    note: str | None


class ScaleCutoff(KnownTable):
    """The cut-off of a rule on a scale, in the unit of its basis (points of the total, points of the fall, percent).

    Met from ``at_least``, up to ``up_to``, below ``below``. Between ``open_from`` and ``at_least`` it stays open,
    where the source gives a range.
    """

    rule: str
    scale: str
    at_least: float | None
    up_to: float | None
    below: float | None
    open_from: float | None
    note: str | None

    @model_validator(mode="after")
    def _cuts_somewhere(self) -> ScaleCutoff:
        if self.at_least is None and self.up_to is None and self.below is None:
            raise ValueError("none of at_least, up_to and below is given")
        if self.open_from is not None and (self.at_least is None or self.open_from >= self.at_least):
            raise ValueError("open_from has to lie below at_least")
        return self


class EpisodeSymptom(KnownTable):
    """A group of items of a scale that stands for one of the nine symptoms of an episode.

    Absent at 0 points, present from ``present_from``, in between not known.
    """

    scale: str
    grp: str
    role: Literal["mood", "interest", "other"]
    present_from: int = Field(ge=1)


class CareVisit(KnownTable):
    """A planned visit of measurement-based care, in weeks from the start of a trial; ``decides``: a decision point."""

    scheme: Name
    week: int = Field(ge=0)
    decides: bool


class CareCheck(KnownTable):
    """What the page says of a check of measurement-based care."""

    finding: Name
    place: int
    says_present: str = Field(min_length=1)
    says_absent: str = Field(min_length=1)
    says_unknown: str = Field(min_length=1)
    settles: str = Field(min_length=1)


MEASURE_MODELS: dict[str, type[Fact]] = {
    "care_check": CareCheck,
    "care_visit": CareVisit,
    "crosswalk": Crosswalk,
    "crosswalk_anchor": CrosswalkAnchor,
    "episode_symptom": EpisodeSymptom,
    "lab_unit": LabUnit,
    "outcome_rule": OutcomeRule,
    "scale": Scale,
    "scale_band": ScaleBand,
    "scale_cutoff": ScaleCutoff,
    "scale_item": ScaleItem,
    "scale_prorate": ScaleProrate,
    "scale_rule": ScaleRule,
    "unit_name": UnitName,
}

MEASURE_KEYS: dict[str, tuple[str, ...]] = {
    "care_check": ("finding",),
    "care_visit": ("scheme", "week"),
    "crosswalk": ("crosswalk", "step", "scale"),
    "crosswalk_anchor": ("crosswalk", "scale", "from_score", "to_scale"),
    "episode_symptom": ("scale", "grp"),
    "lab_unit": ("measure", "unit"),
    "outcome_rule": ("rule",),
    "scale": ("scale",),
    "scale_cutoff": ("rule", "scale"),
    "scale_band": ("scheme", "scale", "from_score"),
    "scale_item": ("measure",),
    "scale_prorate": ("scale",),
    "scale_rule": ("scale", "item_scale", "item"),
    "unit_name": ("name",),
}

MEASURE_REFERENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("crosswalk", "scale"): ("scale", "scale"),
    ("crosswalk_anchor", "scale"): ("scale", "scale"),
    ("crosswalk_anchor", "to_scale"): ("scale", "scale"),
    ("episode_symptom", "scale"): ("scale", "scale"),
    ("outcome_rule", "after_rule"): ("outcome_rule", "rule"),
    ("scale_cutoff", "rule"): ("outcome_rule", "rule"),
    ("scale_cutoff", "scale"): ("scale", "scale"),
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
