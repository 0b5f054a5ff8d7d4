"""Hypothesis strategies for exposures that tell a story: drug after drug, add-ons, issues, as the definitions count them.

Each draws rows of one person in their raw text form, about where the definitions draw their lines.
"""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

BEGIN = date(2018, 1, 1)
DAYS = 1000  # histories span a little under three years
PERSON = "p1"

# With an ATRQ minimum (mg), at and below it; agents without a minimum have any dose.
DOSES = {
    "sertraline": ("25", "50", "100"),
    "citalopram": ("10", "20", "40"),
    "venlafaxine": ("75", "150"),
    "amitriptyline": ("50", "75", "150"),
    "mirtazapine": ("7.5", "15"),
    "phenelzine": ("30", "45"),
    "dosulepin": ("75", "150"),
    "lithium": ("600", "900"),
    "quetiapine": ("50", "150"),
    "aripiprazole": ("5",),
    "risperidone": ("2",),
    "esketamine": ("56",),
    "tryptophan": ("1000",),
}
IMPROVEMENTS = ("24", "25", "26", "49", "50", "0", "-10", "80")
STOPS = ("inefficacy", "intolerance", "nonadherence", "remission", "other")
ANTIDEPRESSANTS = (
    "sertraline",
    "citalopram",
    "venlafaxine",
    "amitriptyline",
    "mirtazapine",
    "phenelzine",
    "dosulepin",
)
ADDED = ("lithium", "quetiapine", "aripiprazole", "risperidone")


