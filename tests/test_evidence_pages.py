"""The pages and drawings of the evidence wing: self-contained, complete for a screen reader, and honest in their order."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

import opentrd
from opentrd.evidence import EvidenceError
from opentrd.evidence.certainty import DecisionLog, PersonsDecision
from opentrd.evidence_face import PooledPairwise
from opentrd.report import evidence, evidence_words
from opentrd.report.evidence_certainty import Question
from opentrd.report.evidence_svg import Axis, axis_for
from test_report import Outline

HERE = Path(__file__).parent
BCG = HERE / "evidence_sets" / "bcg.csv"
NETWORK = """study,treatment,events,n,definition,stage,baseline,certainty,risk_of_bias
A,ketamine,30,60,two failures,2,30,low,low
A,midazolam,15,60,two failures,2,30,,low
B,ketamine,25,50,two failures,3,32,,high
B,midazolam,14,50,two failures,3,32,,high
C,lithium,20,50,one failure,1,25,moderate,low
C,midazolam,16,50,one failure,1,25,,low
D,ketamine,28,55,two failures,2,31,,low
D,lithium,19,54,two failures,2,31,,low
E,<b>vns</b>,9,30,two failures,4,35,,low
E,midazolam,5,30,two failures,4,35,,low
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("network") / "network.csv"
    path.write_text(NETWORK, encoding="utf-8")
    return opentrd.pool(path, measure="OR", reference="midazolam")


@pytest.fixture(scope="module")
def pairwise() -> Any:
    return opentrd.pool(BCG, measure="RR")


def pages(pairwise: Any, network: Any) -> dict[str, str]:
    asked = Question((-0.2, 0.2), 2)
    return {
        "pairwise": evidence.page(pairwise.result, "bcg.csv"),
        "certainty": evidence.page(pairwise.result, "bcg.csv", question=asked),
        "moderator": evidence.page(opentrd.pool(BCG, measure="RR", mods="latitude").result, "bcg.csv"),
        "network": evidence.page(network.result, "network.csv"),
        "network certainty": evidence.page(network.result, "network.csv", question=asked),
    }


def test_pages_are_self_contained_and_whole_for_a_screen_reader(pairwise: Any, network: Any) -> None:
    for name, page in pages(pairwise, network).items():
        outline = Outline(page)
        assert not outline.outside and "<script" not in page and "@import" not in page, name
        assert not re.search(r"""(src|href)=["'](?!#)""", page), name
        assert len(outline.ids) == len(set(outline.ids)), name
        assert not outline.open and not outline.unscoped and not outline.tables_without_caption, name
        assert outline.headings[0] == 1 and outline.headings.count(1) == 1, name
        assert {reference for reference in outline.references if reference} <= set(outline.ids), name


def test_text_from_a_table_is_escaped(network: Any) -> None:
    page = evidence.page(network.result, "<i>name</i>.csv")
    assert "<b>vns</b>" not in page and "&lt;b&gt;vns&lt;/b&gt;" in page
    assert "<i>name" not in page
    assert "<b>vns" not in network.plot() and "<b>vns" not in network.ranking().plot()


def test_who_was_studied_comes_before_any_effect_and_ranks_come_last(network: Any) -> None:
    page = evidence.page(network.result)
    order = [page.index(f'id="{name}"') for name in ("network", "transitivity", "effects", "league", "ranks")]
    assert order == sorted(order)
    before = page[: page.index('id="transitivity"')]
    assert (
        "P-score" not in before and evidence_words.estimate(network.league().table()[0], "OR") not in before
    )


def test_no_rank_stands_without_certainty_and_position(network: Any) -> None:
    page = evidence.page(network.result)
    ranks = page[page.index('id="ranks"') :]
    rows = re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", ranks, re.S)[: len(network.result.treatments)]
    assert len(rows) == 4
    assert (
        sum("not assessed" in row for row in rows) == 2
    )  # midazolam and vns; the others have the weakest word given
    assert all("beside" in row or "hangs on" in row for row in rows)
    assert "hangs on midazolam alone" in next(row for row in rows if "vns" in row)


def test_a_table_that_says_nothing_about_patients_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    lines = [line.split(",") for line in NETWORK.strip().splitlines()]
    path.write_text("\n".join(",".join(line[:4]) for line in lines), encoding="utf-8")
    page = evidence.page(opentrd.pool(path, measure="OR").result)
    assert "The table says nothing about it" in page
    assert "The table says nothing about it" not in evidence.page(
        opentrd.pool([dict(zip(lines[0], line, strict=True)) for line in lines[1:]], measure="OR").result
    )


