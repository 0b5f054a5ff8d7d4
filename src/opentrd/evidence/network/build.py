"""From an effects table to a network: which shape it has, what must be refused, what was noted on the way."""

from __future__ import annotations

from typing import Any

from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network.arms import studies_from_arms
from opentrd.evidence.network.contrasts import check_scores, refuse_few, studies_from_contrasts
from opentrd.evidence.network.position import check_certainty
from opentrd.evidence.network.read import one_value, read_lines
from opentrd.evidence.network.structure import Network, sort_names


def build_network(
    data: Any,
    measure: str | None = None,
    *,
    zero_cells: str = "only",
    keep_double_zero: bool = False,
    connected: bool = True,
) -> Network:
    """Read contrasts (study, treatment_1, treatment_2, yi, vi) or arms (study, treatment, and the numbers of ``measure``).

    ``data``: a CSV file, rows, a mapping of columns, or an Arrow, pandas or Polars table.
    ``connected``: False lets a network of several parts pass (for the component model).
    Raises EvidenceError with file, row, field, value, what was expected and what to do.
    """
    if isinstance(data, Network):
        network = data
    else:
        lines = read_lines(data)
        file = lines[0].file
        columns = {name for line in lines for name in line.cells}
        said = one_value(
            lines,
            "measure",
            "two effect measures in one network",
            "one effect measure on one scale",
            "convert the effects to one measure, or pool them apart",
        )
        measure = measure.upper() if measure else (said.upper() if said else None)
        check_scores(lines, measure)
        check_certainty(lines)
        if "treatment" in columns and "treatment_1" not in columns:
            if measure is None:
                raise EvidenceError(
                    "arms without a measure",
                    file=file,
                    expected="a measure: OR, RR, RD, MD, SMD, ROM or IRR",
                    advice="give --measure (in Python: measure=...)",
                )
            studies, notes = studies_from_arms(
                lines, measure, zero_cells=zero_cells, keep_double_zero=keep_double_zero
            )
        else:
            studies, notes = studies_from_contrasts(lines)
        refuse_few(studies, file)
        treatments = sort_names({name for study in studies for name in study.treatments})
        network = Network(tuple(studies), tuple(treatments), measure, (*notes, *_alike(treatments)))
    if connected:
        refuse_parts(network)
    return network


def _alike(treatments: list[str]) -> list[str]:
    """Notes about names that differ only in case or blanks: probably one treatment spelled in two ways."""
    groups: dict[str, list[str]] = {}
    for name in treatments:
        groups.setdefault("".join(name.casefold().split()), []).append(name)
    return [
        f"{' and '.join(repr(name) for name in names)} are taken as different treatments"
        for names in groups.values()
        if len(names) > 1
    ]


def refuse_parts(network: Network) -> None:
    """Refuse a network in which not every treatment is connected with every other, and list its parts."""
    parts = network.parts()
    if len(parts) > 1:
        listed = "; ".join(f"part {number}: {', '.join(part)}" for number, part in enumerate(parts, start=1))
        raise EvidenceError(
            f"the network is disconnected: it has {len(parts)} parts between which no study compares ({listed})",
            field="treatment",
            expected="every treatment connected with every other through studies",
            advice="check the spelling of the treatments, pool each part apart, or use the component model when the "
            "parts share components (pool_components)",
        )
