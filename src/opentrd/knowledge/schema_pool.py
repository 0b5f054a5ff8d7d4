"""What a row about a question to be pooled is: the question, its measure, and which rows of effects or arms answer it.

A question is set by persons who read the studies: it may take together what the rows alone cannot show to be alike (two
doses, two wordings of one outcome). Its ``caution`` says what was taken together.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from opentrd.knowledge.schema_base import Fact, KnownTable, Name


class PoolQuestion(KnownTable):
    """A question. ``measure``: of the engine (RD, OR, RR, MD, SMD); ``better``: which direction helps the person."""

    pool: Name
    question: str = Field(min_length=1)
    measure: Literal["OR", "RR", "RD", "MD", "SMD"]
    better: Literal["higher", "lower"]
    caution: str = Field(min_length=1)


class PoolMember(KnownTable):
    """What a study gives to a question: an effect row, or arms (``a; b``: together) against control arms and what is counted."""

    pool: Name
    study: Name
    effect: Name | None
    arms: str | None
    control_arms: str | None
    event: Literal["response", "remission", "other"] | None

    @model_validator(mode="after")
    def _effect_or_arms(self) -> PoolMember:
        counts = (self.arms, self.control_arms, self.event)
        if (self.effect and any(counts)) or (not self.effect and not all(counts)):
            raise ValueError("a member is an effect, or arms with control_arms and event, and not both")
        return self


POOL_MODELS: dict[str, type[Fact]] = {"pool_question": PoolQuestion, "pool_member": PoolMember}
