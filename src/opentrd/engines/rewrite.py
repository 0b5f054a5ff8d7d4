"""The places where engines read the same SQL differently, rewritten on a typed tree so that the answer stays the same.

=====================  ================================================================================================
text                   compared, sorted and aggregated in code-point order (PostgreSQL: COLLATE "C")
dates as text          ISO 8601, whatever the session says
sums and EXTRACT       whole numbers stay BIGINT (PostgreSQL makes them NUMERIC)
division               in floating point, as DuckDB divides
number to whole        half to even for floating point, half away from zero for decimals (Spark truncates)
ordered lists          string_agg(x ORDER BY k) sorts a list of (k, x) (SQLGlot drops the order for Spark)
days between           whole days
text and dates         text that meets a date is read as one
NULL in a UNION        takes the type of its column
=====================  ================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

_TEXT = frozenset({"VARCHAR", "TEXT", "CHAR", "NVARCHAR"})
_WHOLE = frozenset(
    {"TINYINT", "SMALLINT", "INT", "BIGINT", "INT128", "UTINYINT", "USMALLINT", "UINT", "UBIGINT"}
)
_FLOATING = frozenset({"DOUBLE", "FLOAT"})
_DECIMAL = frozenset({"DECIMAL", "BIGDECIMAL", "DECIMAL32", "DECIMAL64", "DECIMAL128", "UDECIMAL", "UDOUBLE"})
_COMPARISONS = (exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between)


class CannotRewrite(Exception):
    """A construct has no equal on the engine."""

    def __init__(self, construct: exp.Expr, reason: str) -> None:
        super().__init__(reason)
        self.construct = construct


def kind_of(node: exp.Expr) -> str:
    """The type of an expression in one word: VARCHAR, BIGINT, DOUBLE, DECIMAL, DATE, BOOLEAN, NULL or UNKNOWN."""
    if isinstance(node, exp.Null):
        return "NULL"
    name = node.type.this.name if node.type is not None else "UNKNOWN"
    for kind, names in (("VARCHAR", _TEXT), ("BIGINT", _WHOLE), ("DOUBLE", _FLOATING), ("DECIMAL", _DECIMAL)):
        if name in names:
            return kind
    return name if name in ("DATE", "BOOLEAN", "NULL", "TIMESTAMP") else "UNKNOWN"


def branches(tree: exp.Expr) -> Iterator[exp.Select]:
    """The SELECTs of a UNION, in order; a single SELECT gives itself."""
    if isinstance(tree, exp.SetOperation):
        yield from branches(tree.left)
        yield from branches(tree.right)
    elif isinstance(tree, exp.Subquery):
        yield from branches(tree.this)
    elif isinstance(tree, exp.Select):
        yield tree


def typed_output(tree: exp.Expr) -> dict[str, str]:
    """The columns that a SELECT or a UNION gives: name -> type, from the first branch that knows it."""
    found: dict[str, str] = {}
    selects = list(branches(tree))
    for place, first in enumerate(selects[0].selects):
        kinds = [_value(select.selects[place]) for select in selects]
        known = [kind for kind in map(kind_of, kinds) if kind not in ("NULL", "UNKNOWN")]
        kind = known[0] if known else "UNKNOWN"
        found[first.alias_or_name] = "DOUBLE" if kind == "BIGINT" and "DOUBLE" in known else kind
    return found


def _value(projection: exp.Expr) -> exp.Expr:
    return projection.this if isinstance(projection, exp.Alias) else projection


def _cast(node: exp.Expr, kind: str) -> exp.Cast:
    cast = exp.Cast(this=node, to=exp.DataType.build(kind, dialect="duckdb"))
    cast.type = cast.to
    return cast


def _wrap(node: exp.Expr, make: Callable[[exp.Expr], exp.Expr]) -> None:
    """Put what ``make`` gives for a copy of the node in the node's place."""
    wrapped = make(node.copy())
    wrapped.type = wrapped.type or node.type
    node.replace(wrapped)


def _all(tree: exp.Expr, *kinds: type[exp.Expr]) -> list[exp.Expr]:
    """All nodes of these kinds, innermost first, so that one can be replaced without losing another."""
    return list(tree.find_all(*kinds, bfs=True))[::-1]


# Both engines


def unions_are_typed(tree: exp.Expr) -> exp.Expr:
    """In a UNION a bare NULL or literal takes the type of its column, also where the first branch does not tell it."""
    tops = [node for node in tree.find_all(exp.SetOperation) if not isinstance(node.parent, exp.SetOperation)]
    for union in tops:
        kinds = typed_output(union)
        for select in branches(union):
            named = zip(kinds, select.selects, strict=True)
            # Every branch has the names of the first: Spark 4 stumbles over a column that is named twice in a later one.
            select.set("expressions", [exp.alias_(_value(value), name, copy=False) for name, value in named])
            for kind, projection in zip(kinds.values(), select.selects, strict=True):
                value = _value(projection)
                if kind != "UNKNOWN" and kind_of(value) != kind and not isinstance(value, exp.Cast):
                    _wrap(value, lambda node, kind=kind: _cast(node, kind))  # type: ignore[misc]
    return tree


