"""DuckDB's SQL in the dialect of SQLite, with the same meaning: for a few persons planning costs microseconds there.

==============  ======================================================================================================
dates           whole days since 1970-01-01: a difference is a subtraction, days are added as numbers
truths          1, 0 and NULL
casts           said in numbers; text that becomes a date goes through ``day_number``, a registered function
division        in floating point, as DuckDB divides
double to whole half to even (``half_even``, a registered function); SQLite alone would cut the fraction off
ordered lists   ``ordered_list`` (a registered aggregate): SQLite orders none before 3.44
lower           ``lower_text`` (registered): SQLite's own knows ASCII only
CROSS JOIN      a plain join: for SQLite the word CROSS fixes the order in which tables are read
==============  ======================================================================================================
"""

from __future__ import annotations

import datetime as dt
import math
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp

from opentrd.engines.rewrite import (
    CannotRewrite,
    comparisons_have_one_type,
    kind_of,
    text_has_one_form,
)
from opentrd.engines.sqlite_types import STORED_AS, days
from opentrd.engines.translate import NotTranslatedError, Place, Translated, translate

SECONDS_A_DAY = 86_400
_PARTS = {"YEAR": "%Y", "MONTH": "%m", "DAY": "%d"}


def translate_sqlite(
    sql: str, types: Mapping[str, Mapping[str, Mapping[str, str]]], place: Place, *, file: str
) -> Translated:
    """One SELECT of DuckDB in SQLite's dialect; ``types`` are the tables it reads, ``place`` gives their names there.

    Raises NotTranslatedError, naming ``file``, for a construct that has no equal, and for columns SQLite cannot hold.
    """
    made = translate(sql, "sqlite", types, file=file, place=place, rewrites=_REWRITES)
    for name, kind in made.columns.items():
        if kind not in STORED_AS:
            raise NotTranslatedError(
                f"{file}: column {name} is {kind}; SQLite holds {', '.join(STORED_AS)} here."
            )
    return made


def _all(tree: exp.Expr, *kinds: type[exp.Expr]) -> list[exp.Expr]:
    """All nodes of these kinds, innermost first, so that one can be replaced without losing another."""
    return list(tree.find_all(*kinds, bfs=True))[::-1]


def _replace(node: exp.Expr, by: exp.Expr) -> None:
    by.type = node.type
    node.replace(by)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _group(node: exp.Expr) -> exp.Expr:
    group = exp.Paren(this=node)
    group.type = node.type
    return group


def _kept_date(node: exp.Expr) -> exp.Expr:
    """A day number as seconds, the form in which SQLite's date functions take it."""
    return exp.Mul(this=_group(node), expression=exp.Literal.number(SECONDS_A_DAY))


def days_between_are_subtracted(tree: exp.Expr) -> exp.Expr:
    """``date_diff('day', a, b)`` is ``b - a``."""
    for node in _all(tree, exp.DateDiff):
        if kind_of(node.this) not in ("DATE", "NULL") or kind_of(node.expression) not in ("DATE", "NULL"):
            raise CannotRewrite(node, "both sides have to be dates")
        _replace(
            node, _group(exp.Sub(this=_group(node.this.copy()), expression=_group(node.expression.copy())))
        )
    return tree


def parts_of_dates(tree: exp.Expr) -> exp.Expr:
    """Year, month and day of a day number."""
    for node in _all(tree, exp.Extract):
        part = _PARTS.get(node.this.name.upper())
        if part is None or kind_of(node.expression) != "DATE":
            raise CannotRewrite(node, "only YEAR, MONTH and DAY of a date")
        text = _call(
            "STRFTIME",
            exp.Literal.string(part),
            _kept_date(node.expression.copy()),
            exp.Literal.string("unixepoch"),
        )
        _replace(node, exp.Cast(this=text, to=exp.DataType.build("BIGINT")))
    return tree


def casts_keep_their_meaning(tree: exp.Expr) -> exp.Expr:
    """Dates and truths are numbers: a cast to or from them says how."""
    for node in _all(tree, exp.Cast):
        before, after, inner = kind_of(node.this), kind_of(node), node.this.copy()
        if before == "UNKNOWN" or after not in STORED_AS:
            raise CannotRewrite(node, f"from {before} to {after}")
        if before in (after, "NULL"):
            _replace(node, _group(inner))
        elif after == "DATE":
            _replace(node, _date(node, inner))
        elif before == "DATE":
            if after != "VARCHAR":
                raise CannotRewrite(node, "a date can only become text")
            _replace(node, _call("DATE", _kept_date(inner), exp.Literal.string("unixepoch")))
        elif after == "BOOLEAN":
            if before != "BIGINT":
                raise CannotRewrite(node, "write a comparison instead")
            _replace(node, _group(exp.NEQ(this=_group(inner), expression=exp.Literal.number(0))))
        elif before == "BOOLEAN" and after == "VARCHAR":
            texts = [exp.If(this=inner, true=exp.Literal.string("true")),
                     exp.If(this=exp.not_(inner.copy()), true=exp.Literal.string("false"))]  # fmt: skip
            _replace(node, exp.Case(ifs=texts))
        elif before in ("DOUBLE", "DECIMAL") and after == "BIGINT":
            _replace(node, _call("half_even" if before == "DOUBLE" else "half_away", inner))
    return tree


