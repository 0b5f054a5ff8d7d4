"""Studies from contrasts: one row per pair of treatments of a study, all pairs of a study with several arms.

The variances of all pairs of a study determine the covariance of its contrasts: cov(y_ab, y_ac) = (v_ab + v_ac - v_bc) / 2.
So nothing is lost, whatever the arms have in common, and the order of the rows and the sign of a row do not matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network.read import Line, need_columns, one_value
from opentrd.evidence.network.structure import Study, sort_names
from opentrd.evidence.table import LARGEST

COLUMNS = ("study", "treatment_1", "treatment_2", "yi", "vi")
TRIAL_DESIGNS = ("parallel", "cluster", "crossover")
_CLOSURE = 1e-3  # largest gap in a loop inside a study when the numbers carry many decimals


def studies_from_contrasts(lines: Sequence[Line]) -> tuple[list[Study], list[str]]:
    """Studies and notes. Raises EvidenceError for every row or study that cannot be used as it stands."""
    lines = _with_variances(lines)
    need_columns(lines, COLUMNS, "contrasts of a network")
    one_value(
        lines,
        "measure",
        "two effect measures in one network",
        "one effect measure on one scale",
        "convert the effects to one measure, or pool them apart",
    )
    _refuse_shared_controls(lines)
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.study(), []).append(line)
    notes: list[str] = []
    return [_study(name, rows, notes) for name, rows in groups.items()], notes


def check_scores(lines: Sequence[Line], measure: str | None) -> None:
    """Refuse two scales in mean differences, and change and final scores in standardised ones (Cochrane Handbook 10.5.2)."""
    measures = {(line.text("measure") or measure or "").upper() for line in lines}
    if "MD" in measures:
        one_value(
            lines,
            "scale",
            "mean differences on two scales in one network",
            "one scale in every row",
            "use the standardised mean difference (SMD), or pool the scales apart",
        )
    if not measures & {"SMD", "G", "D", "HEDGES G"}:
        return
    one_value(
        lines,
        "score",
        "change and final scores in one standardised mean difference, whose standard deviations do not measure the same",
        "either change or final in every row",
        "use the mean difference, or pool them apart",
    )


def _with_variances(lines: Sequence[Line]) -> Sequence[Line]:
    """Rows with vi, where the table has standard errors (se or sei) or 95 % intervals (ci_low, ci_high) instead."""
    names = {name for line in lines for name in line.cells}
    if "vi" in names:
        return lines
    for field in ("se", "sei"):
        if field in names:
            return [_squared(line, field) for line in lines]
    return [_from_interval(line) for line in lines] if {"ci_low", "ci_high"} <= names else lines


def _squared(line: Line, field: str) -> Line:
    error = line.number(field)
    if error <= 0:
        raise line.fault(
            "a standard error that is not positive", field, "a number above 0", "correct it or remove the row"
        )
    return Line({**line.cells, "vi": repr(error**2)}, line.row, line.file)


def _from_interval(line: Line) -> Line:
    low, high, effect = line.number("ci_low"), line.number("ci_high"), line.number("yi")
    if not low < high:
        raise line.fault(
            "the lower limit is not below the upper one", "ci_low", "ci_low < ci_high", "correct the row"
        )
    if not low <= effect <= high:
        raise line.fault(
            "the estimate lies outside its interval", "yi", f"a number from {low:g} to {high:g}",
            "correct the row; all three are on the scale of the analysis (logarithms for ratios)",
        )  # fmt: skip
    if abs((low + high) / 2 - effect) >= 0.1 * (high - low):
        raise line.fault(
            "the estimate is not in the middle of its interval", "yi", f"a number near {(low + high) / 2:g}",
            "ratios are given as logarithms, with their intervals",
        )  # fmt: skip
    error = (high - low) / (2 * float(norm.ppf(0.975)))
    return Line({**line.cells, "vi": repr(error**2)}, line.row, line.file)


def _refuse_shared_controls(lines: Sequence[Line]) -> None:
    owner: dict[str, Line] = {}
    for line in lines:
        sample = line.text("sample")
        if sample is None:
            continue
        first = owner.setdefault(sample, line)
        if first.text("study") != line.text("study"):
            raise line.fault(
                f"the studies {first.text('study')} (row {first.row}) and {line.text('study')} share a sample, "
                "whose persons would count twice",
                "sample",
                "a sample in one study only",
                "give them as one study with all its arms, or as arms, where a shared control is split",
            )


def _variance(line: Line) -> float:
    variance = line.number("vi")
    if variance <= 0:
        raise line.fault(
            "a variance of zero" if variance == 0 else "a negative variance",
            "vi",
            "a number above 0 (the squared standard error)",
            "compute it again from the study, or remove the study",
        )
    if variance < 1 / LARGEST:
        raise line.fault(
            "no study gives so small a variance", "vi", f"at least {1 / LARGEST:g}", "correct the cell"
        )
    kind = trial_design(line)
    adjusted = (line.text("adjusted") or "").lower() in {"true", "yes", "1"}
    if kind == "cluster" and not adjusted:
        return variance * design_effect(line)
    if kind == "crossover" and not adjusted:
        raise line.fault(
            "a crossover study whose variance is not said to come from a paired analysis",
            "design",
            "adjusted = true",
            "take yi and vi from the paired analysis (or the first period only) and set the column adjusted to true",
        )
    return variance


def trial_design(line: Line) -> str:
    """parallel (also when nothing is said), cluster or crossover. Raises EvidenceError for any other word."""
    said = (line.text("design") or "parallel").lower().replace("-", "").replace("cross over", "crossover")
    if said not in TRIAL_DESIGNS:
        raise line.fault(
            "a trial design that is not known",
            "design",
            ", ".join(TRIAL_DESIGNS),
            "correct the cell or leave it empty",
        )
    return said


def design_effect(line: Line) -> float:
    """1 + (cluster_size - 1) x icc (Cochrane Handbook 23.1.4). Raises EvidenceError when one of the two is missing."""
    icc, size = line.optional_number("icc"), line.optional_number("cluster_size")
    if icc is None or size is None:
        raise line.fault(
            "a cluster-randomised study without icc and cluster_size",
            "design",
            "the columns icc and cluster_size, or adjusted = true",
            "fill them in, or take an effect whose variance allows for the clusters",
        )
    if not 0 <= icc <= 1 or size < 1:
        raise line.fault(
            f"icc {icc:g} with cluster_size {size:g} is not possible",
            "icc",
            "icc from 0 to 1, cluster_size of at least 1",
            "correct them",
        )
    return 1.0 + (size - 1.0) * icc


def _study(name: str, lines: Sequence[Line], notes: list[str]) -> Study:
    pairs: dict[frozenset[str], tuple[Line, str, float, float]] = {}
    for line in lines:
        first, second = line.name("treatment_1"), line.name("treatment_2")
        if first == second:
            raise line.fault(
                f"study {name} compares {first} with itself",
                "treatment_2",
                "two different treatments",
                "name the arms apart (dose, for instance) or combine them",
            )
        pair = frozenset((first, second))
        if pair in pairs:
            raise line.fault(
                f"study {name} gives {first} against {second} twice (first in row {pairs[pair][0].row}): duplicate arms",
                "study",
                "each pair of a study once",
                "remove one row, give two studies two names, or combine the arms",
            )
        pairs[pair] = (line, first, line.number("yi"), _variance(line))
    arms = sort_names({treatment for pair in pairs for treatment in pair})
    missing = [
        f"{a} against {b}"
        for place, a in enumerate(arms)
        for b in arms[place + 1 :]
        if frozenset((a, b)) not in pairs
    ]
    if missing:
        raise lines[0].fault(
            f"study {name} has {len(arms)} arms but not all their pairs: {'; '.join(missing)} missing",
            "study",
            f"all {len(arms) * (len(arms) - 1) // 2} pairs",
            "add the missing pairs (their variances give the covariance), or give the arms instead of contrasts; "
            "two studies under one name need two names",
        )
    rows = tuple(dict(line.cells) for line in lines)
    if len(arms) == 2:
        _, first, yi, vi = next(iter(pairs.values()))
        sign = 1.0 if first == arms[1] else -1.0
        return Study(name, tuple(arms), np.array([sign * yi]), np.array([[vi]]), rows)
    effect, variance = _matrices(arms, pairs)
    contrasts = _closed(name, arms, effect, pairs)
    covariance = (variance[1:, :1] + variance[:1, 1:] - variance[1:, 1:]) / 2.0
    smallest = float(np.linalg.eigvalsh(covariance)[0])
    if smallest <= 1e-9 * float(np.trace(covariance)):
        raise lines[0].fault(
            f"the variances of the pairs of study {name} contradict each other: no covariance of its "
            f"{len(arms)} arms gives them ("
            + ", ".join(f"{' - '.join(sort_names(p))} {v[3]:g}" for p, v in pairs.items())
            + ")",
            "vi",
            "the standard error of each pair no larger than the sum of the other two of its triangle",
            "compute the variances again from the arms",
        )
    return Study(name, tuple(arms), contrasts, covariance, rows)


def _matrices(
    arms: Sequence[str], pairs: dict[frozenset[str], tuple[Line, str, float, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Effects (row minus column) and variances of all pairs, shape (arms, arms)."""
    effect, variance = np.zeros((len(arms), len(arms))), np.zeros((len(arms), len(arms)))
    for pair, (_, first, y, v) in pairs.items():
        i = arms.index(first)
        j = arms.index(next(iter(pair - {first})))
        effect[i, j], effect[j, i] = y, -y
        variance[i, j] = variance[j, i] = v
    return effect, variance


