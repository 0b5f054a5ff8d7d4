"""The staging instruments of the patient page: the total on its scale, the items as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentrd.report import scale, words
from opentrd.report.words import Row

# How a band says that the instrument does not speak about a person.
NOT_APPLICABLE = "not applicable"


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
        text = (explain.get("definition_text") or {}).get(instrument) or {}
        title = str(text.get("title") or words.title_case(instrument))
        views.append(
            {
                "instrument": instrument,
                "title": title,
                "score": score_words(total),
                "band": band_words(total),
                "perhaps": perhaps(total),
                "assumes": total.get("assumes") or "",
                "status": total.get("knowledge_status") or "not stated",
                "chart": scale.draw(total, bands, f"sc{len(views)}", title, score_words(total)),
                "lines": [
                    {
                        "item": words.title_case(str(row.get("item"))),
                        "score": _item_words(row, total),
                        "range": words.interval(row.get("scale_min"), row.get("scale_max"), ""),
                    }
                    for row in own
                    if row.get("item") != "total"
                ],
            }
        )
    return views


# Named at the top of the page; the others follow under Stages.
LEADING = ("maudsley", "thase_rush")


def leading(views: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The instruments that are named first; the first two where neither was asked for."""
    return [view for view in views if view["instrument"] in LEADING] or list(views[:2])


def perhaps(total: Row) -> bool:
    """True when the instrument may not apply at all: it has a highest score and no lowest one."""
    return total.get("low") is None and total.get("high") is not None


def score_words(total: Row) -> str:
    """A total in words: ``6–7``, ``not applicable, or up to 9``, ``not applicable (no failed trial)``."""
    if perhaps(total):
        return f"{NOT_APPLICABLE}, or up to {words.number(total['high'])}"
    if total.get("low") is None and str(total.get("band_low") or "").startswith(NOT_APPLICABLE):
        return str(total["band_low"])
    return words.interval(total.get("low"), total.get("high"), "not computable")


def band_words(total: Row) -> str:
    """The named band or bands of a total; empty where the score's words have said it."""
    low, high = total.get("band_low"), total.get("band_high")
    if perhaps(total):
        return f"up to {high}" if high else ""
    if total.get("low") is None and str(low or "").startswith(NOT_APPLICABLE):
        return ""
    return str(low or high or "") if low == high or not (low and high) else f"{low} to {high}"


def _item_words(row: Row, total: Row) -> str:
    if perhaps(row) and perhaps(total):
        return score_words(row)
    outside = total.get("low") is None and str(total.get("band_low") or "").startswith(NOT_APPLICABLE)
    return words.interval(row.get("low"), row.get("high"), NOT_APPLICABLE if outside else "not known")
