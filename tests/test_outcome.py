"""Outcomes of trials: which rating is the baseline, which ratings speak for a trial, and the rules over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from measuring import START, answers, day, drug, measured, rows_of, run

Row = dict[str, Any]


def outcomes(folder: Path, ratings: list[Row], exposures: list[Row] | None = None, **more: Any) -> list[Row]:
    connection = run(folder, ["p1"], ["outcome"], exposure=exposures or [drug()], measurement=ratings, **more)
    return rows_of(connection, "outcome")


def status(rows: list[Row], rule: str, **where: object) -> list[str | None]:
    chosen = [row for row in rows if row["rule"] == rule and all(row[k] == v for k, v in where.items())]
    return [row["status"] for row in sorted(chosen, key=lambda row: (row["days"], row["measurement_id"]))]


@pytest.mark.parametrize(("before", "baseline"), [(0, 30), (28, 30), (29, None)])
def test_the_baseline_lies_on_the_first_day_or_up_to_28_days_before(
    tmp_path: Path, before: int, baseline: float | None
) -> None:
    rows = outcomes(tmp_path, [measured("MADRS", day(-before), 30), measured("MADRS", day(40), 15)])
    (row,) = [row for row in rows if row["rule"] == "response_50"]
    assert row["baseline"] == baseline
    assert (row["status"], row["change_pct"]) == (("met", 50) if baseline else (None, None))
    assert row["assumes"] == (None if baseline else "no rating of the scale in the days before the trial")


def test_of_several_ratings_before_the_trial_the_last_is_the_baseline(tmp_path: Path) -> None:
    ratings = [
        measured("MADRS", day(-20), 40),
        measured("MADRS", day(-2), 30),
        measured("MADRS", day(40), 18),
    ]
    (row,) = [row for row in outcomes(tmp_path, ratings) if row["rule"] == "response_50"]
    assert (row["baseline"], row["baseline_on"], row["status"]) == (30, day(-2), "not met")


def test_two_ratings_of_the_baseline_day_leave_what_lies_between_open(tmp_path: Path) -> None:
    ratings = [measured("MADRS", START, 30), measured("MADRS", START, 36), measured("MADRS", day(40), 16)]
    (row,) = [row for row in outcomes(tmp_path, ratings) if row["rule"] == "response_50"]
    assert (row["baseline"], row["baseline_low"], row["baseline_high"], row["status"]) == (None, 30, 36, None)


def test_a_partly_answered_rating_decides_only_what_it_can(tmp_path: Path) -> None:
    low = answers("PHQ-9", day(40), dict.fromkeys(range(1, 8), 1))
    rows = outcomes(tmp_path, [measured("PHQ-9", START, 27), *low])
    assert status(rows, "response_50", measure="PHQ-9") == ["met"]  # 7 to 13 of 27
    assert status(rows, "remission", measure="PHQ-9") == ["not met"]
    assert status(rows, "perceived_change_points", measure="PHQ-9") == ["met"]
    assert [row["change_pct"] for row in rows if row["rule"] == "response_50"] == [None]


@pytest.mark.parametrize(("after", "speaks"), [(0, True), (7, True), (8, False)])
def test_a_rating_up_to_a_week_after_the_last_day_still_speaks(
    tmp_path: Path, after: int, speaks: bool
) -> None:
    ratings = [measured("MADRS", START, 30), measured("MADRS", day(60 + after), 10)]
    rows = [row for row in outcomes(tmp_path, ratings, [drug(last=60)]) if row["rule"] == "remission"]
    assert len(rows) == speaks
    if speaks:
        late = "the rating lies after the last certain day of the trial"
        assert rows[0]["assumes"] == (late if after else None)


def test_early_improvement_is_not_asked_of_rapid_acting_treatments(tmp_path: Path) -> None:
    ratings = [measured("HAM-D17", START, 24), measured("HAM-D17", day(1), 10)]
    standard = outcomes(tmp_path / "a", ratings)
    rapid = outcomes(tmp_path / "b", ratings, [drug(agent="esketamine")])
    assert status(standard, "early_improvement_szegedi") == ["met"]
    assert status(rapid, "early_improvement_szegedi") == []
    assert status(rapid, "response_50") == ["met"]
    assert {row["acting"] for row in rapid} == {"rapid"} and {row["acting"] for row in standard} == {
        "standard"
    }


def test_an_infusion_is_rapid_acting(tmp_path: Path) -> None:
    course = {
        "procedure_id": "k1", "person_id": "p1", "procedure": "ketamine infusion", "date": START.isoformat(),
        "end_date": day(20).isoformat(), "sessions": 6,
    }  # fmt: skip
    ratings = [measured("MADRS", START, 30), measured("MADRS", day(1), 12)]
    connection = run(tmp_path, ["p1"], ["outcome"], procedure=[course], measurement=ratings)
    rows = rows_of(connection, "outcome")
    assert {row["acting"] for row in rows} == {"rapid"} and status(rows, "response_50") == ["met"]


@pytest.mark.parametrize(
    ("scale", "remitted", "relapsed", "below"), [("QIDS-SR16", 5, 11, 10), ("HAM-D17", 7, 14, 13)]
)
def test_relapse_by_stard_comes_after_a_remission(
    tmp_path: Path, scale: str, remitted: int, relapsed: int, below: int
) -> None:
    course = [(0, 20), (14, relapsed), (42, remitted), (63, below), (84, relapsed)]
    rows = outcomes(tmp_path, [measured(scale, day(number), value) for number, value in course])
    assert status(rows, "relapse_stard") == [
        "not met",
        "met",
    ]  # the rating of day 14 comes before any remission


def test_a_stop_for_intolerance_is_an_adverse_event(tmp_path: Path) -> None:
    rows = outcomes(tmp_path, [], [drug(stop_reason="intolerance")])
    assert status(rows, "stopped_for_intolerance") == ["met"]
    assert outcomes(tmp_path / "b", []) == []


@pytest.mark.parametrize(("first", "gap"), [(7, 7), (20, 7)])
def test_acnp_remission_asks_for_three_weeks_without_a_gap(tmp_path: Path, first: int, gap: int) -> None:
    """QIDS items look back a week: three ratings a week apart cover three weeks, two do not."""
    ratings = [
        row
        for number in range(3)
        for row in answers("QIDS-SR16", day(first + gap * number), dict.fromkeys(range(1, 17), 0))
    ]
    rows = outcomes(tmp_path, ratings)
    assert status(rows, "acnp_remission") == [None, None, "met"]


def test_acnp_remission_is_not_known_over_a_gap_and_not_met_with_sadness(tmp_path: Path) -> None:
    free, sad = dict.fromkeys(range(1, 17), 0), dict.fromkeys(range(1, 17), 0) | {5: 2}
    course = [(7, free), (21, free), (28, free), (35, sad), (42, free), (49, free), (56, free)]
    rows = outcomes(
        tmp_path, [row for number, given in course for row in answers("QIDS-SR16", day(number), given)]
    )
    assert status(rows, "acnp_remission") == [None, None, None, "not met", "not met", "not met", "met"]


def test_acnp_relapse_and_recurrence_by_the_phq_9(tmp_path: Path) -> None:
    """PHQ-9 items look back two weeks: ten ratings without symptoms cover 140 days."""
    free, ill = dict.fromkeys(range(1, 10), 0), dict.fromkeys(range(1, 10), 3)
    early = [(14, free), (28, free), (42, ill)]
    late = [(14 * number, free) for number in range(1, 11)] + [(154, ill)]
    found = {}
    for name, course in (("early", early), ("late", late)):
        ratings = [row for number, given in course for row in answers("PHQ-9", day(number), given)]
        found[name] = outcomes(tmp_path / name, ratings, [drug(last=200)])
    assert status(found["early"], "acnp_relapse") == ["met"]
    assert status(found["early"], "acnp_recurrence") == []
    assert status(found["late"], "acnp_recovery")[-2:] == ["met", "not met"]
    assert status(found["late"], "acnp_recurrence") == ["not met", "met"]


def test_a_total_without_items_says_nothing_of_nine_symptoms(tmp_path: Path) -> None:
    rows = outcomes(tmp_path, [measured("PHQ-9", day(40), 0)])
    (row,) = [row for row in rows if row["rule"] == "acnp_remission"]
    assert (row["status"], row["assumes"]) == (None, "no items of that day")


def test_a_converted_total_never_says_that_somebody_responded(tmp_path: Path) -> None:
    rows = outcomes(tmp_path, [measured("QIDS-SR16", START, 20), measured("QIDS-SR16", day(40), 4)])
    assert {row["measure"] for row in rows} == {"QIDS-SR16"}


def test_a_rating_after_as_of_is_not_used(tmp_path: Path) -> None:
    ratings = [measured("MADRS", START, 30), measured("MADRS", day(40), 10)]
    assert status(outcomes(tmp_path, ratings, as_of=day(39).isoformat()), "remission") == []


# What is due, what was missed


def monitoring(folder: Path, ratings: list[Row], age: int, **more: Any) -> dict[str, tuple[str, Any]]:
    connection = run(
        folder, ["p1"], ["finding_monitoring"], as_of=day(age).isoformat(),
        exposure=[drug(last=200, ongoing="true") | {"end_date": ""}], **({"measurement": ratings} | more),
    )  # fmt: skip
    return {
        row["subject"].partition("/")[2]: (row["finding"], row["present"])
        for row in rows_of(connection, "finding_monitoring")
        if row["finding"].startswith("rating")
    }


def test_visits_that_were_missed_and_one_that_is_due(tmp_path: Path) -> None:
    found = monitoring(tmp_path, [measured("QIDS-SR16", START, 20), measured("MADRS", day(27), 20)], 40)
    assert found == {
        "sertraline/1 week 0": ("rating_missed", False),
        "sertraline/1 week 2": ("rating_missed", True),
        "sertraline/1 week 4": ("rating_missed", False),
        "sertraline/1 week 6": ("rating_due", True),
    }


def test_a_rating_of_the_open_visit_settles_it(tmp_path: Path) -> None:
    found = monitoring(tmp_path, [measured("PHQ-9", day(38), 10)], 40)
    assert found["sertraline/1 week 6"] == ("rating_due", False)


def test_without_measurements_kept_it_is_not_known(tmp_path: Path) -> None:
    connection = run(
        tmp_path, ["p1"], ["finding_monitoring"], as_of=day(40).isoformat(),
        exposure=[drug(ongoing="true") | {"end_date": ""}],
    )  # fmt: skip
    rows = rows_of(connection, "finding_monitoring")
    assert {row["finding"] for row in rows} == {
        "rating_due", "rating_missed", "side_effects_unrated", "trial_unmeasured",
    }  # fmt: skip
    assert all(row["present"] is None and row["settles"] for row in rows)


def test_no_visit_is_planned_beyond_week_14(tmp_path: Path) -> None:
    assert monitoring(tmp_path / "a", [], 98)["sertraline/1 week 12"] == ("rating_due", True)
    assert monitoring(tmp_path / "b", [], 99) == {}


def test_side_effects_and_a_trial_without_any_rating(tmp_path: Path) -> None:
    def present(name: str, ratings: list[Row]) -> dict[str, Any]:
        connection = run(
            tmp_path / name, ["p1"], ["finding_monitoring"], as_of=day(60).isoformat(), exposure=[drug()],
            measurement=ratings,
        )  # fmt: skip
        rows = rows_of(connection, "finding_monitoring")
        return {row["finding"]: row["present"] for row in rows if not row["finding"].startswith("rating")}

    assert present("none", []) == {"side_effects_unrated": True, "trial_unmeasured": True}
    both = [measured("FIBSER burden", day(20), 2), measured("PHQ-9", day(30), 9)]
    assert present("both", both) == {"side_effects_unrated": False, "trial_unmeasured": False}
