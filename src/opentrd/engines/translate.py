"""DuckDB's SQL in the dialect of another engine, with the same meaning. What cannot be carried over is an error.

SQLGlot writes the target dialect. It changes meaning in silence in places, and engines read the same words
differently; so every statement is first held against a list of admitted constructs, then typed (each column is
known by its type), and the places where engines differ are rewritten on the typed tree (``rewrite.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, SchemaError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from opentrd.engines.rewrite import (
    OF_BOTH,
    REWRITES,
    CannotRewrite,
    Rewrite,
    days_apart,
    kind_of,
    typed_output,
)
from opentrd.record.raw import InputError

DIALECTS = ("duckdb", "spark", "postgres")

# schema -> table -> column -> type, as DuckDB names types
Types = dict[str, dict[str, dict[str, str]]]
# Where a table of the assessment lies on the engine: (schema, table) -> (schema or None, table)
Place = Callable[[str, str], tuple[str | None, str]]

ADMITTED_FUNCTIONS = {
    "abs", "and", "case", "cast", "coalesce", "count", "datediff", "denserank", "extract", "groupconcat", "if", "lag", "lead", "like",
    "bitwiseoragg", "lower", "max", "min", "nullif", "or", "rank", "rownumber", "sum",
}  # fmt: skip
_ADMITTED_NODES = (
    exp.Select, exp.Union, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join, exp.Where, exp.Group, exp.Having,
    exp.Order, exp.Ordered, exp.Distinct, exp.Window, exp.WindowSpec, exp.Table, exp.TableAlias, exp.Column,
    exp.Identifier, exp.Alias, exp.Star, exp.Literal, exp.Boolean, exp.Null, exp.DataType, exp.DataTypeParam, exp.Paren,
    exp.Tuple, exp.Var, exp.Not, exp.Neg, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.BitwiseAnd, exp.DPipe, exp.Func,
)  # fmt: skip


class NotTranslatedError(InputError):
    """A statement has no equal in the dialect asked for. The message names the file, the construct and what to do."""


@dataclass(frozen=True)
class Translated:
    """A SELECT in the target dialect, and the columns it gives: name -> type, as DuckDB names types."""

    sql: str
    columns: dict[str, str]


def types_of(connection: duckdb.DuckDBPyConnection, *schemas: str) -> Types:
    """The types of all columns of the tables in these schemas of an embedded database."""
    rows = connection.execute(
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = ANY(?) AND table_catalog = current_catalog() ORDER BY table_schema, table_name, ordinal_position",
        [list(schemas)],
    ).fetchall()
    found: Types = {schema: {} for schema in schemas}
    for schema, table, column, kind in rows:
        found[schema].setdefault(table, {})[column] = kind
    return found


def translate(
    sql: str,
    dialect: str,
    types: Mapping[str, Mapping[str, Mapping[str, str]]],
    *,
    file: str,
    place: Place | None = None,
    functions: frozenset[str] = frozenset(),
    rewrites: Sequence[Rewrite] | None = None,
) -> Translated:
    """One SELECT of DuckDB in ``dialect`` (``spark`` or ``postgres``; ``duckdb`` is only checked and typed; others
    are SQLGlot's, after the same checks, and no test has run them).

    ``types`` are the tables it reads; ``file`` is named in errors; ``place`` says where its tables lie;
    ``functions`` admits more functions (SQLGlot's names, lower case) whose translation the caller has checked;
    ``rewrites`` replaces the dialect's own.
    Raises NotTranslatedError.
    """
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
    except ParseError as problem:
        raise NotTranslatedError(f"{file}: not readable as DuckDB SQL: {problem}") from None
    _check(tree, dialect, file, ADMITTED_FUNCTIONS | functions)
    tree = _typed(tree, types, file)
    columns = typed_output(tree)
    for name, kind in columns.items():
        if kind == "UNKNOWN":
            raise NotTranslatedError(
                f"{file}: the type of column {name} is not known; write it as CAST(... AS type)."
            )
    try:
        for rewrite in rewrites or REWRITES.get(dialect, OF_BOTH):
            tree = rewrite(tree)
    except CannotRewrite as problem:
        raise _refused(file, problem.construct, dialect, str(problem)) from None
    if place is not None:
        _place(tree, place)
    written = tree.sql(
        dialect=dialect, identify=True, pretty=True, comments=False, normalize_functions="upper"
    )
    return Translated(written, columns)


def _typed(tree: exp.Expr, types: Mapping[str, Mapping[str, Mapping[str, str]]], file: str) -> exp.Expr:
    """The tree with every star written out, every column named with its table, and every expression typed."""
    read = {(table.db, table.name) for table in tree.find_all(exp.Table) if table.db}
    for schema, table in sorted(read):
        if table not in types.get(schema, {}):
            raise NotTranslatedError(f"{file}: reads {schema}.{table}, which is not there.")
    known: dict[str, object] = {
        schema: {table: dict(types[schema][table]) for wanted, table in read if wanted == schema}
        for schema in {schema for schema, _ in read}
    }
    try:
        qualified = qualify(tree, schema=known, dialect="duckdb", quote_identifiers=False)
        typed = annotate_types(qualified, schema=known, dialect="duckdb")
        # SQLGlot takes a date minus a date for a date.
        return annotate_types(days_apart(typed), schema=known, dialect="duckdb")
    except (OptimizeError, SchemaError) as problem:
        raise NotTranslatedError(f"{file}: {problem}") from None


def _place(tree: exp.Expr, place: Place) -> None:
    for table in list(tree.find_all(exp.Table)):
        if table.db:
            schema, name = place(table.db, table.name)
            table.set("db", exp.to_identifier(schema) if schema else None)
            table.set("this", exp.to_identifier(name))


def _check(tree: exp.Expr, dialect: str, file: str, functions: frozenset[str] | set[str]) -> None:
    for node in tree.walk():
        if isinstance(node, exp.Func):
            name = (node.name if isinstance(node, exp.Anonymous) else node.key).lower()
            if name not in functions or isinstance(node, exp.TryCast):
                raise _refused(file, node, dialect, "this function is not on the list of admitted ones")
        elif not isinstance(node, _ADMITTED_NODES):
            raise _refused(
                file, node, dialect, f"{type(node).__name__} is not on the list of admitted constructs"
            )
        reason = _loses_meaning(node)
        if reason:
            raise _refused(file, node, dialect, reason)


def _loses_meaning(node: exp.Expr) -> str | None:
    """Why an admitted kind of node is still not carried over in this form; None when it is."""
    if isinstance(node, exp.Is) and not isinstance(node.expression, exp.Null):
        return "IS [NOT] TRUE or FALSE loses the third truth value; write coalesce(x, ...) or CASE"
    if isinstance(node, exp.Not) and isinstance(node.this, exp.In):
        return "NOT IN loses the third truth value; write a LEFT JOIN and IS NULL"
    if isinstance(node, exp.Div) and not isinstance(node.expression, exp.Nullif):
        return "engines differ when dividing by zero; write a / nullif(b, 0)"
    if isinstance(node, exp.DateDiff) and str(node.args.get("unit") or "day").strip("'").lower() != "day":
        return "engines count months and years differently; only date_diff('day', ...)"
    if isinstance(node, exp.Join) and (node.method or node.kind in ("SEMI", "ANTI")):
        return f"a {node.method or node.kind} join is not known to every engine"
    if isinstance(node, exp.Distinct) and node.args.get("on"):
        return "DISTINCT ON is not known to every engine; write row_number()"
    if isinstance(node, exp.Select) and (node.args.get("qualify") or node.args.get("sample")):
        return "QUALIFY and SAMPLE are not known to every engine"
    if isinstance(node, exp.Group) and (node.args.get("all") or node.args.get("totals")):
        return "GROUP BY ALL is not known to every engine; name the columns"
    if isinstance(node, exp.GroupConcat) and not isinstance(node.this, exp.Order):
        return "string_agg without ORDER BY gives a list in no order"
    if isinstance(node, exp.Like) and "\\" in node.expression.name:
        return "a backslash in a pattern is an escape on some engines"
    return None


def _refused(file: str, node: exp.Expr, dialect: str, reason: str) -> NotTranslatedError:
    shown = " ".join(node.sql(dialect="duckdb", comments=False).split())
    if len(shown) > 160:
        shown = shown[:157] + "..."
    return NotTranslatedError(f"{file}: cannot be translated to {dialect}: {shown}: {reason}.")


__all__ = [
    "ADMITTED_FUNCTIONS",
    "DIALECTS",
    "NotTranslatedError",
    "Place",
    "Translated",
    "Types",
    "kind_of",
    "translate",
    "types_of",
]