def often(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The value in three of four rows, else an empty cell."""
    return st.integers(0, 3).flatmap(lambda draw: values if draw else st.just(""))


def seldom(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The value in one of four rows, else an empty cell."""
    return st.integers(0, 3).flatmap(lambda draw: st.just("") if draw else values)


def written(day: date, precision: str) -> str:
    """A day as the record writes it: to the day, to the month, to the year."""
    return {"day": day.isoformat(), "month": f"{day:%Y-%m}", "year": f"{day:%Y}"}[precision]


PRECISIONS = st.sampled_from(["day"] * 8 + ["month", "year"])


@st.composite
def sequences(draw: st.DrawFn) -> list[dict[str, str]]:
    """One antidepressant after the other, each failing about where the definitions draw their lines."""
    agents = draw(
        st.permutations(["sertraline", "citalopram", "venlafaxine", "amitriptyline", "mirtazapine"])
    )
    start = BEGIN + timedelta(days=draw(st.integers(0, 200)))
    rows: list[dict[str, str]] = []
    issued = draw(st.booleans())
    for agent in agents[: draw(st.integers(2, 5))]:
        days = draw(st.sampled_from([28, 41, 42, 56, 84, 84, 120]))
        row = {
            "person_id": PERSON,
            "agent": agent,
            "daily_dose_mg": draw(st.sampled_from([*DOSES[agent][-1:] * 3, DOSES[agent][0]])),
            "improvement_pct": draw(often(st.sampled_from(["10", "24", "25", "26", "49", "50"]))),
            "stop_reason": draw(st.sampled_from(["inefficacy", "inefficacy", "", "intolerance"])),
        }
        # Either one row over the whole use, or issues every four weeks.
        step = 28 if issued else days
        for offset in range(0, days, step):
            first = start + timedelta(days=offset)
            last = first + timedelta(days=min(step, days - offset) - 1)
            rows.append(row | {"start_date": first.isoformat(), "end_date": last.isoformat()})
        start += timedelta(days=days + draw(st.sampled_from([-35, 0, 0, 7, 31, 98, 99, 184])))
    return rows


@st.composite
def pathways(draw: st.DrawFn, exact: bool = False) -> list[dict[str, str]]:
    """Three to six steps, also back to an earlier drug or with something added; cross-tapers, gaps, dates left out."""
    start = BEGIN + timedelta(days=draw(st.integers(0, 150)))
    kind = draw(st.sampled_from(["exact", "exact", "open", "vague"]))
    rows: list[dict[str, str]] = []
    for _ in range(draw(st.integers(3, 6))):
        agent = draw(st.sampled_from(ANTIDEPRESSANTS))
        days = draw(st.sampled_from([14, 27, 28, 29, 42, 42, 56, 60, 70, 90, 370]))
        row = _step(draw, agent, start, days)
        if kind == "open" and not exact:
            row["end_date"] = draw(often(st.just(row["end_date"])))
        if kind == "vague" and not exact:
            precision = draw(PRECISIONS)
            row["start_date"] = draw(often(st.just(written(start, precision))))
            row["end_date"] = written(start + timedelta(days=days - 1), precision)
        rows.append(row)
        if not draw(st.integers(0, 2)):
            begin = start + timedelta(days=draw(st.sampled_from([0, 7, 28])))
            rows.append(
                _step(draw, draw(st.sampled_from(ADDED)), begin, draw(st.sampled_from([30, 31, 60, 150])))
            )
        start += timedelta(days=days + draw(st.sampled_from([-40, -31, -30, -10, 0, 0, 1, 29, 98, 180, 181])))
    return rows


def _step(draw: st.DrawFn, agent: str, start: date, days: int) -> dict[str, str]:
    return {
        "person_id": PERSON,
        "agent": agent,
        "start_date": start.isoformat(),
        "end_date": (start + timedelta(days=days - 1)).isoformat(),
        "daily_dose_mg": draw(st.sampled_from([*DOSES[agent][-1:] * 3, DOSES[agent][0], ""])),
        "stop_reason": draw(
            st.sampled_from(["inefficacy", "inefficacy", "", "", "intolerance", "remission", "other"])
        ),
        "improvement_pct": draw(seldom(st.sampled_from(IMPROVEMENTS))),
        "improvement_basis": draw(seldom(st.sampled_from(["measured", "recalled"]))),
    }


@st.composite
def issues(draw: st.DrawFn) -> list[dict[str, str]]:
    """Prescriptions that say only when they were issued, of few drugs, some soon changed for another."""
    day = BEGIN + timedelta(days=draw(st.integers(0, 300)))
    rows = []
    for _ in range(draw(st.integers(2, 9))):
        agent = draw(st.sampled_from(["sertraline", "citalopram", "venlafaxine", "mirtazapine"]))
        rows.append({"person_id": PERSON, "agent": agent, "start_date": day.isoformat()})
        day += timedelta(days=draw(st.sampled_from([0, 4, 5, 14, 28, 28, 42, 95, 96, 98, 99, 182, 183])))
    return rows


@st.composite
def additions(draw: st.DrawFn) -> list[dict[str, str]]:
    """An antidepressant, and what was added to it for about as long as makes it an augmentation or combination."""
    base = draw(st.sampled_from(["sertraline", "venlafaxine", "amitriptyline"]))
    start = BEGIN + timedelta(days=draw(st.integers(0, 400)))
    end = start + timedelta(days=draw(st.sampled_from([60, 100, 200])))
    outcome = {
        "stop_reason": draw(st.sampled_from(["inefficacy", "inefficacy", "", "remission"])),
        "improvement_pct": draw(seldom(st.sampled_from(IMPROVEMENTS))),
    }
    rows = [{"agent": base, "start_date": start.isoformat(), "end_date": end.isoformat()}]
    for agent in draw(st.lists(st.sampled_from([*ADDED, "mirtazapine"]), max_size=2)):
        begin = start + timedelta(days=draw(st.sampled_from([-20, 0, 10, 28, 29, 30, 31, 60])))
        last = begin + timedelta(days=draw(st.sampled_from([29, 30, 31, 41, 42, 90])))
        rows.append(
            {
                "agent": agent,
                "start_date": begin.isoformat(),
                "end_date": draw(often(st.just(last.isoformat()))),
            }
        )
    return [
        {"person_id": PERSON, "daily_dose_mg": draw(often(st.sampled_from(DOSES[row["agent"]])))}
        | row
        | outcome
        for row in rows
    ]
