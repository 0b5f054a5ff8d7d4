"""What every knowledge row has: its provenance; and the base of the tables whose columns are all known."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Status = Literal["verified", "transcribed", "computed", "recalled"]
# Names of definitions become parts of keys and of file names.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Fact(BaseModel):
    """One row of knowledge with its provenance.

    ``source`` is the primary (paper, label, guideline, official data set), ``read_in`` the page it was read
    in (empty only for a recalled row: nothing was read), ``knowledge_status`` how far it was checked.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    source: str = Field(min_length=1, pattern=r"\S")
    read_in: str
    knowledge_status: Status

    @model_validator(mode="after")
    def _only_a_recalled_fact_was_read_nowhere(self) -> Fact:
        if self.knowledge_status != "recalled" and not self.read_in.strip():
            raise ValueError("read_in is empty but the row is not marked recalled")
        return self


class KnownTable(Fact):
    """A table whose columns are all known: a column that the model does not name is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")
