"""p values against test statistics, counts and standardised differences."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from scipy import stats

from opentrd.evidence.audit.estimates import DIFFERENCE, RATIO
from opentrd.evidence.audit.model import Document, Finding, Material, Place, quote
from opentrd.evidence.audit.numbers import NUMBER, Number, PValue, p_values, to_number
from opentrd.evidence.audit.registry import rule

GROUP = "Intervals and p values"
_VALUE = rf"(?P<value>{NUMBER})"
_NUMBER = r"\d+(?:\.\d+)?"
# As printed in Greek, in words, or as programs write it ("Chi² = 19.70, df = 13").
_CHI2 = r"(?:χ[²2]?|\b[Cc]hi(?:²|\^?2|[- ]?squared?)|\bX²)"
_TESTS = (
    ("chi2", re.compile(rf"{_CHI2}\s*\(\s*(?P<df1>\d+)\s*(?:,\s*[nN]\s*=\s*\d[\d,]*)?\s*\)\s*=\s*{_VALUE}")),
    (
        "chi2",
        re.compile(
            rf"(?:{_CHI2}|(?<![\w.])Q)\s*=\s*{_VALUE}\s*[,;(]\s*(?:df|d\.f\.|degrees of freedom)\s*=?\s*(?P<df1>\d+)(?![.\d])"
        ),
    ),
    ("chi2", re.compile(rf"(?<![\w.])Q\s*\(\s*(?:df\s*=\s*)?(?P<df1>\d+)\s*\)\s*=\s*{_VALUE}")),
    ("t", re.compile(rf"(?<![\w.])t\s*\(\s*(?P<df1>{_NUMBER})\s*\)\s*=\s*{_VALUE}")),
    (
        "F",
        re.compile(rf"(?<![\w.])F\s*\(\s*(?P<df1>{_NUMBER})\s*[,;]\s*(?P<df2>{_NUMBER})\s*\)\s*=\s*{_VALUE}"),
    ),
    ("r", re.compile(rf"(?<![\w.])r\s*\(\s*(?P<df1>\d+)\s*\)\s*=\s*{_VALUE}")),
    ("z", re.compile(rf"(?<![\w.])[zZ]\s*=\s*{_VALUE}")),
)
_MOST_AWAY = 90  # characters between a statistic and its p value


def p_of(kind: str, value: float, df1: float, df2: float) -> float:
    """The two-sided p value of a test statistic (chi-squared and F: their upper tail)."""
    value = abs(value)
    if kind == "chi2":
        return float(stats.chi2.sf(value, df1))
    if kind == "F":
        return float(stats.f.sf(value, df1, df2))
    if kind == "t":
        return float(2 * stats.t.sf(value, df1))
    if kind == "r":
        if value >= 1:
            return 0.0
        return float(2 * stats.t.sf(value * math.sqrt(df1 / (1 - value * value)), df1))
    return float(2 * stats.norm.sf(value))


def _range(kind: str, value: Number, df1: float, df2: float) -> tuple[float, float]:
    size = abs(value.value)
    return p_of(kind, size + value.half, df1, df2), p_of(kind, max(0.0, size - value.half), df1, df2)


def _fits(p: PValue, low: float, high: float) -> bool:
    smallest, largest = p.range
    return low <= largest and smallest <= high


@rule(
    "p_from_statistic", group=GROUP, severity="medium",
    asserts="A printed p value is the one that belongs to its test statistic and degrees of freedom.",
    needs="chi-squared, t, F, r or z with degrees of freedom and p",
    arithmetic="p recomputed from the statistic, over all values that rounding allows; a one-sided test is forgiven where it is named",
    source="the idea of statcheck: Nuijten et al. 2016, Behav Res Methods 48:1205-1226",
)  # fmt: skip
def p_from_statistic(material: Material) -> Iterator[Finding]:
    """Statistics whose p value is another one; the degrees of freedom that would fit are named."""
    for document in material.documents:
        for text, place in _passages(document):
            values = p_values(text)
            for kind, pattern in _TESTS:
                for match in pattern.finditer(text):
                    p = next((p for p, start, _ in values if 0 <= start - match.end() <= _MOST_AWAY), None)
                    if p is None or _another_between(
                        text, match.end(), next(s for q, s, _ in values if q is p)
                    ):
                        continue
                    groups = match.groupdict()
                    df1, df2 = float(groups.get("df1") or 0), float(groups.get("df2") or 0)
                    value = to_number(match["value"])
                    low, high = _range(kind, value, df1, df2)
                    one_sided = re.search(r"one[- ](?:sided|tailed)", text, re.IGNORECASE)
                    if _fits(p, low, high) or (one_sided and _fits(p, low / 2, high / 2)):
                        continue
                    would = ""
                    if kind == "chi2":
                        fitting = [df for df in range(1, 11) if _fits(p, *_range(kind, value, df, 0))]
                        would = (
                            f"; p fits {fitting[0]} degree{'s' if fitting[0] > 1 else ''} of freedom"
                            if fitting
                            else ""
                        )
                    elif _fits(p, low / 2, high / 2):
                        would = "; it would fit a one-sided test"
                    yield Finding(
                        "p_from_statistic", str(place), _closed(match.group()), str(p),
                        f"{_closed(match.group())} gives p = {p_of(kind, value.value, df1, df2):.3g}, printed is {p}{would}",
                        "high" if _decides(p, low, high) else "medium",
                    )  # fmt: skip


_I2 = re.compile(rf"\bI\s?(?:²|2|<sup>2</sup>)\s*=\s*(?P<i2>{_NUMBER})\s?%")
_NOT_FROM_Q = re.compile(
    r"\bREML\b|maximum likelihood|Paule|Sidik|\bmetafor\b|empirical Bayes|Bayesian", re.IGNORECASE
)


@rule(
    "i2_from_q", group=GROUP, severity="medium",
    asserts="I² is the share of Q that exceeds its degrees of freedom.",
    needs="I², Q and its degrees of freedom in one sentence, in a text that does not estimate tau² by likelihood",
    arithmetic="I² = 100 (Q - df) / Q, not below 0, over all values that rounding allows, give or take half a point",
    source="Higgins & Thompson 2002, Stat Med 21:1539-1558",
)  # fmt: skip
def i2_from_q(material: Material) -> Iterator[Finding]:
    """I² that does not follow from the Q beside it."""
    for document in material.documents:
        # Likelihood estimates give an I² of their own that does not follow from Q.
        if any(_NOT_FROM_Q.search(sentence.text) for sentence in document.sentences):
            continue
        for text, place in _passages(document):
            shares = list(_I2.finditer(text))
            tests = [
                match
                for kind, pattern in _TESTS
                if kind == "chi2"
                for match in pattern.finditer(text)
                if to_number(match["value"]).value > 0
            ]
            if len(shares) != 1 or len(tests) != 1:
                continue
            printed, q, df = to_number(shares[0]["i2"]), to_number(tests[0]["value"]), int(tests[0]["df1"])
            low, high = (100 * max(0.0, (value - df) / value) for value in (q.low, q.high) if value > 0)
            if printed.high < low - 0.5 or printed.low > high + 0.5:
                share = 100 * max(0.0, (q.value - df) / q.value)
                yield Finding(
                    "i2_from_q", str(place), shares[0].group(), _closed(tests[0].group()),
                    f"100 ({q.text} - {df}) / {q.text} = {share:.1f} %, printed is {printed.text} %", "medium",
                )  # fmt: skip


def _closed(text: str) -> str:
    """A quoted piece with its parenthesis closed."""
    return text + ")" * (text.count("(") - text.count(")"))


def _another_between(text: str, start: int, end: int) -> bool:
    between = text[start:end]
    return any(pattern.search(between) for _, pattern in _TESTS)


def _decides(p: PValue, low: float, high: float) -> bool:
    """Whether the mistake moves the result over the usual 5 %."""
    return (p.range[1] <= 0.05 and low > 0.05) or (p.range[0] > 0.05 and high <= 0.05)


def _passages(document: Document) -> Iterator[tuple[str, Place]]:
    yield from ((sentence.text, sentence.place) for sentence in document.sentences)
    for table in document.tables:
        for row in table.rows:
            yield from ((cell, table.place(row)) for cell in row.cells if cell)
            statistic, df, p = (table.cell(row, role) for role in ("statistic", "df", "p"))
            if statistic and p:
                name = (
                    table.header[table.roles["statistic"]].strip().lower().replace(" ", "").replace("-", "")
                )
                sign = {
                    "chi2": "χ²",
                    "chisquared": "χ²",
                    "chisquare": "χ²",
                    "t": "t",
                    "f": "F",
                    "z": "z",
                }.get(name)
                form = f"{sign} = {statistic}" if sign == "z" else f"{sign}({df}) = {statistic}"
                if sign:
                    yield f"{form}, p {p if p[:1] in '<>=' else '= ' + p}", table.place(row)


def count_tests(events: tuple[int, int], sizes: tuple[int, int]) -> dict[str, float]:
    """The p values of the usual tests of two proportions, by name.

    Fisher's exact test, its mid-p, chi-squared with and without Yates' correction, and the log odds ratio's Wald test.
    """
    (a, c), (n1, n2) = events, sizes
    table = [[a, n1 - a], [c, n2 - c]]
    found = {"Fisher": float(stats.fisher_exact(table)[1])}
    found["mid-p"] = (
        found["Fisher"] - 0.5 * float(stats.hypergeom.pmf(a, n1 + n2, a + c, n1))
        if found["Fisher"] < 1
        else 1.0
    )
    if 0 < a + c < n1 + n2:
        found["chi-squared"] = float(stats.chi2_contingency(table, correction=False)[1])
        found["Yates"] = float(stats.chi2_contingency(table, correction=True)[1])
    if min(table[0] + table[1]) > 0:
        log_or = math.log(table[0][0] * table[1][1] / (table[0][1] * table[1][0]))
        error = math.sqrt(sum(1 / cell for cell in table[0] + table[1]))
        found["Wald"] = float(2 * stats.norm.sf(abs(log_or) / error))
    return found


_PAIR = re.compile(
    r"(?P<a>\d{1,5})\s?(?:/|(?:out )?of)\s?(?P<n1>\d{1,6})\b(?P<between>(?:[^.;]|\.(?=\d)){0,80}?)"
    r"\b(?:vs\.?|versus|compared (?:with|to)|and|against)\b(?P<more>(?:[^.;]|\.(?=\d)){0,60}?)"
    r"(?P<c>\d{1,5})\s?(?:/|(?:out )?of)\s?(?P<n2>\d{1,6})\b",
)


@rule(
    "p_from_counts", group=GROUP, severity="high",
    asserts="The p value of two proportions is one that a usual test of their counts gives.",
    needs="events and sizes of two groups with a p value",
    arithmetic="Fisher, mid-p, chi-squared with and without Yates, Wald: p lies in their range, a quarter more at either end",
    source="Fisher 1935; Yates 1934; Altman 1991, Practical Statistics for Medical Research",
)  # fmt: skip
def p_from_counts(material: Material) -> Iterator[Finding]:
    """Counts whose p value no usual test gives."""
    for document in material.documents:
        for text, place, events, sizes, p in _two_groups(document):
            if any(e > n for e, n in zip(events, sizes, strict=True)) or min(sizes) < 1:
                continue
            tests = count_tests(events, sizes)
            low, high = min(tests.values()) * 0.75, min(1.0, max(tests.values()) * 1.25)
            if _fits(p, low, high):
                continue
            listed = ", ".join(f"{name} {value:.3g}" for name, value in tests.items())
            yield Finding(
                "p_from_counts", str(place), quote(text), str(p),
                f"{events[0]}/{sizes[0]} against {events[1]}/{sizes[1]}: {listed}; printed is {p}",
                "high" if _decides(p, low, high) else "medium",
            )  # fmt: skip


# A margin, an interaction, an adjusted or a one-sided test has another p than the counts.
_OTHER_TEST = re.compile(
    r"\bnon[- ]?inferior|\bequivalence\b|\bone[- ](?:sided|tailed)\b|\binteraction\b|\btrend\b|\badjust",
    re.IGNORECASE,
)
Two = tuple[str, Place, tuple[int, int], tuple[int, int], PValue]


def _two_groups(document: Document) -> Iterator[Two]:
    for sentence in document.sentences:
        if _OTHER_TEST.search(sentence.text):
            continue
        for match in _PAIR.finditer(sentence.text):
            p = next(
                (p for p, start, _ in p_values(sentence.text) if 0 <= start - match.end() <= _MOST_AWAY),
                None,
            )
            if p is not None:
                events = (int(match["a"]), int(match["c"]))
                yield match.group(), sentence.place, events, (int(match["n1"]), int(match["n2"])), p
    for table in document.tables:
        for row in table.rows:
            cells = [table.cell(row, role) for role in ("events_1", "n_1", "events_2", "n_2")]
            printed = table.cell(row, "p")
            found = p_values(f"p {printed if printed[:1] in '<>=' else '= ' + printed}") if printed else []
            if found and all(cell.isdigit() for cell in cells):
                a, n1, c, n2 = (int(cell) for cell in cells)
                yield f"{a}/{n1} against {c}/{n2}", table.place(row), (a, c), (n1, n2), found[0][0]


@rule(
    "p_from_difference", group=GROUP, severity="medium",
    asserts="The p value of a standardised mean difference agrees with its size and the two group sizes.",
    needs="d or g with both group sizes and p, in one table row or one sentence",
    arithmetic="SE = sqrt(1/n1 + 1/n2 + d^2 / (2 (n1 + n2))); p = 2 (1 - Phi(|d| / SE)); flagged when off by more than a factor of 3",
    source="Hedges & Olkin 1985, Statistical Methods for Meta-Analysis",
)  # fmt: skip
def p_from_difference(material: Material) -> Iterator[Finding]:
    """Standardised differences whose p value is far from what the group sizes allow (adjusted models excused)."""
    for document in material.documents:
        for found in document.estimates:
            if found.measure != "SMD" or found.p is None or len(found.groups) != 2 or found.low is not None:
                continue
            n1, n2 = found.groups
            if min(n1, n2) < 2:
                continue
            low, high = (
                _difference_p(abs(size), n1, n2)
                for size in (abs(found.value.value) + found.value.half, max(0.0, abs(found.value.value) - found.value.half))
            )  # fmt: skip
            if not _fits(found.p, low / 3, min(1.0, high * 3)):
                yield Finding(
                    "p_from_difference", str(found.place), f"d = {found.value.text}, n = {n1} and {n2}", str(found.p),
                    f"d = {found.value.text} with {n1} and {n2} gives p = {_difference_p(abs(found.value.value), n1, n2):.3g}; "
                    f"printed is {found.p}",
                    "medium",
                )  # fmt: skip


def _difference_p(d: float, n1: int, n2: int) -> float:
    error = math.sqrt(1 / n1 + 1 / n2 + d * d / (2 * (n1 + n2)))
    return float(2 * stats.norm.sf(d / error))


_CLAUSE = re.compile(
    r"[;:]|\.\s|\b(?:but|whereas|while|although|however|though|except|nor)\b|,\s+(?:and|with|which)\b",
    re.IGNORECASE,
)
_SIGNIFICANT = re.compile(r"(?<!clinically )\b(?:statistically )?significant(?:ly)?\b", re.IGNORECASE)
_NEGATED = re.compile(
    r"\b(?:not?|non|without|neither|never|failed|n't|in)\b[\s-]?(?:\w+\s){0,4}?(?:statistically )?significan|"
    r"\binsignificant|nonsignificant",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"trend|marginal|borderline|approach|near(?:ly|ing)?\b|toward|"
    r"heterogen|interaction|threshold|level of|set at|defined|if\b|whether|correct",
    re.IGNORECASE,
)


@rule(
    "significance_words", group=GROUP, severity="medium",
    asserts="A result is called significant only when its own p value or interval says so, and not significant when it is not.",
    needs="a clause with the word, followed by a p value or an effect with its interval",
    arithmetic="called significant: p above 0.05, or the interval holds the null; called not significant: p below 0.01, "
    "or the interval clearly excludes the null",
    source="Altman & Bland 1995, BMJ 311:485",
)  # fmt: skip
def significance_words(material: Material) -> Iterator[Finding]:
    """ "Significant (p = 0.19)" and "not significant (p = 0.002)"."""
    for document in material.documents:
        for sentence in document.sentences:
            results = [(start, end, p.range, str(p)) for p, start, end in p_values(sentence.text)]
            for start, end, (low, high), shown in results:
                clause = _CLAUSE.split(sentence.text[:start])[-1] + sentence.text[start:end]
                if _HEDGED.search(clause):
                    continue
                if _NEGATED.search(clause):
                    wrong = high <= 0.01
                    said = "not significant"
                else:
                    wrong = bool(_SIGNIFICANT.search(clause)) and low > 0.05
                    said = "significant"
                if wrong:
                    yield Finding(
                        "significance_words", str(sentence.place), quote(clause), shown,
                        f"called {said}; {shown} is {'below' if high <= 0.05 else 'above'} 0.05", "medium",
                    )  # fmt: skip
            for found in document.estimates:
                if (
                    found.place != sentence.place
                    or found.text not in sentence.text
                    or found.low is None
                    or found.high is None
                ):
                    continue
                null = 1.0 if found.measure in RATIO else 0.0
                before = sentence.text[: sentence.text.index(found.text)]
                clause = _CLAUSE.split(before)[-1]
                if (
                    found.measure not in (RATIO | DIFFERENCE)
                    or _HEDGED.search(clause)
                    or found.low.value >= found.high.value
                ):
                    continue
                inside = found.low.high < null < found.high.low
                width = found.high.value - found.low.value
                clear = found.low.value - null > 0.1 * width or null - found.high.value > 0.1 * width
                if _NEGATED.search(clause):
                    wrong, said = clear, "not significant"
                else:
                    wrong, said = bool(_SIGNIFICANT.search(clause)) and inside, "significant"
                if wrong:
                    yield Finding(
                        "significance_words", str(sentence.place), quote(clause + found.text),
                        f"interval {found.low.text} to {found.high.text}",
                        f"called {said}; the interval {'holds' if inside else 'excludes'} {null:g}", "medium",
                    )  # fmt: skip
