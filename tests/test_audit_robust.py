"""Whatever the file holds, the auditor answers: findings or a clear message, never a traceback."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opentrd.evidence.audit import RULES, audit, read, tables
from opentrd.evidence.audit.model import Material
from opentrd.evidence.audit.run import examine, facts
from opentrd.evidence.errors import EvidenceError

FACTS = facts()
PIECES = st.sampled_from(
    [
        "Results",
        "References",
        "Abstract",
        "Methods",
        "Table 1. Studies",
        "\n\n",
        "\n",
        "\t",
        " ",
        ". ",
        "; ",
        "(",
        ")",
        "[",
        "]",
        "1",
        "23",
        "0.5",
        "-4.",
        "95% CI",
        "to",
        "–",
        "−",
        "p = 0.03",
        "p = 5",
        "OR 1.2 (0.8-1.9)",
        "SMD -0.4 (−0.6 to −0.1)",
        "%",
        "12/42 (28%)",
        "0/0 (0%)",
        "5/3 vs 2/1 (p=.01)",
        "Alder et al. [1]",
        "(Alder, 2010)",
        "<sup>3–1</sup>",
        "[9-2]",
        "χ2(0) = 3, p = .1",
        "t(0)=1, p=.5",
        "F(1,0)=2, p=.3",
        "r(3)=2, p=.1",
        "N=5: 3 a, 4 b",
        "MADRS",
        "21.5 (SD 3.1)",
        "n = 1",
        "n = 0",
        "RoB 2",
        "GRADE",
        "1. Alder A. One. J. 2010;1:1. doi:10.1/x",
        "Study\tDesign\tEffect size\t95% CI\tFindings",
        "Alder 2010 [1]\tRCT\t-4. (MD)\t1 - 2\tbetter",
        "the last zero years from January 2010 to December 2009",
        "IL-6 was elevated",
        "10.3389/",
        "reduced risk by 0%",
        "HR 0 (0 to 0)",
        "twenty-three studies",
        "ninety",
        "²",
        "³",
        "|a|b|c|",
        "#",
        "*",
        "_",
        "É",
        "\u00a0",
        "0.000 (0.000 to 0.000)",
        "1e400",
        "²/L-1",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(st.lists(PIECES, max_size=60))
def test_any_text_gets_an_answer(pieces: list[str]) -> None:
    document = read.from_text("".join(pieces), "any.txt")
    report = examine(Material([document], FACTS))
    for found in (*report.findings, *report.questions):
        assert found.rule in RULES and found.locus.startswith("any.txt:")


CELLS = st.sampled_from(
    [
        "",
        "0",
        "1",
        "-1",
        "0.5",
        "12",
        "1e9",
        "NA",
        "NR",
        "<0.001",
        "=.05",
        "a; b",
        "-3 to 4",
        "4 to -3",
        "0.4 (SMD)",
        "MADRS",
        "RCT",
        "RoB: x",
        "N=3: 1 a",
        "OR",
        "SMD",
        "n_persons",
        "higher",
        "lower",
        "100%",
        "chi2",
        "Raison et al. (2013)",
        "raison2013",
        "∞",
        "-",
        ".",
    ]
)
NAMES = [
    "study",
    "design",
    "estimate",
    "95% CI",
    "ci_low",
    "ci_high",
    "level",
    "p",
    "chi2",
    "t",
    "f",
    "z",
    "df",
    "n",
    "n1",
    "n2",
    "events_1",
    "events_2",
    "mean",
    "sd",
    "scale",
    "items",
    "min",
    "max",
    "percent",
    "events",
    "quality",
    "tool",
    "findings",
    "subject",
    "quantity",
    "polarity",
    "sample",
    "measure",
    "doi",
    "?",
]


@settings(
    max_examples=150, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(data=st.data())
def test_any_table_gets_an_answer(tmp_path: Path, data: st.DataObject) -> None:
    header = data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=10, unique=True))
    rows = data.draw(
        st.lists(st.lists(CELLS, min_size=len(header), max_size=len(header)), min_size=1, max_size=5)
    )
    path = tmp_path / "any.csv"
    path.write_text(
        "\n".join(";".join(f'"{cell}"' for cell in row) for row in [header, *rows]), encoding="utf-8"
    )
    try:
        document = read.read(path)
    except EvidenceError as problem:
        assert "any.csv" in str(problem)
        return
    report = examine(Material([document], FACTS))
    assert all(found.arithmetic for found in report.findings)


def test_every_name_of_a_column_role_is_understood() -> None:
    assert {tables.role_of(name) for name in NAMES if name != "?"} >= {
        "estimate",
        "ci",
        "level",
        "statistic",
        "polarity",
    }
    assert [name for name in NAMES if tables.role_of(name) is None] == ["?"]


def test_the_page_of_rules_is_up_to_date() -> None:
    root = Path(__file__).parent.parent
    sys.path.insert(0, str(root / "tools"))
    import audit_page

    assert (root / "docs" / "audit.md").read_text(encoding="utf-8") == audit_page.text()


def test_decimal_commas_of_a_spreadsheet_are_decimals(tmp_path: Path) -> None:
    """0,03 was once read as 0, and called an impossible p value."""
    path = tmp_path / "komma.csv"
    path.write_text(
        "study;estimate;measure;ci_low;ci_high;p\nA;0,50;SMD;0,20;0,80;0,001\nB;0,5;SMD;0,6;0,9;0,03\n",
        encoding="utf-8",
    )
    report = audit([path])
    assert {(found.rule, found.locus) for found in report.findings} == {
        ("estimate_off_centre", "komma.csv:3 (row B)"),
        ("interval_against_p", "komma.csv:3 (row B)"),
    }
    assert report.documents[0].notes == ["decimal commas are read as points"]


def test_a_p_value_with_a_decimal_comma_in_a_text_is_not_a_p_of_zero(tmp_path: Path) -> None:
    path = tmp_path / "komma.txt"
    path.write_text("Results\nThe groups differed (p = 0,03).\n", encoding="utf-8")
    assert audit([path]).findings == ()


def _comma_text(tmp_path: Path, text: str) -> tuple[set[str], list[str]]:
    path = tmp_path / "komma.txt"
    path.write_text(text, encoding="utf-8")
    report = audit([path])
    return {found.rule for found in report.findings}, [
        f"{one.value.text} {one.low.text} {one.high.text}"
        for one in report.documents[0].estimates
        if one.low and one.high
    ]


def test_decimal_commas_of_a_text_are_decimals(tmp_path: Path) -> None:
    fired, read = _comma_text(
        tmp_path,
        "Results\n\nRelapse fell (OR 0,75 (0,61-0,93; p = 0,009)) in 1.234 patients, OR 2,20 (1,12-1,88).\n",
    )
    assert read == ["0.75 0.61 0.93", "2.20 1.12 1.88"]
    assert fired == {"estimate_outside_interval"}


def test_commas_of_thousands_weeks_and_citations_stay(tmp_path: Path) -> None:
    text = (
        "Results\n\nOf 1,234 patients some were seen at weeks 0,12 and others later [1,2]. OR 0.75 (0.61 to 0.93).\n\n"
        "Here another paragraph says OR 0,80 (0,70-0,91) [1,2].\n\nReferences\n\n"
        "1. Alder A. A title. J Example. 2015;1(1):1-9.\n2. Beech B. Another title. J Example. 2016;2(1):10,12.\n"
    )
    fired, read = _comma_text(tmp_path, text)
    assert read == ["0.75 0.61 0.93", "0.80 0.70 0.91"]  # the second paragraph alone has decimal commas
    assert fired == set()
