"""Means and standard deviations that a scale cannot give: GRIM, GRIMMER, DEBIT and bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from opentrd.evidence.audit.model import Finding, Material, Place
from opentrd.evidence.audit.numbers import NUMBER, Number, to_number
from opentrd.evidence.audit.registry import rule

GROUP = "Means and scales"


class Sample:
    """One printed mean with its standard deviation, group size, scale and number of averaged items."""

    def __init__(
        self, mean: Number, sd: Number | None, n: int | None, scale: str, place: Place, *, items: int = 1,
        low: float | None = None, high: float | None = None, is_change: bool = False,
    ) -> None:  # fmt: skip
        self.mean, self.sd, self.n, self.scale, self.place = mean, sd, n, scale, place
        self.items, self.low, self.high, self.is_change = items, low, high, is_change

    def __str__(self) -> str:
        parts = [f"mean {self.mean.text}"]
        parts += [f"SD {self.sd.text}"] if self.sd else []
        parts += [f"n = {self.n}"] if self.n else []
        return f"{self.scale + ': ' if self.scale else ''}{', '.join(parts)}"


def scales(material: Material) -> dict[str, tuple[str, float, float]]:
    """Names of rating scales -> canonical name, lowest and highest score, from the knowledge tables."""
    ranges = {
        str(row["measure"]): (float(str(row["min_value"])), float(str(row["max_value"])))
        for row in material.rows("measure")
        if row.get("kind") == "scale"
        and row.get("min_value") is not None
        and row.get("max_value") is not None
    }
    names = {name: name for name in ranges}
    for row in material.rows("measure_code"):
        if row.get("system") == "name" and row.get("measure") in ranges:
            names[str(row["code"])] = str(row["measure"])
    return {_key(name): (scale, *ranges[scale]) for name, scale in names.items()}


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_IN_TEXT = re.compile(
    rf"(?P<mean>(?<![\w.]){NUMBER})\s*(?:±\s*(?P<pm>{NUMBER})|"
    rf"\(\s*(?:SD|S\.D\.|standard deviation)\s*[=:]?\s*(?P<sd>{NUMBER})\s*[;,)])"
)
_CHANGE = re.compile(
    r"\b(?:chang|reduc|improv|decreas|declin|differ|increas|drop|fell|LS mean|least)\w*", re.IGNORECASE
)
_SIZE = re.compile(r"\bn\s*=\s*(?P<n>\d[\d,]*)", re.IGNORECASE)


def samples(material: Material) -> Iterator[Sample]:
    """Every printed mean whose scale or standard deviation is known."""
    known = scales(material)
    words = [r"[\s-]?".join(re.findall(r"[A-Za-z]+|\d+", name)) for name in _written(material)]
    longest_first = "|".join(sorted(words, key=len, reverse=True))
    named = re.compile(rf"(?<![\w-])(?:{longest_first})(?!\w)", re.IGNORECASE) if words else None
    for document in material.documents:
        for sentence in document.sentences:
            for match in _IN_TEXT.finditer(sentence.text):
                before = sentence.text[max(0, match.start() - 120) : match.start()]
                found = list(named.finditer(before)) if named else []
                if not found:
                    continue
                scale, floor, ceiling = known[_key(found[-1].group())]
                after = sentence.text[match.end() : match.end() + 20]
                size = _SIZE.search(after) or _SIZE.search(before[found[-1].end() :])
                yield Sample(
                    to_number(match["mean"]), to_number(match["pm"] or match["sd"]),
                    int(size["n"].replace(",", "")) if size else None, scale, sentence.place, low=floor, high=ceiling,
                    is_change=bool(_CHANGE.search(before)),
                )  # fmt: skip
        for table in document.tables:
            for row in table.rows:
                label = table.cell(row, "scale") or table.cell(row, "outcome")
                low: float | None
                high: float | None
                scale, low, high = known.get(_key(label), ("", None, None))
                bounds = [table.cell(row, role) for role in ("scale_min", "scale_max")]
                if all(re.fullmatch(NUMBER, bound) for bound in bounds):
                    low, high = (to_number(bound).value for bound in bounds)
                items = table.cell(row, "items")
                change = bool(
                    _CHANGE.search(f"{label} {table.cell(row, 'timepoint')} {table.cell(row, 'notes')}")
                )
                for mean, sd, n in (
                    ("mean", "sd", "n"),
                    ("mean_1", "sd_1", "n_1"),
                    ("mean_2", "sd_2", "n_2"),
                ):
                    cells = [table.cell(row, role) for role in (mean, sd, n)]
                    if re.fullmatch(NUMBER, cells[0]):
                        yield Sample(
                            to_number(cells[0]), to_number(cells[1]) if re.fullmatch(NUMBER, cells[1]) else None,
                            int(cells[2]) if cells[2].isdigit() else None, scale or label, table.place(row),
                            items=int(items) if items.isdigit() else (1 if low is not None else 0), low=low, high=high,
                            is_change=change,
                        )  # fmt: skip


def _written(material: Material) -> set[str]:
    ranged = {
        str(row["measure"])
        for row in material.rows("measure")
        if row.get("kind") == "scale"
        and row.get("min_value") is not None
        and row.get("max_value") is not None
    }
    codes = {
        str(row["code"])
        for row in material.rows("measure_code")
        if row.get("system") == "name" and row.get("measure") in ranged
    }
    # Names of one or two letters are also other things in running text.
    return {name for name in ranged | codes if len(_key(name)) > 2}


def grim_possible(mean: Number, n: int, items: int = 1) -> bool:
    """Whether some whole sum of ``n * items`` answers gives the printed mean (either way of rounding a half)."""
    cells = n * items
    slack = mean.half + 1e-9
    nearest = mean.value * cells
    return any(
        abs(total / cells - mean.value) <= slack
        for total in range(math.floor(nearest), math.ceil(nearest) + 1)
    )


@rule(
    "grim", group=GROUP, severity="medium",
    asserts="A mean of whole scores is a whole sum divided by the number of persons.",
    needs="mean, n and a scale of whole scores (named in the knowledge, or a column items); not of changes or adjusted means",
    arithmetic="some whole sum s has s / (n x items) printed as the mean; tested only where n x items < 10^decimals",
    source="GRIM: Brown & Heathers 2017, Soc Psychol Personal Sci 8:363-369",
)  # fmt: skip
def grim(material: Material) -> Iterator[Finding]:
    """Means that no whole scores give."""
    for sample in samples(material):
        if not _granular(sample) or sample.n is None or grim_possible(sample.mean, sample.n, sample.items):
            continue
        cells = sample.n * sample.items
        below = math.floor(sample.mean.value * cells)
        digits = sample.mean.decimals + 1
        yield Finding(
            "grim", str(sample.place), str(sample), f"{cells} whole scores",
            f"{below}/{cells} = {below / cells:.{digits}f} and {below + 1}/{cells} = {(below + 1) / cells:.{digits}f}: "
            f"no whole sum gives {sample.mean.text}",
            "medium",
        )  # fmt: skip


def _binary(sample: Sample) -> bool:
    """A variable of 0 and 1: its standard deviation is the business of ``debit`` alone."""
    return (sample.low, sample.high) == (0, 1)


def _granular(sample: Sample) -> bool:
    return (
        sample.n is not None
        and sample.items >= 1
        and not sample.is_change
        and sample.mean.decimals > 0
        and 1 < sample.n * sample.items < 10**sample.mean.decimals
    )


def grimmer_possible(mean: Number, sd: Number, n: int, items: int = 1) -> bool:
    """Whether whole scores exist with the printed mean and sample standard deviation.

    The sum of squares must be a whole number (of item units) with the parity of the sum. A mean that fails GRIM is
    possible here: it has its own finding.
    """
    slack, cells = mean.half + 1e-9, n * items
    nearest = mean.value * cells
    reach = math.ceil(slack * cells) + 1
    sums = [
        total
        for total in range(math.floor(nearest) - reach, math.ceil(nearest) + reach + 1)
        if abs(total / cells - mean.value) <= slack
    ]
    for total in sums:
        low = max(0.0, sd.value - sd.half - 1e-9) ** 2
        high = (sd.value + sd.half + 1e-9) ** 2
        # In units of 1/items a person's score is whole: x_i = k_i / items.
        smallest = low * (n - 1) * items**2 + total**2 / n
        largest = high * (n - 1) * items**2 + total**2 / n
        for squares in range(math.ceil(smallest - 1e-9), math.floor(largest + 1e-9) + 1):
            if squares % 2 == total % 2:
                return True
    return not sums


@rule(
    "grimmer", group=GROUP, severity="medium",
    asserts="A standard deviation of whole scores comes from a whole sum of squares.",
    needs="mean, SD, n and a scale of whole scores, where the mean passes GRIM",
    arithmetic="some whole sum of squares of the parity of the sum gives the printed SD",
    source="GRIMMER: Anaya 2016, PeerJ Preprints 4:e2400v1; Allard 2018",
)  # fmt: skip
def grimmer(material: Material) -> Iterator[Finding]:
    """Standard deviations that no whole scores give."""
    for sample in samples(material):
        if sample.sd is None or sample.n is None or not _granular(sample) or _binary(sample):
            continue
        if not grim_possible(sample.mean, sample.n, sample.items):
            continue
        if not grimmer_possible(sample.mean, sample.sd, sample.n, sample.items):
            yield Finding(
                "grimmer", str(sample.place), str(sample), f"{sample.n * sample.items} whole scores",
                f"no whole sum of squares gives SD {sample.sd.text} together with mean {sample.mean.text} and n = {sample.n}",
                "medium",
            )  # fmt: skip


def debit_possible(mean: Number, sd: Number, n: int) -> bool:
    """Whether a share of ``n`` yes/no answers has the printed mean and sample standard deviation."""
    for yes in range(n + 1):
        share = yes / n
        deviation = math.sqrt(n / (n - 1) * share * (1 - share))
        if abs(share - mean.value) <= mean.half + 1e-9 and abs(deviation - sd.value) <= sd.half + 1e-9:
            return True
    return False


@rule(
    "debit", group=GROUP, severity="medium",
    asserts="Mean and standard deviation of a yes/no variable belong together.",
    needs="mean, SD and n of a variable with lowest value 0 and highest value 1",
    arithmetic="some number of yes answers x gives mean x/n and SD = sqrt(n/(n-1) x/n (1 - x/n))",
    source="DEBIT: Heathers & Brown 2019",
)  # fmt: skip
def debit(material: Material) -> Iterator[Finding]:
    """Binary variables whose mean and SD do not fit each other."""
    for sample in samples(material):
        if (
            sample.sd is None or sample.n is None or sample.n < 2 or (sample.low, sample.high) != (0, 1)
        ) or sample.is_change:
            continue
        if not debit_possible(sample.mean, sample.sd, sample.n):
            share = sample.mean.value
            implied = math.sqrt(max(0.0, sample.n / (sample.n - 1) * share * (1 - share)))
            yield Finding(
                "debit", str(sample.place), str(sample), "a variable of 0 and 1",
                f"a share of {sample.mean.text} in {sample.n} has SD {implied:.3g}, printed is {sample.sd.text}", "medium",
            )  # fmt: skip


@rule(
    "scale_bounds", group=GROUP, severity="high",
    asserts="A mean lies inside the range of its scale, and its SD is not larger than the range allows.",
    needs="a mean (not a change) of a scale whose range the knowledge gives, or columns min and max",
    arithmetic="low <= mean <= high; SD^2 <= (high - mean)(mean - low) n / (n - 1)",
    source="Bhatia & Davis 2000, Am Math Mon 107:353-357",
)  # fmt: skip
def scale_bounds(material: Material) -> Iterator[Finding]:
    """Means outside their scale and standard deviations larger than any scores give."""
    for sample in samples(material):
        if sample.low is None or sample.high is None or sample.is_change:
            continue
        scale = f"{sample.scale or 'scale'} from {sample.low:g} to {sample.high:g}"
        if sample.mean.high < sample.low or sample.mean.low > sample.high:
            yield Finding(
                "scale_bounds", str(sample.place), str(sample), scale,
                f"{sample.mean.text} lies outside {sample.low:g} to {sample.high:g}", "high",
            )  # fmt: skip
        elif sample.sd is not None and (sample.n is None or sample.n > 1) and not _binary(sample):
            middle = (sample.low + sample.high) / 2
            mean = min(max(middle, sample.mean.low), sample.mean.high)
            factor = sample.n / (sample.n - 1) if sample.n else 2.0
            bound = math.sqrt(max(0.0, (sample.high - mean) * (mean - sample.low)) * factor)
            if sample.sd.low > bound + 1e-9:
                yield Finding(
                    "scale_bounds", str(sample.place), str(sample), scale,
                    f"the largest possible SD is sqrt(({sample.high:g} - {sample.mean.text})({sample.mean.text} - {sample.low:g})"
                    f"{' n/(n-1)' if sample.n else ''}) = {bound:.3g}; printed is {sample.sd.text}",
                    "high",
                )  # fmt: skip