def test_the_league_square_says_row_against_column(network: Any) -> None:
    league = {(row["treatment_1"], row["treatment_2"]): row for row in network.league().table()}
    page = evidence.page(network.result)
    square = page[page.index('id="league"') : page.index('id="ranks"')]
    row = re.search(r'<th scope="row">ketamine</th>(.*?)</tr>', square, re.S)
    assert row is not None
    cells = re.findall(r"<td.*?</td>", row.group(1), re.S)
    assert network.result.treatments[0] == "<b>vns</b>"
    found = league["ketamine", "midazolam"]
    assert f">{evidence_words.shown(found['estimate'], 'OR')}<" in cells[3] and "excludes" not in cells[3]
    assert ('class="clear"' in cells[3]) == (found["ci_low"] > 0 or found["ci_high"] < 0)
    assert "°" in cells[0] and "°" not in cells[3]  # nobody compared ketamine with vns


def test_certainty_is_a_proposal_and_a_persons_decision_stands_beside_it(pairwise: Any, network: Any) -> None:
    assert "Not assessed: it needs the differences" in evidence.page(pairwise.result, "bcg.csv")
    log = DecisionLog().add(
        PersonsDecision(
            subject="bcg.csv", tool="grade", version="1", scope="imprecision", proposed="not serious", rules="",
            decided="serious", by="A. Reader", reason="few <events>", on="2026-01-02",
        )
    )  # fmt: skip
    page = evidence.page(pairwise.result, "bcg.csv", question=Question((-0.2, 0.2), None, log))
    assert "serious (A. Reader, 2026-01-02)" in page and "few &lt;events&gt;" in page
    assert "open" in page  # nobody judged the risk of bias
    other = evidence.page(pairwise.result, "else.csv", question=Question((-0.2, 0.2), None, log))
    assert "A. Reader" not in other
    networks = evidence.page(network.result, question=Question((-0.2, 0.2), 2))
    assert "ketamine against midazolam" in networks[networks.index('id="certainty"') :]


