"""Studies from arms: events and persons, or means and standard deviations, as contrasts with their exact covariance.

An arm enters all contrasts of its study, so two contrasts to one arm share its variance. For the standardised mean
difference the standard deviation is pooled over all arms of the study and the covariance is that of Gleser and Olkin
(2009, in Cooper, Hedges and Valentine, chapter 19), with Hedges' correction on the study's degrees of freedom.
Clusters: events and persons divided by the design effect (Cochrane Handbook 23.1.4); crossover: only the mean difference
of two periods with a within-person correlation (23.2.3); a control group shared by studies: split evenly (23.3.4).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from opentrd.evidence.errors import EvidenceError
from opentrd.evidence.network.contrasts import design_effect, trial_design
from opentrd.evidence.network.read import Line, need_columns
from opentrd.evidence.network.structure import Study

BINARY = ("OR", "RR", "RD")
CONTINUOUS = ("MD", "SMD", "ROM")
RATES = ("IRR",)
MEASURES = (*BINARY, *CONTINUOUS, *RATES)
RATIOS = frozenset({"OR", "RR", "ROM", "IRR"})
ZERO_CELLS = ("only", "none")
_FIELDS = dict.fromkeys(BINARY, ("events", "n")) | dict.fromkeys(CONTINUOUS, ("mean", "sd", "n"))
_FIELDS |= dict.fromkeys(RATES, ("events", "time"))


@dataclass(frozen=True)
class Arm:
    """One arm: its treatment, the numbers of its measure (after the design effect and a split), its row."""

    treatment: str
    numbers: tuple[float, ...]
    line: Line


def studies_from_arms(
    lines: Sequence[Line], measure: str, *, zero_cells: str = "only", keep_double_zero: bool = False
) -> tuple[list[Study], list[str]]:
    """Studies and notes.

    ``zero_cells``: ``only`` adds 1/2 to every cell of all arms of a study in which one cell is empty (risk difference: to
    its variance only, and only where two arms have none), ``none`` stops. A study without any event, or with nothing but
    events, says nothing about a ratio and is left out with a note unless ``keep_double_zero``.
    Raises EvidenceError for every row or study that cannot be used as it stands.
    """
    if measure not in MEASURES:
        raise EvidenceError(
            f"the measure {measure!r} is not known for arms of a network",
            expected=", ".join(MEASURES),
            advice="choose one of them, or give contrasts (yi, vi)",
        )
    if zero_cells not in ZERO_CELLS:
        raise EvidenceError(f"zero_cells {zero_cells!r} is not known", expected=" or ".join(ZERO_CELLS))
    need_columns(
        lines, ("study", "treatment", *_FIELDS[measure]), f"arms of a network with measure {measure}"
    )
    shared = _shared_controls(lines)
    groups: dict[str, list[Arm]] = {}
    for line in lines:
        arms = groups.setdefault(line.study(), [])
        treatment = line.name("treatment")
        for arm in arms:
            if arm.treatment == treatment:
                raise line.fault(
                    f"study {line.name('study')} has {treatment} twice (first in row {arm.line.row}): duplicate arms",
                    "treatment",
                    "each treatment once per study",
                    "combine the two arms (add events and n), or name them apart (dose, for instance)",
                )
        times = shared.get((line.text("sample") or "", treatment), 1)
        arms.append(Arm(treatment, _numbers(line, measure, times), line))
    notes = [
        f"{treatment} of sample {sample} is split between {times} studies"
        for (sample, treatment), times in shared.items()
    ]
    studies = []
    for name, arms in groups.items():
        if len(arms) < 2:
            raise arms[0].line.fault(
                f"study {name} has one arm only ({arms[0].treatment})",
                "study",
                "at least two arms per study",
                "add the other arm or remove the study",
            )
        study = _study(name, arms, measure, zero_cells, keep_double_zero, notes)
        if study is not None:
            studies.append(study)
    return studies, notes


def _shared_controls(lines: Sequence[Line]) -> dict[tuple[str, str], int]:
    """(sample, treatment) -> in how many studies it stands, where that is more than one."""
    found: dict[tuple[str, str], set[str]] = {}
    for line in lines:
        sample = line.text("sample")
        if sample is not None:
            found.setdefault((sample, line.name("treatment")), set()).add(line.name("study"))
    return {key: len(studies) for key, studies in found.items() if len(studies) > 1}


def _numbers(line: Line, measure: str, times: int) -> tuple[float, ...]:
    values = {field: line.number(field) for field in _FIELDS[measure]}
    for field, value in values.items():
        low = 0.0 if field == "events" else -math.inf if field == "mean" else 1e-300
        if value < low:
            words = "a number of at least 0" if field == "events" else "a number above 0"
            raise line.fault(f"{field} is not possible", field, words, "correct the cell")
    if measure in BINARY and values["events"] > values["n"]:
        raise line.fault(
            f"more events than persons ({values['events']:g} of {values['n']:g})",
            "events",
            "events no larger than n",
            "correct one of them",
        )
    if measure == "ROM" and values["mean"] <= 0:
        raise line.fault(
            "a ratio of means needs means above 0", "mean", "a number above 0", "use the mean difference"
        )
    kind = trial_design(line)
    divide = float(times)
    if kind == "cluster":
        divide *= design_effect(line)
    if kind == "crossover" and (measure != "MD" or line.optional_number("correlation") is None):
        raise line.fault(
            f"a crossover study cannot be read from arms as if its periods were different persons (measure {measure})",
            "design",
            "measure MD with the column correlation (between the periods, within persons)",
            "fill in the correlation, give the first period only as design parallel, or give contrasts from the "
            "paired analysis",
        )
    for field in ("events", "n", "time"):
        if field in values:
            values[field] /= divide
    return tuple(values[field] for field in _FIELDS[measure])


def _study(
    name: str, arms: Sequence[Arm], measure: str, zero_cells: str, keep_double_zero: bool, notes: list[str]
) -> Study | None:
    treatments = tuple(arm.treatment for arm in arms)
    rows = tuple(dict(arm.line.cells) for arm in arms)
    if measure == "SMD":
        effects, covariance = _standardised(name, arms)
        return Study(name, treatments, effects, covariance, rows)
    numbers = np.array([arm.numbers for arm in arms])
    if measure in (*BINARY, *RATES):
        counted = _without_zeros(name, arms, numbers, measure, zero_cells, keep_double_zero, notes)
        if counted is None:
            return None
        numbers = counted
    level, variance = _LEVELS[measure](numbers)
    if measure == "RD":  # the estimate itself needs no correction
        raw = np.array([arm.numbers for arm in arms])
        level = raw[:, 0] / raw[:, 1]
    covariance = np.diag(variance[1:]) + variance[0]
    if any(trial_design(arm.line) == "crossover" for arm in arms):
        covariance = _paired(name, arms, variance)
    return Study(name, treatments, level[1:] - level[0], covariance, rows)


def _paired(name: str, arms: Sequence[Arm], variance: np.ndarray) -> np.ndarray:
    line = arms[0].line
    if len(arms) != 2 or any(trial_design(arm.line) != "crossover" for arm in arms):
        raise line.fault(
            f"study {name}: a crossover study is read from exactly two arms, both marked as crossover",
            "design",
            "two arms with design crossover",
            "give contrasts from the paired analysis",
        )
    said = line.optional_number("correlation")
    correlation = 0.0 if said is None else said
    if not -1 < correlation < 1:
        raise line.fault(
            "a correlation that is not possible", "correlation", "between -1 and 1", "correct the cell"
        )
    return np.array([[float(variance.sum()) - 2 * correlation * math.sqrt(float(variance[0] * variance[1]))]])


def _without_zeros(
    name: str,
    arms: Sequence[Arm],
    numbers: np.ndarray,
    measure: str,
    zero_cells: str,
    keep_double_zero: bool,
    notes: list[str],
) -> np.ndarray | None:
    events, size = numbers[:, 0], numbers[:, 1]
    rest = size - events if measure in BINARY else np.ones_like(events)
    empty = (events == 0) | (rest == 0)
    if not empty.any() or (measure == "RD" and empty.sum() < 2):
        return numbers
    no_news = not events.any() or not rest.any()
    if measure != "RD" and no_news and not keep_double_zero:
        notes.append(
            f"study {name} has {'no event' if not events.any() else 'nothing but events'} and is left out"
        )
        return None
    if zero_cells == "none":
        place = int(np.flatnonzero(empty)[0])
        raise arms[place].line.fault(
            f"an empty cell in study {name} while zero_cells is none",
            "events",
            "events above 0 and below n",
            "choose zero_cells = only, or another measure",
        )
    notes.append(f"study {name}: 1/2 is added to every cell because one is empty")
    return np.column_stack([events + 0.5, size + (1.0 if measure in BINARY else 0.0)])


def _standardised(name: str, arms: Sequence[Arm]) -> tuple[np.ndarray, np.ndarray]:
    mean, sd, size = np.array([arm.numbers for arm in arms]).T
    total = float(size.sum())
    df = total - len(arms)
    if df <= 1 or (size <= 1).any():
        raise arms[0].line.fault(
            f"study {name} is too small for a standardised mean difference",
            "n",
            "more than one person in every arm",
            "use the mean difference or remove the study",
        )
    pooled = math.sqrt(float(((size - 1) * sd**2).sum()) / df)
    correction = math.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / math.sqrt(df / 2)
    effects = correction * (mean[1:] - mean[0]) / pooled
    covariance = np.diag(1 / size[1:]) + 1 / size[0] + np.outer(effects, effects) / (2 * total)
    return effects, covariance


def _odds(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    events, size = numbers.T
    return np.log(events / (size - events)), 1 / events + 1 / (size - events)


def _risk_ratio(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    events, size = numbers.T
    return np.log(events / size), 1 / events - 1 / size


def _risk(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    events, size = numbers.T
    return events / size, events * (size - events) / size**3


def _mean(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, sd, size = numbers.T
    return mean, sd**2 / size


def _log_mean(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, sd, size = numbers.T
    return np.log(mean), sd**2 / (size * mean**2)


def _rate(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    events, time = numbers.T
    return np.log(events / time), 1 / events


# Measure -> level of each arm on the analysis scale and its variance; a contrast is a difference of levels.
_LEVELS: dict[str, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "OR": _odds, "RR": _risk_ratio, "RD": _risk, "MD": _mean, "ROM": _log_mean, "IRR": _rate,
}  # fmt: skip