def output_is_typed(tree: exp.Expr) -> exp.Expr:
    """Every column that leaves the statement has the type that DuckDB gives it."""
    kinds = list(typed_output(tree).values())
    for select in branches(tree):
        for kind, projection in zip(kinds, select.selects, strict=True):
            value = _value(projection)
            if not isinstance(value, exp.Column | exp.Cast):
                _wrap(value, lambda node, kind=kind: _cast(node, kind))  # type: ignore[misc]
    return tree


def division_is_floating(tree: exp.Expr) -> exp.Expr:
    """DuckDB divides whole numbers in floating point; PostgreSQL would cut the fraction off."""
    for node in _all(tree, exp.Div):
        for side in (node.this, node.expression):
            if kind_of(side) != "DOUBLE":
                _wrap(side, lambda part: _cast(part, "DOUBLE"))
        node.set("typed", False)
        node.set("safe", False)
    return tree


def days_apart(tree: exp.Expr) -> exp.Expr:
    """A date minus a date is a number of days."""
    for node in _all(tree, exp.Sub):
        if kind_of(node.this) == "DATE" and kind_of(node.expression) == "DATE":
            days = exp.DateDiff(this=node.this.copy(), expression=node.expression.copy(), unit=exp.var("DAY"))
            node.replace(days)
    return tree


def dates_add_days(tree: exp.Expr) -> exp.Expr:
    """A date plus or minus days is a date."""
    for node in _all(tree, exp.Add, exp.Sub):
        left, right = kind_of(node.this), kind_of(node.expression)
        if "DATE" in (left, right):
            if left != "DATE" or right != "BIGINT":
                raise CannotRewrite(node, "only a date plus or minus a whole number of days")
            if not isinstance(node.expression, exp.Literal | exp.Cast):
                _wrap(node.expression, lambda part: _cast(part, "INTEGER"))
    return tree


def text_has_one_form(tree: exp.Expr) -> exp.Expr:
    """Only whole numbers, dates and truths become text; engines write other numbers differently."""
    for node in _all(tree, exp.Cast):
        if kind_of(node) == "VARCHAR" and kind_of(node.this) not in (
            "VARCHAR",
            "BIGINT",
            "DATE",
            "BOOLEAN",
            "NULL",
        ):
            raise CannotRewrite(node, "engines write this type differently as text; CAST it to BIGINT first")
    for node in _all(tree, exp.DPipe):
        for side in (node.this, node.expression):
            if kind_of(side) not in ("VARCHAR", "NULL"):
                raise CannotRewrite(node, "both sides of || have to be text; CAST them AS VARCHAR")
    return tree


def comparisons_have_one_type(tree: exp.Expr) -> exp.Expr:
    """DuckDB reads text as a date where it meets one; other engines refuse, or compare as text."""
    for node in _all(tree, exp.EQ, exp.NEQ, exp.In, *_COMPARISONS):
        sides = [side for side in node.iter_expressions() if not isinstance(side, exp.Query)]
        kinds = {kind_of(side) for side in sides}
        if kinds >= {"VARCHAR", "DATE"}:
            for side in sides:
                if kind_of(side) == "VARCHAR":
                    _wrap(side, lambda part: _cast(part, "DATE"))
        elif "VARCHAR" in kinds and kinds & {"BIGINT", "DOUBLE", "DECIMAL", "BOOLEAN"}:
            raise CannotRewrite(node, "engines compare text with other types differently; CAST one side")
    return tree


# PostgreSQL


def whole_numbers_stay_whole(tree: exp.Expr) -> exp.Expr:
    """PostgreSQL gives NUMERIC for sums of BIGINT and for EXTRACT."""
    for node in _all(tree, exp.Sum, exp.Extract):
        if isinstance(node, exp.Sum) and kind_of(node.this) not in ("BIGINT", "BOOLEAN"):
            continue
        outer = node.parent if isinstance(node.parent, exp.Window) and node.arg_key == "this" else node
        _wrap(outer, lambda part: _cast(part, "BIGINT"))
    return tree


def text_in_code_points(tree: exp.Expr) -> exp.Expr:
    """Text is compared, sorted and left behind in code-point order, whatever the database's language."""
    for node in _all(tree, exp.Ordered, exp.Min, exp.Max, *_COMPARISONS):
        if kind_of(node.this) == "VARCHAR":
            _wrap(node.this, _code_points)
    for select in branches(tree):
        for projection in select.selects:
            value = _value(projection)
            if kind_of(value) == "VARCHAR" and not isinstance(value, exp.Column):
                _wrap(value, _code_points)
    return tree


