"""Crafted records as a clinical pharmacist would read them: what is taken, what ended lately, what is planned."""

from __future__ import annotations

from typing import Any

import pytest

from option_cases import Row, ago, cohort, options
from typed_rows import Raw

FREE, CAUTION, BLOCKED = "no recorded obstacle", "caution", "blocked"


def drugs(*taken: tuple[str, int | None]) -> Raw:
    """Drugs begun 300 days before the assessment that go on (None), or ended so many days before it."""
    rows = [
        {"agent": agent, "start_date": ago(300)} | ({"ongoing": "true"} if end is None else {"end_date": ago(end)})
        for agent, end in taken
    ]  # fmt: skip
    return {"exposure": rows}


def ill(*names: str) -> Raw:
    return {"condition": [{"condition": name, "start_date": ago(40)} for name in names]}


def blood_pressure(systolic: str) -> Raw:
    measure = {"measure": "systolic blood pressure", "unit": "mm[Hg]", "date": ago(9), "value": systolic}
    return {"measurement": [measure]}


def lab(measure: str, value: str, unit: str) -> Raw:
    return {"measurement": [{"measure": measure, "unit": unit, "date": ago(9), "value": value}]}


def item_nine(value: str) -> Raw:
    return {"measurement": [{"measure": "PHQ-9 item 9", "date": ago(9), "value": value}]}


COURSE: Raw = {"procedure": [{"procedure": "ECT", "date": ago(10), "sessions": "4"}]}

