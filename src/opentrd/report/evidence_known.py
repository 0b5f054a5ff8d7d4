"""The page of a topic: what the knowledge's own studies allow to pool, why the rest is not pooled, and a place for each study.

A study stands at ``#study-NAME`` (:func:`anchor`), so that other pages can link to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import opentrd
from opentrd import knowledge
from opentrd.evidence.certainty import functional_unblinding, trial_indirectness
from opentrd.evidence.narrative import effect_direction
from opentrd.evidence.narrative import harvest as harvest_bars
from opentrd.evidence_known import ALL, POOLS, PooledQuestion, Topic, known_effects
from opentrd.report import evidence as evidence_pages
from opentrd.report import evidence_charts, pages
from opentrd.report import evidence_words as words
from opentrd.report.evidence_narrative import harvest
from opentrd.report.evidence_svg import Drawing

Row = Mapping[str, Any]
# Share of the effects of a study on one outcome that have to agree for a direction (Boon and Thomson 2021).
_AGREEMENT = 0.7
_RISKS = ("low", "some concerns", "high")
_ABOUT = ("arm", "effect", "claim", "notice", "bias_judgement")


def anchor(study: str) -> str:
    """The place of a study on the page."""
    return f"study-{study}"


def write(folder: Path, found: Topic, *, failures: int | None = None, each: bool = False) -> Path:
    """Write ``index.html`` and the tables of a topic; return the page. ``failures``: failed treatments of the persons asked
    about, for the indirectness of each trial; ``each``: also a page for each question, linked from it."""
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, rows in tables(found).items():
        evidence_pages.write_csv(folder / "tables" / f"{name}.csv", rows)
    for number, one in enumerate(found.questions if each else (), 1):
        evidence_pages.report(one.result, folder / _place(one, number), name=one.words)
    target = folder / "index.html"
    target.write_text(page(found, failures=failures, linked=each), encoding="utf-8")
    return target


def _place(one: PooledQuestion, number: int) -> str:
    """The folder of the page of one question."""
    return f"pool-{one.pool}" if one.pool else f"question-{number}"


def tables(found: Topic) -> dict[str, Sequence[Row]]:
    """The tables of a topic by the name of their file."""
    pooled = [
        {
            "question": one.words,
            "pool": one.pool,
            "studies": "; ".join(dict.fromkeys(row["study"] for row in one.effects)),
        }
        | {key: value for key, value in one.result.table().items() if not isinstance(value, list)}
        for one in found.questions
    ]
    return {
        "pooled": pooled,
        "not_pooled": found.rest,
        "summaries": found.summaries,
        "studies": found.studies,
    }


def page(found: Topic, *, failures: int | None = None, linked: bool = False) -> str:
    """The page of a topic as HTML; ``linked``: with links to the pages of its questions, which stand beside it."""
    meta = {"version": opentrd.__version__, "knowledge_digest": knowledge.digest()}
    return pages.evidence_page("evidence_known.html.j2", meta, page=content(found, failures, linked))


def content(found: Topic, failures: int | None, linked: bool = False) -> dict[str, Any]:
    """What the template prints."""
    about = {name: _by_study(name) for name in _ABOUT}
    studies = {row["study"]: row for row in knowledge.table("study").to_pylist()}
    kinds = Counter(_kind(row["reason"]) for row in found.rest)
    return {
        "topic": "Questions set in the knowledge" if found.name.casefold() == POOLS else found.name, "failures": failures,
        "effects": known_effects(found),
        "questions": [
            {
                "words": one.words, "set": bool(one.pool), "page": f"{_place(one, number)}/index.html" if linked else "",
                "result": f"{words.estimate(one.result.table(), one.result.data.measure)}",
                "measure": words.measure_words(one.result.data.measure), "notes": one.result.notes,
                "heterogeneity": words.heterogeneity(one.result.table()), "model": words.model_words(one.result.table()),
                "forest": evidence_charts.forest(one.result, prefix=f"forest-{number}"),
                "who": [_who(studies[row["study"]], row, failures) for row in one.effects],
            }
            for number, one in enumerate(found.questions, 1)
        ],
        "kinds": kinds.most_common(),
        "rest": [
            {"study": row["study"], "label": _label(studies[row["study"]]), "comparison": row["comparison"],
             "outcome": _joined(row["outcome"], row["timepoint"]), "effect": said(row), "reason": row["reason"]}
            for row in found.rest
        ],
        "summaries": [
            {**row, "median": words.number(row["median"]), "range": words.plain_interval(row["least"], row["most"])}
            for row in found.summaries
        ],
        "harvest": None if found.name.casefold() == ALL else _harvest(found, about["bias_judgement"]),
        "studies": [_study(row, about, failures) for row in found.studies],
    }  # fmt: skip


def _harvest(found: Topic, judged: Mapping[str, list[Row]]) -> Drawing | None:
    """Directions of all effects of single studies between groups: pooled or not, but none that pools others or is a part."""
    left_out = ("a pooled", "a subgroup", "another row", "shares", "as printed")
    pooled = {row["effect"]: row for one in found.questions for row in one.effects if row["effect"]}
    rows = list(pooled.values()) + [
        row
        for row in found.rest
        if row["contrast"] == "between"
        and row["effect"] not in pooled
        and not row["reason"].startswith(left_out)
    ]
    directions = []
    for row in effect_direction(rows, agreement=_AGREEMENT):
        risks = {
            str(one["judgement"]).lower() for one in judged.get(row["study"], ())
            if one["domain"] == "overall" and str(one["judgement"]).lower() in _RISKS
        }  # fmt: skip
        directions.append({**row, "risk_of_bias": max(risks, key=_RISKS.index) if risks else None})
    return harvest(harvest_bars(directions)) if directions else None


def said(row: Row) -> str:
    """An effect as it is printed: ``OR 3.2 (95 % interval 0.54 to 18.98), p = 0.387``."""
    parts = []
    if row["estimate"] is not None:
        text = f"{row['measure']} {_as_printed(row['estimate'])}"
        if row["ci_low"] is not None and row["ci_high"] is not None:
            level = f"{100 * (row['ci_level'] or 0.95):g} %"
            text += f" ({level} interval {_as_printed(row['ci_low'])} to {_as_printed(row['ci_high'])})"
        parts.append(text)
    if row["p_value"] is not None:
        parts.append(f"p {row['p_relation'] or '='} {row['p_value']:g}")
    if row["result"]:
        parts.append(row["result"])
    return ", ".join(parts) or "no number"


def _as_printed(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _by_study(table: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in knowledge.table(table).to_pylist():
        if row.get("study"):
            found.setdefault(row["study"], []).append(row)
    return found


def _kind(reason: str) -> str:
    return reason.partition(" (")[0].partition(":")[0]


def _joined(*parts: Any) -> str:
    return ", ".join(str(part) for part in parts if part not in (None, ""))


def _label(study: Row) -> str:
    who = " ".join(str(study[part]) for part in ("first_author", "year") if study[part])
    return (
        _joined(study["trial_name"], who)
        if study["trial_name"] or study["first_author"]
        else str(study["study"])
    )


def _indirect(study: Row, failures: int | None) -> str:
    if failures is None:
        return ""
    decision = trial_indirectness(study["failed_trials_required"], failures)
    return decision.judgement or "open: " + " or ".join(decision.possible)


def _who(study: Row, effect: Row, failures: int | None) -> dict[str, Any]:
    return {
        "study": study["study"], "label": _label(study), "population": study["population"] or "not given",
        "definition": study["trd_definition"] or "not given", "required": _or_not_known(study["failed_trials_required"]),
        "control": study["control"] or "not given", "effect": said(effect), "status": effect["knowledge_status"],
        "indirect": _indirect(study, failures),
    }  # fmt: skip


def _or_not_known(value: Any) -> str:
    return "not known" if value is None else str(value)


def _study(study: Row, about: Mapping[str, Mapping[str, list[Row]]], failures: int | None) -> dict[str, Any]:
    key = study["study"]
    arms = about["arm"].get(key, [])
    facts = [
        ("Design", _joined(study["design"], study["design_detail"])),
        ("Blinding", _joined(study["blinding"])), ("Control", _joined(study["control"])),
        ("Who took part", _joined(study["population"])), ("Resistance, as the study defines it", _joined(study["trd_definition"])),
        ("Failed trials required", _joined(study["failed_trials_required"], study["failures_within"])),
        ("Persons", _joined(study["n_persons"], study["n_basis"])),
        ("Studies pooled", _joined(study["n_studies"])), ("Primary outcome", _joined(study["primary_outcome"])),
        ("Registration", _joined(study["registration"])), ("DOI", _joined(study["doi"])),
        ("Funding", _joined(study["funding"])), ("Read as", _joined(study["read_depth"])),
        (f"Indirectness for {words.count(failures)} failures", _indirect(study, failures)),
    ]  # fmt: skip
    return {
        "anchor": anchor(key), "study": key, "label": _label(study), "status": study["knowledge_status"],
        "source": study["source"], "read_in": study["read_in"], "facts": [(name, text) for name, text in facts if text],
        "arms": [_arm(row) for row in arms], "unmasking": _unmasking(study, arms),
        "effects": [
            {"comparison": row["comparison"], "outcome": _joined(row["outcome"], row["timepoint"], row["subgroup"]),
             "says": said(row), "contrast": row["contrast"], "analysis": row["analysis"] or "", "wrong": row["inconsistency"] or "",
             "status": row["knowledge_status"]}
            for row in about["effect"].get(key, [])
        ],
        "claims": [
            {"review": row["review"], "says": row["says"], "locus": row["locus"] or "", "status": row["knowledge_status"]}
            for row in about["claim"].get(key, [])
        ],
        "notices": [
            {"kind": row["kind"], "year": row["year"] or "", "says": row["says"], "source": row["source"]}
            for row in about["notice"].get(key, [])
        ],
        "bias": [
            {"instrument": _joined(row["instrument"], row["version"]), "domain": row["domain"], "by": row["judged_by"],
             "judgement": row["judgement"] or (f"{row['score']} of {row['out_of']}" if row["score"] is not None else "")}
            for row in about["bias_judgement"].get(key, [])
        ],
    }  # fmt: skip


def _arm(row: Row) -> dict[str, str]:
    def counted(events: Any, percent: Any) -> str:
        if events is not None:
            return f"{events}" + (f" ({percent:g} %)" if percent is not None else "")
        return f"{percent:g} %" if percent is not None else ""

    change = "" if row["change_mean"] is None else words.number(row["change_mean"])
    if change and row["change_sd"] is not None:
        change += f" ({words.number(row['change_sd'])})"
    return {
        "arm": row["arm"], "treatment": _joined(row["treatment"], row["subset"]), "n": _joined(row["n"], row["denominator"]),
        "response": counted(row["events_response"], row["response_pct"]),
        "remission": counted(row["events_remission"], row["remission_pct"]),
        "change": _joined(row["scale"], change) if change else "", "time": row["timepoint"] or "",
    }  # fmt: skip


def _unmasking(study: Row, arms: Sequence[Row]) -> list[str]:
    """What the treatment itself betrays against this control."""
    if not study["control"]:
        return []
    said_of = [
        row
        for arm in arms
        if not arm["control"]
        for row in functional_unblinding(arm["treatment"], study["control"])
    ]
    return list(dict.fromkeys(f"{row['says']} ({row['source']})" for row in said_of))