def _code_points(node: exp.Expr) -> exp.Expr:
    inner = node if isinstance(node, exp.Column | exp.Cast | exp.Paren) else exp.Paren(this=node)
    inner.type = node.type
    collated = exp.Collate(this=inner, expression=exp.to_identifier("C", quoted=True))
    collated.type = node.type
    return collated


def dates_as_iso_text(tree: exp.Expr) -> exp.Expr:
    """A date as text does not depend on the session's DateStyle."""
    for node in _all(tree, exp.Cast):
        if kind_of(node) == "VARCHAR" and kind_of(node.this) == "DATE":
            iso = exp.Anonymous(
                this="TO_CHAR", expressions=[node.this.copy(), exp.Literal.string("YYYY-MM-DD")]
            )
            iso.type = node.type
            node.replace(iso)
    return tree


def days_by_subtraction(tree: exp.Expr) -> exp.Expr:
    """PostgreSQL has no date_diff; one date minus another is the number of days."""
    for node in _all(tree, exp.DateDiff):
        if kind_of(node.this) != "DATE" or kind_of(node.expression) != "DATE":
            raise CannotRewrite(node, "both sides have to be dates")
        last, first = (_grouped(side) for side in (node.this.copy(), node.expression.copy()))
        days = exp.Paren(this=exp.Sub(this=last, expression=first))
        days.type = days.this.type = exp.DataType.build("BIGINT")
        node.replace(days)
    return tree


def _grouped(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Binary):
        group = exp.Paren(this=node)
        group.type = node.type
        return group
    return node


# Spark


def whole_numbers_are_rounded(tree: exp.Expr) -> exp.Expr:
    """A number that becomes whole is rounded as DuckDB rounds; Spark would cut the fraction off."""
    for node in _all(tree, exp.Cast):
        before = kind_of(node.this)
        if kind_of(node) == "BIGINT" and before in ("DOUBLE", "DECIMAL"):
            rounding = "BROUND" if before == "DOUBLE" else "ROUND"
            _wrap(node.this, lambda part, name=rounding: exp.Anonymous(this=name, expressions=[part]))  # type: ignore[misc]
    return tree


def lists_are_sorted(tree: exp.Expr) -> exp.Expr:
    """An ordered list of texts: a sorted list of (key, text), joined. Null when there is no text at all."""
    for node in _all(tree, exp.GroupConcat):
        order = node.this
        text, separator = order.this, node.args.get("separator") or exp.Literal.string(",")
        if isinstance(text, exp.Distinct):
            raise CannotRewrite(
                node, "an ordered list of distinct texts; make them distinct in a SELECT before"
            )
        keys: list[exp.Expr] = []
        for number, ordered in enumerate(order.expressions):
            if ordered.args.get("desc") or ordered.args.get("nulls_first"):
                raise CannotRewrite(node, "only lists in ascending order, nulls last")
            key = ordered.this
            keys += [
                exp.alias_(key.copy().is_(exp.null()), f"unknown_{number}"),
                exp.alias_(key.copy(), f"key_{number}"),
            ]
        pair = _call("NAMED_STRUCT", *(part for key in keys for part in (exp.Literal.string(key.alias), key.this)),
                     exp.Literal.string("text"), text.copy())  # fmt: skip
        kept = exp.Case(ifs=[exp.If(this=exp.not_(text.copy().is_(exp.null())), true=pair)])
        listed = exp.Dot(
            this=_call("ARRAY_SORT", _call("COLLECT_LIST", kept)), expression=exp.to_identifier("text")
        )
        joined = exp.Case(
            ifs=[exp.If(this=exp.GT(this=exp.Count(this=text.copy()), expression=exp.Literal.number(0)),
                        true=_call("ARRAY_JOIN", listed, separator.copy()))]
        )  # fmt: skip
        joined.type = exp.DataType.build("VARCHAR")
        node.replace(joined)
    return tree


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


Rewrite = Callable[[exp.Expr], exp.Expr]
OF_BOTH: tuple[Rewrite, ...] = (
    text_has_one_form, comparisons_have_one_type, unions_are_typed, output_is_typed, division_is_floating, dates_add_days,
)  # fmt: skip
# Any dialect that is not named here takes those of both, and is not tested.
REWRITES: dict[str, tuple[Rewrite, ...]] = {
    "duckdb": (),
    "postgres": (
        *OF_BOTH,
        whole_numbers_stay_whole,
        days_by_subtraction,
        text_in_code_points,
        dates_as_iso_text,
    ),
    "spark": (*OF_BOTH, whole_numbers_are_rounded, lists_are_sorted),
}
