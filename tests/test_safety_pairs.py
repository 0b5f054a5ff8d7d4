"""Which drug blocks which treatment: cases that a clinical pharmacist could check, and every pair that the rules name."""

from __future__ import annotations

from pathlib import Path

import pytest

from option_cases import ago, cohort, options
from typed_rows import Raw


def taken(agent: str, end: int | None = None) -> dict[str, str]:
    """A drug begun 60 days before the assessment that goes on, or ended so many days before it."""
    ends = {"ongoing": "true"} if end is None else {"end_date": ago(end)}
    return {"agent": agent, "start_date": ago(60)} | ends


@pytest.mark.parametrize("agent", ["linezolid", "methylene blue"])
def test_linezolid_and_methylene_blue_block_what_is_serotonergic(agent: str, tmp_path: Path) -> None:
    persons: dict[str, Raw] = {
        "during": {"exposure": [taken(agent)]},
        "the day after": {"exposure": [taken(agent, 1)]},
        "two days after": {"exposure": [taken(agent, 2)]},
    }
    found = options(cohort(persons, tmp_path / "record"))
    serotonergic = (
        "sertraline", "escitalopram", "venlafaxine", "duloxetine", "clomipramine", "nortriptyline", "vortioxetine",
        "trazodone", "mirtazapine", "bupropion", "phenelzine",
    )  # fmt: skip
    expected = {"during": "blocked", "the day after": "blocked", "two days after": "no recorded obstacle"}
    for person, standing in expected.items():
        for treatment in serotonergic:
            if (person, treatment) != ("the day after", "phenelzine"):
                assert found[person][treatment, "switch"]["safety"] == standing, (person, treatment)
    assert found["during"]["bupropion", "add"]["safety"] == "blocked"
    assert found["during"]["SSRI + bupropion", "combine"]["safety"] == "blocked"
    assert found["during"]["agomelatine", "switch"]["safety"] == "no recorded obstacle"
