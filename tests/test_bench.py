"""The bench runs, counts what it says, and its hand-written script answers as the chain does where all is known."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from opentrd.bench import measure, population
from opentrd.cli import main


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("bench") / "population.duckdb"
    population(300, target)
    return target


def test_figures(file: Path) -> None:
    figures = measure(file, chunk=100)
    assert figures.persons == 300
    assert figures.exposures > 300
    assert figures.ratio is not None and figures.ratio > 0
    assert figures.agreement is not None and figures.agreement > 0.85


def test_the_command_uses_a_population_again(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["opentrd", "bench", "--keep", str(file), "--quiet"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code in (0, None)
    printed = capsys.readouterr().out
    assert "300 persons" in printed
    assert "ratio" in printed
