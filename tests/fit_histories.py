"""Histories with all that the later tables ask for: ratings, items, laboratory values, diagnoses, genotypes, drugs.

Each is a history of ``histories`` (treatments, depression) to which a seeded draw adds rows in their raw text form. Days
cluster about the last day of the record, where the rules have their time limits, values about the cut-offs of the rules.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

import histories
from opentrd import knowledge
from treatment_stories import BEGIN, DAYS, DOSES, IMPROVEMENTS, PERSON, STOPS, written
from typed_rows import Raw

Row = dict[str, str]
LAST = BEGIN + timedelta(days=DAYS + 60)
# Days before the last one, about the limits of the rules; -3: after it.
LIMITS = (0, 1, 5, 7, 9, 14, 20, 28, 29, 30, 31, 60, 91, 92, 93, 183, 364, 365, 366, -3)
DRUGS = (
    "fluoxetine", "paroxetine", "bupropion", "duloxetine", "fluvoxamine", "escitalopram", "nortriptyline", "clomipramine",
    "vortioxetine", "olanzapine", "carbamazepine", "lithium", "quetiapine", "esketamine", "omeprazole", "rifampin",
)  # fmt: skip
DIPLOTYPES = {
    "CYP2D6": ("*1/*1", "*4/*4", "*1/*4", "*1/*41", "*9/*10", "*1x2/*2", "*1x2/*17", "*1/*1x≥3", "*36+*10/*1", "*4/*9"),
    "CYP2C19": ("*1/*1", "*2/*2", "*1/*2", "*17/*1", "*17/*17", "*2/*17", "*9/*9", "*2/*9", "*1/*38", "*1/*12"),
    "CYP2B6": ("*1/*1", "*6/*6", "*1/*6", "*4/*4", "*1/*4", "*1/*3"),
    "CYP3A4": ("*1/*1", "*1/*22", "*20/*20"),
    "TSPO": ("rs6971 C/T", "rs6971 C/C"),
}  # fmt: skip
PHENOTYPES = (
    "Poor Metabolizer", "poor metaboliser", "PM", "Intermediate Metabolizer", "normal metabolizer", "Rapid Metabolizer",
    "Ultrarapid Metabolizer", "Indeterminate", "carrier",
)  # fmt: skip
SCALES = (
    "MADRS", "HAM-D17", "PHQ-9", "QIDS-SR16", "IDS-SR30", "BDI-II", "MADRS", "HAM-D17", "PHQ-9", "YMRS", "ASRM", "MDQ", "RMS",
    "WSAS", "SDS", "GAD-7", "ISI", "SHAPS", "MEQ", "CTQ sexual abuse", "FIBSER burden", "CGI-S", "HAM-D24", "BSDS",
)  # fmt: skip
SUMMED = ("PHQ-9", "QIDS-SR16", "IDS-SR30", "MADRS", "HAM-D17", "BDI-II", "C-SSRS", "PHQ-9", "QIDS-SR16")
UNITS = (
    "mg/L",
    "mg/dL",
    "MG/L",
    "ng/mL",
    "nmol/L",
    "pg/mL",
    "mIU/L",
    "ug/L",
    "mmol/L",
    "kg/m2",
    "",
    "furlong",
)
BOUNDS = ("at_least", "above", "up_to", "below")


@cache
def known(table: str) -> list[dict[str, Any]]:
    """The rows of a knowledge table."""
    found: list[dict[str, Any]] = knowledge.table(table).to_pylist()
    return found


@cache
def measures() -> dict[str, dict[str, Any]]:
    """The measures by name."""
    return {row["measure"]: row for row in known("measure")}


@cache
def cuts(measure: str) -> tuple[float, ...]:
    """The values at which a rule on this measure changes its answer."""
    found = {row[name] for row in known("sign_rule") if row["subject"] == measure for name in BOUNDS}
    found |= {row["at_least"] for row in known("screening_accuracy") if row["scale"] == measure}
    found |= {row["from_score"] for row in known("scale_band") if row["scale"] == measure}
    sets = {row["safety_set"] for row in known("safety_set") if row["member"] == measure}
    for row in known("safety_rule_part"):
        if row["subject"] in sets:
            found |= {row["min_value"], row["max_value"]}
    for row in known("level_range"):
        if measure in (row["measure"], row["metabolite"]):
            found |= {row["value_low"], row["value_high"]}
    return tuple(sorted(float(cut) for cut in found if cut is not None)) or (1.0, 5.0)


@cache
def labs() -> tuple[str, ...]:
    """Laboratory values, vital signs, levels and counts that some rule asks for; the often asked ones more often."""
    asked = {row["subject"] for row in known("sign_rule")} | {row["measure"] for row in known("level_range")}
    kinds = ("lab", "vital", "drug level", "history")
    found = sorted(name for name in asked if name in measures() and measures()[name]["kind"] in kinds)
    return (
        *found,
        "CRP",
        "hs-CRP",
        "CRP",
        "hs-CRP",
        "TSH",
        "BMI",
        "cigarettes per day",
        "desvenlafaxine level",
    )


@cache
def of_safety(kind: str) -> tuple[str, ...]:
    """The drugs, conditions or measures that some safety rule asks for."""
    asked = {row["subject"] for row in known("safety_rule_part")}
    found = {
        row["member"] for row in known("safety_set") if row["kind"] == kind and row["safety_set"] in asked
    }
    return tuple(sorted(found))


@cache
def conditions() -> tuple[str, ...]:
    """Conditions that some sign asks for."""
    found: set[str] = set()
    for row in known("sign_rule"):
        if row["kind"] == "condition":
            found.add(row["subject"])
        elif row["kind"] == "condition_set":
            found |= {
                member["condition"]
                for member in known("condition_set")
                if member["condition_set"] == row["subject"]
            }
    return tuple(sorted(found))


def some_day(random: Random) -> str:
    """A day as the record writes it; seldom to the month or year only, or none."""
    if random.random() < 0.06:
        return ""
    back = random.choice(LIMITS) if random.random() < 0.6 else random.randrange(DAYS)
    return written(LAST - timedelta(days=back), random.choice(["day"] * 14 + ["month", "year"]))


def totals(random: Random) -> list[Row]:
    """A rating or a course of ratings of one scale."""
    scale = random.choice(SCALES)
    low, high = (int(measures()[scale][name]) for name in ("min_value", "max_value"))
    found = []
    for _ in range(random.choice([1, 1, 2, 3])):
        near = int(random.choice(cuts(scale))) + random.choice([-1, 0, 0, 1])
        value = near if random.random() < 0.7 and low <= near <= high else random.randint(low, high)
        sign = random.choice(["<", ">"]) if random.random() < 0.12 else ""
        found.append({"measure": scale, "date": some_day(random), "value": str(value), "sign": sign})
    return found


def items(random: Random) -> list[Row]:
    """The answers to a scale on one day: all, all but some, or a few; seldom a refusal, or two answers to one item."""
    scale = random.choice(SUMMED)
    every = sorted(row["measure"] for row in known("scale_item") if row["scale"] == scale)
    asked = random.choice(
        [every, every, every[1:], every[:-2], random.sample(every, (len(every) + 1) // 2), every[::3]]
    )
    base, day, found = random.randint(0, 3), some_day(random), []
    for item in asked:
        most = int(measures()[item]["max_value"])
        answer = str(min(most, max(0, base + random.choice([0, 0, 0, -1, 1, 2]))))
        value = random.choice(["9", ""]) if random.random() < 0.03 else answer
        found.append({"measure": item, "date": day, "value": value})
        if random.random() < 0.02:
            found.append({"measure": item, "date": day, "value": "1"})
    if scale != "C-SSRS" and random.random() < 0.25:
        total = random.randint(0, int(measures()[scale]["max_value"]))
        found.append({"measure": scale, "date": day, "value": str(total)})
    return found


def lab(random: Random) -> list[Row]:
    """One laboratory value in its unit or in another, with or without a sign."""
    name = random.choice(labs())
    value = max(0.0, random.choice(cuts(name)) + random.choice([0.0, 0.0, 0.5, -0.5, 5.0]))
    row = {
        "measure": name,
        "date": some_day(random),
        "value": "" if random.random() < 0.04 else f"{value:g}",
        "unit": random.choice(UNITS) if random.random() < 0.25 else measures()[name]["unit"] or "",
        "sign": random.choice(["<", ">", "="]) if random.random() < 0.25 else "",
    }
    return [row]


def marker(random: Random) -> list[Row]:
    """A biomarker whose direction was reported; of CRP and IL-6 now and then a second value, or the name of the assay."""
    name = random.choice(
        ["CRP", "hs-CRP", "IL-6", "IL-6", *sorted(row["measure"] for row in known("biomarker_direction"))]
    )
    found = []
    for _ in range(random.choice([1, 1, 2])):
        value = random.choice(["0.5", "1", "2.5", "3", "4", "6.4", "9", "10", "12", "13"])
        row = {
            "measure": name,
            "date": some_day(random),
            "value": value,
            "unit": measures()[name]["unit"] or "",
        }
        row["sign"] = random.choice(["<", ">"]) if random.random() < 0.1 else ""
        if name == "IL-6":
            row["assay"] = random.choice(["Beckman Access 2", "Roche Cobas", ""])
        found.append(row)
    return found


def course(random: Random, start: date) -> list[Row]:
    """Ratings of one scale before and during a trial, most of them better than the first."""
    scale = random.choice(
        ["HAM-D17", "MADRS", "PHQ-9", "QIDS-SR16", "BDI-II", "HAM-D24", "ISI", "WSAS", "SDS", "GAD-7"]
    )
    most = int(measures()[scale]["max_value"])
    first = random.randint(most // 3, most)
    found = []
    for day in [random.choice([-29, -28, -5, 0]), *random.sample((-3, 1, 7, 14, 15, 28, 29, 42, 63, 98), 4)]:
        part = random.choice([1.0, 0.8, 0.75, 0.5, 0.5, 0.25, 0.15]) if day > 0 else 1.0
        value = min(most, max(0, round(first * part) + random.choice([0, 0, 0, 1, -1])))
        text = written(start + timedelta(days=day), random.choice(["day"] * 15 + ["month"]))
        found.append({"measure": scale, "date": text, "value": str(value)})
    return found


def symptoms(random: Random, start: date) -> list[Row]:
    """The nine symptoms week by week: without symptoms, with a few, or ill, each for some weeks."""
    scale, step, core = random.choice(
        [
            ("QIDS-SR16", 7, ("QIDS-SR16 item 5", "QIDS-SR16 item 13")),
            ("PHQ-9", 14, ("PHQ-9 item 1", "PHQ-9 item 2")),
        ]
    )
    every = sorted(
        row["measure"] for row in known("scale_item") if row["scale"] == scale and " item " in row["measure"]
    )
    found, day = [], start + timedelta(days=random.choice([0, 7, 20]))
    for _ in range(random.choice([2, 3])):
        state = random.choice(["free", "free", "few", "ill"])
        times = random.choice([1, 2, 3, 4, 11, 19] if state == "free" else [1, 2, 3])
        for _ in range(times):
            for item in every:
                few = 0 if item in core else random.choice([0, 0, 1, 3])
                answer = {"free": 0, "few": few, "ill": 3}[state]
                if times > 10 or random.random() < 0.99:
                    found.append({"measure": item, "date": day.isoformat(), "value": str(answer)})
            late = times < 10 and random.random() < 0.15
            day += timedelta(days=random.choice([step + 1, 2 * step]) if late else step)
    return found


def measured(random: Random, starts: list[date]) -> list[Row]:
    """Ratings, items, laboratory values, counts of the history; in some records the course of a trial."""
    packs = [
        random.choice([totals, totals, items, lab, lab, lab, marker])(random)
        for _ in range(random.randrange(10))
    ]
    if starts and random.random() < 0.5:
        packs.append(course(random, random.choice(starts)))
    if starts and random.random() < 0.12:
        packs.append(symptoms(random, random.choice(starts)))
    rows = [row for pack in packs for row in pack]
    return [
        {"measurement_id": f"n{number:03d}", "person_id": PERSON} | row for number, row in enumerate(rows)
    ]


def diagnosed(random: Random) -> list[Row]:
    """What signs ask for, some of it ruled out, now and then the same twice."""
    rows: list[Row] = []
    for number in range(random.choice([0, 1, 2, 3, 5])):
        start, shape = some_day(random), random.choice(["open", "point", "point", "span"])
        end = "" if shape == "open" else start
        if shape == "span" and len(start) == 10:
            end = (date.fromisoformat(start) + timedelta(days=random.choice([10, 40, 300]))).isoformat()
        again = rows and random.random() < 0.15
        asked = conditions() if random.random() < 0.5 else of_safety("condition")
        name = rows[-1]["condition"] if again else random.choice(asked)
        rows.append(
            {
                "condition_id": f"d{number:02d}", "person_id": PERSON, "condition": name, "start_date": start,
                "end_date": end, "present": random.choice(["", "", "", "true", "false"]),
            }
        )  # fmt: skip
    return rows


def taken(random: Random) -> list[Row]:
    """Drugs that interact or that genes and levels speak of, some of them still taken on the last day."""

    def seldom(*values: str) -> str:
        return random.choice(values) if random.random() < 0.3 else ""

    rows = []
    for number in range(random.choice([0, 0, 1, 2, 3])):
        start = LAST - timedelta(days=random.randrange(600))
        length = random.choice([20, 41, 42, 60, 200, 700])
        drugs = [*DRUGS, *DOSES] if random.random() < 0.7 else of_safety("agent")
        ends = random.choice(["known", "known", "known", "none", "ongoing"])
        first = written(start, random.choice(["day"] * 9 + ["month"]))
        last = (start + timedelta(days=length)).isoformat() if ends == "known" and len(first) == 10 else ""
        rows.append(
            {
                "exposure_id": f"x{number:02d}", "person_id": PERSON, "start_date": first, "end_date": last,
                "agent": random.choice(drugs), "ongoing": "true" if ends == "ongoing" else "",
                "daily_dose_mg": random.choice(["10", "20", "60", "150", "300", "", ""]),
                "stop_reason": seldom(*STOPS), "improvement_pct": seldom(*IMPROVEMENTS),
                "improvement_basis": seldom("measured", "recalled", "recorded then"),
                "adherence": seldom("0.5", "0.79", "0.8", "1"), "status": seldom("dispensed", "reported", "prescribed"),
            }
        )  # fmt: skip
    return rows


def genotyped(random: Random) -> list[Row]:
    """Genotypes by alleles, by score or by the phenotype alone; seldom two rows of one gene."""
    rows = []
    for gene in random.choices(
        ["CYP2D6", "CYP2D6", "CYP2C19", "CYP2C19", *DIPLOTYPES], k=random.randrange(4)
    ):
        row = {
            "person_id": PERSON,
            "gene": gene,
            "diplotype": random.choice(DIPLOTYPES[gene]) if random.random() < 0.75 else "",
            "phenotype": random.choice(PHENOTYPES) if random.random() < 0.3 else "",
            "activity_score": random.choice(["0", "0.5", "1", "1.25", "2.5", "3"])
            if random.random() < 0.2
            else "",
        }
        if row["diplotype"] or row["phenotype"] or row["activity_score"]:
            rows.append(row)
    return rows


ADDED = {"condition": diagnosed, "exposure": taken, "genotype": genotyped}


def with_more(raw: Raw, random: Random) -> Raw:
    """A history with what the later tables ask for; a table that is missing is one the source does not keep."""
    found = dict(raw)
    if random.random() < 0.4:
        # Few trials leave room for what else stands in the record.
        found["exposure"] = found.get("exposure", [])[:2]
    for table, more in ADDED.items():
        if table in raw or table == "genotype":
            found[table] = [*found.get(table, []), *more(random)]
    days = [row["start_date"] for row in found.get("exposure", []) if len(row["start_date"]) == 10]
    if "measurement" in raw:
        found["measurement"] = [
            *raw["measurement"],
            *measured(random, [date.fromisoformat(day) for day in days]),
        ]
    if random.random() < 0.15:
        del found["genotype"]
    person = {"language": "Dutch", "race": "any", "ethnicity": "any", "socioeconomic": "low"}
    chosen = {name: text for name, text in person.items() if random.random() < 0.3}
    found["person"] = [found["person"][0] | chosen]
    found.pop("observation_period", None)
    if random.random() < 0.8:
        first = BEGIN + timedelta(days=random.choice([-60, -60, -60, 500]))
        found["observation_period"] = [
            {"person_id": PERSON, "start_date": first.isoformat(), "end_date": LAST.isoformat()}
        ]
    return found


def drawn(number: int, with_seed: int) -> list[Raw]:
    """So many histories, the same ones for the same seed."""
    random = Random(with_seed)
    return [with_more(raw, random) for raw in histories.drawn(number, with_seed)]
