"""Effects in a table against the effects that the studies themselves print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from opentrd.evidence.audit.estimates import DIFFERENCE
from opentrd.evidence.audit.model import Estimate, Finding, Material
from opentrd.evidence.audit.numbers import PValue, to_number
from opentrd.evidence.audit.registry import rule
from opentrd.evidence.audit.rules_interval import LEVELS, p_fits
from opentrd.evidence.audit.rules_studies import GROUP, against
from opentrd.evidence.audit.shelf import Row, Shelf, number, same_effects, says


@rule(
    "effect_against_study", group=GROUP, severity="high",
    asserts="An effect is copied from its study as it stands there: limits, level of the interval, between or within groups.",
    needs="a table row on a study whose effects the knowledge has",
    arithmetic="same estimate with one limit changed; changes within groups beside differences between groups; the level at which "
    "the interval gives the study's own p",
    source="the source of the effect row; Altman & Bland 2011, BMJ 343:d2090",
)  # fmt: skip
def effect_against_study(material: Material) -> Iterator[Finding]:
    """Limits copied wrongly, within-group effects beside between-group ones, 90 % intervals headed 95 %."""
    shelf = Shelf(material)
    for document in material.documents:
        for table in document.tables:
            within: list[tuple[Estimate, Row, Row]] = []
            differences = 0
            levels: dict[str, list[tuple[Estimate, Row, str]]] = {}
            own_type = "within" in table.roles or "quantity" in table.roles
            for row in table.rows:
                study = shelf.of_row(document, row.study)
                place = table.place(row)
                for found in document.estimates:
                    if found.place != place or found.place.line != row.line:
                        continue
                    differences += found.measure in DIFFERENCE
                    if study is None:
                        continue
                    same = same_effects(shelf, study, found)
                    yield from _limits(study, same, found)
                    if same and all(one.get("contrast") == "within" for one in same) and not own_type:
                        within.append((found, same[0], study))
                    level = _level(shelf, study, found)
                    if level:
                        levels.setdefault(str(study["study"]), []).append((found, study, level))
            if within and differences > len(within):
                yield _within(within, differences)
            for wrong in levels.values():
                if len(wrong) >= 2:
                    yield _levels(wrong)


def _limits(study: Row, same: list[Row], found: Estimate) -> Iterator[Finding]:
    printed = [row for row in same if number(row, "ci_low") is not None]
    if found.low is None or found.high is None or not printed:
        return
    for row in printed:
        low, high = number(row, "ci_low") or 0.0, number(row, "ci_high") or 0.0
        hits = [
            abs(low - found.low.value) <= found.low.half + 1e-9,
            abs(high - found.high.value) <= found.high.half + 1e-9,
        ]
        if all(hits):
            return
    for row in printed:
        low, high = number(row, "ci_low") or 0.0, number(row, "ci_high") or 0.0
        hits = [
            abs(low - found.low.value) <= found.low.half + 1e-9,
            abs(high - found.high.value) <= found.high.half + 1e-9,
        ]
        if any(hits):
            yield against(study, Finding(
                "effect_against_study", str(found.place), found.text, f"{says(study)}: {row['estimate']} [{low:g} to {high:g}]",
                f"one limit was copied wrongly: {found.high.text if hits[0] else found.low.text} is "
                f"{high if hits[0] else low:g} in the study",
                "high", "review",
            ))  # fmt: skip


def _within(within: list[tuple[Estimate, Row, Row]], differences: int) -> Finding:
    first, effect, study = within[0]
    return against(study, Finding(
        "effect_against_study", str(first.place), "; ".join(dict.fromkeys(found.text for found, _, _ in within)),
        f"{says(study)}: {effect.get('measure')}, {effect.get('comparison')}",
        f"{len(within)} of {differences} differences in this column are changes within groups, not differences between groups",
        "high", "review",
    ))  # fmt: skip


def _level(shelf: Shelf, study: Row, found: Estimate) -> str:
    """The level at which the interval gives the study's own p value, when the printed level does not."""
    label = re.findall(r"\w+", found.label.lower())
    if (
        found.low is None
        or found.high is None
        or found.level is None
        or found.measure not in DIFFERENCE
        or not label
    ):
        return ""
    for row in shelf.effects[str(study["study"])]:
        own = number(row, "estimate")
        words = re.findall(r"\w+", f"{row.get('comparison')}".lower())
        if (
            row.get("p_value") is None
            or (own is not None and abs(own - found.value.value) > found.value.half)
            or not all(word in words for word in label)
        ):
            continue
        sides = 1 if "one-sided" in str(row.get("p_test")) else 2
        printed = to_number(_printed(float(str(row["p_value"]))))
        with_p = replace(found, p=PValue(str(row.get("p_relation") or "="), printed))
        if p_fits(with_p, found.level, sides):
            continue
        fitting = [level for level in LEVELS if p_fits(with_p, level, sides)]
        if fitting:
            return f"{fitting[0]:.0%} ({'one' if sides == 1 else 'two'}-sided p {row.get('p_relation')} {row['p_value']})"
    return ""


def _printed(value: float) -> str:
    return f"{value:.6f}".rstrip("0")


def _levels(wrong: list[tuple[Estimate, Row, str]]) -> Finding:
    first, study, _ = wrong[0]
    fits = "; ".join(
        f"{found.label} {found.low.text if found.low else ''} to {found.high.text if found.high else ''}: {level}"
        for found, _, level in wrong
    )
    return against(study, Finding(
        "effect_against_study", str(first.place), "; ".join(found.text for found, _, _ in wrong) + f", headed {first.level:.0%}",
        f"{says(study)}: the p values of the study",
        f"the intervals give the study's p values only at another level: {fits}", "high", "review",
    ))  # fmt: skip
