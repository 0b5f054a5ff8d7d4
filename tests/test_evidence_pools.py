"""Questions set in the knowledge: which studies, which measure; several of them, each pooled and with its page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from opentrd import evidence, evidence_pools, knowledge
from opentrd.cli import app
from opentrd.evidence import EvidenceError
from opentrd.evidence_known import topic
from opentrd.evidence_pools import set_questions, together
from opentrd.knowledge.checks_evidence import evidence_findings
from test_report import Outline

RUN = CliRunner()


def test_several_questions_are_pooled_each_with_its_measure() -> None:
    questions = topic("pools").questions
    assert len(questions) == len(set_questions()) >= 5
    assert {one.result.data.measure for one in questions} >= {"RD", "OR", "MD"}
    for one in questions:
        assert one.result.k >= 2 and len(set(one.result.data.study)) == one.result.k
        assert one.result.fitted.test == "knapp-hartung-adhoc"
        assert one.result.notes[0]  # what was taken together


def test_doses_of_one_trial_count_once() -> None:
    # Two contrasts of equal variance 4 that share a control of equal size: variance of the mean (4 + 4 + 2 * 2) / 4.
    assert together([(1.0, 4.0), (3.0, 4.0)]) == pytest.approx((2.0, 3.0))
    assert together([(1.5, 2.0)]) == pytest.approx((1.5, 2.0))
    (question,) = topic("esketamine_response_rd").questions
    rows = {row["effect"]: row for row in knowledge.table("effect").to_pylist()}
    two = [rows[f"fedgchin2019_0{i}"] for i in (1, 2)]
    width = [(row["ci_high"] - row["ci_low"]) / (2 * 1.959963984540054) / 100 for row in two]
    place = question.result.data.study.index("fedgchin2019")
    assert question.result.data.yi[place] == pytest.approx((two[0]["estimate"] + two[1]["estimate"]) / 200)
    assert question.result.data.vi[place] == pytest.approx(
        (width[0] ** 2 + width[1] ** 2 + width[0] * width[1]) / 4
    )


def test_arms_that_are_counted_together_are_one_group() -> None:
    (question,) = topic("esketamine_response_or").questions
    arms = {(row["study"], row["arm"]): row for row in knowledge.table("arm").to_pylist()}
    a, n1 = (
        sum(arms["fedgchin2019", arm][field] for arm in ("esk56_obs", "esk84_obs"))
        for field in ("events_response", "n")
    )
    c, n2 = (arms["fedgchin2019", "pbo_obs"][field] for field in ("events_response", "n"))
    yi, vi = evidence.effect_sizes("OR", events_1=[a], n_1=[n1], events_2=[c], n_2=[n2])
    place = question.result.data.study.index("fedgchin2019")
    assert (question.result.data.yi[place], question.result.data.vi[place]) == pytest.approx((yi[0], vi[0]))


def test_a_topic_has_its_set_questions_and_says_what_is_pooled_there_only() -> None:
    found = topic("esketamine")
    assert {"esketamine_response_rd", "esketamine_remission_rd"} <= {one.pool for one in found.questions}
    assert "" in {one.pool for one in found.questions}  # and those that the rows themselves allow
    said = {row["effect"]: row["reason"] for row in found.rest}
    assert said["fedgchin2019_03"] == "pooled in the set question esketamine_remission_rd only"
    assert not any("fedgchin2019" in one["comparisons"] for one in found.summaries)
    assert not {one.pool for one in topic("mindfulness").questions} - {""}


def test_the_command_lists_and_runs_them_each_with_its_page(tmp_path: Path) -> None:
    run = RUN.invoke(app, ["pool", "--knowledge", "pools", "--out", str(tmp_path)])
    assert run.exit_code == 0, run.output
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    Outline(page)
    for row in set_questions():
        assert f"[{row['pool']}]" in run.output and row["caution"] in run.output
        assert f'href="pool-{row["pool"]}/index.html"' in page
        own = (tmp_path / f"pool-{row['pool']}" / "index.html").read_text(encoding="utf-8")
        assert "<svg" in own and (tmp_path / f"pool-{row['pool']}" / "tables" / "studies.csv").exists()
    one = RUN.invoke(app, ["pool", "--knowledge", "ketamine_madrs", "--json"])
    (pooled,) = json.loads(one.stdout)["pooled"]
    assert pooled["pool"] == "ketamine_madrs" and pooled["k"] == 3 and "daly2018_02" in pooled["effects"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"study": "popova2019"}, "is of fedgchin2019, not of popova2019"),
        ({"effect": "", "arms": "esk56_obs; nobody", "control_arms": "pbo_obs", "event": "response"}, "'nobody' is not an arm"),
        ({"effect": "popova2019_03", "study": "popova2019"}, "lower is better, of the question higher"),
    ],
)  # fmt: skip
def test_a_planted_mistake_in_a_question_is_found(change: dict[str, str], said: str) -> None:
    def texts(table: str) -> list[dict[str, str]]:
        rows = knowledge.table(table).to_pylist()
        return [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]

    read = {name: texts(name) for name in ("study", "arm", "effect", "pool_question", "pool_member")}
    assert not [one for one in evidence_findings(read) if "pool_member" in one]
    read["pool_member"][0] |= change
    assert any(said in one for one in evidence_findings(read))
    shared = [row for row in read["study"] if row["study"] == "transform3"]
    shared[0]["sample"] = next(row["sample"] for row in read["study"] if row["study"] == "popova2019")
    assert any("shares its persons" in one for one in evidence_findings(read))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda row: row | {"effect": "nowhere_01"}, "effect"),
        (lambda row: row | {"effect": "raison2013_01"}, "effect"),
        (lambda row: row | {"effect": None, "arms": "nobody", "control_arms": "pbo_obs", "event": "response"}, "arms"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_pooled_is_named(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], dict[str, Any]], field: str
) -> None:
    real = evidence_pools.members
    monkeypatch.setattr(
        evidence_pools,
        "members",
        lambda pool: [change(dict(row)) if i == 0 else row for i, row in enumerate(real(pool))],
    )
    with pytest.raises(EvidenceError) as problem:
        topic("esketamine_response_rd")
    assert problem.value.field == field and "esketamine_response_rd" in str(problem.value)
