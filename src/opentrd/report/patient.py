"""The patient page's content, read from result tables: what to say where. No markup, no judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from opentrd.report import scale, words
from opentrd.report.adequacy import adequacy_words, adequate
from opentrd.report.lanes import timeline_of
from opentrd.report.lineage import Lineage
from opentrd.report.timeline import draw, legend
from opentrd.report.words import Row

Tables = Mapping[str, Sequence[Row]]

CLAUSES: tuple[tuple[str, str], ...] = (
    ("dose_ok", "Dose"),
    ("duration_ok", "Duration"),
    ("adherence_ok", "Adherence"),
    ("stop_ok", "Stop"),
    ("response_ok", "No response"),
    ("episode_ok", "Episode"),
    ("counts", "Counts"),
)
MOST_QUESTIONS = 8
MOST_PIPS = 8
UNREAD_COLUMNS = ("source", "row", "field", "value", "reason")
STATEMENT_TABLES = ("verdict", "stage", "finding", "option")

# The tables of the record, in the order of the page, with the columns that date their rows.
RECORD_DATES: dict[str, tuple[str, ...]] = {
    "observation_period": ("start_date", "end_date"),
    "condition": ("start_earliest", "end_latest"),
    "exposure": ("start_earliest", "end_latest"),
    "procedure": ("start_earliest", "end_latest"),
    "measurement": ("date_earliest", "date_latest"),
    "genotype": (),
}

INSTRUMENT_TITLES = {
    "maudsley": "Maudsley Staging Method",
    "thase_rush": "Thase–Rush stages",
    "mgh_s": "Massachusetts General Hospital staging (MGH-S)",
    "european_staging_model": "European Staging Model",
    "atr": "Antidepressant treatment record",
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
    return {
        "number": number,
        "header": header(person, as_of),
        "facts_share": facts_share(row for name in STATEMENT_TABLES for row in tables.get(name) or ()),
        "verdicts": verdicts,
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
        "instruments": instruments(tables.get("stage") or (), explain),
        "questions": questions(tables, {**trials, **exposures, **procedures}, person_id),
        "trials": trial_views,
        "clauses": CLAUSES,
        "record": record_summary(tables),
        "unread": [
            {name: words.without_person(row.get(name), person_id) for name in UNREAD_COLUMNS}
            for row in tables.get("unread") or ()
        ],
        "sources": sources(lineage, explain),
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


def tally(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """The one-line summary over all definitions."""
    met = [view["met"] for view in verdicts]
    return (
        f"Of {words.plural(len(met), 'definition')}: {met.count(True)} met, {met.count(False)} not met, "
        f"{met.count(None)} undetermined."
    )


def verdict_view(
    row: Row, tables: Tables, explain: Mapping[str, Any], lineage: Lineage, trials: Mapping[str, Row]
) -> dict[str, Any]:
    """One definition: the tile's words, and the argument behind it."""
    definition = str(row.get("definition"))
    text: Mapping[str, Any] = (explain.get("definition_text") or {}).get(definition) or {}
    met, eligible = words.truth(row.get("met")), words.truth(row.get("eligible"))
    low, high, needed = row.get("failed_low"), row.get("failed_high"), row.get("needed")
    clauses: list[dict[str, Any]] = [
        {
            "number": trials.get(str(judged.get("trial_id")), {}).get("number", len(trials) + 1),
            "listed": str(judged.get("trial_id")) in trials,
            "trial": _trial_words(trials.get(str(judged.get("trial_id")))),
            "truths": [words.truth(judged.get(name)) for name, _ in CLAUSES],
            "counted_as": judged.get("counted_as") or "",
        }
        for judged in tables.get("judgement") or ()
        if str(judged.get("definition")) == definition
    ]
    clauses.sort(key=lambda line: line["number"])
    return {
        "definition": definition,
        "title": text.get("title") or words.title_case(definition),
        "met": met,
        "eligible": eligible,
        "count": words.interval(low, high),
        "needed": words.number(needed),
        "pips": pips(low, high, needed),
        "clause": str(row.get("clause") or "").replace("_", " "),
        "met_on": words.day(row.get("met_on"), ""),
        "possible_on": words.day(row.get("possible_on"), ""),
        "index_date": words.day(row.get("index_date"), ""),
        "observed": words.days_between(row.get("observed_from"), row.get("observed_to")),
        "assumes": row.get("assumes") or "",
        "status": row.get("knowledge_status") or "not stated",
        "text": text.get("text") or "",
        "citation": text.get("citation") or "",
        "parameters": [
            (str(name).replace("_", " "), value) for name, value in (text.get("parameters") or {}).items()
        ],
        "clauses": clauses,
        "events": events(tables, definition),
        "facts": lineage.facts("verdict", definition),
    }


def _trial_words(trial: Row | None) -> str:
    return "trial not listed" if trial is None else f"{trial['number']} {trial.get('agents') or 'not named'}"


# Definitions that do not judge trials count events of their own; the columns a reader needs to check one.
EVENT_COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "switch": (
        ("agent", "Left"), ("first_issue", "First issue"), ("last_issue", "Last issue"), ("length_days", "Length, days"),
        ("next_agent", "Taken up"), ("next_issue", "On"), ("length_ok", "Long enough"), ("gap_ok", "Soon enough"),
        ("counts", "Counts"),
    ),
    "entry": (
        ("on_date", "Day"), ("agent", "Starts"), ("path", "Path"), ("agents_low", "Agents in the window, at least"),
        ("agents_high", "at most"), ("window_ok", "Window"), ("diagnosis_ok", "Diagnosis"),
        ("exclusion_ok", "No exclusion"), ("counts", "Qualifies"),
    ),
}  # fmt: skip


