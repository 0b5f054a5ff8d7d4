"""Numbers as they are printed: the value, how far it was rounded, and the intervals, p values and shares made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

MINUS = "-−–‐‑"  # hyphen, minus sign, en dash: journals print all of them before a number
NUMBER = rf"[{MINUS}]?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)?(?:\.\d+|·\d+)|[{MINUS}]?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)"
_NUMBER = re.compile(NUMBER)
_RANGE = re.compile(
    rf"(?P<low>{NUMBER})\s*%?\s*(?:to|;|,(?=\s)|[{MINUS}]|\.\.)\s*(?P<high>{NUMBER})", re.IGNORECASE
)

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
WORDS = {word: value for value, word in enumerate(_UNITS)}
TENS = {word: 10 * (place + 2) for place, word in enumerate(_TENS)}
_SPELT = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(TENS)})(?:[-\s](?P<unit>{'|'.join(WORDS)}))?|(?P<word>{'|'.join(WORDS)}))\b",
    re.IGNORECASE,
)
COUNT = (
    rf"(?:\d{{1,3}}(?:,\d{{3}})+|\d+|(?:{'|'.join(TENS)})(?:[-\s](?:{'|'.join(WORDS)}))?|{'|'.join(WORDS)})"
)


@dataclass(frozen=True)
class Number:
    """One printed number. ``half`` is half a unit of its last printed decimal: what rounding may have hidden."""

    value: float
    decimals: int
    text: str

    @property
    def half(self) -> float:
        """Half a unit of the last printed decimal place."""
        return float(0.5 * 10.0**-self.decimals)

    @property
    def low(self) -> float:
        """The smallest number that is printed so."""
        return self.value - self.half

    @property
    def high(self) -> float:
        """The largest number that is printed so."""
        return self.value + self.half

    def negated(self) -> Number:
        """The same number with the other sign."""
        return Number(-self.value, self.decimals, self.text[1:] if self.value < 0 else f"-{self.text}")


@dataclass(frozen=True)
class PValue:
    """A printed p value with its sign (``=``, ``<`` or ``>``)."""

    sign: str
    number: Number

    @property
    def range(self) -> tuple[float, float]:
        """The true values that may stand behind what is printed."""
        if self.sign == "<":
            return 0.0, self.number.value
        if self.sign == ">":
            return self.number.value, 1.0
        return max(0.0, self.number.low), min(1.0, self.number.high)

    def __str__(self) -> str:
        return f"p {self.sign} {self.number.text}"


def number(text: str) -> Number | None:
    """The first number in ``text``; ``None`` when there is none."""
    found = _NUMBER.search(text)
    return None if found is None else to_number(found.group())


def to_number(text: str) -> Number:
    """A matched number: thousands separators, middle dots and all minus signs are understood."""
    clean = text.strip().replace(",", "").replace("·", ".")
    if clean[0] in MINUS:
        clean = "-" + clean[1:]
    decimals = len(clean.split(".")[1]) if "." in clean else 0
    return Number(float(clean), decimals, clean)


def count(text: str) -> int | None:
    """A whole number written in digits or in words (up to ninety-nine)."""
    found = re.fullmatch(COUNT, text.strip(), re.IGNORECASE)
    if found is None:
        return None
    if text.strip()[0].isdigit():
        return int(text.strip().replace(",", ""))
    spelt = _SPELT.fullmatch(text.strip())
    if spelt is None:
        return None
    if spelt["word"]:
        return WORDS[spelt["word"].lower()]
    return TENS[spelt["tens"].lower()] + (WORDS[spelt["unit"].lower()] if spelt["unit"] else 0)


def ranges(text: str) -> list[tuple[Number, Number, int, int]]:
    """Every "low to high" in ``text`` with its start and end.

    A dash between two numbers is a separator; a second dash directly before the second number is its sign.
    """
    found: list[tuple[Number, Number, int, int]] = []
    place = 0
    while (match := _RANGE.search(text, place)) is not None:
        start = match.start()
        # A dash glued to a digit or a letter before it is a hyphen or a range, not a sign ("12-18", "IL-6").
        if text[start] in MINUS and start and (text[start - 1].isalnum()):
            place = start + 1
            continue
        if start and (text[start - 1].isalpha() or text[start - 1] == "."):
            place = match.start() + max(1, len(match["low"]))
            continue
        found.append((to_number(match["low"]), to_number(match["high"]), match.start(), match.end()))
        place = match.end()
    return found


P_VALUE = re.compile(
    r"(?<![\w.])p(?:[\s-]*values?)?\s*(?P<sign>[<>=≤≥]|&lt;|&gt;|less than|of)\s*(?P<value>0?[.·]\d+|[01](?![\d.]|,\d))",
    re.IGNORECASE,
)


def p_values(text: str) -> list[tuple[PValue, int, int]]:
    """Every printed p value in ``text`` with its start and end."""
    signs = {"&lt;": "<", "&gt;": ">", "≤": "<", "≥": ">", "less than": "<", "of": "="}
    return [
        (
            PValue(signs.get(match["sign"].lower(), match["sign"]), to_number(match["value"])),
            match.start(),
            match.end(),
        )
        for match in P_VALUE.finditer(text)
    ]
