"""The patient page's content, read from result tables: what to say where. No markup, no judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from opentrd.report import fit, words
from opentrd.report.adequacy import NO_RULE, adequacy_words, standing
from opentrd.report.groups import grouped
from opentrd.report.lanes import timeline_of
from opentrd.report.lineage import Lineage
from opentrd.report.questions import questions
from opentrd.report.stages import instruments, leading
from opentrd.report.timeline import draw, legend
from opentrd.report.verdicts import CLAUSES, tally, verdict_view
from opentrd.report.words import Row

Tables = Mapping[str, Sequence[Row]]

UNREAD_COLUMNS = ("source", "row", "field", "value", "reason")
STATEMENT_TABLES = ("verdict", "stage", "finding", "option")

FIT_TABLES = ("finding", "indicator", "domain", "option_scope", "option", "recommendation", "outcome")

# The tables of the record, in the order of the page, with the columns that date their rows.
RECORD_DATES: dict[str, tuple[str, ...]] = {
    "observation_period": ("start_date", "end_date"),
    "condition": ("start_earliest", "end_latest"),
    "exposure": ("start_earliest", "end_latest"),
    "procedure": ("start_earliest", "end_latest"),
    "measurement": ("date_earliest", "date_latest"),
    "genotype": (),
}


def content(
    number: int, tables: Tables, explain: Mapping[str, Any], meta: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything the template prints for one person, as plain values and drawn charts."""
    lineage = Lineage(explain)
    as_of = (list(tables.get("as_of") or ()) or [{}])[0]
    person = (list(tables.get("person") or ()) or [{}])[0]
    person_id = str(person.get("person_id") or as_of.get("person_id") or "")
    trials = numbered(tables.get("trial") or (), ("start_date", "end_date"), "trial_id")
    exposures = numbered(tables.get("exposure") or (), ("start_earliest", "start_latest"), "exposure_id")
    procedures = numbered(tables.get("procedure") or (), ("start_earliest", "start_latest"), "procedure_id")
    trial_views = [
        trial_view(row, tables, lineage, exposures=exposures, procedures=procedures, meta=meta)
        for row in trials.values()
    ]
    verdicts = [verdict_view(row, tables, explain, lineage, trials) for row in tables.get("verdict") or ()]
    plan = timeline_of(list(trials.values()), tables, explain, meta)
    description = (
        f"{words.plural(len(trials), 'trial')} on one time axis; trials and ratings are also given as tables."
    )
    staged = instruments(tables.get("stage") or (), explain)
    tables = {
        name: [_nameless(row, person_id, set(trials)) for row in rows] if name in FIT_TABLES else rows
        for name, rows in tables.items()
    }
    found = fit.finding_views(tables, explain.get("findings") or {}, trials)
    domains = fit.domain_views(tables, explain.get("domains") or {})
    options = fit.option_views(
        tables, *(explain.get(name) or {} for name in ("treatments", "option_evidence", "safety_rules"))
    )
    return {
        "number": number,
        "first": fit.first_of_all(found),
        "findings": fit.finding_groups(found),
        "explaining": fit.explaining(found),
        "open_findings": sum(view["present"] is None for view in found),
        "to_settle": fit.to_settle(found),
        "domains": domains,
        "leading": fit.leading_domains(domains),
        "option_groups": fit.option_groups(options),
        "taken_blocked": fit.taken_blocked(options),
        "no_options": fit.no_options(tables, options),
        "outcomes": fit.outcome_views(tables, trials),
        "header": header(person, as_of),
        "facts_share": facts_share(row for name in STATEMENT_TABLES for row in tables.get(name) or ()),
        "groups": grouped(verdicts, explain, lineage),
        "tally": tally(verdicts),
        "timeline": draw(plan, "tl", f"Treatments of person {number} over time", description),
        "legend": legend("tlk"),
        "timeline_omitted": plan.omitted,
        "adequacy_text": adequacy_words(meta),
        "ratings": rating_rows(tables),
        "episodes": [
            {
                "number": place,
                "span": words.days_between(row.get("start_date"), row.get("end_date")),
                "basis": row.get("basis") or "not stated",
            }
            for place, row in enumerate(
                sorted_rows(tables.get("episode") or (), ("start_date",), "episode_id"), 1
            )
        ],
        "instruments": staged,
        "staged": leading(staged),
        "questions": questions(
            tables.get("question") or (), trials, {**exposures, **procedures}, lineage, person_id
        ),
        "trials": trial_views,
        "clauses": CLAUSES,
        "record": record_summary(tables),
        "unread": [
            {name: words.without_person(row.get(name), person_id) for name in UNREAD_COLUMNS}
            | ({"value": "[this person]"} if row.get("field") == "person_id" else {})
            for row in tables.get("unread") or ()
        ],
        "sources": sources(lineage, explain),
    }


