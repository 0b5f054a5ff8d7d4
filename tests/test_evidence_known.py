"""Pooling from the knowledge's own studies: only what answers one question, and a reason for everything else."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from opentrd import cli, evidence_known, knowledge
from opentrd.evidence import EvidenceError
from opentrd.evidence.narrative import albatross, albatross_contours
from opentrd.evidence_known import topic
from opentrd.record.raw import InputError
from opentrd.report import evidence_known as pages
from opentrd.report import evidence_narrative as draw
from test_report import Outline

STUDY = dict.fromkeys(knowledge.table("study").column_names)
EFFECT = dict.fromkeys(knowledge.table("effect").column_names)


class Table(list[dict[str, Any]]):
    """Rows that answer as a table of the knowledge does."""

    def to_pylist(self) -> list[dict[str, Any]]:
        return list(self)


def study(name: str, **more: Any) -> dict[str, Any]:
    return {
        **STUDY, "study": name, "design": "randomised parallel", "sample": name, "groups": "bromazine and placebo",
        "source": f"{name}, a source", "read_depth": "abstract", "knowledge_status": "verified", **more,
    }  # fmt: skip


def effect(name: str, of: str, estimate: float, **more: Any) -> dict[str, Any]:
    return {
        **EFFECT, "effect": name, "study": of, "comparison": "bromazine vs placebo", "outcome": "response",
        "timepoint": "8 wk", "measure": "OR", "contrast": "between", "estimate": estimate, "ci_low": estimate / 2,
        "ci_high": estimate * 2, "ci_level": 0.95, "better": "higher", "knowledge_status": "verified", **more,
    }  # fmt: skip


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, Table]:
    """A small knowledge of made-up studies."""
    tables = {
        "study": Table([study("a2001"), study("b2002"), study("c2003", sample="b2002"), study("d2004", design="meta-analysis")]),
        "effect": Table(
            [effect("a1", "a2001", 2.0), effect("b1", "b2002", 1.5), effect("c1", "c2003", 1.6), effect("d1", "d2004", 1.7)]
        ),
    }  # fmt: skip
    real = knowledge.table
    monkeypatch.setattr(knowledge, "table", lambda name: tables.get(name) or real(name))
    return tables


def reasons(found: evidence_known.Topic) -> dict[str, str]:
    return {row["effect"]: row["reason"] for row in found.rest}


def test_independent_studies_of_one_question_are_pooled(known: dict[str, Table]) -> None:
    (question,) = topic("bromazine").questions
    assert [row["effect"] for row in question.effects] == ["a1", "b1"]
    se = math.log(4) / (2 * 1.959963984540054)
    assert question.result.data.yi == pytest.approx([math.log(2), math.log(1.5)])
    assert question.result.data.vi == pytest.approx([se**2, se**2])
    assert question.result.data.measure == "OR"


def test_shared_persons_and_pooled_estimates_do_not_count_twice(known: dict[str, Table]) -> None:
    said = reasons(topic("bromazine"))
    assert said["c1"] == "shares its persons with b2002"
    assert said["d1"].startswith("a pooled estimate")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"contrast": "within"}, "a change within one group"),
        ({"printed_inconsistent": True, "inconsistency": "the sign is lost"}, "as printed it cannot be right: the sign is lost"),
        ({"estimate": None}, "no estimate is printed"),
        ({"measure": "phi"}, "this measure (phi) is not pooled"),
        ({"subgroup": "women"}, "a subgroup (women)"),
        ({"ci_low": None}, "no interval and no standard error"),
        ({"ci_low": None, "result": "SE 0.3"}, "no interval and no standard error"),  # a ratio: on which scale?
        ({"knowledge_status": "recalled"}, "only recalled"),
        ({"k_studies": 4}, "a pooled estimate"),
        ({"analysis": "meta-analytic"}, "a pooled estimate"),
        ({"comparison": "bromazine vs sham"}, "the only effect"),
        ({"timepoint": "12 wk"}, "the only effect"),
        ({"timing": "any time"}, "the only effect"),
        ({"measure": "RR"}, "the only effect"),
        ({"better": "lower"}, "the only effect"),
        ({"response_threshold_pct": 25.0}, "the only effect"),
    ],
)  # fmt: skip
def test_everything_else_has_its_reason(known: dict[str, Table], change: dict[str, Any], reason: str) -> None:
    known["effect"][0] |= change
    found = topic("bromazine")
    assert not found.questions
    assert reason in reasons(found)["a1"]


def test_no_effect_is_lost(known: dict[str, Table]) -> None:
    for name in ("bromazine", "all", "a2001"):
        found = topic(name)
        named = [row["effect"] for question in found.questions for row in question.effects] + list(
            reasons(found)
        )
        wanted = {"a1"} if name == "a2001" else {"a1", "b1", "c1", "d1"}
        assert sorted(named) == sorted(wanted)


def test_a_printed_standard_error_of_a_difference_is_a_weight(known: dict[str, Table]) -> None:
    for row in known["effect"][:2]:
        row |= {"measure": "MD", "ci_low": None, "ci_high": None, "result": "SE 2.5"}
    (question,) = topic("bromazine").questions
    assert question.result.data.vi == pytest.approx([6.25, 6.25])


def test_differences_per_hundred_are_pooled_as_shares(known: dict[str, Table]) -> None:
    for row in known["effect"][:2]:
        row |= {"measure": "RD per 100", "estimate": 15.0, "ci_low": 5.0, "ci_high": 25.0}
    (question,) = topic("bromazine").questions
    assert question.result.estimate == pytest.approx(0.15)
    assert question.result.data.vi[0] == pytest.approx((0.1 / 1.959963984540054) ** 2)


def test_the_primary_analysis_of_a_study_stands_for_it(known: dict[str, Table]) -> None:
    known["effect"].append(effect("a2", "a2001", 2.4, analysis="primary"))
    found = topic("bromazine")
    assert [row["effect"] for row in found.questions[0].effects] == ["a2", "b1"]
    assert reasons(found)["a1"] == "another row of the same study is used"


def test_what_cannot_be_pooled_is_summarised_on_one_scale_and_against_one_control(
    known: dict[str, Table],
) -> None:
    known["effect"][0]["timepoint"] = "12 wk"
    known["effect"].append(effect("e1", "c2003", 9.0, comparison="bromazine vs sham", timepoint="1 wk"))
    (summary,) = topic("bromazine").summaries
    assert (summary["k"], summary["median"], summary["against"]) == (2, pytest.approx(1.75), "placebo")
    assert topic("all").summaries == ()


def test_a_topic_is_found_where_a_word_begins(known: dict[str, Table]) -> None:
    with pytest.raises(EvidenceError, match="no study and no effect"):
        topic("mazine")
    with pytest.raises(EvidenceError, match="no study and no effect"):
        topic("  ")
    assert len(topic("BROMA").studies) == 4


def test_the_page_escapes_and_has_a_place_for_each_study(known: dict[str, Table]) -> None:
    known["study"][0]["population"] = "<script>alert(1)</script>"
    page = pages.page(topic("bromazine"), failures=2)
    outline = Outline(page)
    assert (
        not outline.outside
        and not outline.unscoped
        and not outline.tables_without_caption
        and not outline.open
    )
    assert {"study-a2001", "study-b2002", "study-c2003", "study-d2004"} <= set(outline.ids)
    assert "<script" not in page and "Indirectness" in page
    assert "OR 2 (95 % interval 1 to 4)" in page  # as printed, not rounded or padded
    assert len(outline.ids) == len(set(outline.ids))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["pool", *arguments])


def test_the_real_knowledge_makes_a_whole_page(tmp_path: Path) -> None:
    result = run("--knowledge", "all", "--out", str(tmp_path), "--json")
    found = json.loads(result.stdout)
    effects = knowledge.table("effect").num_rows
    plain = [one for one in found["pooled"] if one["pool"] is None]
    assert sum(len(one["effects"]) for one in plain) + len(found["not_pooled"]) == effects
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    outline = Outline(page)
    assert not outline.unscoped and len(outline.ids) == len(set(outline.ids))
    places = set(re.findall(r'href="#(study-[^"]+)"', page))
    assert places <= set(outline.ids)
    assert {f"study-{name}" for name in knowledge.table("study").column("study").to_pylist()} <= set(
        outline.ids
    )
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {
        "pooled.csv", "not_pooled.csv", "summaries.csv", "studies.csv",
    }  # fmt: skip


def test_the_command_says_what_is_pooled_and_what_is_not() -> None:
    printed = run("--knowledge", "esketamine").stdout
    assert "pooled: esk vs placebo; response; day 28" in printed and "not pooled (" in printed
    for arguments, said in (
        (["--knowledge", "no such thing"], "no study and no effect"),
        (["--knowledge", "esketamine", "effects.csv"], "leave the files out"),
        ([], "there is no effects table"),
    ):
        result = run(*arguments)
        assert isinstance(result.exception, InputError) and said in str(result.exception)


def test_the_list_of_studies_leads_to_the_page() -> None:
    printed = CliRunner().invoke(cli.app, ["knowledge", "study", "--search", "Popova"]).stdout
    assert "popova2019" in printed and "index.html#study-NAME" in printed


def test_directions_are_drawn_as_a_harvest(known: dict[str, Table]) -> None:
    known["effect"].append(effect("e1", "a2001", 0.4, outcome="remission", n=40))
    page = pages.page(topic("bromazine"))
    plot = page[page.index('id="directions"') : page.index('id="rest"')]
    # a2001 and b2002 on response, a2001 on remission; c2003 shares persons, d2004 pools others
    assert plot.count("<rect x=") == 3 and ">40<" in plot
    assert 'id="directions"' not in pages.page(topic("all"))


def test_an_albatross_lies_where_p_and_persons_say() -> None:
    rows = [
        {"study": "A", "n": 40, "p_value": 0.01, "direction": 1},
        {"study": "B", "n": 200, "p_value": 0.2, "direction": -1, "p_relation": "<"},
    ]
    drawing = draw.albatross(albatross(rows), albatross_contours([0.3, 0.8], "SMD"))
    assert (
        "persons" in drawing
        and "0.8" in drawing
        and ">0.05<" in drawing
        and ">0.001<" not in drawing
        and not Outline(str(drawing)).open
    )
    assert drawing.count('fill="#ffffff"') >= 1  # the bound of B
    with pytest.raises(EvidenceError, match="no study to draw"):
        draw.albatross([])
    with pytest.raises(EvidenceError, match="no effect to draw"):
        draw.harvest([])