def test_what_cannot_be_used_for_the_certainty_is_said_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("study,yi,vi,risk_of_bias\nA,0.1,0.1,low\nB,0.2,0.1,dreadful\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match=r"e\.csv, row 3, field risk_of_bias.*dreadful"):
        opentrd.pool(path).report(tmp_path / "out", question=Question((-0.2, 0.2)))


def test_every_analysis_of_a_pairwise_result_has_table_plot_and_report(pairwise: Any, tmp_path: Path) -> None:
    analyses = [
        pairwise.studies(), pairwise.leave_one_out(), pairwise.cumulative("year"), pairwise.funnel(),
        pairwise.influence(), pairwise.small_studies(),
    ]  # fmt: skip
    for analysis in analyses:
        rows = analysis.table()
        target = analysis.report(tmp_path)
        page = target.read_text(encoding="utf-8")
        assert len(rows) in (4, 13) and not Outline(page).unscoped
        with (tmp_path / f"{analysis.name}.csv").open(encoding="utf-8", newline="") as file:
            assert len(list(csv.DictReader(file))) == len(rows)
        if analysis.name in ("influence", "small_studies"):
            with pytest.raises(EvidenceError, match="no drawing of this"):
                analysis.plot()
        else:
            assert analysis.plot().startswith("<svg") and "<svg" in page


def test_every_analysis_of_a_network_has_table_plot_and_report(network: Any, tmp_path: Path) -> None:
    drawn = [network.studies(), network.league("midazolam"), network.league(), network.ranking()]
    for analysis in [*drawn, network.node_splits(), network.net_heat()]:
        assert analysis.table() and analysis.plot().startswith("<svg")
    for analysis in (network.transitivity(), network.contribution(), network.regression("baseline")):
        assert "<svg" not in analysis.report(tmp_path).read_text(encoding="utf-8") and analysis.table()
    page = network.report(tmp_path / "all")
    names = {path.stem for path in (page.parent / "tables").glob("*.csv")}
    assert names >= {
        "transitivity",
        "league",
        "ranking",
        "rankogram",
        "node_splits",
        "contribution",
        "net_heat",
    }


def test_subgroups_and_a_moderator_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text(
        "study,yi,vi,kind,dose\nA,0.1,0.1,new,1\nB,0.3,0.1,new,2\nC,0.9,0.1,old,3\nD,0.8,0.2,old,4\n",
        encoding="utf-8",
    )
    found = opentrd.pool(path)
    assert isinstance(found, PooledPairwise)
    groups = found.subgroups("kind")
    assert [row["subgroup"] for row in groups.table()] == ["new", "old", "test between"]
    assert "old" in groups.plot()
    assert "dose" in opentrd.pool(path, mods="dose").plot("regression")
    with pytest.raises(EvidenceError, match="one numeric moderator"):
        opentrd.pool(path, mods="kind").plot("regression")


def test_a_drawing_shows_in_a_notebook_and_is_saved(pairwise: Any, tmp_path: Path) -> None:
    drawing = pairwise.plot()
    assert drawing._repr_html_() == str(drawing)
    saved = drawing.save(tmp_path / "forest.svg").read_text(encoding="utf-8")
    assert saved.startswith("<svg") and "font-family" in saved
    with pytest.raises(EvidenceError, match="forest, funnel"):
        pairwise.plot("pie")


def test_the_forest_lies_where_the_numbers_say() -> None:
    axis = Axis(-1.0, 1.0, None, left=100, width=200)
    assert (axis.at(-1), axis.at(0), axis.at(1), axis.at(7)) == (100, 200, 300, 300)
    rows = [{"estimate": 0.0, "ci_low": -0.5, "ci_high": 0.5}] * 3 + [
        {"estimate": 0.1, "ci_low": -40.0, "ci_high": 40.0}
    ]
    wide = axis_for(rows, None, 0.0)
    assert (
        -3 < wide.low < -0.5 and 0.5 < wide.high < 3
    )  # the huge interval is cut and marked, the others stay legible
    labels = [label for _, label in Axis(-2.4, 1.7, "OR").ticks()]
    assert labels == sorted(labels, key=float) and "1" in labels and len(labels) <= 7


@pytest.mark.parametrize(
    ("value", "measure", "said"),
    [(-0.7145, "RR", "0.49"), (-0.7145, "MD", "−0.71"), (-0.7146, None, "−0.715"), (0.0342, "RD", "0.034"),
     (None, "OR", "none"), (0.00001, "MD", "1e−05"), (12.345, "MD", "12.35")],
)  # fmt: skip
def test_numbers_are_said_on_the_scale_people_read(
    value: float | None, measure: str | None, said: str
) -> None:
    assert evidence_words.shown(value, measure) == said


def test_cells_that_a_spreadsheet_would_run_are_quoted(tmp_path: Path) -> None:
    evidence.write_csv(tmp_path / "t.csv", [{"a": "=1+1", "b": -0.5}])
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == "a,b\n'=1+1,-0.5\n"


@pytest.mark.parametrize(
    ("yi", "vi"),
    [
        ([0.3, 0.3, 0.3], [0.1, 0.1, 0.1]),  # a Knapp-Hartung standard error of 0
        ([0.0, 0.0], [1.0, 1.0]),
        ([-900.0, 2.0, 900.0], [1e4, 1.0, 1e4]),  # ratios beyond what a computer can hold
        ([1e-9, 2e-9, 3e-9], [1e-18, 1e-19, 1e-18]),
    ],
)
def test_odd_numbers_still_make_a_page(yi: list[float], vi: list[float], tmp_path: Path) -> None:
    rows = [
        {"study": f"S{i}", "yi": y, "vi": v, "measure": "OR"}
        for i, (y, v) in enumerate(zip(yi, vi, strict=True))
    ]
    page = opentrd.pool(rows).report(tmp_path).read_text(encoding="utf-8")
    assert (
        not Outline(page).open
        and "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S).lower().split()
    )


def test_a_large_network_keeps_to_what_can_be_read(tmp_path: Path) -> None:
    names = [f"t{i:02}" for i in range(14)]
    rows = [
        {"study": f"{a}-{b}", "treatment_1": a, "treatment_2": b, "yi": (i * 7 % 5) / 5, "vi": 0.1}
        for i, (a, b) in enumerate(
            (a, b) for a in names for b in names if a < b and (a == "t00" or b > "t10")
        )
    ]
    pooled = opentrd.pool(rows)
    page = pooled.report(tmp_path).read_text(encoding="utf-8")
    assert "too many for a square" in page and "furthest apart" in page
    with (tmp_path / "tables" / "league.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 14 * 13


def test_small_numbers_on_an_axis_are_not_cut() -> None:
    rows = [{"study": f"S{i}", "yi": 0.01 * i, "vi": (0.005 + 0.002 * i) ** 2} for i in range(4)]
    drawing = opentrd.pool(rows).plot("funnel")
    labels = {float(text) for text in re.findall(r">(0\.\d+)<", drawing)}
    assert {0.002, 0.004, 0.006} <= labels or {0.005, 0.01} <= labels, labels


def test_rows_of_one_name_are_told_apart() -> None:
    table = {
        "study": ["A", "A", "B", "B", "C"],
        "yi": [0.1, 0.2, 0.3, 0.4, 0.5],
        "vi": [0.1] * 5,
        "year": [2001, 2005, 2009, 2009, ""],
    }
    drawn = str(opentrd.pool(table).plot())
    assert all(f">{name}<" in drawn for name in ("A (2001)", "A (2005)", "B (row 4)", "B (row 5)", "C"))
    drawn = str(opentrd.pool(table).plot("leave_one_out"))
    assert "without A (2001)" in drawn and "without B (row 5)" in drawn
