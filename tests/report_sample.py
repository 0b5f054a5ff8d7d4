"""Two invented patients and one cohort; ``python tests/report_sample.py FOLDER`` writes their pages."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

META = {
    "version": "0.1.0",
    "knowledge_digest": "4f1c2a9be07d55aa",
    "min_count": 5,
    "adequacy": {"min_days": 42, "meaning": "at least 42 days at or above the ATRQ minimum dose"},
}
TITLES = {
    "sforzini_2022": "Sforzini 2022 consensus (TRD)",
    "esketamine_phase3": "Esketamine phase 3 history (MGH-ATRQ)",
    "two_adequate_trials": "Two adequate trials in one episode",
    "fabbri_2021_code": "Fabbri 2021, as its code says",
    "fabbri_2021_text": "Fabbri 2021, as its text says",
    "ohdsi_1009_json": "OHDSI phenotype 1009, as its JSON says",
}
CITATION = "Sforzini L et al. Mol Psychiatry 2022;27:1286-1299, doi 10.1038/s41380-021-01381-x"


def _exposure(
person: str, place: int, agent: str, start: date | None, days: int | None, dose: float | None,
              stop: str | None = None, better: float | None = None) -> dict[str, Any]:  # fmt: skip
    end = start + timedelta(days=days - 1) if start and days else None
    return {
        "exposure_id": f"{person}-x{place}", "person_id": person, "agent": agent, "start_earliest": start,
        "start_latest": start, "end_earliest": end, "end_latest": end, "days_taken": None, "ongoing": False,
        "daily_dose_mg": dose, "route": "oral", "form": None, "indication": None, "status": "dispensed",
        "stop_reason": stop, "improvement_pct": better, "improvement_basis": "recalled" if better else None,
        "adherence": None,
    }  # fmt: skip


def _trial(
person: str, place: int, kind: str, agents: str, classes: str, start: date | None,
days: tuple[int, int],
           dose: float | None, dose_status: str, stop: str | None = None, better: float | None = None,
           base: str | None = None) -> dict[str, Any]:  # fmt: skip
    end = start + timedelta(days=days[0] - 1) if start and days[0] else None
    return {
        "trial_id": f"{person}-t{place}", "person_id": person, "episode_id": f"{person}-e1", "kind": kind,
        "agents": agents, "classes": classes, "base_trial": base, "start_date": start, "supply_end": end,
        "bridged_end": end, "last_issue": start, "days_low": days[0], "days_high": days[1],
        "top_dose_mg": dose,
        "adherence": None, "stop_reason": stop, "improvement_pct": better,
        "improvement_basis": "recorded then" if better is not None else None, "dose_status": dose_status,
        "days_at_dose_low": days[0] if dose_status == "adequate" else 0,
        "days_at_dose_high": 0 if dose_status == "below minimum" else days[1],
    }  # fmt: skip


def _verdict(
person: str, definition: str, met: bool | None, low: int, high: int, clause: str | None,
             eligible: bool | None = True, met_on: date | None = None, possible_on: date | None = None,
             status: str = "transcribed") -> dict[str, Any]:  # fmt: skip
    return {
        "person_id": person, "definition": definition, "eligible": eligible, "met": met, "failed_low": low,
        "failed_high": high, "needed": 2, "met_on": met_on, "possible_on": possible_on,
        "index_date": date(2022, 1, 10), "observed_from": date(2020, 1, 1), "observed_to": date(2024, 6, 30),
        "episode_id": f"{person}-e1", "clause": clause, "assumes": "no exclusion recorded: bipolar disorder",
        "knowledge_status": status,
    }  # fmt: skip


def first_patient() -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any]]:
    """A dated history with five treatments, two rating scales, one missing outcome and one unread row."""
    p = "NHS-4711-0815"
    trials = [
        _trial(p, 1, "drug", "sertraline", "SSRI", date(2022, 1, 10), (84, 84), 150, "adequate",
        "inefficacy", 10),
        _trial(p, 2, "drug", "venlafaxine", "SNRI", date(2022, 4, 11), (56, 91), 225, "adequate", None, None),
        _trial(p, 3, "drug", "mirtazapine", "other", date(2022, 8, 1), (28, 28), 15, "adequate",
        "intolerance"),
        _trial(p, 4, "drug", "amitriptyline", "TCA", date(2022, 10, 3), (120, 120), 75, "below minimum",
        "inefficacy", 20),
        _trial(p, 5, "drug", "escitalopram", "SSRI", date(2023, 3, 6), (480, 480), 20, "adequate", None, 35),
        _trial(p, 6, "augmentation", "lithium", "augmenting", date(2023, 7, 3), (140, 200), 900,
        "no minimum known",
               "inefficacy", None, f"{p}-t5"),
        _trial(p, 7, "procedure", "ECT", "", date(2024, 2, 5), (36, 36), None, "no minimum known", None, 55),
    ]  # fmt: skip
    exposures = [
        _exposure(p, 1, "sertraline", date(2022, 1, 10), 28, 100),
        _exposure(p, 2, "sertraline", date(2022, 2, 7), 56, 150, "inefficacy", 10),
        _exposure(p, 3, "venlafaxine", date(2022, 4, 11), 56, 225),
        _exposure(p, 4, "mirtazapine", date(2022, 8, 1), 28, 15, "intolerance"),
        _exposure(p, 5, "amitriptyline", date(2022, 10, 3), 120, 75, "inefficacy", 20),
        _exposure(p, 6, "escitalopram", date(2023, 3, 6), 480, 20),
        _exposure(p, 7, "lithium", date(2023, 7, 3), 140, 900, "inefficacy"),
    ]
    sessions = [
        {"procedure_id": f"{p}-p{n}", "person_id": p, "procedure": "ECT", "laterality": "bilateral",
        "sessions": 1,
         "start_earliest": d, "start_latest": d, "end_earliest": d, "end_latest": d, "present": True}
        for n, d in enumerate((date(2024, 2, 5) + timedelta(days=7 * k // 2) for k in range(11)), 1)
    ]  # fmt: skip
    ratings = [
        ("PHQ-9", 0, [21, 20, 18, 19, 17, 18, 16, 17, 15, 13, 9]),
        ("MADRS", 20, [34, 31, 33, 29, 28, 18]),
    ]
    measurements = [
        {"measurement_id": f"{p}-{name}-{n}", "person_id": p, "measure": name, "value": float(value),
        "unit": "points",
         "sign": "=", "date_earliest": when, "date_latest": when, "assay": None}
        for name, lag, values in ratings
        for n, value in enumerate(values)
        for when in [date(2022, 1, 10) + timedelta(days=lag + n * (82 if name == "PHQ-9" else 150))]
    ]  # fmt: skip

    def judged(definition: str) -> list[dict[str, Any]]:
        truths = [
            (True, True, True, True, True, True), (True, None, True, True, None, True),
            (True, False, True, False, None, True), (False, True, True, True, True, True),
            (True, True, True, True, False, True), (None, True, True, True, True, True),
        ]  # fmt: skip
        rows = []
        for place, clauses in enumerate(truths, 1):
            counts = False if False in clauses else None if None in clauses else True
            names = ("dose_ok", "duration_ok", "adherence_ok", "stop_ok", "response_ok", "episode_ok")
            rows.append({"definition": definition, "trial_id": f"{p}-t{place}", "person_id": p,
            "counts": counts,
                         "counted_as": trials[place - 1]["agents"], **dict(zip(names, clauses,
                         strict=True))})  # fmt: skip
        return rows

    tables = {
        "person": [{"person_id": p, "birth_earliest": date(1979, 1, 1), "birth_latest": date(1979, 12, 31),
        "sex": "female"}],
        "observation_period": [{"person_id": p, "start_date": date(2020, 1, 1), "end_date": date(2024, 6,
        30)}],
        "exposure": exposures, "procedure": sessions, "measurement": measurements,
        "condition": [{"condition_id": f"{p}-c1", "person_id": p, "condition": "major depressive disorder",
                       "start_earliest": date(2021, 11, 1), "start_latest": date(2021, 11, 30),
                       "end_earliest": None,
                       "end_latest": None, "course": "open", "present": True}],
        "kept": [{"table_name": t} for t in ("exposure", "condition", "measurement", "procedure",
        "observation_period")],
        "unread": [{"source": "exposure.csv", "row": "12", "field": "agent", "value": "St John's wort?",
                    "reason": "no agent of this name is listed"},
                   {"source": f"{p}/exposure.csv", "row": "14", "field": "daily_dose_mg", "value": "2 tabs",
                    "reason": "not a number of milligrams"}],
        "as_of": [{"person_id": p, "as_of": date(2024, 6, 30), "observed_from": date(2020, 1, 1),
                   "observed_to": date(2024, 6, 30), "age_low": 44, "age_high": 45}],
        "episode": [{"episode_id": f"{p}-e1", "person_id": p, "start_date": date(2021, 11, 1),
        "end_date": date(2024, 6, 30),
                     "basis": "diagnosis, stated"}],
        "trial": trials,
        "judgement": judged("sforzini_2022") + judged("esketamine_phase3") + judged("two_adequate_trials"),
        "verdict": [
            _verdict(p, "sforzini_2022", None, 1, 3, "response", possible_on=date(2022, 7, 10)),
            _verdict(p, "esketamine_phase3", None, 1, 2, "duration", possible_on=date(2022, 7, 10),
            status="recalled"),
            _verdict(p, "two_adequate_trials", True, 2, 3, None, met_on=date(2022, 7, 10)),
            _verdict(p, "fabbri_2021_code", False, 1, 1, "number", status="verified"),
            _verdict(p, "fabbri_2021_text", False, 1, 1, "number", status="verified"),
            _verdict(p, "ohdsi_1009_json", False, 0, 0, "diagnosis", eligible=False, status="verified"),
        ],
        "stage": [
            {"person_id": p, "instrument": i, "item": item, "low": low, "high": high, "band_low": bl,
            "band_high": bh,
             "assumes": assumes, "knowledge_status": "verified", "scale_min": smin, "scale_max": smax}
            for i, item, low, high, bl, bh, assumes, smin, smax in (
                ("maudsley", "duration", 3, 3, None, None, "", 1, 3),
                ("maudsley", "severity", 1, 5, None, None, "no severity rating recorded", 1, 5),
                ("maudsley", "failures", 1, 1, None, None, "", 1, 5),
                ("maudsley", "augmentation", 0, 1, None, None, "", 0, 1),
                ("maudsley", "ect", 0, 0, None, None, "", 0, 1),
                ("maudsley", "total", 5, 10, "mild", "moderate", "ATRQ minimum doses, 42 days", 3, 15),
                ("thase_rush", "total", 1, 2, "stage I", "stage II", "", 0, 5),
                ("mgh_s", "trials", 1, 3, None, None, "", 0, None),
                ("mgh_s", "optimised_dose", 0.5, 0.5, None, None, "", 0, None),
                ("mgh_s", "total", 1.5, 4, None, None, "improvement below 50 %", 0, None),
            )
        ],
        "question": [
            {"person_id": p, "table": "exposure", "row": f"{p}-x3", "field": "improvement_pct",
             "asks": "How much better was the depression on venlafaxine when it ended?", "settles_low": 2,
             "settles_high": 5},
            {"person_id": p, "table": "measurement", "row": "", "field": "maudsley severity",
             "asks": "How severe is the episode now (1 to 5)?", "settles_low": 0, "settles_high": 1},
            {"person_id": p, "table": "exposure", "row": f"{p}-x3", "field": "end_date",
             "asks": "When was the last day of venlafaxine?", "settles_low": 1, "settles_high": 3},
        ],
    }  # fmt: skip
    source = {"source": "MGH-ATRQ, form of trial COMP006",
              "read_in": "patient pre-screening form in a public repository",
              "knowledge_status": "transcribed"}  # fmt: skip
    explain = {
        "trace": [
            {"table_name": "trial", "row_key": f"{p}-t{t}", "from_table": "exposure", "from_key": f"{p}-x{x}",
             "role": "days", "truth": None}
            for t, x in ((1, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7))
        ] + [
            {"table_name": "trial", "row_key": f"{p}-t{t}", "from_table": "dose_minimum",
            "from_key": f"atrq/{agent}",
             "role": "minimum dose", "truth": None}
            for t, agent in ((1, "sertraline"), (2, "venlafaxine"), (4, "amitriptyline"))
        ] + [
            {"table_name": "verdict", "row_key": "sforzini_2022", "from_table": "trial",
            "from_key": f"{p}-t1",
             "role": "dose", "truth": True},
            {"table_name": "verdict", "row_key": "sforzini_2022", "from_table": "adequacy_rule",
            "from_key": "atrq_28",
             "role": "rule", "truth": None},
        ],
        "knowledge_rows": {
            ("dose_minimum", "atrq/sertraline"): {"dose_table": "atrq", "agent": "sertraline",
            "min_dose_mg": 50, **source},
            ("dose_minimum", "atrq/venlafaxine"): {"dose_table": "atrq", "agent": "venlafaxine",
            "min_dose_mg": 150, **source},
            ("dose_minimum", "atrq/amitriptyline"): {"dose_table": "atrq", "agent": "amitriptyline",
            "min_dose_mg": 150, **source},
            ("adequacy_rule", "atrq_28"): {"adequacy_rule": "atrq_28", "min_days": 28, "source": CITATION,
                                           "read_in": "PMC9095475, table 1",
                                           "knowledge_status": "transcribed"},
        },
        "definition_text": {
            name: {"title": title,
            "citation": CITATION if name.startswith("sforzini") else f"Source of {title}",
                   "text": "Failure of at least two antidepressants at an adequate dose for at least four "
                           "weeks in the current episode, with an improvement of less than 25 %.",
                   "parameters": {"min_days": 28, "threshold": "below 25 %", "needed": 2}}
            for name, title in TITLES.items()
        } | {
            "maudsley": {"title": "Maudsley Staging Method"}
        },
        "bands": [
            {"instrument": "maudsley", "band": b, "from_score": f, "to_score": t}
            for b, f, t in (("mild", 3, 6), ("moderate", 7, 10), ("severe", 11, 15))
        ],
        "measures": {"PHQ-9": {"min_value": 0, "max_value": 27}, "MADRS": {"min_value": 0, "max_value": 60}},
    }  # fmt: skip
    return tables, explain


def second_patient() -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any]]:
    """A history told without dates: two drugs tried, nothing more known."""
    p = "P-2"
    tables = {
        "person": [{"person_id": p, "sex": None}],
        "exposure": [_exposure(p, 1, "fluoxetine", None, None, 20), _exposure(p, 2, "bupropion", None, None,
        None)],
        "as_of": [{"person_id": p, "as_of": None, "observed_from": None, "observed_to": None,
        "age_low": None, "age_high": None}],
        "trial": [
            _trial(p, 1, "drug", "fluoxetine", "SSRI", None, (0, 400), 20, "adequate"),
            _trial(p, 2, "drug", "bupropion", "other", None, (0, 400), None, "not known"),
        ],
        "kept": [{"table_name": "exposure"}],
        "verdict": [_verdict(p, name, None, 0, 2, "diagnosis", eligible=None) for name in TITLES],
    }  # fmt: skip
    return tables, {}


def cohort() -> dict[str, list[dict[str, Any]]]:
    """Aggregated rows of 1,204 invented persons, with small counts in every section."""
    return {
        "attrition": [
            {"step": "Persons in the source", "persons": 1204},
            {"step": "with any antidepressant", "persons": 987},
            {"step": "and a recorded diagnosis of depression", "persons": 640},
            {"step": "and certainly of adult age", "persons": 637},
            {"step": "and at least a year of observation", "persons": 512},
        ],
        "verdict": [
            {"definition": name, "title": TITLES[name], "persons": 1204, "eligible_low": el,
            "eligible_high": eh,
             "met_low": ml, "met_high": mh,
             "denominator_high": min(eh, el + mh - ml), "knowledge_status": status, "text": "Its text.",
             "citation": "Its source."}
            for name, el, eh, ml, mh, status in (
                ("sforzini_2022", 612, 700, 88, 240, "transcribed"), ("esketamine_phase3", 610, 700, 61, 199,
                "recalled"),
                ("two_adequate_trials", 640, 640, 103, 180, "transcribed"), ("fabbri_2021_code", 598, 598,
                45, 45, "verified"),
                ("fabbri_2021_text", 598, 598, 47, 47, "verified"), ("ohdsi_1009_json", 640, 643, 3, 9,
                "verified"),
            )
        ],
        "stage": [
            {"instrument": i, "band_low": lo, "band_high": hi, "persons": n}
            for i, lo, hi, n in (
                ("maudsley", "mild", "mild", 210), ("maudsley", "moderate", "moderate", 160), ("maudsley",
                "severe", "severe", 3),
                ("maudsley", "mild", "moderate", 190), ("maudsley", "moderate", "severe", 41), ("maudsley",
                None, None, 600),
                ("thase_rush", "stage 0", "stage 0", 700), ("thase_rush", "stage I", "stage I", 230),
                ("thase_rush", "stage II", "stage II", 74), ("thase_rush", "stage 0", "stage II", 200),
            )
        ],
        "trial": [
            {"kind": k, "adequate": a, "trials": n}
            for k, a, n in (("drug", True, 1400), ("drug", False, 610), ("drug", None, 480), ("augmentation",
            None, 77),
                            ("augmentation", True, 2), ("procedure", None, 12))
        ],
        "unread": [
            {"source": "drug_exposure", "field": "agent", "reason": "no agent of this code is listed",
            "rows": 3411},
            {"source": "measurement", "field": "value", "reason": "not a number", "rows": 2},
        ],
        "facts": [{"knowledge_status": "verified", "statements": 9000}, {"knowledge_status": "transcribed",
        "statements": 5200},
                  {"knowledge_status": "recalled", "statements": 800}],
    }  # fmt: skip


if __name__ == "__main__":
    from opentrd.report import write

    folder = Path(sys.argv[1])
    write(folder, [first_patient(), second_patient()], META)
    write(folder / "cohort", [], META, cohort_tables=cohort())
