"""Mantel-Haenszel and Peto, several levels, cluster-robust errors and components: command, Python interface, pages."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import opentrd
from opentrd import evidence
from opentrd.cli import app
from opentrd.evidence import EvidenceError
from opentrd.evidence.network import pool_components
from opentrd.evidence_other import PooledComponents, PooledCounts, PooledMultilevel, PooledRobust

RUN = CliRunner()
COUNTS: dict[str, Any] = {
    "study": ["Alder <2001>", "Beech", "Cherry", "Dogwood", "Elm"], "events_1": [12, 30, 0, 3, 44], "n_1": [40, 100, 20, 25, 120],
    "events_2": [5, 22, 0, 0, 31], "n_2": [41, 98, 22, 25, 118],
}  # fmt: skip
LEVELS: dict[str, Any] = {
    "study": list("AABBCDDEFF"), "yi": [0.1, 0.2, 0.4, 0.5, 0.3, 0.8, 0.6, 0.05, 0.35, 0.45],
    "vi": [0.02, 0.02, 0.03, 0.04, 0.01, 0.05, 0.05, 0.03, 0.02, 0.02], "centre": list("PPPPPQQQQQ"),
    "year": [1, 1, 3, 3, 10, 11, 11, 14, 16, 16],
}  # fmt: skip
PARTS: dict[str, Any] = {
    "study": [f"s{i}" for i in range(6)], "treatment_1": ["SSRI", "SSRI", "SSRI+lithium", "SSRI+lithium", "lithium", "CBT+lithium"],
    "treatment_2": ["placebo", "placebo", "SSRI", "placebo", "placebo", "CBT"], "yi": [0.3, 0.35, 0.25, 0.6, 0.1, 0.4],
    "vi": [0.02, 0.03, 0.02, 0.04, 0.03, 0.04],
}  # fmt: skip
CASES: tuple[tuple[str, dict[str, Any], dict[str, Any], list[str], type], ...] = (
    ("mh", COUNTS, {"model": "mantel-haenszel", "measure": "RR"}, ["--model", "mantel-haenszel", "--measure", "RR"], PooledCounts),
    ("rd", COUNTS, {"model": "mantel-haenszel", "measure": "RD"}, ["--model", "mantel-haenszel", "--measure", "RD"], PooledCounts),
    ("peto", COUNTS, {"model": "peto"}, ["--model", "peto"], PooledCounts),
    ("levels", LEVELS, {"levels": "centre,study"}, ["--levels", "centre,study"], PooledMultilevel),
    ("both", LEVELS, {"levels": "study", "cluster": "study"}, ["--levels", "study", "--cluster", "study"], PooledMultilevel),
    ("robust", LEVELS, {"cluster": "study"}, ["--cluster", "study"], PooledRobust),
    ("robust by year", LEVELS, {"cluster": "study", "mods": "year"}, ["--cluster", "study", "--mods", "year"], PooledRobust),
    ("levels by year", LEVELS, {"levels": "study", "mods": "year"}, ["--levels", "study", "--mods", "year"], PooledMultilevel),
    ("components", PARTS, {"components": True, "inactive": "placebo"}, ["--components", "--inactive", "placebo"], PooledComponents),
)  # fmt: skip


def _write(path: Path, table: dict[str, Any]) -> Path:
    lines = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "table", "given", "options", "kind"), CASES, ids=[case[0] for case in CASES]
)
def test_table_drawing_page_and_command_agree(
    tmp_path: Path, name: str, table: dict[str, Any], given: dict[str, Any], options: list[str], kind: type
) -> None:
    pooled = opentrd.pool(table, **given)
    assert isinstance(pooled, kind)
    json.dumps(pooled.table(), allow_nan=False)
    drawn = pooled.plot()
    assert str(drawn).startswith("<svg") or "<svg" in str(drawn)
    page = pooled.report(tmp_path / "page", name="my table").read_text(encoding="utf-8")
    assert "my table" in page and "<script" not in page and "src=" not in page
    assert "<2001>" not in page
    assert sorted(file.name for file in (tmp_path / "page" / "tables").iterdir())
    file = _write(tmp_path / "table.csv", table)
    run = RUN.invoke(app, ["pool", str(file), *options, "--json", "--out", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout) == json.loads(json.dumps(pooled.contract()))
    assert (tmp_path / "out" / "index.html").exists()
    assert json.loads((tmp_path / "out" / "run.json").read_text())["results"]["table.csv"]["level"] == 0.95
    said = RUN.invoke(app, ["pool", str(file), *options]).output
    assert "table.csv: " in said and "Heterogeneity" in said


def test_the_numbers_are_those_of_the_engine() -> None:
    counts = opentrd.pool(COUNTS, model="mantel-haenszel", measure="OR")
    assert isinstance(counts, PooledCounts)
    assert counts.table() == evidence.mantel_haenszel(COUNTS, "OR").table()
    # By hand: sum a d / n over sum b c / n.
    a, n1, c, n2 = (COUNTS[name] for name in ("events_1", "n_1", "events_2", "n_2"))
    up = sum(a[i] * (n2[i] - c[i]) / (n1[i] + n2[i]) for i in range(5))
    down = sum((n1[i] - a[i]) * c[i] / (n1[i] + n2[i]) for i in range(5))
    assert counts.table()["estimate"] == pytest.approx(math.log(up / down))
    rows = counts.studies()
    assert rows[2]["estimate"] is None and sum(row["weight"] for row in rows) == pytest.approx(100)
    levels = opentrd.pool(LEVELS, levels=("centre", "study"))
    assert isinstance(levels, PooledMultilevel)
    assert levels.table() == evidence.pool_multilevel(LEVELS, ("centre", "study")).table()
    assert [row["component"] for row in levels.variances()] == ["centre", "study", "row"]
    robust = opentrd.pool(LEVELS, cluster="study")
    assert isinstance(robust, PooledRobust)
    plain = evidence.pool(LEVELS)
    assert robust.table()["coefficients"] == list(evidence.cluster_robust(plain).rows)
    assert robust.table()["estimate"] == pytest.approx(plain.table()["estimate"], rel=1e-12)
    assert not any("as if independent" in note for note in robust.table()["notes"])
    again = opentrd.pool(LEVELS)
    assert isinstance(again, opentrd.evidence_face.PooledPairwise)
    assert again.robust("study").table() == robust.table()
    parts = opentrd.pool(PARTS, components=True, inactive="placebo")
    assert isinstance(parts, PooledComponents)
    assert parts.components() == pool_components(PARTS, inactive="placebo").components()
    both = parts.combination(["SSRI", "lithium"])
    assert both["estimate"] == pytest.approx(
        sum(row["estimate"] for row in parts.components() if row["component"] in ("SSRI", "lithium"))
    )


@pytest.mark.parametrize(
    ("table", "given", "field"),
    [
        (LEVELS, {"model": "peto"}, "events_1"),
        (COUNTS, {"model": "peto", "measure": "RR"}, "measure"),
        (COUNTS, {"model": "mantel-haenszel", "measure": "SMD"}, "measure"),
        (COUNTS, {"model": "mantel-haenszel", "mods": "n_1"}, "mods"),
        (COUNTS, {"model": "mantel-haenszel", "zero_cells": "all"}, "zero_cells"),
        (COUNTS, {"model": "mantel-haenszel", "test": "t"}, "test"),
        (LEVELS, {"levels": "clinic"}, "clinic"),
        (LEVELS, {"levels": 5}, "levels"),
        (LEVELS, {"levels": []}, "levels"),
        (LEVELS, {"levels": "study", "cluster": "centre"}, "cluster"),
        (LEVELS, {"levels": "study", "model": "DL"}, "model"),
        (LEVELS, {"cluster": "clinic"}, "clinic"),
        (LEVELS, {"cluster": 5}, "cluster"),
        (LEVELS, {"components": True}, "components"),
        (LEVELS, {"inactive": "placebo"}, "inactive"),
        (PARTS, {"levels": "study"}, "levels"),
        (PARTS, {"cluster": "study"}, "cluster"),
        (PARTS, {"model": "peto"}, "model"),
        (PARTS, {"components": 5}, "components"),
        (PARTS, {"components": True, "reference": "placebo"}, "reference"),
        (PARTS, {"components": True, "cluster": "study"}, "cluster"),
    ],
)  # fmt: skip
def test_choices_that_do_not_belong_are_named(
    table: dict[str, Any], given: dict[str, Any], field: str
) -> None:
    with pytest.raises(EvidenceError) as problem:
        opentrd.pool(table, **given)
    assert problem.value.field == field


def test_the_command_refuses_what_does_not_belong(tmp_path: Path) -> None:
    file = _write(tmp_path / "table.csv", LEVELS)
    for options in (["--components"], ["--model", "peto"], ["--levels", "clinic"], ["--inactive", "x"],
                    ["--cluster", "study", "--zone", "-1,1", "--out", str(tmp_path / "o")]):  # fmt: skip
        run = RUN.invoke(app, ["pool", str(file), *options])
        assert run.exit_code != 0 and "Traceback" not in run.output
    with pytest.raises(EvidenceError, match="forest"):
        opentrd.pool(LEVELS, cluster="study").plot("funnel")


def test_the_variances_of_the_levels_are_printed(tmp_path: Path) -> None:
    table = tmp_path / "levels.csv"
    table.write_text("study,yi,vi\n" + "".join(
        f"{study},{yi},{vi}\n" for study, yi, vi in zip(LEVELS["study"], LEVELS["yi"], LEVELS["vi"], strict=True)
    ))  # fmt: skip
    said = RUN.invoke(app, ["pool", str(table), "--levels", "study"])
    assert said.exit_code == 0
    assert "Variances: study " in said.output
