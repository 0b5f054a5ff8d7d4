"""The adequacy that the timeline shades: dose and days as assessed, against one stated rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentrd.report.words import Row, truth

BELOW_MINIMUM = "below minimum"
# Treatments for which no rule of adequacy exists: neither adequate nor unknown.
NO_RULE = "no rule"
WITHOUT_RULE = ("procedure", "psychotherapy")


def adequate(trial: Row, meta: Mapping[str, Any]) -> bool | None:
    """Whether a trial was adequate by the rule in ``meta['adequacy']`` (a row with ``min_days``, in days).

    A trial that carries its own ``adequate`` is taken at its word. Without a rule, or for treatments
    without a minimum dose, adequacy is not known.
    """
    if "adequate" in trial:
        return truth(trial["adequate"])
    if trial.get("dose_status") == BELOW_MINIMUM:
        return False
    least = (meta.get("adequacy") or {}).get("min_days")
    if least is None:
        return None
    low, high = trial.get("days_at_dose_low"), trial.get("days_at_dose_high")
    if high is not None and high < int(least):
        return False
    if low is not None and low >= int(least):
        return True
    return None


def standing(trial: Row, meta: Mapping[str, Any]) -> bool | str | None:
    """The adequacy of a trial, or ``no rule`` for a treatment that no rule speaks about."""
    if "adequate" not in trial and trial.get("kind") in WITHOUT_RULE:
        return NO_RULE
    return adequate(trial, meta)


def adequacy_words(meta: Mapping[str, Any]) -> str:
    """The rule in words, as its row gives them; empty without a rule."""
    rule = meta.get("adequacy") or {}
    return str(rule.get("meaning") or rule.get("text") or "")
