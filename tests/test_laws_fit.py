"""Laws of ratings, values, findings, domains and options: what must not matter, and what leaving something out may do."""

from __future__ import annotations

import json
import tempfile
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fit_histories import LAST, drawn
from fit_running import of_one_source, results
from opentrd import knowledge
from running import Row, renamed
from typed_rows import Raw, meaning

pytestmark = pytest.mark.slow

SEED = 20241121
PERSONS = 40
FOUR_YEARS = 1461  # days after which the calendar of these decades repeats itself
# What a row of each table is known by, and what has to stay the same; no days and no ids that are made of days.
SAME = {
    "rating": (
        ("measure", "date_low", "low", "high"),
        ("origin", "complete", "last", "band_low", "band_high", "agrees"),
    ),
    "lab": (("measurement_id",), ("low", "high", "usable", "reason", "last")),
    "outcome": (("trial_id", "measurement_id", "rule"), ("status", "change_pct")),
    "sign": (("sign",), ("present", "subject")),
    "finding": (("finding", "subject", "source"), ("present",)),
    "domain": (("domain",), ("present", "absent", "not_measured", "rank_best", "rank_worst")),
    "pgx_metabolism": (("gene", "system"), ("phenotype", "converted_phenotype", "changed")),
    "option": (
        ("treatment", "role"),
        ("standing", "reasons", "cautions", "guidance", "unchecked", "fit", "rank_best", "rank_worst"),
    ),
    "recommendation": (("treatment", "role", "guideline", "line", "condition"), ("applies", "basis")),
}
ALL = tuple(SAME)

Found = dict[str, list[Row]]


def persons(number: int, seed: int, prefix: str = "p") -> list[Raw]:
    """So many histories, each of a person of its own."""
    return [of_one_source(renamed(raw, f"{prefix}{n:04d}")) for n, raw in enumerate(drawn(number, seed), 1)]


def found(raws: list[Raw], tables: tuple[str, ...] = ALL, as_of: date | None = None) -> list[Found]:
    """The tables of each history, in their order."""
    with tempfile.TemporaryDirectory() as folder:
        rows = results(raws, Path(folder), tables, as_of)
    return [rows[raw["person"][0]["person_id"]] for raw in raws]


def cells(rows: Found, but: tuple[str, ...] = ()) -> list[str]:
    """Every cell that has to stay the same, as sorted text."""
    lines = []
    for table, (keys, columns) in SAME.items():
        for row in rows[table]:
            kept = [str(row[name]) for name in (*keys, *columns) if name not in but]
            lines.append(f"{table}: {' | '.join(kept)}")
    return sorted(lines)


def test_the_order_of_rows_does_not_matter() -> None:
    random, raws = Random(SEED), persons(PERSONS, SEED)
    shuffled = [{table: random.sample(rows, len(rows)) for table, rows in raw.items()} for raw in raws]
    for raw, before, after in zip(raws, found(raws), found(shuffled), strict=True):
        assert cells(before) == cells(after), json.dumps(raw)


def test_other_persons_do_not_matter() -> None:
    raws = persons(PERSONS, SEED + 1)
    others = persons(PERSONS, SEED + 2, "other")
    for raw, before, after in zip(raws, found(raws), found([*others, *raws])[len(others) :], strict=True):
        assert cells(before) == cells(after), json.dumps(raw)


def test_when_it_happened_does_not_matter() -> None:
    """Days stand in ids of trials, occasions and in some texts; everything else stays as it is."""
    raws = [to_the_day(raw) for raw in persons(PERSONS, SEED + 3)]
    later = [moved(raw, FOUR_YEARS) for raw in raws]
    of_days = ("date_low", "trial_id", "measurement_id", "subject", "reasons", "cautions")
    for raw, before, after in zip(raws, found(raws), found(later), strict=True):
        assert cells(before, of_days) == cells(after, of_days), json.dumps(raw)


def dates_of(row: dict[str, str]) -> list[str]:
    """The date columns of a row that are filled."""
    return [name for name in row if name.endswith("date") and row[name]]


def to_the_day(raw: Raw) -> Raw:
    """The history without rows that have a date to the month or year only."""
    return {
        table: [row for row in rows if all(len(row[name]) == 10 for name in dates_of(row))]
        if table != "person"
        else [row | ({} if len(row.get("birth_date", "")) == 10 else {"birth_date": ""}) for row in rows]
        for table, rows in raw.items()
    }


def moved(raw: Raw, days: int) -> Raw:
    """All dates so many days later."""

    def later(text: str) -> str:
        return (date.fromisoformat(text) + timedelta(days=days)).isoformat()

    return {
        table: [row | {name: later(row[name]) for name in dates_of(row)} for row in rows]
        for table, rows in raw.items()
    }


# --- what leaving something out may do ----------------------------------------------------------------------

SUBJECTS = {
    "exposure": "agent", "procedure": "procedure", "condition": "condition", "measurement": "measure", "genotype": "gene",
}  # fmt: skip
BLOCKS = {row["rule"] for row in knowledge.table("safety_rule").to_pylist() if row["effect"] == "block"}
# A treatment is its own unit, and each of its drugs is one.
WITH_UNIT = {row["treatment"]: {row["treatment"]} for row in knowledge.table("treatment").to_pylist()}
for _row in knowledge.table("treatment_part").to_pylist():
    for _unit in (_row["treatment"], _row["member"]):
        WITH_UNIT.setdefault(_unit, set()).add(_row["treatment"])
