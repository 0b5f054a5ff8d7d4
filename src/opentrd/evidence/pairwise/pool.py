"""One meta-analysis: from a table of studies to a result."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from opentrd.evidence.arguments import check_level, check_words
from opentrd.evidence.effect_single import harmonic_mean
from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.pairwise.models import pool_sets, resolve_test
from opentrd.evidence.pairwise.moderators import Moderators, design, require_rank
from opentrd.evidence.pairwise.result import PairwiseResult
from opentrd.evidence.table import EffectTable, Source, read_effects


def pool(
    source: EffectTable | Source, vi: ArrayLike | None = None, *, model: str = "REML", test: str | None = None,
    mods: Moderators | None = None, measure: str | None = None, zero_cells: str | None = None,
    level: float = 0.95, missing: str = "error",
) -> PairwiseResult:  # fmt: skip
    """Pool the studies of a table.

    ``source``: a table read by :func:`opentrd.evidence.read_effects`, a CSV file, columns in memory, or the estimates
    (k,) themselves, with ``vi`` their sampling variances. ``model``: REML, DL, PM, ML, EB, SJ, HE or common.
    ``test``: ``knapp-hartung`` (the default; for the common effect it is ``z``), ``knapp-hartung-adhoc``, ``t`` or ``z``.
    ``mods``: moderators by name, or as columns. ``measure``, ``zero_cells``: from raw numbers, see
    :func:`opentrd.evidence.effect_sizes`. ``level``: of all intervals. ``missing``: a row with an empty cell is an
    ``error``, or is left out and listed in ``unread`` (``list``).

    Raises EvidenceError for input that cannot be pooled: one study, a variance that is not above zero, text in a number.
    """
    check_words(model=model, test=test, measure=measure, zero_cells=zero_cells, missing=missing)
    test = resolve_test(model, test)
    check_level(level)
    data = _data(source, vi, measure, zero_cells, missing)
    made = design(data.raw, mods)
    if made.gaps:
        first, name = made.gaps[0]
        if missing == "error":
            raise EvidenceError(
                f"study {data.study[first]!r} has no value of the moderator"
                + (f"; so in {len(made.gaps)} cells" if len(made.gaps) > 1 else ""),
                file=data.raw.file, row=data.raw.rows[first], field=name, value="empty cell", expected="a value",
                advice='fill it in, or leave such rows out and have them listed with missing="list"',
            )  # fmt: skip
        unread = tuple(
            {"row": str(data.raw.rows[i]), "study": data.study[i], "field": name,
             "reason": "the moderator is empty; row not used"} for i, name in made.gaps
        )  # fmt: skip
        left_out = int((~made.complete).sum())
        data = replace(
            data.some(made.complete), unread=data.unread + unread,
            notes=(*data.notes, f"rows without a moderator that were left out: {left_out}"),
        )  # fmt: skip
    if len(data) < 2:
        raise EvidenceError(
            "there is only one study, and one study cannot be pooled", file=data.raw.file,
            expected="at least two studies", advice="report the study as it is",
        )  # fmt: skip
    x = made.x[made.complete]
    require_rank(data.raw, made, x)
    fitted = pool_sets(data.yi, data.vi, model=model, test=test, mods=x[:, 1:], level=level)
    result = PairwiseResult(data, x, made.terms, fitted, (*data.notes, *made.notes))
    return replace(result, notes=(*result.notes, *_warnings(result)))


def _data(
    source: EffectTable | Source,
    vi: ArrayLike | None,
    measure: str | None,
    zero_cells: str | None,
    missing: str,
) -> EffectTable:
    if isinstance(source, EffectTable):
        if vi is not None or measure is not None:
            raise EvidenceError("the table has its estimates already", advice="leave vi and measure out")
        return source
    if vi is None and not (isinstance(source, np.ndarray | list | tuple)):
        return read_effects(source, measure=measure, zero_cells=zero_cells, missing=missing)
    if vi is None:
        raise EvidenceError("the variances are missing", field="vi", advice="pool(yi, vi)")
    yi, variances = (list(np.atleast_1d(np.asarray(column, dtype=object))) for column in (source, vi))
    if any(np.ndim(value) for value in (*yi, *variances)) or len(yi) != len(variances):
        raise EvidenceError(
            "estimates and variances do not fit each other", value=f"{len(yi)} and {len(variances)}",
            expected="two columns of the same length", advice="many sets at once: pool_sets(yi, vi)",
        )  # fmt: skip
    names = tuple(f"study {i + 1}" for i in range(len(yi)))
    return read_effects({"study": names, "yi": yi, "vi": variances}, missing=missing)


def _double_arcsine_warning(data: EffectTable) -> str:
    """Schwarzer, Chemaitelly, Abu-Raddad & Rücker, Res Synth Methods 2019;10:476-483."""
    if "n" not in data.raw.columns or not data.raw.is_numeric("n"):
        return "double arcsines are shown as they are: the way back to proportions needs a column n"
    n = data.raw.numbers("n")
    return (
        f"the pooled double arcsine is turned back with the harmonic mean of the sample sizes ({harmonic_mean(n):.4g}; they "
        f"lie between {np.min(n):g} and {np.max(n):g}); where sizes differ much this can mislead (Schwarzer 2019): compare PLO"
    )


def _warnings(result: PairwiseResult) -> tuple[str, ...]:
    """What a reader of the result has to know."""
    f, data = result.fitted, result.data
    said = []
    twice = sorted(name for name, rows in Counter(data.study).items() if rows > 1)
    if twice:
        shown = ", ".join(twice[:3]) + (" and others" if len(twice) > 3 else "")
        said.append(
            f"{shown} {'stand' if len(twice) > 1 else 'stands'} in several rows, which are pooled as if independent; if they are not, "
            "give cluster or levels (--cluster study, --levels study)"
        )
    if f.model != "common" and np.isnan(f.tau2_high[0]):
        said.append(
            "the estimates agree better than chance allows: the Q-profile interval of tau2 holds no value of 0 or above"
        )
    if f.test == "knapp-hartung":
        plain = result.refit(test="z")
        if f.se[0, 0] < plain.se[0, 0] * (1 - 1e-12):
            said.append(
                "the Knapp-Hartung standard error is smaller than that of the z test; test knapp-hartung-adhoc prevents this"
            )
    if data.measure == "PFT":
        said.append(_double_arcsine_warning(data))
    if f.model != "common" and result.k < 5:
        said.append(f"with {result.k} studies the variance between studies is hardly known")
    return tuple(said)
