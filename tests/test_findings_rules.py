"""Every rule row at its bounds, read once more in plain Python; and what leaving something out may do to a finding."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from finding_cases import assessed, raw_of, read_cases
from histories import Raw, drawn
from opentrd import knowledge
from running import Row, renamed

SEED = 20240630
RULES = knowledge.table("sign_rule").to_pylist()
MEASURES = {row["measure"]: row for row in knowledge.table("measure").to_pylist()}
BOUNDS = ("at_least", "above", "up_to", "below")


def holds(rule: Row, value: float) -> bool:
    """Does a value satisfy every bound of a rule."""
    return (
        (rule["at_least"] is None or value >= rule["at_least"])
        and (rule["above"] is None or value > rule["above"])
        and (rule["up_to"] is None or value <= rule["up_to"])
        and (rule["below"] is None or value < rule["below"])
    )


def told(rule: Row, value: float) -> bool | None:
    """What a value of today says about the sign by this rule alone; null: nothing."""
    if rule["speaks"] == "against":
        return False if holds(rule, value) else None
    if holds(rule, value):
        return True
    return False if rule["speaks"] == "both" else None


def by_all(sign: str, measure: str, value: float) -> bool | None:
    """What the value says by all rules of the sign on this measure: shown by one is shown."""
    said = [told(rule, value) for rule in RULES if rule["sign"] == sign and rule["subject"] == measure]
    return True if True in said else False if False in said else None


def probes() -> list[tuple[str, str, float]]:
    """Each rule on a measure with the values at its bounds and one step to either side, where they are possible."""
    found = []
    for rule in RULES:
        if rule["kind"] != "measure":
            continue
        measure = MEASURES[rule["subject"]]
        step = 1.0 if measure["kind"] in ("scale", "scale item", "history") else 0.01
        for bound in BOUNDS:
            if rule[bound] is None:
                continue
            for value in (rule[bound] - step, rule[bound], rule[bound] + step):
                low, high = measure["min_value"], measure["max_value"]
                if (low is None or value >= low) and (high is None or value <= high):
                    found.append((rule["sign"], rule["subject"], round(value, 4)))
    return sorted(set(found))


PROBES = probes()


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Row]]:
    raws = [
        raw_of(f"m: {measure}, {value:g} {MEASURES[measure]['unit'] or ''}, 2024-06-29", "", f"p{number}")
        for number, (_, measure, value) in enumerate(PROBES)
    ]
    rows = assessed(raws, tmp_path_factory.mktemp("rules"), "sign")
    return [{row["sign"]: row for row in tables["sign"]} for tables in rows]


def test_each_rule_on_a_measure_at_its_bounds(probed: list[dict[str, Row]]) -> None:
    assert {(sign, measure) for sign, measure, _ in PROBES} == {
        (rule["sign"], rule["subject"]) for rule in RULES if rule["kind"] == "measure"
    }
    wrong = []
    for (sign, measure, value), rows in zip(PROBES, probed, strict=True):
        got = rows[sign]["present"] if sign in rows else None
        if got != by_all(sign, measure, value):
            wrong.append((sign, measure, value, got))
    assert wrong == []


def test_each_rule_on_a_condition(tmp_path: Path) -> None:
    sets: dict[str, list[str]] = {}
    for row in knowledge.table("condition_set").to_pylist():
        sets.setdefault(row["condition_set"], []).append(row["condition"])
    pairs = [
        (rule["sign"], condition)
        for rule in RULES
        if rule["kind"] != "measure"
        for condition in (sets[rule["subject"]] if rule["kind"] == "condition_set" else [rule["subject"]])
    ]
    shown = [raw_of(f"c: {condition}, 2024-06-20", "", f"s{n}") for n, (_, condition) in enumerate(pairs)]
    out = [
        raw_of(f"c: {condition}, 2024-06-20, 2024-06-20, ruled out", "", f"r{n}")
        for n, (_, condition) in enumerate(pairs)
    ]
    rows = assessed([*shown, *out], tmp_path, "sign")
    for (sign, condition), yes, no in zip(pairs, rows, rows[len(pairs) :], strict=False):
        got = [
            next((row["present"] for row in tables["sign"] if row["sign"] == sign), None)
            for tables in (yes, no)
        ]
        assert got == [True, False], f"{sign}: {condition}"


def test_what_was_ruled_out_years_ago_clears_nothing_of_the_last_month(tmp_path: Path) -> None:
    said = [
        raw_of("c: suicidal ideation, 2019-01-01, ruled out", "", "long-ago"),
        raw_of("c: suicidal ideation, 2024-06-20, ruled out", "", "lately"),
        raw_of("c: suicidal ideation, 2019-01-01", "", "goes-on"),
    ]
    found = [tables["finding"] for tables in assessed(said, tmp_path, "finding")]
    present = [next(row["present"] for row in rows if row["finding"] == "suicidality") for rows in found]
    assert present == [None, False, True]


def test_an_attempt_that_was_denied_years_ago_is_not_known_today(tmp_path: Path) -> None:
    """The answer of 2019 stands with its day, and clears nothing since; a later answer or an attempt speaks instead."""
    number = "m: number of previous suicide attempts"
    said = [
        raw_of("c: suicide attempt, 2019-05-03, ruled out", "", "long-ago"),
        raw_of("c: suicide attempt, 2024-06-20, ruled out", "", "lately"),
        raw_of(f"{number}, 0, 2019-05-03", "", "none-then"),
        raw_of(f"{number}, 0, 2024-06-20", "", "none-now"),
        raw_of(
            "c: suicide attempt, 2019-05-03, ruled out; c: intentional self-harm, 2015-01-01", "", "earlier"
        ),
        raw_of(f"c: suicide attempt, 2019-05-03, ruled out; {number}, 0, 2024-06-20", "", "both"),
    ]
    rows = [
        next(row for row in tables["finding"] if row["finding"] == "suicide_attempt_history")
        for tables in assessed(said, tmp_path, "finding")
    ]
    assert [row["present"] for row in rows] == [None, False, None, False, True, False]
    assert rows[0]["value"] == "suicide attempt ruled out (2019-05-03)"
    assert rows[2]["value"] == "number of previous suicide attempts = 0 (2019-05-03)"
    assert "up to its own day only" in rows[0]["says"] and "no earlier attempt" not in rows[0]["says"]
    assert "within three months" in rows[1]["says"] and "2024-06-20" in rows[1]["value"]


# --- what leaving something out may do --------------------------------------------------------------------

GOLDEN = read_cases(Path(__file__).parent / "golden" / "findings" / "checks.csv")
# Rows that say how much the record holds turn when the record holds less, and so they should.
OF_THE_RECORD = {
    "table_not_kept", "incomplete_record", "diagnosis_missing", "left_truncation", "no_dates", "age_unknown", "unread_rows",
}  # fmt: skip


def truths(rows: list[Row]) -> dict[tuple[str, str, str], Any]:
    return {
        (row["finding"], row["subject"], row["source"]): row["present"]
        for row in rows
        if row["finding"] not in OF_THE_RECORD
    }


def turned(before: list[Row], after: list[Row]) -> list[tuple[Any, ...]]:
    """Checks that were true and are false, or the other way round."""
    old, new = truths(before), truths(after)
    return [
        (key, old[key], new[key])
        for key in sorted(old.keys() & new.keys())
        if old[key] is not None and new[key] is not None and old[key] != new[key]
    ]


def cohort() -> list[Raw]:
    """Generated histories and all golden cases, each a person of its own."""
    generated = [renamed(raw, f"g{number}") for number, raw in enumerate(drawn(40, SEED))]
    return [*generated, *(raw_of(case["facts"], "", f"p{number}") for number, case in enumerate(GOLDEN))]


@pytest.mark.slow
@pytest.mark.parametrize("table", ["condition", "measurement", "exposure"])
def test_a_table_that_is_no_longer_kept_turns_nothing(table: str, tmp_path: Path) -> None:
    raws = [raw for raw in cohort() if table in raw]
    without = [{name: rows for name, rows in raw.items() if name != table} for raw in raws]
    before = assessed(raws, tmp_path / "with", "finding")
    after = assessed(without, tmp_path / "without", "finding")
    for raw, one, other in zip(raws, before, after, strict=True):
        assert turned(one["finding"], other["finding"]) == [], raw


@pytest.mark.slow
def test_an_emptied_field_turns_nothing(tmp_path: Path) -> None:
    random = Random(SEED)
    fields = {
        "measurement": ("value", "unit", "date"),
        # Without an end a condition is read as still present, and a drug as taken until the next switch at most.
        "condition": ("start_date",),
        "exposure": ("daily_dose_mg", "stop_reason", "improvement_pct", "improvement_basis", "adherence"),
    }  # fmt: skip
    raws, emptied = [], []
    for raw in cohort():
        filled = [
            (table, number, field)
            for table, names in fields.items()
            for number, row in enumerate(raw.get(table, []))
            for field in names
            if row.get(field)
        ]
        if not filled:
            continue
        table, number, field = random.choice(filled)
        rows = [row | ({field: ""} if at == number else {}) for at, row in enumerate(raw[table])]
        raws.append(raw)
        emptied.append(raw | {table: rows})
    before = assessed(raws, tmp_path / "with", "finding")
    after = assessed(emptied, tmp_path / "without", "finding")
    for raw, other, one, two in zip(raws, emptied, before, after, strict=True):
        assert turned(one["finding"], two["finding"]) == [], f"{raw}\nbecame\n{other}"


@pytest.mark.slow
def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    random = Random(SEED)
    raws = cohort()
    shuffled = [{table: random.sample(rows, len(rows)) for table, rows in raw.items()} for raw in raws]
    before = assessed(raws, tmp_path / "one", "finding", "domain")
    after = assessed(shuffled, tmp_path / "two", "finding", "domain")
    for one, other in zip(before, after, strict=True):
        for table in ("finding", "domain"):
            assert sorted(map(repr, one[table])) == sorted(map(repr, other[table]))
