"""What a reader can work out of the counts of two definitions and of their joint table, taken together.

A count is a set of kinds of persons with its size. A kind is a pair of places: how a person stands to one definition and to
the other. What is worked out: of two sets of which one lies inside the other, the difference; of two sets without a common
kind, the union; of two sets and their union, what they share; of a set of nobody, that none of its kinds occurs. A result of
1 to ``least - 1`` persons tells a small count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# How a person stands to a definition, (eligible, met): yes yes, yes ?, yes no, ? ?, ? no, no no.
PLACES = 6
YES_YES, YES_OPEN, YES_NO, OPEN_OPEN, OPEN_NO, NO_NO = range(PLACES)
OF_COUNT: dict[str, frozenset[int]] = {
    "persons": frozenset(range(PLACES)),
    "eligible_high": frozenset(range(PLACES)) - {NO_NO},
    "met_low": frozenset({YES_YES}),
    "met_high": frozenset({YES_YES, YES_OPEN, OPEN_OPEN}),
    "denominator_high": frozenset({YES_YES, YES_OPEN, YES_NO, OPEN_OPEN}),
    "eligible_low": frozenset({YES_YES, YES_OPEN, YES_NO}),
}
_DETERMINED = (YES_YES, YES_NO)
_INSIDE = (YES_YES, YES_OPEN, YES_NO)


def _bits(pairs: Iterable[tuple[int, int]]) -> int:
    return sum(1 << (a * PLACES + b) for a, b in set(pairs))


def _joint(first: Iterable[int], second: Iterable[int]) -> int:
    others = list(second)
    return _bits((a, b) for a in first for b in others)


# The counts of a joint table of two definitions, and of those who meet one and lie outside the denominator of the other.
OF_PAIR: dict[str, int] = {
    "persons": _joint(_DETERMINED, _DETERMINED),
    "both_met": _joint([YES_YES], [YES_YES]),
    "only_a": _joint([YES_YES], [YES_NO]),
    "only_b": _joint([YES_NO], [YES_YES]),
    "neither": _joint([YES_NO], [YES_NO]),
    "undetermined": _joint(_INSIDE, _INSIDE) & ~_joint(_DETERMINED, _DETERMINED),
    "a_met_b_outside": _joint([YES_YES], [NO_NO]),
    "a_met_b_may_be_outside": _joint([YES_YES], [OPEN_NO]),
    "b_met_a_outside": _joint([NO_NO], [YES_YES]),
    "b_met_a_may_be_outside": _joint([OPEN_NO], [YES_YES]),
}
Sums = tuple[tuple[int, int], ...]


def tells_small(a: Mapping[str, int], b: Mapping[str, int], pair: Mapping[str, int], least: int) -> bool:
    """Whether shown counts of two definitions (names of ``OF_COUNT``) and of their pair (``OF_PAIR``) tell a small one."""
    first = _of_definition(tuple(sorted(a.items())), first=True)
    second = _of_definition(tuple(sorted(b.items())), first=False)
    joint = [(OF_PAIR[name], count) for name, count in pair.items()]
    everybody = [(_joint(range(PLACES), range(PLACES)), a["persons"])] if "persons" in a else []
    both = _closed((*joint, *everybody))
    sums = [*first, *second, *both]
    masks = np.array([mask for mask, _ in sums], dtype=np.uint64)
    sizes = np.array([count for _, count in sums], dtype=np.int64)
    ends = len(first), len(first) + len(second)
    empty = np.uint64(0)
    while True:
        masks &= ~empty
        inside = (masks[:, None] & ~masks[None, :]) == 0
        gap: NDArray[np.int64] = sizes[None, :] - sizes[:, None]
        common, shared = _intersections(masks, sizes, ends)
        if any(
            bool(((count > 0) & (count < least)).any()) for count in (np.where(inside, gap, 0), sizes, shared)
        ):
            return True
        same = inside & (gap == 0)
        differences = (masks[None, :] & ~masks[:, None])[same]
        nobody = np.bitwise_or.reduce(differences, initial=np.uint64(0))
        nobody |= np.bitwise_or.reduce(masks[sizes == 0], initial=np.uint64(0))
        nobody |= np.bitwise_or.reduce(common[shared == 0], initial=np.uint64(0))
        if not nobody & ~empty:
            return False
        empty |= nobody


def _intersections(
    masks: NDArray[np.uint64], sizes: NDArray[np.int64], ends: tuple[int, int]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The sets common to one of the first definition and one of the second, where the size of their union is known."""
    a, b = masks[: ends[0], None], masks[None, ends[0] : ends[1]]
    order = np.argsort(masks)
    union = a | b
    place = order[np.minimum(np.searchsorted(masks, union, sorter=order), len(masks) - 1)]
    found = masks[place] == union
    shared = sizes[: ends[0], None] + sizes[None, ends[0] : ends[1]] - sizes[place]
    return (a & b)[found], shared[found]


@lru_cache(maxsize=1024)
def _of_definition(counts: Sums | tuple[tuple[str, int], ...], first: bool) -> Sums:
    every = range(PLACES)
    return _closed(
        tuple(
            (_joint(OF_COUNT[str(name)], every) if first else _joint(every, OF_COUNT[str(name)]), count)
            for name, count in counts
        )
    )


def _closed(sums: Sums) -> Sums:
    """The sums with all unions and differences that follow from them."""
    found = dict(sums)
    fresh = list(found.items())
    while fresh:
        made: dict[int, int] = {}
        for mask, count in fresh:
            for other, size in list(found.items()):
                if mask & other == 0:
                    made[mask | other] = count + size
                elif mask & ~other == 0:
                    made[other & ~mask] = size - count
                elif other & ~mask == 0:
                    made[mask & ~other] = count - size
        fresh = [(mask, count) for mask, count in made.items() if mask and mask not in found]
        found.update(fresh)
    return tuple(found.items())
