"""What a row about judging evidence is: tools, their items and rules, unmasking of treatments, important differences."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from opentrd.knowledge.schema_base import Fact, KnownTable, Name
from opentrd.knowledge.schema_evidence import Control
from opentrd.knowledge.tool_rules import parse_condition


class Tool(KnownTable):
    """A tool that judges a study, a review or a body of evidence, in one version. ``subjects``: numbers its rules take."""

    tool: Name
    version: str = Field(min_length=1)
    name: str = Field(min_length=1)
    judges: str = Field(min_length=1)
    subjects: str | None
    note: str | None


class ToolItem(KnownTable):
    """A question of a tool in our own words, with the answers it takes; ``max_stars`` where answers are stars."""

    tool: Name
    domain: str = Field(min_length=1)
    item: str = Field(min_length=1)
    asks: str = Field(min_length=1)
    answers: str = Field(pattern=r"^[A-Z0-9]+( [A-Z0-9]+)*$")
    critical: bool | None
    max_stars: Annotated[int | None, Field(ge=1)]


class ToolRule(KnownTable):
    """A rule of a tool: in this scope, when the condition holds (see ``opentrd.knowledge.tool_rules``), the judgement."""

    tool: Name
    scope: str = Field(min_length=1)
    rule: Name
    rank: int = Field(ge=1)
    when: str = Field(min_length=1)
    then: str = Field(min_length=1)

    @model_validator(mode="after")
    def _condition_can_be_read(self) -> ToolRule:
        parse_condition(self.when)
        return self


class Unmasking(KnownTable):
    """A treatment (by a word in its name) that may betray itself against a control; ``expected``: did participants know."""

    term: str = Field(min_length=1)
    treatment_class: Literal["ketamine", "psychedelic", "stimulation"]
    control: Control
    expected: Literal["Y", "PY", "NI"]
    says: str = Field(min_length=1)


class ImportantDifference(KnownTable):
    """The smallest difference on a scale that matters, by one source; in points, or in percent of the baseline."""

    scale: str = Field(min_length=1)
    unit: Literal["points", "percent"]
    difference_low: float = Field(gt=0)
    difference_high: float = Field(gt=0)
    population: str = Field(min_length=1)
    method: str = Field(min_length=1)

    @model_validator(mode="after")
    def _range_is_ordered(self) -> ImportantDifference:
        if self.difference_low > self.difference_high:
            raise ValueError("difference_low is above difference_high")
        return self


TOOL_MODELS: dict[str, type[Fact]] = {
    "tool": Tool,
    "tool_item": ToolItem,
    "tool_rule": ToolRule,
    "unmasking": Unmasking,
    "important_difference": ImportantDifference,
}
