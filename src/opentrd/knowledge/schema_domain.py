"""What a row of the tables on domains of depression and their mechanisms has to be."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from opentrd.knowledge.schema_base import Fact, KnownTable, Name


class Domain(KnownTable):
    """A domain or phenotype of depression; ``ranked``: does it take part in the ranking."""

    domain: Name
    title: str = Field(min_length=1)
    classical_form: str | None
    ranked: bool
    says: str = Field(min_length=1)


class DomainIndicator(KnownTable):
    """What speaks for a domain; ``sign`` empty: no measure of the record can show it, so it is never measured.

    ``weight``: core or support as the review describes it, or a proxy, which can show it and never rules it out.
    """

    domain: Name
    indicator: Name
    sign: str | None
    weight: Literal["core", "support", "proxy"]
    title: str = Field(min_length=1)
    note: str | None


class Mechanism(KnownTable):
    """One edge of the mechanism graph: marker, process, domain, treatment. A hypothesis of its source, not a proof."""

    from_kind: Literal["marker", "process", "domain"]
    from_node: str = Field(min_length=1)
    relation: Literal["indicates", "shapes", "matched with", "poorly matched with"]
    to_kind: Literal["process", "domain", "agent", "class", "procedure"]
    to_node: str = Field(min_length=1)


DOMAIN_MODELS: dict[str, type[Fact]] = {
    "domain": Domain,
    "domain_indicator": DomainIndicator,
    "mechanism": Mechanism,
}
DOMAIN_KEYS: dict[str, tuple[str, ...]] = {"domain": ("domain",), "domain_indicator": ("domain", "indicator")}
DOMAIN_REFERENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("domain_indicator", "domain"): ("domain", "domain"),
    ("domain_indicator", "sign"): ("sign", "sign"),
}
