"""The command ``opentrd pool``: every shape of the effects tables, the names of the contract, and what it refuses."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import opentrd
from opentrd import cli
from opentrd.evidence import EvidenceError
from opentrd.evidence_face import PooledNetwork, PooledPairwise, shape
from opentrd.record.raw import InputError

HERE = Path(__file__).parent
BCG, STROKE = HERE / "evidence_sets" / "bcg.csv", HERE / "evidence_sets" / "stroke_unit.csv"
DIABETES = HERE / "evidence_network_set" / "diabetes.csv"
PAIRWISE = {
    "estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high", "tau2", "tau2_low", "tau2_high", "i2", "h2", "q",
    "q_df", "q_p", "k",
}  # fmt: skip
NETWORK = {"tau2", "q_total", "q_within", "q_between", "treatments", "league", "p_score"}
COMPUTED = "study,yi,vi,year\nA,-0.5,0.04,2001\nB,-0.1,0.02,2005\nC,-0.3,0.09,2010\nD,0.1,0.05,2012\n"
CONTRASTS = (
    "study,treatment_1,treatment_2,yi,vi\n"
    "A,ketamine,placebo,0.9,0.05\nB,ketamine,placebo,0.7,0.06\nC,lithium,placebo,0.4,0.04\nD,ketamine,lithium,0.3,0.05\n"
)


def write(folder: Path, text: str, name: str = "effects.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["pool", *(str(argument) for argument in arguments)])


def as_json(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_pairwise_computed_has_exactly_the_names_of_the_contract(tmp_path: Path) -> None:
    found = as_json(write(tmp_path, COMPUTED))
    assert set(found) == PAIRWISE and found["k"] == 4
    assert found["ci_low"] < found["estimate"] < found["ci_high"]


def test_pairwise_raw_gives_the_published_figures() -> None:
    """BCG trials, REML with the Knapp-Hartung test, as metafor gives them (tests/evidence_sets/expected.json)."""
    found = as_json(BCG, "--measure", "RR")
    assert set(found) == PAIRWISE
    assert found["estimate"] == pytest.approx(-0.7145323, abs=1e-7)
    assert (found["tau2"], found["i2"]) == (
        pytest.approx(0.3132433, abs=1e-6),
        pytest.approx(92.2214, abs=1e-3),
    )
    assert as_json(STROKE, "--measure", "md")["k"] == 9


def test_network_arms_have_the_names_of_the_contract() -> None:
    found = as_json(DIABETES, "--measure", "MD", "--model", "DL", "--small-is-good")
    assert set(found) >= NETWORK and len(found["treatments"]) == 10
    assert (found["q_total"], found["q_within"], found["q_between"]) == (
        pytest.approx(96.98, abs=0.01), pytest.approx(74.45, abs=0.01), pytest.approx(22.53, abs=0.01),
    )  # fmt: skip
    assert len(found["league"]) == 90
    assert set(found["league"][0]) == {"treatment_1", "treatment_2", "estimate", "se", "ci_low", "ci_high"}
    assert set(found["p_score"]) == set(found["treatments"])


def test_network_league_is_the_first_treatment_minus_the_second(tmp_path: Path) -> None:
    found = as_json(write(tmp_path, CONTRASTS), "--model", "common")
    league = {(row["treatment_1"], row["treatment_2"]): row["estimate"] for row in found["league"]}
    assert league["ketamine", "placebo"] > 0.5
    assert league["placebo", "ketamine"] == pytest.approx(-league["ketamine", "placebo"])


def test_no_league_without_transitivity_and_no_rank_without_certainty_and_position(tmp_path: Path) -> None:
    path = write(tmp_path, CONTRASTS)
    found = as_json(path)
    names = list(found)
    assert (
        names.index("transitivity") < names.index("league") < names.index("p_score") < names.index("ranking")
    )
    for row in found["ranking"]:
        assert row["certainty"] == "not assessed" and row["studies"] >= 1 and row["comparators"]
        assert row["p_score"] == found["p_score"][row["treatment"]]
    printed = run(path).stdout
    assert printed.index("transitivity") < printed.index("Effects:") < printed.index("P-score")
    assert "not assessed" in printed and "position" in printed


def test_moderators_add_their_coefficients() -> None:
    found = as_json(BCG, "--measure", "RR", "--mods", "latitude,year")
    assert set(found) == PAIRWISE | {"coefficients", "omnibus", "omnibus_df", "omnibus_p"}
    assert [row["term"] for row in found["coefficients"]] == ["intercept", "latitude", "year"]
    assert as_json(BCG, "--measure", "RR", "--mods", "latitude")["coefficients"][1][
        "estimate"
    ] == pytest.approx(-0.0291, abs=1e-4)


def test_several_files_are_one_object_by_file(tmp_path: Path) -> None:
    one, two = write(tmp_path, COMPUTED, "one.csv"), write(tmp_path, CONTRASTS, "two.csv")
    found = as_json(one, two)
    assert list(found) == ["one.csv", "two.csv"]
    assert set(found["one.csv"]) == PAIRWISE and set(found["two.csv"]) >= NETWORK


def test_two_files_of_one_name_keep_apart(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    paths = [write(tmp_path / folder, COMPUTED) for folder in ("a", "b")]
    assert set(as_json(*paths)) == {str(path) for path in paths}


@pytest.mark.parametrize("model", ["REML", "DL", "PM", "ML", "EB", "SJ", "HE"])
@pytest.mark.parametrize("test", ["knapp-hartung", "z"])
def test_every_model_and_test_of_the_contract(tmp_path: Path, model: str, test: str) -> None:
    found = as_json(write(tmp_path, COMPUTED), "--model", model, "--test", test)
    assert all(value is None or math.isfinite(value) for value in found.values())


def test_the_common_effect_has_no_variance_between_studies(tmp_path: Path) -> None:
    found = as_json(write(tmp_path, COMPUTED), "--model", "common")
    assert found["tau2"] == 0 and found["pi_low"] is None and found["tau2_low"] is None
    weights = [1 / 0.04, 1 / 0.02, 1 / 0.09, 1 / 0.05]
    mean = sum(w * y for w, y in zip(weights, [-0.5, -0.1, -0.3, 0.1], strict=True)) / sum(weights)
    assert found["estimate"] == pytest.approx(mean) and found["se"] == pytest.approx(sum(weights) ** -0.5)


def test_a_measure_beside_yi_only_names_it(tmp_path: Path) -> None:
    path = write(tmp_path, COMPUTED)
    plain, named = as_json(path), as_json(path, "--measure", "OR")
    assert plain == named
    result = run(path, "--measure", "OR")
    assert "odds ratio" in result.stdout and "as logarithms" in result.stdout


def test_raw_numbers_win_over_yi_when_a_measure_is_asked_for(tmp_path: Path) -> None:
    text = "study,yi,vi,events_1,n_1,events_2,n_2\nA,9,1,10,50,5,50\nB,9,1,12,60,8,60\n"
    assert as_json(write(tmp_path, text), "--measure", "RD")["estimate"] == pytest.approx(0.084, abs=0.01)
    assert as_json(write(tmp_path, text))["estimate"] == 9


def test_a_measure_column_names_the_effects_and_other_words_do_not(tmp_path: Path) -> None:
    named = "study,yi,vi,measure\nA,0.1,0.1,OR\nB,0.2,0.1,or\n"
    assert "odds ratio" in run(write(tmp_path, named)).stdout
    scales = "study,yi,vi,measure\nA,0.1,0.1,MADRS\nB,0.2,0.1,HAM-D\n"
    assert "effect as given" in run(write(tmp_path, scales)).stdout


@pytest.mark.parametrize(
    ("columns", "measure", "found"),
    [
        ("study yi vi", None, "pairwise"),
        ("study yi vi treatment", None, "pairwise"),
        ("study events_1 n_1 events_2 n_2 treatment", "OR", "pairwise"),
        ("study treatment events n", "PLO", "pairwise"),
        ("study treatment events n", "OR", "network"),
        ("study treatment mean sd n", None, "network"),
        ("study treatment_1 treatment_2 yi vi", None, "network"),
    ],
)
def test_the_shape_is_read_from_the_columns(columns: str, measure: str | None, found: str) -> None:
    assert shape(columns.split(), measure) == found


def test_rows_with_an_empty_cell_are_refused_or_listed(tmp_path: Path) -> None:
    path = write(tmp_path, COMPUTED + "E,,0.1,2013\n")
    refused = run(path)
    assert isinstance(refused.exception, InputError) and "row 6, field yi" in str(refused.exception)
    listed = run(path, "--missing", "list", "--out", tmp_path / "out")
    assert "row 6 (E), yi: the cell is empty" in listed.stdout
    with (tmp_path / "out" / "tables" / "unread.csv").open(encoding="utf-8", newline="") as file:
        assert [row["study"] for row in csv.DictReader(file)] == ["E"]


def test_out_writes_page_tables_and_run(tmp_path: Path) -> None:
    result = run(BCG, DIABETES, "--measure", "MD", "--out", tmp_path / "out")
    assert isinstance(
        result.exception, InputError
    )  # bcg has no means: nothing is written before all is pooled
    assert not (tmp_path / "out").exists()
    result = run(STROKE, DIABETES, "--measure", "MD", "--out", tmp_path / "out")
    assert result.exit_code == 0 and str(tmp_path / "out" / "index.html") in result.stdout
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert {"index.html", "run.json", "table-1/index.html", "table-2/tables/league.csv"} <= names
    listed = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert [len(entry["sha256"]) for entry in listed["inputs"]] == [64, 64]
    assert listed["results"]["diabetes.csv"]["model"] == "REML"
    with (tmp_path / "out" / "table-2" / "tables" / "league.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 90


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    assert run(write(tmp_path, COMPUTED), "--quiet").output == ""


TWO = "study,yi,vi\nA,0.1,0.1\nB,0.2,0.1\n"
FAULTS: list[tuple[str, list[str], list[str]]] = [
    ("", [], ["the file is empty"]),
    ("study,yi,vi\n", [], ["no study"]),
    ("study,yi,vi\nA,0.1,0.1\n", [], ["one study"]),
    ("study;yi;vi\nA;1;2\n", [], ["commas"]),
    ("study,yi,vi\nA,0.1\nB,1,1\n", [], ["row 2", "cells"]),
    ("study,yi,yi\nA,1,1\n", [], ["twice"]),
    ("yi,vi\n1,1\n2,1\n", [], ["field study"]),
    ("study,yi\nA,1\nB,1\n", [], ["field vi"]),
    ("study,yi,vi\nA,0.1,0.1\nB,zwei,0.1\n", [], ["row 3", "field yi", "zwei", "a number"]),
    ("study,yi,vi\nA,0.1,0.1\nB,\"0,2\",0.1\n", [], ["row 3", "decimal"]),
    ("study,yi,vi\nA,0.1,0.1\nB,0.2,0\n", [], ["row 3", "field vi", "above 0"]),
    ("study,yi,vi\nA,0.1,0.1\nB,0.2,-1\n", [], ["row 3", "field vi", "above 0"]),
    (TWO, ["--model", "BAYES"], ["model", "BAYES", "REML"]),
    (TWO, ["--test", "wald"], ["test", "wald"]),
    (TWO, ["--model", "common", "--test", "knapp-hartung"], ["Knapp-Hartung", "random-effects"]),
    (TWO, ["--level", "95"], ["level", "between 0 and 1"]),
    (TWO, ["--mods", "dose"], ["field dose"]),
    (TWO, ["--measure", "WHAT"], ["measure", "WHAT"]),
    (TWO, ["--missing", "drop"], ["missing", "drop"]),
    (TWO, ["--reference", "placebo"], ["reference", "network"]),
    ("study,events_1,n_1,events_2,n_2\nA,9,5,1,5\nB,1,5,1,5\n", ["--measure", "OR"], ["row 2", "events_1", "more events"]),
    ("study,events_1,n_1,events_2,n_2\nA,1,5,1,5\nB,1,5,1,5\n", [], ["field yi", "--measure"]),
    ("study,yi,vi,measure\nA,1,1,OR\nB,1,1,RR\n", [], ["row 3", "two effect measures"]),
    ("study,yi,vi,measure\nA,1,1,OR\nB,1,1,OR\n", ["--measure", "RR"], ["says OR", "asked for was RR"]),
    ("study,yi,vi,measure,scale\nA,1,1,MD,MADRS\nB,1,1,MD,HAM-D\n", [], ["row 3", "two scales"]),
    ("study,yi,vi,measure,score\nA,1,1,SMD,change\nB,1,1,SMD,final\n", [], ["row 3", "change and final"]),
    (CONTRASTS + "E,vns,tdcs,0.1,0.1\n", [], ["disconnected", "part 2: tdcs, vns"]),
    (CONTRASTS + "A,ketamine,placebo,0.9,0.05\n", [], ["row 6", "twice"]),
    (CONTRASTS.replace("0.05", "-0.05"), [], ["row 2", "negative variance"]),
    (CONTRASTS, ["--model", "PM"], ["model", "PM"]),
    (CONTRASTS, ["--model", "common", "--test", "knapp-hartung"], ["Knapp-Hartung"]),
    (CONTRASTS, ["--reference", "sham"], ["sham", "ketamine, lithium, placebo"]),
    (CONTRASTS, ["--mods", "stage"], ["mods", "regression"]),
    (CONTRASTS, ["--missing", "list"], ["missing", "arm would be lost"]),
    ("study,treatment,events,n\nA,a,1,9\nA,b,2,9\nB,a,1,9\nB,b,2,9\n", [], ["measure"]),
    ("study,treatment,events,n\nA,a,1,9\nA,a,2,9\nB,a,1,9\nB,b,2,9\n", ["--measure", "OR"], ["row 3", "twice"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "options", "said"), FAULTS)
def test_what_cannot_be_pooled_is_said_with_its_place(
    tmp_path: Path, text: str, options: list[str], said: list[str]
) -> None:
    result = run(write(tmp_path, text), *options)
    assert isinstance(result.exception, InputError), result.output
    for part in said:
        assert part in str(result.exception), str(result.exception)


def test_a_message_is_printed_and_the_exit_code_is_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["opentrd", "pool", str(write(tmp_path, "study,yi,vi\nA,1,0\nB,1,1\n"))])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    said = capsys.readouterr().err
    assert stopped.value.code == 2 and "effects.csv, row 2, field vi" in said and "Traceback" not in said


def test_files_that_are_not_there_and_folders_that_cannot_be_used(tmp_path: Path) -> None:
    path = write(tmp_path, COMPUTED)
    for arguments, said in (
        ([tmp_path / "no.csv"], "cannot be read"),
        ([path, path], "given twice"),
        ([path, "--out", path], "is a file"),
        ([path, "--out", tmp_path], "holds the input"),
        ([path, "--zone", "-0.2,0.2"], "give --out"),
        ([path, "--failures", "2"], "give --zone"),
        ([path, "--zone", "0.2", "--out", tmp_path / "o"], "not a zone"),
        ([path, "--zone", "0.1,0.2", "--out", tmp_path / "o"], "field zone"),
        (
            [path, "--zone", "-0.1,0.2", "--decisions", tmp_path / "no.csv", "--out", tmp_path / "o"],
            "cannot be read",
        ),
    ):
        result = run(*arguments)
        assert isinstance(result.exception, InputError) and said in str(result.exception)


def test_in_python_the_same_table_comes_in_many_forms(tmp_path: Path) -> None:
    path = write(tmp_path, COMPUTED)
    from_file = opentrd.pool(path)
    assert isinstance(from_file, PooledPairwise)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    arrays = opentrd.pool([float(row["yi"]) for row in rows], [float(row["vi"]) for row in rows])
    for other in (opentrd.pool(rows), opentrd.pool(columns), arrays):
        assert other.contract() == from_file.contract()
    assert isinstance(opentrd.pool(write(tmp_path, CONTRASTS)), PooledNetwork)
    with pytest.raises(EvidenceError, match="one study"):
        opentrd.pool([0.1], [0.1])


def test_the_readme_shows_what_the_example_prints(tmp_path: Path) -> None:
    text = (HERE.parent / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```\n\$ opentrd (pool .*?)\n(.*?)Page:", text, re.S)
    assert block
    arguments = [
        str(HERE.parent / word) if word.startswith("examples/") else word for word in block[1].split()[1:]
    ]
    arguments[arguments.index("--out") + 1] = str(tmp_path / "results")
    assert run(*arguments).stdout.startswith(block[2])


def test_the_example_is_the_published_set() -> None:
    with (HERE.parent / "examples" / "effects" / "bcg.csv").open(encoding="utf-8", newline="") as example:
        shown = list(csv.DictReader(example))
    with BCG.open(encoding="utf-8", newline="") as original:
        rows = list(csv.DictReader(original))
    assert len({row["study"] for row in shown}) == 13
    assert [{**row, "study": f"{row['study']} {row['year']}"} for row in rows] == shown


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("study,yi,vi\nA,1e200,0.1\nB,0.2,0.1\n", [], "row 2, field yi: no study gives a number of this size"),
        ("study,yi,vi\nA,0.1,1e-90\nB,0.2,0.1\n", [], "row 2, field vi: the sampling variance"),
        (CONTRASTS + "E,ketamine,lithium,1e300,0.1\n", [], "row 6, field yi: no study gives a number of this size"),
        ("study,treatment_1,treatment2,yi,vi\nA,x,y,0.1,0.1\nB,x,z,0.2,0.1\n", [], "field treatment_2"),
        (COMPUTED.replace("2012", "soon"), ["--mods", "year"], "'soon' (row 5) is not a number"),
        (CONTRASTS + "E,sham,rTMS,0.3,0.1\n", [], "effects.csv: field treatment: the network is disconnected"),
    ],
)  # fmt: skip
def test_slips_that_would_pass_unseen_are_refused(
    tmp_path: Path, text: str, options: list[str], said: str
) -> None:
    result = run(write(tmp_path, text), *options)
    assert isinstance(result.exception, InputError) and said in str(result.exception)


def test_corrected_zero_cells_and_contradicting_errors_are_noted(tmp_path: Path) -> None:
    cells = write(tmp_path, "study,events_1,n_1,events_2,n_2\nA,3,20,5,21\nB,0,15,2,14\nC,0,10,0,10\n")
    noted = run(cells, "--measure", "OR").output
    assert "a zero cell in B, C: the cells are corrected" in noted
    assert "no events in either group of C" in noted
    assert "a zero cell in C: the variance is corrected" in run(cells, "--measure", "RD").output
    both = write(tmp_path, "study,yi,vi,se\nA,0.1,0.04,0.2\nB,0.2,0.09,0.09\n", "both.csv")
    assert "se is not its root in 1 rows, first in row 3 (B): se 0.09, root of vi 0.3" in run(both).output


def test_options_that_knowledge_does_not_take_are_said() -> None:
    result = run("--knowledge", "esketamine", "--model", "DL", "--mods", "dose")
    assert isinstance(result.exception, InputError) and "--mods and --model" in str(result.exception)


def test_estimates_with_variances_keep_their_measure() -> None:
    pooled = opentrd.pool([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], measure="rr")
    assert pooled.table()["measure"] == "RR"
    with pytest.raises(EvidenceError, match="this measure is not known"):
        opentrd.pool([0.1, 0.2], [0.1, 0.1], measure="XYZ")
    with pytest.raises(EvidenceError, match="field reference"):
        opentrd.pool([0.1, 0.2], [0.1, 0.1], reference="placebo")
