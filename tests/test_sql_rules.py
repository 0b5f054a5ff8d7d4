"""The rules of the SQL, held against every file: what may be written, what is documented, what rests on what."""

from __future__ import annotations

import re

import pytest
import sqlglot
from sqlglot import exp

from opentrd.assess import plan

STEPS = plan.steps()

# What SQLGlot carries to Spark and PostgreSQL unchanged in meaning. Anything else needs a decision, and a line here.
ADMITTED_FUNCTIONS = {
    "denserank",
    "coalesce", "sum", "min", "max", "count", "rownumber", "rank", "lag", "lead", "datediff", "nullif", "lower",
    "cast", "case", "if", "extract", "groupconcat", "and", "or", "like", "bitwiseoragg",
}  # fmt: skip
FORBIDDEN_NODES = (exp.Filter, exp.TryCast, exp.Pivot, exp.Lateral, exp.Unnest, exp.Lambda, exp.Star)
NULLABLE_SAFE_IS = (exp.Null,)


@pytest.mark.parametrize("name", sorted(STEPS))
def test_only_admitted_functions_and_nodes(name: str) -> None:
    tree = sqlglot.parse_one(STEPS[name].sql, read="duckdb")
    functions = {
        (node.name if isinstance(node, exp.Anonymous) else node.key).lower()
        for node in tree.find_all(exp.Func)
    }
    assert functions <= ADMITTED_FUNCTIONS, functions - ADMITTED_FUNCTIONS
    for node in tree.find_all(*FORBIDDEN_NODES):
        if isinstance(node, exp.Star) and isinstance(node.parent, exp.Select | exp.Column | exp.Count):
            continue  # SELECT t.* inside a CTE and count(*) are fine; the last SELECT is checked below
        pytest.fail(f"{name}: {node.sql()} is not admitted")


@pytest.mark.parametrize("name", sorted(STEPS))
def test_truth_is_never_closed_by_is_true_or_by_a_list(name: str) -> None:
    tree = sqlglot.parse_one(STEPS[name].sql, read="duckdb")
    for node in tree.find_all(exp.Is):
        assert isinstance(node.expression, NULLABLE_SAFE_IS), (
            f"{name}: {node.sql()}: IS TRUE loses the third value"
        )
    for node in tree.find_all(exp.Not):
        assert not isinstance(node.this, exp.In), f"{name}: NOT IN loses the third value"
    for node in tree.find_all(exp.Div):
        assert isinstance(node.expression, exp.Nullif), f"{name}: division only through nullif"


@pytest.mark.parametrize("name", sorted(STEPS))
def test_windows_that_run_have_a_frame_of_rows(name: str) -> None:
    tree = sqlglot.parse_one(STEPS[name].sql, read="duckdb")
    for window in tree.find_all(exp.Window):
        if isinstance(window.this, exp.Sum | exp.Max | exp.Min) and window.args.get("order"):
            assert window.args.get("spec"), f"{name}: {window.sql()}: a running window needs ROWS BETWEEN"


@pytest.mark.parametrize("name", sorted(STEPS))
def test_the_last_select_names_its_columns_and_the_header_documents_them(name: str) -> None:
    tree = sqlglot.parse_one(STEPS[name].sql, read="duckdb")
    columns = [column.lower() for column in tree.named_selects]
    assert "*" not in columns, f"{name}: the last SELECT has to name its columns"
    documented = " ".join(
        f"{names} {meaning}" for names, meaning in plan.columns_documented(STEPS[name])
    ).lower()
    words = set(re.findall(r"[a-z_]+", documented))
    missing = [column for column in columns if column not in words]
    assert not missing, f"{name}: the header comment does not speak of {missing}"


@pytest.mark.parametrize("name", sorted(STEPS))
def test_dependencies_read_by_pattern_are_those_of_the_parser(name: str) -> None:
    tree = sqlglot.parse_one(STEPS[name].sql, read="duckdb")
    parsed = {table.name for table in tree.find_all(exp.Table) if table.db == "assess"}
    assert STEPS[name].needs == parsed
    schemas = {table.db for table in tree.find_all(exp.Table) if table.db}
    assert schemas <= {"assess", "record", "knowledge", "world"}


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_file_fits_in_the_head(name: str) -> None:
    assert len(STEPS[name].sql.splitlines()) <= 150


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_file_ends_in_code(name: str) -> None:
    """A script puts a semicolon behind it, which a comment would swallow."""
    assert "--" not in plan.steps()[name].sql.rstrip().splitlines()[-1]


def test_the_order_has_every_step_once_and_after_what_it_needs() -> None:
    order = plan.order()
    done: set[str] = set()
    for step in order:
        assert step.needs <= done, step.table
        done.add(step.table)
    assert done == set(STEPS) - set(plan.LATE_TABLES)
