"""How much reviews rest on the same studies: the corrected covered area, overall and for each pair of reviews."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import Any

from opentrd import knowledge
from opentrd.evidence.certainty.tools import propose
from opentrd.evidence.errors import EvidenceError


@dataclass(frozen=True)
class Overlap:
    """``cca``: (N - r) / (r c - r), from N inclusions of r studies in c reviews; None when there is nothing to overlap.

    ``cca_possible``: without the cells where a review is older than the study (it could not include it); ``cca_weighted``:
    each study counted with the root of its persons. ``matrix``: one row for each study, with one truth for each review.
    """

    reviews: tuple[str, ...]
    inclusions: int
    studies: int
    cca: float | None
    cca_possible: float | None
    cca_weighted: float | None
    band: str | None
    matrix: tuple[dict[str, Any], ...]
    pairs: tuple[dict[str, Any], ...]

    def table(self) -> dict[str, Any]:
        """The overall numbers under their names."""
        return {
            "reviews": len(self.reviews), "inclusions": self.inclusions, "studies": self.studies, "cca": self.cca,
            "cca_possible": self.cca_possible, "cca_weighted": self.cca_weighted, "band": self.band,
        }  # fmt: skip


def covered_area(
    inclusions: Iterable[tuple[str, str]],
    *,
    years: Mapping[str, int | None] | None = None,
    persons: Mapping[str, int | None] | None = None,
) -> Overlap:
    """The overlap of reviews from pairs (review, study); a pair given twice counts once.

    ``years``: year of each review and study; ``persons``: of each study (the weighted area is None as soon as one is not
    known). Corrected covered area and its bands: Pieper et al. 2014. Raises EvidenceError when there are no pairs.
    """
    pairs = sorted({(str(review), str(study)) for review, study in inclusions})
    if not pairs:
        raise EvidenceError(
            "no review includes a study", field="inclusions", expected="pairs (review, study)"
        )
    reviews = tuple(dict.fromkeys(review for review, _ in pairs))
    studies = tuple(sorted({study for _, study in pairs}))
    included = {review: {study for r, study in pairs if r == review} for review in reviews}
    cca, possible, weighted = _areas(reviews, studies, included, years or {}, persons)
    matrix = [
        {"study": study, "times": sum(study in included[r] for r in reviews)}
        | {review: study in included[review] for review in reviews}
        for study in studies
    ]
    between = []
    for one, two in combinations(reviews, 2):
        union = tuple(sorted(included[one] | included[two]))
        area, free, heavy = _areas((one, two), union, included, years or {}, persons)
        between.append(
            {
                "review_1": one, "review_2": two, "shared": len(included[one] & included[two]),
                "studies": len(union), "cca": area, "cca_possible": free, "cca_weighted": heavy, "band": _band(area),
            }
        )  # fmt: skip
    return Overlap(
        reviews, len(pairs), len(studies), cca, possible, weighted, _band(cca), tuple(matrix), tuple(between)
    )


def _areas(
    reviews: Collection[str],
    studies: Collection[str],
    included: Mapping[str, Collection[str]],
    years: Mapping[str, int | None],
    persons: Mapping[str, int | None] | None,
) -> tuple[float | None, float | None, float | None]:
    n = sum(study in included[review] for review in reviews for study in studies)
    r, c = len(studies), len(reviews)
    if c < 2:
        return None, None, None
    older = sum(
        1
        for review in reviews
        for study in studies
        if study not in included[review] and _is_older(years.get(review), years.get(study))
    )
    cells = r * c - r
    plain = (n - r) / cells
    possible = (n - r) / (cells - older) if cells > older else None
    weighted = None
    if persons is not None and all(persons.get(study) is not None for study in studies):
        weight = {study: sqrt(float(persons[study] or 0)) for study in studies}
        once = sum(weight.values())
        if once > 0:
            times = sum(weight[s] for review in reviews for s in studies if s in included[review])
            weighted = (times - once) / (once * (c - 1))
    return plain, possible, weighted


def _is_older(review: int | None, study: int | None) -> bool:
    return review is not None and study is not None and review < study


def _band(cca: float | None) -> str | None:
    return None if cca is None else propose("cca", {"cca": cca})["overall"].judgement


def known_inclusions(
    reviews: Collection[str] | None = None, *, roles: Collection[str] = ("included",), by_sample: bool = False
) -> list[tuple[str, str]]:
    """Pairs (review, study) of the table ``citation``; ``by_sample``: several papers on one sample are one study.

    ``roles``: included (in the synthesis), cited, named. Raises EvidenceError for a review that has no citations.
    """
    samples = {row["study"]: row["sample"] for row in knowledge.table("study").to_pylist()}
    rows = knowledge.table("citation").to_pylist()
    known = {row["review"] for row in rows}
    strange = set(reviews or ()) - known
    if strange:
        raise EvidenceError(
            "no citations are known of this review", field="reviews", value=", ".join(sorted(strange)),
            expected=", ".join(sorted(known)),
        )  # fmt: skip
    pairs = []
    for row in rows:
        if row["role"] in roles and (reviews is None or row["review"] in reviews):
            sample = samples.get(row["study"], "several")
            study = row["study"] if not by_sample or sample == "several" else sample
            pairs.append((row["review"], study))
    return pairs