SAFETY = {row["member"] for row in knowledge.table("safety_set").to_pylist()}
SILENT = {row["sign"] for row in knowledge.table("sign").to_pylist() if row["silence"] == "absent"}
BY_SIGN = {row["finding"]: row["sign"] for row in knowledge.table("finding").to_pylist() if row["sign"]}


def subject_of(table: str, row: dict[str, str]) -> str:
    """What a row speaks of, by its name in the knowledge."""
    text = row[SUBJECTS[table]]
    return text if table == "genotype" else meaning(SUBJECTS[table], text)


def without(raw: Raw, random: Random) -> tuple[str, str, Raw] | None:
    """A history without all that it says about one subject: a drug, condition, procedure, measure or gene."""
    told = sorted({(table, subject_of(table, row)) for table in SUBJECTS for row in raw[table]})
    if not told:
        return None
    # What safety rules speak of is left out more often: it is what the laws are about.
    table, subject = random.choices(told, [9 if subject in SAFETY else 1 for _, subject in told])[0]
    return table, subject, raw | {table: [row for row in raw[table] if subject_of(table, row) != subject]}


def removed(seed: int, number: int) -> list[tuple[Raw, str, str, Raw]]:
    """Histories and what is left of them."""
    random = Random(seed)
    pairs = [(raw, without(raw, random)) for raw in persons(number, seed)]
    return [(raw, *rest) for raw, rest in pairs if rest is not None]


def test_what_is_left_out_never_lifts_a_block_without_a_word() -> None:
    """docs/fit-options.md, rule 16. Another measure of the same test may still speak, and then decides."""
    cases = removed(SEED + 4, 3 * PERSONS)
    tables = ("option", "option_unit_hit")
    before = found([raw for raw, *_ in cases], tables, LAST)
    after = found([left for *_, left in cases], tables, LAST)
    lifted = 0
    for (raw, table, subject, _), one, other in zip(cases, before, after, strict=True):
        still = {(row["unit"], row["rule"]): row["acts"] for row in other["option_unit_hit"]}
        says = {
            (treatment, rule)
            for (unit, rule), truth in still.items()
            if truth is not False
            for treatment in WITH_UNIT[unit]
        }
        listed: dict[str, set[str]] = {}
        for row in other["option"]:
            if row["role"] != "stop":
                names = {
                    name.removesuffix(" (not computable)") for name in (row["unchecked"] or "").split("; ")
                }
                listed.setdefault(row["treatment"], set()).update(names)
        for row in one["option_unit_hit"]:
            key = (row["unit"], row["rule"])
            if row["acts"] is not True or row["rule"] not in BLOCKS:
                continue
            denied = key in still and still[key] is False and table == "measurement"
            acts = key in still and still[key] is not False
            for treatment in WITH_UNIT[row["unit"]] & listed.keys():
                lifted += not acts
                # of a treatment with several drugs the rule may still be said of another one
                other_drug = treatment != row["unit"] and (treatment, row["rule"]) in says
                assert acts or denied or other_drug or row["rule"] in listed[treatment], (
                    f"without {subject} {key} no longer blocks {treatment}, in silence: {json.dumps(raw)}"
                )
    assert lifted > 20  # else nothing was tried


# Checks of which the rules say that nothing recorded is "not there", where the source keeps such rows.
ABSENT_WHEN_KEPT = {
    "inducer", "bipolar_induced", "bipolar_rapid_cycling", "bipolar_worsening", "crp_confounder", "left_truncation",
    "rating_missed", "rating_due",
}  # fmt: skip
# Checks of how much the record holds, and those that rest on the latest of several values or trials.
OF_THE_RECORD = {
    "table_not_kept",
    "incomplete_record",
    "diagnosis_missing",
    "no_dates",
    "age_unknown",
    "unusable_value",
}


def test_what_is_left_out_turns_no_finding_unless_its_rule_says_so() -> None:
    cases = removed(SEED + 5, 3 * PERSONS)
    tables = ("finding", "sign_evidence")
    before = found([raw for raw, *_ in cases], tables, LAST)
    after = found([left for *_, left in cases], tables, LAST)
    compared = 0
    for (raw, table, subject, _), one, other in zip(cases, before, after, strict=True):
        ruled_out = {row["sign"] for row in other["sign_evidence"] if row["truth"] is False}
        now = {(row["finding"], row["subject"], row["source"]): row["present"] for row in other["finding"]}
        for row in one["finding"]:
            key = (row["finding"], row["subject"], row["source"])
            if row["present"] is not True or now.get(key) is not False:
                compared += row["present"] is True
                continue
            name = row["finding"]
            sign = BY_SIGN.get(name)
            explained = (
                name in ABSENT_WHEN_KEPT | OF_THE_RECORD or sign in SILENT or bool(parts_of(sign) & ruled_out)
            )
            assert explained, f"without {subject} ({table}) {key} turned: {json.dumps(raw)}"
    assert compared > 300


def parts_of(sign: str | None) -> set[Any]:
    """A sign and the signs that it is made of."""
    return {sign} | {row["part"] for row in knowledge.table("sign_part").to_pylist() if row["sign"] == sign}