# what the record holds, what is planned, what the safety rules make of it
CASES: list[tuple[str, Raw, str, str, str]] = [
    ("pirlindole now", drugs(("pirlindole", None)), "sertraline", "switch", BLOCKED),
    ("pirlindole ended 2 days ago", drugs(("pirlindole", 2)), "sertraline", "switch", FREE),
    ("fluoxetine ended 20 days ago", drugs(("fluoxetine", 20)), "moclobemide", "switch", BLOCKED),
    ("fluoxetine ended 30 days ago", drugs(("fluoxetine", 30)), "moclobemide", "switch", FREE),
    ("fluoxetine ended 30 days ago", drugs(("fluoxetine", 30)), "phenelzine", "switch", BLOCKED),
    ("fluoxetine ended 36 days ago", drugs(("fluoxetine", 36)), "phenelzine", "switch", FREE),
    ("mirtazapine ended 10 days ago", drugs(("mirtazapine", 10)), "phenelzine", "switch", BLOCKED),
    ("mirtazapine ended 15 days ago", drugs(("mirtazapine", 15)), "phenelzine", "switch", FREE),
    ("bupropion ended 10 days ago", drugs(("bupropion", 10)), "moclobemide", "switch", BLOCKED),
    ("reboxetine ended 5 days ago", drugs(("reboxetine", 5)), "tranylcypromine", "switch", BLOCKED),
    ("phenelzine ended 10 days ago", drugs(("phenelzine", 10)), "ademetionine", "add", BLOCKED),
    ("phaeochromocytoma", ill("phaeochromocytoma"), "tranylcypromine", "switch", BLOCKED),
    ("agomelatine now", drugs(("agomelatine", None)), "fluvoxamine", "switch", BLOCKED),
    ("fluvoxamine now", drugs(("fluvoxamine", None)), "agomelatine", "switch", BLOCKED),
    ("duloxetine now", drugs(("duloxetine", None)), "fluvoxamine", "switch", CAUTION),
    ("nefazodone now", drugs(("nefazodone", None)), "gepirone", "switch", BLOCKED),
    ("verapamil now", drugs(("verapamil", None)), "lumateperone", "add", CAUTION),
    ("lamotrigine now", drugs(("lamotrigine", None)), "valproate", "add", CAUTION),
    ("a course of ECT", COURSE, "lamotrigine", "add", CAUTION),
    ("a course of ECT", COURSE, "lithium", "add", CAUTION),
    ("tramadol now", drugs(("tramadol", None)), "sertraline", "switch", CAUTION),
    ("tramadol now", drugs(("tramadol", None)), "phenelzine", "switch", BLOCKED),
    ("tramadol now", drugs(("tramadol", None)), "agomelatine", "switch", FREE),
    ("St John's wort now", drugs(("st john's wort", None)), "venlafaxine", "switch", CAUTION),
    ("St John's wort now", drugs(("st john's wort", None)), "quetiapine", "add", CAUTION),
    ("clozapine now", drugs(("clozapine", None)), "rTMS", "course", CAUTION),
    ("sertraline now", drugs(("sertraline", None)), "ayahuasca", "add", BLOCKED),
    ("sertraline ended 20 days ago", drugs(("sertraline", 20)), "ayahuasca", "add", FREE),
    ("lithium now", drugs(("lithium", None)), "psilocybin-assisted therapy", "add", CAUTION),
    ("lithium now", drugs(("lithium", None)), "celecoxib", "add", CAUTION),
    ("ramipril now", drugs(("ramipril", None)), "lithium", "add", CAUTION),
    ("160 mmHg", blood_pressure("160"), "methylphenidate", "add", CAUTION),
    ("160 mmHg", blood_pressure("160"), "ketamine", "add", CAUTION),
    ("120 mmHg", blood_pressure("120"), "ketamine", "add", FREE),
    ("suicidal thoughts in a rating", item_nine("2"), "amitriptyline", "switch", CAUTION),
    ("no suicidal thoughts in a rating", item_nine("0"), "amitriptyline", "switch", FREE),
    ("cirrhosis", ill("cirrhosis"), "duloxetine", "switch", BLOCKED),
    ("cirrhosis", ill("cirrhosis"), "SNRI + mirtazapine", "combine", CAUTION),
    ("an aneurysm", ill("aneurysm or arteriovenous malformation"), "esketamine", "add", BLOCKED),
    ("an aneurysm", ill("aneurysm or arteriovenous malformation"), "MST", "course", CAUTION),
    ("linezolid now", drugs(("linezolid", None)), "mianserin", "switch", BLOCKED),
    ("linezolid now", drugs(("linezolid", None)), "MDMA-assisted therapy", "add", BLOCKED),
    ("160 mmHg", blood_pressure("160"), "tranylcypromine", "switch", CAUTION),
    ("congenital long QT", ill("long QT syndrome"), "ziprasidone", "add", BLOCKED),
    ("congenital long QT", ill("long QT syndrome"), "amitriptyline", "switch", CAUTION),
    ("congenital long QT", ill("long QT syndrome"), "agomelatine", "switch", FREE),
    ("a QTc of 512 ms", lab("QTc interval", "512", "ms"), "ziprasidone", "add", BLOCKED),
    ("a QTc of 470 ms", lab("QTc interval", "470", "ms"), "ziprasidone", "add", FREE),
    ("a QTc of 470 ms", lab("QTc interval", "470", "ms"), "citalopram", "switch", CAUTION),
    ("a QTc of 430 ms", lab("QTc interval", "430", "ms"), "citalopram", "switch", FREE),
    ("epilepsy", ill("epilepsy"), "clozapine", "add", CAUTION),
    ("epilepsy", ill("epilepsy"), "maprotiline", "switch", CAUTION),
    ("paroxetine now", drugs(("paroxetine", None)), "nortriptyline", "add", CAUTION),
    ("fluoxetine ended 20 days ago", drugs(("fluoxetine", 20)), "desipramine", "switch", CAUTION),
    ("fluoxetine ended 36 days ago", drugs(("fluoxetine", 36)), "desipramine", "switch", FREE),
    ("carbamazepine now", drugs(("carbamazepine", None)), "clozapine", "add", BLOCKED),
    ("carbamazepine now", drugs(("carbamazepine", None)), "lurasidone", "add", BLOCKED),
    ("carbamazepine now", drugs(("carbamazepine", None)), "nefazodone", "switch", BLOCKED),
    ("carbamazepine now", drugs(("carbamazepine", None)), "quetiapine", "add", CAUTION),
    ("clozapine now", drugs(("clozapine", None)), "carbamazepine", "add", BLOCKED),
    ("clozapine now", drugs(("clozapine", None)), "fluvoxamine", "switch", CAUTION),
    ("fluvoxamine now", drugs(("fluvoxamine", None)), "clozapine", "add", CAUTION),
    ("verapamil now", drugs(("verapamil", None)), "lurasidone", "add", CAUTION),
    ("clarithromycin now", drugs(("clarithromycin", None)), "simvastatin", "add", BLOCKED),
    ("an eGFR of 25", lab("eGFR", "25", "mL/min/1.73m2"), "metformin", "add", BLOCKED),
    ("an eGFR of 25", lab("eGFR", "25", "mL/min/1.73m2"), "amisulpride", "add", CAUTION),
    ("an eGFR of 60", lab("eGFR", "60", "mL/min/1.73m2"), "metformin", "add", FREE),
    ("pregnancy", ill("pregnancy"), "mifepristone", "add", BLOCKED),
    ("pregnancy", ill("pregnancy"), "testosterone", "add", BLOCKED),
    ("pregnancy", ill("pregnancy"), "ketamine", "add", CAUTION),
    ("cirrhosis", ill("cirrhosis"), "valproate", "add", BLOCKED),
    ("alcohol use disorder", ill("alcohol use disorder"), "duloxetine", "switch", CAUTION),
    ("suicidal thoughts in a rating", item_nine("2"), "venlafaxine", "switch", CAUTION),
    ("hyperthyroidism", ill("hyperthyroidism"), "liothyronine", "add", BLOCKED),
    ("hypothyroidism", ill("hypothyroidism"), "liothyronine", "add", CAUTION),
    ("sertraline now", drugs(("sertraline", None)), "MDMA-assisted therapy", "add", CAUTION),
    ("psychotic depression", ill("psychotic depression"), "psilocybin-assisted therapy", "add", CAUTION),
    ("bipolar disorder", ill("bipolar disorder"), "sleep deprivation", "add", CAUTION),
]  # fmt: skip


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[tuple[str, str], Row]]:
    people: dict[str, Any] = {who: raw for who, raw, *_ in CASES}
    return options(cohort(people, tmp_path_factory.mktemp("records") / "record"))


@pytest.mark.parametrize(
    ("who", "treatment", "role", "safety"), [(who, *planned) for who, _, *planned in CASES]
)
def test_what_is_planned_beside_what_is_recorded(
    assessed: dict[str, dict[tuple[str, str], Row]], who: str, treatment: str, role: str, safety: str
) -> None:
    option = assessed[who][treatment, role]
    assert option["safety"] == safety, (option["reasons"], option["cautions"])
