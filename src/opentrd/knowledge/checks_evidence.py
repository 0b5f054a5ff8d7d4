"""Self-tests of the tables about studies that need more than one row: references, arms against studies, citations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from opentrd.knowledge.tool_rules import parse_condition

Row = Mapping[str, str]
Tables = Mapping[str, Sequence[Row]]

EVIDENCE_KEYS: dict[str, tuple[str, ...]] = {
    "study": ("study",),
    "arm": ("study", "arm"),
    "effect": ("effect",),
    "claim": ("claim",),
    "citation": ("review", "study"),
    "notice": ("study", "kind", "source"),
    "bias_judgement": ("study", "instrument", "domain", "judged_by"),
    "pool_question": ("pool",),
    "pool_member": ("pool", "study", "effect", "arms"),
    "tool": ("tool",),
    "tool_item": ("tool", "item"),
    "tool_rule": ("tool", "scope", "rank"),
    "unmasking": ("term", "control"),
    "important_difference": ("scale", "unit", "source", "population"),
}
EVIDENCE_REFERENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("arm", "study"): ("study", "study"),
    ("effect", "study"): ("study", "study"),
    ("claim", "review"): ("study", "study"),
    ("claim", "study"): ("study", "study"),
    ("citation", "review"): ("study", "study"),
    ("citation", "study"): ("study", "study"),
    ("notice", "study"): ("study", "study"),
    ("bias_judgement", "study"): ("study", "study"),
    ("bias_judgement", "judged_by"): ("study", "study"),
    ("pool_member", "pool"): ("pool_question", "pool"),
    ("pool_member", "study"): ("study", "study"),
    ("pool_member", "effect"): ("effect", "effect"),
    ("tool_item", "tool"): ("tool", "tool"),
    ("tool_rule", "tool"): ("tool", "tool"),
}
REVIEW_DESIGNS = ("systematic review", "narrative review", "meta-analysis", "network meta-analysis")


def evidence_findings(read: Tables) -> Iterator[str]:
    """Findings over the tables about studies, one sentence each; empty when nothing is wrong.

    A table that is not there is not looked at.
    """
    yield from _rules_name_what_is_there(read)
    studies = {row["study"]: row for row in read.get("study", ())}
    if not studies:
        return
    yield from _dois_are_own(read["study"])
    yield from _arms_fit_their_study(read.get("arm", ()), studies)
    yield from _effects_fit_their_study(read.get("effect", ()), studies)
    yield from _reviews_are_reviews(read, studies)
    yield from _list_numbers_are_own(read.get("citation", ()))
    yield from _pools_count_nobody_twice(read, studies)


def _dois_are_own(studies: Sequence[Row]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for row in studies:
        doi = row["doi"].lower()
        if doi and seen.setdefault(doi, row["study"]) != row["study"]:
            yield f"study.csv, {row['study']}: its DOI {row['doi']} is that of {seen[doi]}"


def _pools_count_nobody_twice(read: Tables, studies: Mapping[str, Row]) -> Iterator[str]:
    """A question takes each sample from one study; its effects are that study's own and point as it says; its arms are there."""
    effects = {row["effect"]: row for row in read.get("effect", ())}
    arms = {(row["study"], row["arm"]) for row in read.get("arm", ())}
    better = {row["pool"]: row["better"] for row in read.get("pool_question", ())}
    sample: dict[tuple[str, str], str] = {}
    for row in read.get("pool_member", ()):
        where = f"pool_member.csv, {row['pool']}"
        own = studies.get(row["study"], {}).get("sample", "")
        if own and sample.setdefault((row["pool"], own), row["study"]) != row["study"]:
            yield f"{where}: {row['study']} shares its persons with {sample[row['pool'], own]}"
        effect = effects.get(row["effect"])
        if effect and effect["study"] != row["study"]:
            yield f"{where}: effect {row['effect']} is of {effect['study']}, not of {row['study']}"
        if effect and effect["better"] != better.get(row["pool"], effect["better"]):
            yield f"{where}: of effect {row['effect']} {effect['better']} is better, of the question {better[row['pool']]}"
        for name in f"{row['arms']};{row['control_arms']}".split(";"):
            if name.strip() and (row["study"], name.strip()) not in arms:
                yield f"{where}: {name.strip()!r} is not an arm of {row['study']}"