def _nameless(row: Row, person_id: str, trials: set[str]) -> Row:
    """A row whose texts name no person; ids of trials are left, because the page replaces them by numbers."""
    return {
        name: words.without_person(value, person_id)
        if isinstance(value, str)
        and value not in trials
        and not (name == "subject" and value.startswith(tuple(f"{trial} " for trial in trials)))
        else value
        for name, value in row.items()
    }


def sorted_rows(rows: Sequence[Row], dates: tuple[str, ...], key: str) -> list[Row]:
    """Rows in the order of their first known date, rows without a date last, then by key."""

    def order(row: Row) -> tuple[date, str]:
        known = [row[name] for name in dates if isinstance(row.get(name), date)]
        return (known[0] if known else date.max, str(row.get(key)))

    return sorted(rows, key=order)


def numbered(rows: Sequence[Row], dates: tuple[str, ...], key: str) -> dict[str, dict[str, Any]]:
    """Rows by their id, each with a ``number`` in the order of time: ids may name a person."""
    return {
        str(row.get(key)): {**row, "number": place}
        for place, row in enumerate(sorted_rows(rows, dates, key), 1)
    }


def header(person: Row, as_of: Row) -> dict[str, str]:
    """Who is spoken of, as far as a page may say it."""
    age = words.interval(as_of.get("age_low"), as_of.get("age_high"))
    return {
        "as_of": words.day(as_of.get("as_of")),
        "age": age if age == "not known" else f"{age} years",
        "sex": str(person.get("sex") or "not known"),
        "observed": words.days_between(as_of.get("observed_from"), as_of.get("observed_to")),
    }


def facts_share(rows: Any) -> list[dict[str, Any]]:
    """Which share of the statements rests on facts of which status; whole per cent."""
    counts = words.status_counts(rows)
    total = sum(counts.values())
    return [
        {
            "status": status,
            "meaning": words.STATUS_WORDS.get(status, "the statement names no fact"),
            "count": count,
            "share": round(100 * count / total),
        }
        for status, count in counts.items()
    ]


def trial_view(
    row: Row,
    tables: Tables,
    lineage: Lineage,
    *,
    exposures: Mapping[str, Row],
    procedures: Mapping[str, Row],
    meta: Mapping[str, Any],
) -> dict[str, Any]:
    """One trial: its line in the table, the rows of the record and the facts it rests on."""
    key = str(row.get("trial_id"))
    judged = [j for j in tables.get("judgement") or () if str(j.get("trial_id")) == key]
    unruled = standing(row, meta) == NO_RULE
    rests = [exposures[k] for k in lineage.record_keys("trial", key, "exposure") if k in exposures]
    courses = [procedures[k] for k in lineage.record_keys("trial", key, "procedure") if k in procedures]
    return {
        "number": row["number"],
        "kind": str(row.get("kind") or ""),
        "classes": "" if row.get("classes") == row.get("kind") else str(row.get("classes") or ""),
        "improvement_basis": str(row.get("improvement_basis") or ""),
        "treatment": words.title_case(str(row.get("agents") or row.get("kind") or "treatment not named")),
        "span": words.span_from(
            row.get("start_date"), row.get("certain_start"), row.get("bridged_end") or row.get("supply_end")
        ),
        "weeks": words.weeks(row.get("days_low"), row.get("days_high")) or "not known",
        "dose": f"{words.number(row['top_dose_mg'])}{words.SPACE}mg"
        if row.get("top_dose_mg") is not None
        else ("–" if unruled else "not known"),
        "dose_status": NO_RULE if unruled else row.get("dose_status") or "",
        "outcome": words.outcome(row),
        "adequate": words.NOT_ASKED if unruled else standing(row, meta),
        "no_rule": NO_RULE if unruled else "",
        "adherence_text": words.number(row.get("adherence")),
        "counts": counted_in(judged, {str(v.get("definition")) for v in tables.get("verdict") or ()}),
        "exposures": [exposure_view(exposure) for exposure in rests],
        "procedures": [exposure_view(course) for course in courses],
        "facts": lineage.facts("trial", key),
    }


