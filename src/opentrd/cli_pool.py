"""What ``opentrd pool`` prints: one meta-analysis as a few lines and tables; notes on what a reader has to know."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from opentrd.evidence_face import Pooled, PooledNetwork, PooledPairwise
from opentrd.evidence_known import Topic, known_effects
from opentrd.report import evidence_words as words
from opentrd.report.evidence_other import lines, sheet

# More treatments than this are printed against the reference only; the tables of --out have every pair.
_LEAGUE_TREATMENTS = 6


def as_json(pooled: Mapping[str, Pooled]) -> str:
    """One JSON object: of one file its result, of several files file -> result."""
    found = {name: one.contract() for name, one in pooled.items()}
    whole = next(iter(found.values())) if len(found) == 1 else found
    return json.dumps(whole, ensure_ascii=False, indent=2, allow_nan=False)


def notes(console: Console, name: str, pooled: Pooled) -> None:
    """Notes and rows that were left out, one line each."""
    said = pooled.result.notes if isinstance(pooled, PooledPairwise | PooledNetwork) else sheet(pooled).notes
    for note in said:
        console.print(f"note: {name}: {note}", markup=False, soft_wrap=True, style="dim")
    if isinstance(pooled, PooledPairwise):
        for row in pooled.result.unread:
            console.print(
                f"note: {name}, row {row['row']} ({row['study']}), {row['field']}: {row['reason']}",
                markup=False, soft_wrap=True, style="dim",
            )  # fmt: skip


def written(pooled: Pooled) -> Any:
    """What the writer of pages takes: the plain result, of the other analyses the whole."""
    return pooled.result if isinstance(pooled, PooledPairwise | PooledNetwork) else pooled


def show(console: Console, name: str, pooled: Pooled) -> None:
    """Print one meta-analysis."""
    if isinstance(pooled, PooledPairwise):
        _pairwise(console, name, pooled)
    elif isinstance(pooled, PooledNetwork):
        _network(console, name, pooled)
    else:
        first, *rest = lines(pooled)
        _line(console, f"{name}: {first}", "bold")
        for line in rest:
            _line(console, line)


def _pairwise(console: Console, name: str, pooled: PooledPairwise) -> None:
    result, row = pooled.result, pooled.table()
    measure = words.read_as(result.data)
    _line(
        console, f"{name}: {row['k']} rows, {words.measure_words(measure)}, {words.model_words(row)}", "bold"
    )
    level = f"{100 * row['level']:g} %"
    if len(result.terms) == 1:
        # A proportion or a reliability has no value of no effect that a p could be about.
        p = f", p {words.p(row['p_value'])}" if words.null_value(measure) is not None else ""
        _line(console, f"  estimate  {words.estimate(row, measure)}  ({level} interval){p}")
        if row["pi_low"] is not None:
            ends = words.interval(row["pi_low"], row["pi_high"], measure)
            _line(console, f"  a new study would find  {ends}  ({level} prediction interval)")
    else:
        shown = [
            {
                "coefficient": term["term"], "estimate": words.number(term["estimate"]), "se": words.number(term["se"]),
                f"{level} interval": words.plain_interval(term["ci_low"], term["ci_high"]),
                "p": words.p(term["p_value"]),
            }
            for term in row["coefficients"]
        ]  # fmt: skip
        _table(console, "Coefficients", tuple(shown[0]), shown)
        _line(
            console,
            f"  all moderators together: df {row['omnibus_df']}, p {words.p(row['omnibus_p'])}; on the scale of the analysis",
        )
    _line(console, f"  heterogeneity  {words.heterogeneity(row)}")


def _network(console: Console, name: str, pooled: PooledNetwork) -> None:
    result, row = pooled.result, pooled.table()
    measure = row["measure"]
    _line(
        console,
        f"{name}: {row['k']} studies, {len(row['treatments'])} treatments, {words.measure_words(measure)}, "
        f"{words.model_words(row)}",
        "bold",
    )
    _line(console, f"  heterogeneity  {words.network_heterogeneity(row)}")
    _table(
        console, "Do the treatments hold like patients? (transitivity)",
        ("treatment", "studies", *result.modifiers), row["transitivity"],
    )  # fmt: skip
    few = len(result.treatments) <= _LEAGUE_TREATMENTS
    league = row["league"] if few else result.league(result.reference)
    rows = [
        {
            "treatment_1": line["treatment_1"], "treatment_2": line["treatment_2"],
            "effect (interval)": words.estimate(line, measure), "p": words.p(line["p"]),
            "direct studies": line["studies"], "direct share": f"{100 * line['direct_share']:.0f} %",
        }
        for line in league
    ]  # fmt: skip
    what = "treatment_1 against treatment_2" if few else f"each treatment against {result.reference}"
    _table(console, f"Effects: {what}", tuple(rows[0]), rows)
    ranks = [
        {
            "treatment": line["treatment"],
            "P-score": f"{line['p_score']:.2f} ({line['p_score_low']:.2f} to {line['p_score_high']:.2f})",
            "rank": f"{line['rank_low']} to {line['rank_high']}", "certainty": line["certainty"],
            "studies": line["studies"], "persons": words.count(line["persons"]),
            "position": words.position(line, 2),
        }
        for line in row["ranking"]
    ]  # fmt: skip
    better = "smaller" if result.small_is_good else "larger"
    _table(console, f"Ranks, a {better} effect taken as the better one", tuple(ranks[0]), ranks)


def known_json(found: Topic) -> str:
    """A topic as one JSON object: what was pooled, what was not with the reason, summaries."""
    pooled = [
        {
            "question": one.words,
            "pool": one.pool or None,
            "effects": [row["effect"] for row in one.effects if row["effect"]],
            "studies": list(dict.fromkeys(row["study"] for row in one.effects)),
            **PooledPairwise(one.result).contract(),
        }
        for one in found.questions
    ]
    rest = [{"effect": row["effect"], "study": row["study"], "reason": row["reason"]} for row in found.rest]
    whole = {"topic": found.name, "pooled": pooled, "not_pooled": rest, "summaries": list(found.summaries)}
    return json.dumps(whole, ensure_ascii=False, indent=2, allow_nan=False)


def show_known(console: Console, found: Topic) -> None:
    """Print what of a topic can be pooled, what is summarised, and why the rest is neither."""
    effects = known_effects(found)
    _line(console, f"{found.name}: {len(found.studies)} studies, {effects} effects", "bold")
    for one in found.questions:
        row, measure = one.result.table(), one.result.data.measure
        named = ", ".join(dict.fromkeys(str(effect["study"]) for effect in one.effects))
        _line(console, f"  pooled: {one.words} ({named}){f' [{one.pool}]' if one.pool else ''}")
        _line(
            console,
            f"    {words.measure_words(measure)} {words.estimate(row, measure)}; {words.heterogeneity(row)}",
        )
        if one.pool:
            _line(console, f"    {one.result.notes[0]}", "dim")
    for summary in found.summaries:
        _line(
            console,
            f"  not pooled, side by side: {summary['outcome']} against {summary['against']}, {summary['measure']}, "
            f"{summary['k']} estimates: median {words.number(summary['median'])}, "
            f"{words.plain_interval(summary['least'], summary['most'])}",
        )
    for reason, number in Counter(row["reason"] for row in found.rest).most_common():
        _line(console, f"  not pooled ({number}): {reason}", "dim")


def _table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Columns padded with blanks: lines are never folded, so that they can be read and cut wherever they go."""
    lines = [list(columns), *([words.text(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    _line(console, f"  {title}", "bold")
    for line in lines:
        padded = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        _line(console, f"    {padded}".rstrip())


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(text, markup=False, soft_wrap=True, style=style)