def events(tables: Tables, definition: str) -> dict[str, Any] | None:
    """The events a definition counts (switches or entry days), as a table; None when it counts none."""
    for name, columns in EVENT_COLUMNS.items():
        rows = [row for row in tables.get(name) or () if str(row.get("definition")) == definition]
        if rows:
            order = "first_issue" if name == "switch" else "on_date"
            rows.sort(key=lambda row: str(row.get(order) or ""))
            return {
                "head": [title for _, title in columns],
                "lines": [[_cell(row.get(column), column) for column, _ in columns] for row in rows],
            }
    return None


def _cell(value: Any, column: str) -> dict[str, Any]:
    if column.endswith("_ok") or column == "counts":
        return {"truth": words.truth(value), "is_truth": True}
    if hasattr(value, "isoformat") or column.endswith(("_issue", "_date")):
        return {"text": words.day(value, "none"), "is_truth": False}
    return {"text": "none" if value is None else str(value), "is_truth": False}


def pips(low: Any, high: Any, needed: Any) -> list[dict[str, Any]]:
    """The count as a row of dots: certain, possible, lacking; the needed number is marked.

    Empty when the counts are not whole numbers or too many to be read at a glance.
    """
    if not (isinstance(high, int) and isinstance(needed, int)):
        return []
    least = low if isinstance(low, int) else 0
    length = max(high, needed)
    if not 0 < length <= MOST_PIPS:
        return []
    return [
        {
            "kind": "certain" if place <= least else "possible" if place <= high else "lacking",
            "last": place == needed,
        }
        for place in range(1, length + 1)
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
    counts = [words.truth(j.get("counts")) for j in judged]
    rests = [exposures[k] for k in lineage.record_keys("trial", key, "exposure") if k in exposures]
    courses = [procedures[k] for k in lineage.record_keys("trial", key, "procedure") if k in procedures]
    return {
        "number": row["number"],
        "kind": str(row.get("kind") or ""),
        "classes": str(row.get("classes") or ""),
        "improvement_basis": str(row.get("improvement_basis") or ""),
        "treatment": words.title_case(str(row.get("agents") or row.get("kind") or "treatment not named")),
        "span": words.days_between(row.get("start_date"), row.get("bridged_end") or row.get("supply_end")),
        "weeks": words.weeks(row.get("days_low"), row.get("days_high")) or "not known",
        "dose": f"{words.number(row['top_dose_mg'])}{words.SPACE}mg"
        if row.get("top_dose_mg") is not None
        else "not known",
        "dose_status": row.get("dose_status") or "",
        "outcome": words.outcome(row),
        "adequate": adequate(row, meta),
        "adherence_text": words.number(row.get("adherence")),
        "counts_text": f"{counts.count(True)} of {len(counts)}" if counts else "",
        "counts_open": counts.count(None),
        "exposures": [exposure_view(exposure) for exposure in rests],
        "procedures": [exposure_view(course) for course in courses],
        "facts": lineage.facts("trial", key),
    }


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


def instruments(rows: Sequence[Row], explain: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each staging instrument: its total drawn on its scale, its items as a table."""
    views: list[dict[str, Any]] = []
    for instrument in dict.fromkeys(str(row.get("instrument")) for row in rows):
        own = [row for row in rows if str(row.get("instrument")) == instrument]
        total = next((row for row in own if row.get("item") == "total"), {})
        bands = [
            {
                "band": b.get("band"),
                "low": b.get("from_score", b.get("low")),
                "high": b.get("to_score", b.get("high")),
            }
            for b in explain.get("bands") or ()
            if b.get("instrument") == instrument
        ]
        title = INSTRUMENT_TITLES.get(instrument, words.title_case(instrument))
        views.append(
            {
                "title": title,
                "score": words.interval(total.get("low"), total.get("high"), "not computable"),
                "band": _band(total),
                "assumes": total.get("assumes") or "",
                "status": total.get("knowledge_status") or "not stated",
                "chart": scale.draw(total, bands, f"sc{len(views)}", title),
                "lines": [
                    {
                        "item": words.title_case(str(row.get("item"))),
                        "band": _band(row),
                        "assumes": row.get("assumes") or "",
                        "score": words.interval(row.get("low"), row.get("high"), "not known"),
                        "range": words.interval(row.get("scale_min"), row.get("scale_max"), ""),
                    }
                    for row in own
                    if row.get("item") != "total"
                ],
            }
        )
    return views


def _band(row: Row) -> str:
    low, high = row.get("band_low"), row.get("band_high")
    return str(low or high or "") if low == high or not (low and high) else f"{low} to {high}"


def questions(tables: Tables, numbers: Mapping[str, Row], person_id: str) -> list[dict[str, str]]:
    """The missing facts that would settle most, most first."""
    rows = sorted(
        tables.get("question") or (),
        key=lambda row: (
            -(row.get("settles_high") or 0),
            -(row.get("settles_low") or 0),
            str(row.get("asks")),
        ),
    )
    views = []
    for row in rows[:MOST_QUESTIONS]:
        known = numbers.get(str(row.get("row")), {})
        about = f"{row.get('table') or ''} {known.get('number', '')}".strip()
        name = known.get("agent") or known.get("agents") or known.get("procedure")
        views.append(
            {
                "asks": words.without_person(row.get("asks"), person_id),
                "about": f"{about} ({name})" if name else about,
                "field": str(row.get("field") or "").replace("_", " "),
                "settles": words.interval(row.get("settles_low"), row.get("settles_high")),
            }
        )
    return views


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