def _whole(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _arms_fit_their_study(arms: Sequence[Row], studies: Mapping[str, Row]) -> Iterator[str]:
    """A part is not larger than its arm, and the arms together not larger than the study (equal if they are all)."""
    of_study: dict[str, dict[str, Row]] = {}
    for arm in arms:
        of_study.setdefault(arm["study"], {})[arm["arm"]] = arm
    for name, own in of_study.items():
        for arm in own.values():
            whole = own.get(arm["subset_of"])
            place = f"arm.csv, {name}, {arm['arm']}"
            if arm["subset_of"] and whole is None:
                yield f"{place}: subset_of {arm['subset_of']!r} is not an arm of this study"
            part, of = _whole(arm["n"]), _whole(whole["n"]) if whole else None
            if part is not None and of is not None and part > of:
                yield f"{place}: n {part} is above n {of} of the arm it is a part of"
        counted = [_whole(arm["n"]) for arm in own.values() if not arm["subset_of"]]
        total = sum(n for n in counted if n is not None)
        persons = _whole(studies.get(name, {}).get("n_persons", ""))
        if persons is not None and total > persons:
            yield f"arm.csv, {name}: its arms have {total} persons, but study.csv has n_persons {persons}"
    for name, study in studies.items():
        if study["arms_complete"] != "true":
            continue
        counted = [_whole(arm["n"]) for arm in of_study.get(name, {}).values() if not arm["subset_of"]]
        if not counted or None in counted:
            yield f"study.csv, {name}: arms_complete is true, but not every arm is in arm.csv with its n"
        elif sum(n or 0 for n in counted) != _whole(study["n_persons"]):
            yield (
                f"study.csv, {name}: arms_complete is true, but n_persons {study['n_persons']} is not the sum "
                f"{sum(n or 0 for n in counted)} of its arms"
            )


def _effects_fit_their_study(effects: Sequence[Row], studies: Mapping[str, Row]) -> Iterator[str]:
    for effect in effects:
        persons = _whole(studies.get(effect["study"], {}).get("n_persons", ""))
        counted = _whole(effect["n"])
        if persons is not None and counted is not None and counted > persons:
            yield f"effect.csv, {effect['effect']}: n {counted} is above n_persons {persons} of the study"


def _reviews_are_reviews(read: Tables, studies: Mapping[str, Row]) -> Iterator[str]:
    for table in ("claim", "citation"):
        for name in sorted({row["review"] for row in read.get(table, ())}):
            if studies.get(name, {}).get("design", REVIEW_DESIGNS[0]) not in REVIEW_DESIGNS:
                yield f"{table}.csv: {name!r} is named as a review, but study.csv gives another design"
    cited = {(row["review"], row["study"]) for row in read.get("citation", ())}
    for row in read.get("claim", ()):
        if row["study"] and (row["review"], row["study"]) not in cited:
            yield f"claim.csv, {row['claim']}: citation.csv has no row for {row['review']} and {row['study']}"


def _list_numbers_are_own(citations: Sequence[Row]) -> Iterator[str]:
    seen: dict[tuple[str, str], str] = {}
    for row in citations:
        key = (row["review"], row["number_in_list"])
        if key[1] and seen.setdefault(key, row["study"]) != row["study"]:
            yield f"citation.csv, {row['review']}: number {key[1]} of its list is {seen[key]} and {row['study']}"


def _rules_name_what_is_there(read: Tables) -> Iterator[str]:
    """Every subject of a rule is an item, a scope or a domain of its tool, one of its numbers, or a count of these."""
    known: dict[str, set[str]] = {}
    answers: dict[tuple[str, str], set[str]] = {}
    for tool in read.get("tool", ()):
        named = {part.strip() for part in tool["subjects"].split(";") if part.strip()}
        known[tool["tool"]] = named | {"critical_flaws", "weaknesses"}
    for item in read.get("tool_item", ()):
        domain = item["domain"]
        known.setdefault(item["tool"], set()).update(
            {item["item"], domain, f"{domain}.no", f"{domain}.unclear"}
        )
        answers[item["tool"], item["item"]] = set(item["answers"].split())
    for rule in read.get("tool_rule", ()):
        known.setdefault(rule["tool"], set()).update({rule["scope"], f"n({rule['then']})"})
    for rule in read.get("tool_rule", ()):
        place = f"tool_rule.csv, {rule['tool']}, {rule['scope']}, {rule['rule']}"
        try:
            clauses = parse_condition(rule["when"])
        except ValueError:
            continue  # its model has said so
        for clause in clauses:
            if clause.subject not in known[rule["tool"]]:
                yield f"{place}: {clause.subject!r} is neither an item nor a number of this tool"
            strange = clause.words - answers.get((rule["tool"], clause.subject), clause.words)
            if strange:
                yield f"{place}: {', '.join(sorted(strange))} is no answer to item {clause.subject}"
