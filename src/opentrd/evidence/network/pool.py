"""Network meta-analysis: one call from an effects table to a pooled network.

The estimates are those of the graph-theoretical method (Rücker 2012, DOI 10.1002/jrsm.1058), here as generalised least
squares with the exact covariance of studies of several arms (Lu, Welton, Higgins, White and Ades 2011, Res Synth Methods 2:43-60).
"""

from __future__ import annotations

from typing import Any

from opentrd.evidence.arguments import check_level, check_names, check_truth, check_words
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network import position
from opentrd.evidence.network.build import build_network
from opentrd.evidence.network.designs import decompose
from opentrd.evidence.network.estimate import MODELS, estimate_tau2, tau2_interval
from opentrd.evidence.network.result import NetworkResult, consistent_rows, with_reference
from opentrd.evidence.network.structure import Network

TESTS = ("z", "knapp-hartung")


def pool_network(
    data: Any,
    *,
    measure: str | None = None,
    model: str = "REML",
    test: str = "z",
    level: float = 0.95,
    reference: str | None = None,
    small_is_good: bool = False,
    certainty: dict[str, str] | None = None,
    modifiers: tuple[str, ...] = position.MODIFIERS,
    zero_cells: str = "only",
    keep_double_zero: bool = False,
) -> NetworkResult:
    """Pool a network of treatments.

    ``data``: contrasts (study, treatment_1, treatment_2, yi, vi; all pairs of a study with several arms) or, with ``measure``
    (OR, RR, RD, MD, SMD, ROM, IRR), arms (study, treatment, and events and n, or mean, sd and n, or events and time): a CSV
    file, rows, a mapping of columns, or an Arrow, pandas or Polars table. yi is treatment_1 minus treatment_2.
    ``model``: common, DL, REML or ML. ``test``: z, or knapp-hartung (standard errors from the residuals, t quantiles).
    ``reference``: default the treatment with most studies. ``small_is_good``: whether a smaller effect is the better one, for
    ranks. ``certainty``: treatment -> certainty of its evidence, else the column ``certainty``, else "not assessed".
    ``modifiers``: columns of the transitivity table. ``zero_cells``, ``keep_double_zero``: see ``arms``.
    Raises EvidenceError for a table that cannot be used as it stands (disconnected, duplicate arms, a variance that is not
    positive, one study, pairs that contradict each other, mixed scales), with place, value and what to do.
    """
    check_words(measure=measure, model=model, test=test, reference=reference, zero_cells=zero_cells)
    check_names("certainty", certainty)
    check_truth("small_is_good", small_is_good)
    _check_options(model, test, level)
    network = build_network(data, measure, zero_cells=zero_cells, keep_double_zero=keep_double_zero)
    chosen = choose_reference(network, reference)
    if certainty:
        _check_certainty(network, certainty)
    rows = consistent_rows(network, chosen)
    tau2 = estimate_tau2(rows, model)
    low, high = (0.0, 0.0) if model == "common" else tau2_interval(rows, level)
    fit = rows.fit(tau2 or 0.0)
    notes = list(network.notes)
    if tau2 is None:
        notes.append(
            "tau2 cannot be estimated: the studies give no more contrasts than there are effects; "
            "these are the effects of the common-effect model"
        )
    elif low is None:
        notes.append(
            "the interval of tau2 by the Q profile is empty: the studies agree better than chance would make them"
        )
    covariance, degrees = fit.covariance, None
    if test == "knapp-hartung":
        if rows.df > 0:
            covariance, degrees = covariance * (fit.q / rows.df), rows.df
        else:
            notes.append("no degrees of freedom for Knapp-Hartung: intervals by z")
    place, size = network.treatments.index(chosen), len(network.treatments)
    q = decompose(network, rows)
    return NetworkResult(
        network=network,
        model=model,
        test=test,
        level=level,
        reference=chosen,
        small_is_good=small_is_good,
        effects=with_reference(fit.coefficients, place, size),
        covariance=with_reference(covariance, place, size),
        tau2=tau2,
        tau2_low=low,
        tau2_high=high,
        i2=max(0.0, (q.total.value - q.total.df) / q.total.value) if q.total.df and q.total.value else None,
        total=q.total,
        within=q.within,
        between=q.between,
        per_design=q.per_design,
        degrees=degrees,
        certainty=position.certainty_of(network, certainty),
        notes=tuple(notes),
        modifiers=modifiers,
    )


def choose_reference(network: Network, reference: str | None) -> str:
    """The reference as asked for, or the treatment with most studies. Raises EvidenceError for an unknown one."""
    if reference is None:
        count = {
            name: sum(name in study.treatments for study in network.studies) for name in network.treatments
        }
        return max(network.treatments, key=lambda name: count[name])
    if reference not in network.treatments:
        raise EvidenceError(
            f"the reference {reference!r} is not a treatment of this network",
            expected=", ".join(network.treatments),
            advice="choose one of them",
        )
    return reference


def _check_options(model: str, test: str, level: float) -> None:
    if model not in MODELS:
        raise EvidenceError(f"the model {model!r} is not known for networks", expected=", ".join(MODELS))
    if test not in TESTS:
        raise EvidenceError(f"the test {test!r} is not known", expected=" or ".join(TESTS))
    if model == "common" and test != "z":
        raise EvidenceError(
            "the Knapp-Hartung test belongs to random-effects models",
            expected="z",
            advice="choose test z, or a random-effects model such as REML",
        )
    check_level(level)


def _check_certainty(network: Network, certainty: dict[str, str]) -> None:
    unknown = [name for name in certainty if name not in network.treatments]
    if unknown:
        raise EvidenceError(
            f"certainty is given for {', '.join(unknown)}, which the network does not have",
            expected=", ".join(network.treatments),
            advice="correct the name",
        )
    for name, word in certainty.items():
        if position.certainty_word(word) is None:
            raise EvidenceError(
                f"the certainty of {name} is not known here", field="certainty", value=str(word),
                expected=", ".join(position.CERTAINTIES),
            )  # fmt: skip
