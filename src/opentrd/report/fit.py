"""The second half of the patient page: what else explains the non-response, which depression it is, which options match."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.report import words
from opentrd.report.words import Row

Tables = Mapping[str, Sequence[Row]]

# Groups of findings in the order of the page, with their headings. Suicide stands before all of them.
GROUPS: dict[str, str] = {
    "pseudo_resistance": "Treatment and diagnosis",
    "pharmacogenetics": "Pharmacogenetics",
    "bipolar": "Bipolar spectrum",
    "inflammation": "Inflammation",
    "biomarker": "Other biomarkers",
    "function": "Function and cognition",
    "residual": "Residual symptoms",
    "context": "Context",
    "monitoring": "Measurement-based care",
    "data_quality": "What the record could not have shown",
}
# Findings of the other groups that could explain a non-response, as the head of the page names them.
EXPLAINING = {
    "exposure_failure": "exposure failure by genotype or level",
    "crp_cut": "raised CRP",
    "inflamed_composite": "raised CRP",
}
STANDINGS = (
    "no recorded obstacle",
    "caution",
    "already tried",
    "not known",
    "blocked",
    "outside guideline lines",
    "investigational",
)
# The others stand behind a line that opens.
OPEN_STANDINGS = ("no recorded obstacle", "caution", "already tried", "blocked")
STANDING_SYMBOLS = {
    "no recorded obstacle": "✓",
    "caution": "!",
    "already tried": "↺",
    "not known": "?",
    "blocked": "✗",
    "outside guideline lines": "·",
    "investigational": "◦",
}


def finding_views(
    tables: Tables, titles: Mapping[str, Row], trials: Mapping[str, Row]
) -> list[dict[str, Any]]:
    """Every finding as the page says it, in the order of the page; a trial is named by its number."""
    views = []
    for row in tables.get("finding") or ():
        name = str(row.get("finding"))
        trial, subject = _about(str(row.get("subject") or ""), trials)
        views.append(
            {
                "finding": name,
                "group": str(row.get("grp")),
                "place": row.get("place") or 0,
                "title": str(
                    (titles.get(name) or {}).get("title")
                    or words.title_case(name.replace("_", " ")).replace("Crp", "CRP")
                ),
                "subject": subject,
                "trial": None if trial is None else trial["number"],
                "source": "" if row.get("source") in (None, "", "record") else str(row["source"]),
                "present": words.truth(row.get("present")),
                "value": " ".join(str(row[part]) for part in ("value", "unit") if row.get(part)),
                "threshold": str(row.get("threshold") or ""),
                "says": words.dates_in_words(str(row.get("says") or "")),
                "settles": str(row.get("settles") or ""),
                "status": str(row.get("knowledge_status") or ""),
            }
        )
    return sorted(views, key=lambda view: (view["place"], view["title"], view["subject"], view["source"]))


def _about(subject: str, trials: Mapping[str, Row]) -> tuple[Row | None, str]:
    """The trial that a finding is about, and its subject in words; an id of a trial, which names a person, is not printed."""
    key = next((key for key in trials if subject == key or subject.startswith(f"{key} ")), None)
    if key is None:
        return None, subject
    trial = trials[key]
    return trial, f"trial {trial['number']}, {trial.get('agents') or trial.get('kind')}{subject[len(key) :]}"


def first_of_all(views: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """What stands before everything else: suicide risk, also when nobody asked, and states that change what comes first.

    None when no such check was made.
    """
    suicide = [view for view in views if view["group"] == "suicide"]
    if not suicide:
        return None
    beside = [view for view in views if view["group"] == "beside_suicide" and view["present"]]
    recorded = [view for view in suicide if view["present"]]
    open_ = [view for view in suicide if view["present"] is None]
    state = "recorded" if recorded else "not assessed" if open_ else "asked"
    return {
        "state": state,
        "lines": recorded or open_ or suicide,
        "others": [view for view in suicide if view not in (recorded or open_ or suicide)],
        "beside": beside,
    }


def finding_groups(views: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings by group: what is present, what is not known and would have to be settled, what is absent."""
    groups = []
    for name, title in GROUPS.items():
        own = [view for view in views if view["group"] == name]
        if own:
            groups.append(
                {
                    "name": name,
                    "title": title,
                    "present": [view for view in own if view["present"]],
                    "open": [view for view in own if view["present"] is None],
                    "absent": [view for view in own if view["present"] is False],
                }
            )
    return groups