def _date(node: exp.Expr, inner: exp.Expr) -> exp.Expr:
    """A date from text; a literal becomes its number."""
    if isinstance(inner, exp.Literal):
        try:
            return exp.Literal.number(days(dt.date.fromisoformat(inner.name)) or 0)
        except ValueError:
            raise CannotRewrite(node, "not a date in the form YYYY-MM-DD") from None
    if kind_of(node.this) != "VARCHAR":
        raise CannotRewrite(node, "only text can become a date")
    return _call("day_number", inner)


def division_is_floating(tree: exp.Expr) -> exp.Expr:
    """A whole number may stand where a double is expected, and SQLite would then cut the fraction off."""
    for node in _all(tree, exp.Div):
        node.set("this", exp.Cast(this=node.this, to=exp.DataType.build("DOUBLE")))
        node.set("typed", False)
        node.set("safe", False)
    return tree


def lists_are_ordered(tree: exp.Expr) -> exp.Expr:
    """``string_agg(x, separator ORDER BY key, ...)`` is ``ordered_list(x, separator, key, ...)``, nulls last."""
    for node in _all(tree, exp.GroupConcat):
        order = node.this
        if not isinstance(order, exp.Order) or isinstance(order.this, exp.Distinct):
            raise CannotRewrite(
                node, "an ordered list of distinct texts; make them distinct in a SELECT before"
            )
        if any(key.args.get("desc") or key.args.get("nulls_first") for key in order.expressions):
            raise CannotRewrite(node, "only lists in ascending order, nulls last")
        separator = node.args.get("separator") or exp.Literal.string(",")
        keys = [key.this.copy() for key in order.expressions]
        _replace(node, _call("ordered_list", order.this.copy(), separator.copy(), *keys))
    return tree


def text_functions(tree: exp.Expr) -> exp.Expr:
    """Lower case of every letter, not of ASCII alone."""
    for node in _all(tree, exp.Lower):
        _replace(node, _call("lower_text", node.this.copy()))
    return tree


def bits_are_joined(tree: exp.Expr) -> exp.Expr:
    """SQLite has no aggregate that joins bits."""
    for node in _all(tree, exp.BitwiseOrAgg):
        _replace(node, _call("bit_or", node.this.copy()))
    return tree


def joins_are_free(tree: exp.Expr) -> exp.Expr:
    """The planner may choose the order of a cross join."""
    for node in _all(tree, exp.Join):
        if node.args.get("kind") == "CROSS":
            node.set("kind", None)
            node.set("on", exp.Literal.number(1))
    return tree


_REWRITES: tuple[Callable[[exp.Expr], exp.Expr], ...] = (
    text_has_one_form, comparisons_have_one_type, casts_keep_their_meaning, days_between_are_subtracted, parts_of_dates,
    division_is_floating, lists_are_ordered, text_functions, bits_are_joined,
    joins_are_free,
)  # fmt: skip


class _OrderedList:
    """string_agg(text, separator ORDER BY keys): nulls of a key last, texts that are null left out."""

    def __init__(self) -> None:
        self._texts: list[tuple[tuple[tuple[bool, Any], ...], str]] = []
        self._separator = ""

    def step(self, text: str | None, separator: str, *keys: Any) -> None:
        self._separator = separator
        if text is not None:
            self._texts.append((tuple((key is None, 0 if key is None else key) for key in keys), text))

    def finalize(self) -> str | None:
        texts = [text for _, text in sorted(self._texts, key=lambda pair: pair[0])]
        return self._separator.join(texts) if texts else None


class _BitOr:
    """Every bit that any of the whole numbers has; null of none."""

    def __init__(self) -> None:
        self._bits: int | None = None

    def step(self, bits: int | None) -> None:
        if bits is not None:
            self._bits = bits if self._bits is None else self._bits | bits

    def finalize(self) -> int | None:
        return self._bits


def _half_away(value: float | None) -> int | None:
    return None if value is None else math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


def register_functions(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that translated statements call."""
    functions: dict[str, Callable[[Any], Any]] = {
        "half_even": lambda value: None if value is None else round(value),
        "half_away": _half_away,
        "lower_text": lambda text: None if text is None else text.lower(),
        "day_number": lambda text: None if text is None else days(dt.date.fromisoformat(text)),
    }
    for name, function in functions.items():
        connection.create_function(name, 1, function, deterministic=True)
    connection.create_aggregate("ordered_list", -1, _OrderedList)  # type: ignore[arg-type]
    connection.create_aggregate("bit_or", 1, _BitOr)  # type: ignore[arg-type]