def _closed(
    name: str,
    arms: Sequence[str],
    effect: np.ndarray,
    pairs: dict[frozenset[str], tuple[Line, str, float, float]],
) -> np.ndarray:
    """The contrasts to the first arm that are nearest to all pairs. Raises EvidenceError when a triangle does not close."""
    decimals = max(_decimals(y) for _, _, y, _ in pairs.values())
    allowed = max(
        _CLOSURE, 1.5 * 10.0**-decimals
    )  # three numbers, each off by half a unit of the last decimal
    for i, a in enumerate(arms):
        for j, b in enumerate(arms[:i]):
            for c in arms[:j]:
                k = arms.index(c)
                gap = abs(effect[i, j] + effect[j, k] + effect[k, i])
                if gap > allowed * (1 + 1e-9):
                    line = pairs[frozenset((a, b))][0]
                    raise line.fault(
                        f"the pairs of study {name} contradict each other: {a} - {b} is {effect[i, j]:g}, but "
                        f"{a} - {c} and {c} - {b} give {effect[i, k] + effect[k, j]:g}",
                        "yi",
                        f"a gap of at most {allowed:g} (rounding)",
                        "check the signs and the order of the treatments, or give the arms instead of contrasts",
                    )
    means = effect.mean(axis=1)
    return np.asarray(means[1:] - means[0])


def _decimals(value: float) -> int:
    text = repr(float(value))
    return len(text.split(".")[1]) if "." in text and "e" not in text else 17


def refuse_few(studies: Sequence[Study], file: str | None) -> None:
    """Refuse a network of fewer than two studies."""
    if len(studies) < 2:
        raise EvidenceError(
            f"{len(studies)} study can be used"
            + (f" ({studies[0].name})" if studies else "")
            + ": there is nothing to pool",
            file=file,
            field="study",
            expected="at least two studies",
            advice="report the study's own effects",
        )