def counted_in(judged: Sequence[Row], definitions: set[str]) -> list[dict[str, Any]]:
    """In how many definitions, and in how many instruments, a trial is a failed adequate one."""
    lines = []
    for noun, inside in (("definition", True), ("instrument", False)):
        own = [
            words.truth(j.get("counts"))
            for j in judged
            if (str(j.get("definition")) in definitions) is inside
        ]
        if own:
            lines.append(
                {"text": f"{own.count(True)} of {words.plural(len(own), noun)}", "open": own.count(None)}
            )
    return lines


def exposure_view(row: Row) -> dict[str, Any]:
    """A row of the record as it was read, dates as the intervals they are."""
    end = words.stated_day(row.get("end_earliest"), row.get("end_latest"))
    dose = row.get("daily_dose_mg")
    return {
        "number": row["number"],
        "name": row.get("agent") or row.get("procedure") or "",
        "start": words.stated_day(row.get("start_earliest"), row.get("start_latest")),
        "end": "ongoing" if row.get("ongoing") else end,
        "amount": f"{words.number(dose)}{words.SPACE}mg"
        if dose is not None
        else words.number(row.get("sessions")) or "not known",
        "status": row.get("status") or row.get("laterality") or "",
        "outcome": words.outcome(row),
    }


def rating_rows(tables: Tables) -> list[dict[str, str]]:
    """Every measurement with a value, in the order of time: the table beside the chart."""
    rows = sorted_rows(tables.get("measurement") or (), ("date_earliest", "date_latest"), "measurement_id")
    return [
        {
            "measure": str(row.get("measure") or ""),
            "date": words.stated_day(row.get("date_earliest"), row.get("date_latest")),
            "value": words.censored(row.get("sign"), row.get("value")),
            "unit": str(row.get("unit") or ""),
        }
        for row in rows
    ]


def record_summary(tables: Tables) -> list[dict[str, Any]]:
    """Per table of the record: whether the source keeps it, how many rows it holds, and from when to when."""
    kept = {str(row.get("table_name")) for row in tables.get("kept") or ()}
    lines = []
    for name, columns in RECORD_DATES.items():
        rows = tables.get(name) or ()
        days = [row[c] for row in rows for c in columns if isinstance(row.get(c), date)]
        lines.append(
            {
                "table": words.title_case(name),
                "kept": name in kept or bool(rows),
                "rows": len(rows),
                "span": words.days_between(min(days), max(days)) if days else "",
            }
        )
    return lines


def sources(lineage: Lineage, explain: Mapping[str, Any]) -> list[dict[str, str]]:
    """Every source named on the page, once, with where it was read and the firmest doubt about it."""
    found: dict[tuple[str, str], str] = {}
    for row in lineage.all_facts():
        found.setdefault((str(row["source"]), str(row["read_in"])), str(row["status"]))
    for text in (explain.get("definition_text") or {}).values():
        if text.get("citation"):
            key = (str(text["citation"]), str(text.get("read_in") or ""))
            found.setdefault(key, str(text.get("knowledge_status") or ""))
    return [{"source": s, "read_in": r, "status": status} for (s, r), status in sorted(found.items())]
