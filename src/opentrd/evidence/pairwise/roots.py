"""Roots of many functions at once, each kept in its own bracket: no solver of this wing can fail to converge."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

_EPS = float(np.finfo(float).eps)


def bracketed_root(
    function: Callable[[Floats], Floats], low: Floats, high: Floats, *, most: int = 200
) -> Floats:
    """The root of ``function`` between ``low`` and ``high``, for each of B functions.

    ``function`` takes and returns shape (B,). Where its signs at both ends agree there is nothing to find, and the end
    with the smaller value is returned. Inverse quadratic steps guarded by bisection: Chandrupatla, Adv Eng Softw
    1997;28:145-149.
    """
    newest, other = low.copy(), high.copy()
    f_newest, f_other = function(newest), function(other)
    oldest, f_oldest = other.copy(), f_other.copy()
    step = np.full(newest.shape, 0.5)
    floor = _EPS * np.maximum(np.abs(high - low), np.finfo(float).tiny)
    done = np.sign(f_newest) * np.sign(f_other) >= 0
    for _ in range(most):
        if done.all():
            break
        point = np.where(done, newest, newest + step * (other - newest))
        f_point = function(point)
        same = np.sign(f_point) == np.sign(f_newest)
        go = ~done
        oldest = np.where(go, np.where(same, newest, other), oldest)
        f_oldest = np.where(go, np.where(same, f_newest, f_other), f_oldest)
        other = np.where(go & ~same, newest, other)
        f_other = np.where(go & ~same, f_newest, f_other)
        newest, f_newest = np.where(go, point, newest), np.where(go, f_point, f_newest)
        best = np.where(np.abs(f_newest) < np.abs(f_other), newest, other)
        width = np.abs(other - newest)
        with np.errstate(divide="ignore", invalid="ignore"):
            limit = (2 * _EPS * np.abs(best) + floor) / width
            done = done | (limit > 0.5) | (f_newest == 0) | (width == 0)
            place = (newest - other) / (oldest - other)
            level = (f_newest - f_other) / (f_oldest - f_other)
            smooth = (level**2 < place) & ((1 - level) ** 2 < 1 - place)
            quadratic = f_newest / (f_other - f_newest) * f_oldest / (f_other - f_oldest) + (
                oldest - newest
            ) / (other - newest) * f_newest / (f_oldest - f_newest) * f_other / (f_oldest - f_other)
        step = np.where(smooth & np.isfinite(quadratic), quadratic, 0.5)
        step = np.clip(step, np.where(done, 0.5, limit), np.where(done, 0.5, 1 - limit))
    return np.where(np.abs(f_newest) <= np.abs(f_other), newest, other)
