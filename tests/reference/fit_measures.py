"""docs/fit-measures.md, sections 1 to 4: items, totals of scales, laboratory values, each as an interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from reference import facts
from reference.days import ordinal
from reference.history import History

Row = dict[str, Any]
Bounds = tuple[float | None, float | None]
LAB_KINDS = ("lab", "vital", "drug level", "history")


def measure_of(name: str) -> Row:
    """The row of the measure."""
    return {row["measure"]: row for row in facts.rows("measure")}[name]


def _dated(row: Row, history: History) -> Row:
    """Rules 1 and 2: the days of a measurement, none after ``as_of``."""
    low, high = ordinal(row["date_earliest"]), ordinal(row["date_latest"])
    return {"date_low": low, "date_high": None if high is None else min(high, history.as_of)}


def mark_last(rows: list[Row], group: Callable[[Row], Any], says: Callable[[Row], bool]) -> None:
    """Rule 3: which rows of a group are among the latest that say something."""
    for row in rows:
        others = [other for other in rows if group(other) == group(row) and says(other)]
        latest = max((other["date_low"] for other in others if other["date_low"] is not None), default=None)
        if not says(row):
            row["last"] = False
        elif latest is None:
            row["last"] = True
        else:
            row["last"] = row["date_high"] is not None and row["date_high"] >= latest


def rating_items(history: History) -> list[Row]:
    """Section 2."""
    places = {row["measure"]: row for row in facts.rows("scale_item")}
    found = []
    for row in history.measurements:
        if row["measure"] not in places:
            continue
        place, measure, value = places[row["measure"]], measure_of(row["measure"]), row["value"]
        answered = (
            value is not None and row["sign"] == "=" and measure["min_value"] <= value <= measure["max_value"]
        )
        found.append(
            {
                "measurement_id": row["measurement_id"],
                "subject": row["measure"],
                "measure": place["scale"],
                "item": place["item"],
                "value": value if answered else None,
                **_dated(row, history),
            }
        )
    mark_last(found, lambda row: (row["measure"], row["item"]), lambda row: row["value"] is not None)
    return found


def ratings(history: History, items: list[Row]) -> list[Row]:
    """Section 3: recorded totals, sums of items, conversions; with bands and which are the latest."""
    recorded = _recorded(history)
    sums = [total for scale in _scored() for total in _sums(scale, items)]
    found = []
    for row in recorded:
        same = [total for total in sums if _occasion(total) == _occasion(row)]
        row["agrees"] = None
        if same and row["reason"] is None:
            (total,) = same
            row["agrees"] = _touch((row["low"], row["high"]), (total["low"], total["high"]))
        found.append(row)
    told = {_occasion(row) for row in recorded if row["reason"] is None}
    found += [total for total in sums if _occasion(total) not in told]
    found += _converted(found)
    mark_last(
        found, lambda row: row["measure"], lambda row: row["reason"] is None and row["origin"] != "converted"
    )
    for row in found:
        row["band_low"], row["band_high"] = (_band(row["measure"], row[bound]) for bound in ("low", "high"))
    return found


def _occasion(row: Row) -> tuple[Any, ...]:
    return row["measure"], row["date_low"], row["date_high"]


def _touch(one: Bounds, other: Bounds) -> bool:
    low = max(bound for bound in (one[0], other[0]) if bound is not None)
    return all(high is None or low <= high for high in (one[1], other[1]))


def _recorded(history: History) -> list[Row]:
    """Rule 7."""
    scales = {row["scale"] for row in facts.rows("scale")}
    found = []
    for row in history.measurements:
        if row["measure"] not in scales:
            continue
        measure, value = measure_of(row["measure"]), row["value"]
        least, most = measure["min_value"], measure["max_value"]
        reason = None
        if value is None:
            reason = "no value"
        elif (least is not None and value < least) or (most is not None and value > most):
            reason = "outside the range of the scale"
        low, high = (
            (None, None)
            if reason
            else {"<": (least, value), ">": (value, most), "=": (value, value)}[row["sign"]]
        )
        found.append(
            {
                "rating_id": row["measurement_id"],
                "measure": row["measure"],
                "low": low,
                "high": high,
                "origin": "recorded",
                "complete": reason is None and row["sign"] == "=",
                "reason": reason,
                **_dated(row, history),
            }
        )
    return found


def _scored() -> list[str]:
    return sorted({row["scale"] for row in facts.rows("scale_rule")})


def groups_of(scale: str) -> dict[str, dict[int, list[Row]]]:
    """The rules of a scale: group -> slot -> the items that may fill it."""
    found: dict[str, dict[int, list[Row]]] = {}
    for row in facts.rows("scale_rule"):
        if row["scale"] == scale:
            found.setdefault(row["grp"], {}).setdefault(row["slot"], []).append(row)
    return found


def occasions(scale: str, items: list[Row]) -> dict[tuple[Any, Any], list[Row]]:
    """Rule 8: the answers that a scale is scored from, by occasion."""
    wanted = {(row["item_scale"], row["item"]) for row in facts.rows("scale_rule") if row["scale"] == scale}
    found: dict[tuple[Any, Any], list[Row]] = {}
    for row in items:
        if (row["measure"], row["item"]) in wanted and row["value"] is not None:
            found.setdefault((row["date_low"], row["date_high"]), []).append(row)
    return found


def _points(rule: Row, answers: list[Row]) -> list[float]:
    """What the answers of one occasion to one item count."""
    found = []
    for row in answers:
        if (row["measure"], row["item"]) == (rule["item_scale"], rule["item"]):
            measure = measure_of(row["subject"])
            turned = measure["min_value"] + measure["max_value"] - row["value"]
            found.append(turned if rule["reversed"] else row["value"])
    return found


def _ends(rule: Row) -> tuple[float, float]:
    """The least and the most that an item can give."""
    (name,) = [
        row["measure"]
        for row in facts.rows("scale_item")
        if (row["scale"], row["item"]) == (rule["item_scale"], rule["item"])
    ]
    return measure_of(name)["min_value"], measure_of(name)["max_value"]


def group_score(slots: dict[int, list[Row]], answers: list[Row]) -> tuple[float, float, int]:
    """Rule 9: bounds of a group of items, and how many of its slots are answered."""
    scores = []
    for rules in slots.values():
        given = [points for rule in rules if (points := _points(rule, answers))]
        if given:
            scores.append((max(map(min, given)), max(map(max, given))))
    ends = [_ends(rule) for rules in slots.values() for rule in rules]
    if not scores:
        return min(low for low, _ in ends), max(high for _, high in ends), 0
    high = max(high for _, high in scores) if len(scores) == len(slots) else max(high for _, high in ends)
    return max(low for low, _ in scores), high, len(scores)


def _sums(scale: str, items: list[Row]) -> list[Row]:
    """Rules 10 and 11: the totals that follow from items."""
    groups = groups_of(scale)
    slots = sum(len(group) for group in groups.values())
    found = []
    for (first, last), answers in occasions(scale, items).items():
        scores = [group_score(group, answers) for group in groups.values()]
        answered = sum(score[2] for score in scores)
        if answered / slots < float(facts.one("parameter", parameter="least_answered")["value"]):
            continue
        found.append(
            {
                "rating_id": f"{scale}/{_name(first, last)}",
                "measure": scale,
                "date_low": first,
                "date_high": last,
                "low": sum(score[0] for score in scores),
                "high": sum(score[1] for score in scores),
                "origin": "summed",
                "complete": answered == slots,
                "answered": answered,
                "prorated": _prorated(scale, groups, scores, answered, slots),
                "reason": None,
                "agrees": None,
            }
        )
    return found


def _name(first: int | None, last: int | None) -> str:
    if first is None or last is None:
        return "undated"
    days = [date.fromordinal(day).isoformat() for day in (first, last)]
    return days[0] if first == last else "/".join(days)


def _prorated(
    scale: str,
    groups: dict[str, dict[int, list[Row]]],
    scores: list[tuple[float, float, int]],
    answered: int,
    slots: int,
) -> float | None:
    rules = [row for row in facts.rows("scale_prorate") if row["scale"] == scale]
    if not rules or any(len(group) > 1 for group in groups.values()):
        return None
    known = [score for score in scores if score[2]]
    if slots - answered > rules[0]["most_missing"] or any(low != high for low, high, _ in known):
        return None
    return sum(low for low, _, _ in known) * slots / answered


def _converted(rows: list[Row]) -> list[Row]:
    """Rule 13: totals that published conversions make of ratings by other scales."""
    rated = {row["measure"] for row in rows}
    targets = [
        row["scale"] for row in facts.rows("scale") if row["band_scheme"] and row["scale"] not in rated
    ]
    found = []
    for row in rows:
        if row["reason"] is not None:
            continue
        for target in targets:
            for name, low, high in [*_by_table(row, target), *_by_anchors(row, target)]:
                found.append(
                    {
                        "rating_id": f"{target}/{name}/{row['rating_id']}",
                        "measure": target,
                        "date_low": row["date_low"],
                        "date_high": row["date_high"],
                        "low": low,
                        "high": high,
                        "origin": "converted",
                        "complete": row["low"] == row["high"],
                        "reason": None,
                        "agrees": None,
                    }
                )
    return found


def _by_table(row: Row, target: str) -> Iterable[tuple[str, float, float]]:
    tables = facts.rows("crosswalk")
    for name in sorted({step["crosswalk"] for step in tables}):
        steps = {
            (step["crosswalk"], step["step"])
            for step in tables
            if step["crosswalk"] == name
            and step["scale"] == row["measure"]
            and row["low"] < step["to_score"] + 1
            and row["high"] >= step["from_score"]
        }
        there = [
            step for step in tables if (step["crosswalk"], step["step"]) in steps and step["scale"] == target
        ]
        if there and row["measure"] != target:
            yield name, min(step["from_score"] for step in there), max(step["to_score"] for step in there)


def _by_anchors(row: Row, target: str) -> Iterable[tuple[str, float, float]]:
    mine = [
        anchor
        for anchor in facts.rows("crosswalk_anchor")
        if (anchor["scale"], anchor["to_scale"]) == (row["measure"], target)
    ]
    for name in sorted({anchor["crosswalk"] for anchor in mine}):
        points = [anchor for anchor in mine if anchor["crosswalk"] == name]
        low = [point["to_low"] for point in points if point["from_score"] <= row["low"]]
        high = [point["to_high"] for point in points if point["to_score"] + 1 > row["high"]]
        if low and high:
            yield name, max(low), min(high)


def _band(scale: str, bound: float | None) -> str | None:
    """Rule 14."""
    scheme = {row["scale"]: row["band_scheme"] for row in facts.rows("scale")}.get(scale)
    for row in facts.rows("scale_band"):
        if bound is None or (row["scheme"], row["scale"]) != (scheme, scale):
            continue
        if row["from_score"] <= bound < row["to_score"] + 1:
            return str(row["band"])
    return None


def labs(history: History) -> list[Row]:
    """Section 4: laboratory values, vital signs, levels and counts in the unit of their measure."""
    found = []
    for row in history.measurements:
        measure = measure_of(row["measure"])
        if measure["kind"] not in LAB_KINDS:
            continue
        value, reason = _in_unit(row, measure)
        low = high = None
        if reason is None:
            low = measure["min_value"] if row["sign"] == "<" else value
            high = measure["max_value"] if row["sign"] == ">" else value
        found.append(
            {
                "measurement_id": row["measurement_id"],
                "measure": row["measure"],
                "low": low,
                "high": high,
                "unit": measure["unit"],
                "assay": row["assay"],
                "usable": reason is None,
                "reason": reason,
                **_dated(row, history),
            }
        )
    mark_last(found, lambda row: row["measure"], lambda row: row["usable"])
    return found


def _in_unit(row: Row, measure: Row) -> tuple[float | None, str | None]:
    """Rules 17 and 18: the value in the unit of the measure, or why it cannot be read in it."""
    value, written, unit = row["value"], row["unit"], measure["unit"]
    if value is None:
        return None, "no value"
    if not unit:
        return None, "not a quantity"
    if not written and measure["kind"] != "history":
        return None, "no unit recorded"
    names = {name["name"].lower(): name["unit"] for name in facts.rows("unit_name")}
    meant = names.get((written or "").lower())
    if written and written.lower() != unit.lower() and meant != unit:
        rules = [
            rule
            for rule in facts.rows("lab_unit")
            if (rule["measure"], rule["unit"]) == (row["measure"], meant)
        ]
        if not rules:
            return None, f"a unit that cannot be converted to {unit}"
        value = value * rules[0]["factor"] / rules[0]["divisor"] + rules[0]["plus"]
    least, most = measure["min_value"], measure["max_value"]
    if (least is not None and value < least) or (most is not None and value > most):
        return None, "outside what the measure can be"
    return value, None