def to_settle(views: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What to ask or measure: each thing that would settle a finding once, with the findings it would settle."""
    found: dict[str, dict[str, Any]] = {}
    for view in views:
        if view["present"] is None and view["settles"]:
            line = found.setdefault(
                view["settles"], {"asks": view["settles"], "about": [], "place": view["place"]}
            )
            about = view["title"] + (f" ({view['subject']})" if view["subject"] else "")
            if about not in line["about"]:
                line["about"].append(about)
    return sorted(found.values(), key=lambda line: (-len(line["about"]), line["place"], line["asks"]))


def explaining(views: Sequence[dict[str, Any]]) -> list[str]:
    """What is recorded and could explain the non-response, in few words, each once, in the order of the page."""
    named = []
    for view in views:
        if view["present"] and view["group"] in ("pseudo_resistance", "bipolar"):
            named.append(view["title"] if view["group"] == "pseudo_resistance" else "bipolar-spectrum signs")
        elif view["present"] and view["finding"] in EXPLAINING:
            named.append(EXPLAINING[view["finding"]])
    return list(dict.fromkeys(named))


def no_options(tables: Tables, options: Sequence[dict[str, Any]]) -> str:
    """Why there is no list of options; empty when there is one, or when none was made."""
    if options:
        return ""
    reasons = [str(row.get("reason")) for row in tables.get("option_scope") or () if row.get("reason")]
    return reasons[0] if reasons else ""


def domain_views(tables: Tables, titles: Mapping[str, Row]) -> list[dict[str, Any]]:
    """The symptom domains, the best supported first, each with its indicators by what is known of them."""
    indicators: dict[str, list[Row]] = {}
    for row in tables.get("indicator") or ():
        indicators.setdefault(str(row.get("domain")), []).append(row)
    views = []
    for row in tables.get("domain") or ():
        name = str(row.get("domain"))
        fact = titles.get(name) or {}
        own = sorted(indicators.get(name, ()), key=lambda item: str(item.get("indicator")))
        views.append(
            {
                "domain": name,
                "title": str(fact.get("title") or words.title_case(name.replace("_", " "))),
                "classical": str(fact.get("classical_form") or ""),
                "present": int(row.get("present") or 0),
                "absent": int(row.get("absent") or 0),
                "not_measured": int(row.get("not_measured") or 0),
                "rank": words.interval(row.get("rank_best"), row.get("rank_worst"), nothing=""),
                "rank_best": row.get("rank_best") or 10**6,
                "rank_worst": row.get("rank_worst") or 10**6,
                "indicators": [
                    {
                        "text": str(item.get("title") or item.get("indicator") or "").replace("_", " "),
                        "present": words.truth(item.get("present")),
                        "basis": str(item.get("basis") or ""),
                    }
                    for item in own
                ],
            }
        )
    return sorted(
        views, key=lambda view: (view["rank_best"], view["rank_worst"], -view["present"], view["title"])
    )


def leading_domains(views: Sequence[dict[str, Any]]) -> list[str]:
    """The domains for which most is recorded, among those that may rank first, with how much that is."""
    first = [view for view in views if view["rank_best"] == 1 and view["present"]]
    most = max((view["present"] for view in first), default=0)
    return [
        f"{view['title']} ({most} of {view['present'] + view['absent'] + view['not_measured']} indicators recorded)"
        for view in first
        if view["present"] == most
    ]


def _lines(text: Any) -> list[str]:
    return [part.strip() for part in str(text or "").split("; ") if part.strip()]


# What a reason or a caution of an option begins with: other parts between semicolons belong to the one before.
REASON = re.compile(
    r"blocked\b|safety[:,]|(history|tried|for|against|not known|pharmacogenetics|weak strategy):|(mis)?match, |experimental, "
)


def _reasons(text: Any) -> list[str]:
    """Reasons or cautions, each whole: what a rule says, and the names that it rests on, have semicolons too."""
    whole: list[str] = []
    for part in _lines(text):
        if whole and not REASON.match(part):
            whole[-1] += "; " + part
        else:
            whole.append(part)
    return whole


def option_views(
    tables: Tables,
    titles: Mapping[str, Row],
    evidence: Mapping[str, Row],
    rules: Mapping[str, Row],
) -> list[dict[str, Any]]:
    """The options in their order, each with reasons, cautions, what was not checked, guideline lines and evidence.

    ``titles``: knowledge.treatment by treatment; ``evidence``: option_evidence by its id; ``rules``: safety_rule by rule.
    """
    lines: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in tables.get("recommendation") or ():
        lines.setdefault((str(row.get("treatment")), str(row.get("role"))), []).append(
            {
                **{
                    name: str(row.get(name) or "")
                    for name in ("guideline", "line", "level", "condition", "dose")
                },
                "applies": words.truth(row.get("applies")),
                "place": row.get("place") or 10**6,
            }
        )
    views = []
    for row in tables.get("option") or ():
        key = (str(row.get("treatment")), str(row.get("role")))
        standing = str(row.get("standing") or "not known")
        views.append(
            {
                "treatment": key[0],
                "title": str(
                    (titles.get(key[0]) or {}).get("title") or words.title_case(key[0].replace("_", " "))
                ),
                "role": key[1],
                "standing": standing,
                "symbol": STANDING_SYMBOLS.get(standing, "?"),
                "reasons": (reasons := _reasons(row.get("reasons"))),
                "cautions": (cautions := _reasons(row.get("cautions"))),
                "why": sorted([*cautions, *reasons], key=lambda line: not line.startswith("blocked")),
                "unchecked": [_rule_words(name, rules) for name in _lines(row.get("unchecked"))],
                "guidance": _lines(row.get("guidance")),
                "fit": str(row.get("fit") or ""),
                "changes": _lines(row.get("changes")),
                "monitoring": _lines(row.get("monitoring")),
                "guidelines": sorted(
                    lines.get(key, ()),
                    key=lambda line: (
                        line["applies"] is False,
                        line["place"],
                        line["guideline"],
                        line["line"],
                        line["condition"],
                    ),
                ),
                "evidence": [evidence[name] for name in _lines(row.get("evidence")) if name in evidence],
                "rank": words.interval(row.get("rank_best"), row.get("rank_worst"), nothing=""),
                "rank_best": row.get("rank_best") or 10**6,
                "rank_worst": row.get("rank_worst") or 10**6,
                "status": str(row.get("knowledge_status") or ""),
            }
        )
    return sorted(
        views,
        key=lambda view: (
            STANDINGS.index(view["standing"]) if view["standing"] in STANDINGS else len(STANDINGS),
            view["rank_best"],
            view["rank_worst"],
            view["title"],
            view["role"],
        ),
    )


def _rule_words(name: str, rules: Mapping[str, Row]) -> str:
    rule, _, rest = name.partition(" ")
    said = str(
        (rules.get(rule) or {}).get("says") or (rules.get(rule) or {}).get("title") or rule.replace("_", " ")
    )
    return f"{said} {rest}".strip()


def option_groups(views: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The options by standing, in the order in which a reader looks for them; inside it, what is tied stands together."""
    groups = []
    for standing in (*STANDINGS, *sorted({view["standing"] for view in views} - set(STANDINGS))):
        own = [view for view in views if view["standing"] == standing]
        ties: dict[str, list[dict[str, Any]]] = {}
        for view in own:
            ties.setdefault(view["rank"], []).append(view)
        if own:
            groups.append(
                {
                    "standing": standing,
                    "symbol": STANDING_SYMBOLS.get(standing, "?"),
                    "options": own,
                    "ties": [{"rank": rank, "options": tied} for rank, tied in ties.items()],
                    "open": standing in OPEN_STANDINGS,
                }
            )
    return groups


def taken_blocked(views: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is or may still be taken, and would be blocked if it were begun: its own dose (optimise), or an add-on.

    An add-on that is taken has the role ``stop``; with a caution there, it has ended lately.
    """
    added = {view["treatment"] for view in views if view["role"] == "stop" and view["standing"] != "caution"}
    return [
        {"title": view["title"], "blocks": blocks}
        for view in views
        if view["role"] == "optimise" or (view["role"] == "add" and view["treatment"] in added)
        if (blocks := [line for line in view["reasons"] if line.startswith("blocked")])
    ]


def outcome_views(tables: Tables, trials: Mapping[str, Row]) -> list[dict[str, Any]]:
    """The course of the ratings under each trial: change from its stated baseline, and what the named rules say of it."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in tables.get("outcome") or ():
        trial = trials.get(str(row.get("trial_id")))
        if not row.get("measurement_id"):
            continue
        line = found.setdefault(
            (str(row.get("trial_id")), str(row.get("measurement_id"))),
            {
                "trial": None if trial is None else trial["number"],
                "treatment": ""
                if trial is None
                else words.title_case(str(trial.get("agents") or trial.get("kind"))),
                "measure": str(row.get("measure") or ""),
                "day": row.get("on_date"),
                "date": words.day(row.get("on_date"), nothing=""),
                "value": words.interval(row.get("value_low"), row.get("value_high")),
                "baseline": words.interval(row.get("baseline_low"), row.get("baseline_high")),
                "change": words.interval(
                    _whole(row.get("change_pct_low")), _whole(row.get("change_pct_high"))
                ),
                "said": {},
            },
        )
        line["said"].setdefault(str(row.get("status") or "not known"), set()).add(
            str(row.get("kind") or row.get("rule")).replace("_", " ")
        )
    for line in found.values():
        met = line["said"].get("met", set())
        line["rules"] = [
            (status, ", ".join(sorted(kinds - met if status != "met" else kinds)))
            for status in ("met", "not met", "not known", "not determinable")
            if (kinds := line["said"].get(status)) and (status == "met" or kinds - met)
        ]
    return sorted(
        found.values(),
        key=lambda line: (line["trial"] or 0, line["measure"], str(line["day"] or "")),
    )


def _whole(value: Any) -> int | None:
    return None if value is None else round(float(value))
