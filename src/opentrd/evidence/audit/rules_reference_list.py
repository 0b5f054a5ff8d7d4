"""The reference list by itself: its numbers, its DOIs; and ranges of citations that may mean their ends."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from opentrd.evidence.audit import lexicon
from opentrd.evidence.audit.model import Finding, Material, Reference
from opentrd.evidence.audit.references import plain
from opentrd.evidence.audit.registry import rule
from opentrd.evidence.audit.rules_references import short

GROUP = "References"
WIDE = 8  # a range of this many papers or more is asked about


@rule(
    "reference_numbers", group=GROUP, severity="low",
    asserts="A numbered list counts 1, 2, 3, ... and names no paper twice.",
    needs="a numbered reference list",
    arithmetic="gaps and repeats in the numbers; equal DOIs", source="ICMJE Recommendations: references",
)  # fmt: skip
def reference_numbers(material: Material) -> Iterator[Finding]:
    """Gaps, repeats and papers listed twice."""
    for document in material.documents:
        numbers = [entry.number for entry in document.references if entry.number is not None]
        for number, times in Counter(numbers).items():
            if times > 1:
                entry = next(entry for entry in document.references if entry.number == number)
                yield Finding(
                    "reference_numbers", str(entry.place), f"entry {number}", f"{times} entries have this number",
                    f"{number} occurs {times} times", "low",
                )  # fmt: skip
        missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
        if missing:
            yield Finding(
                "reference_numbers", str(document.references[0].place), f"{len(set(numbers))} numbers",
                f"highest number {max(numbers)}", f"missing: {', '.join(map(str, missing))}", "low",
            )  # fmt: skip
        by_doi: dict[str, list[Reference]] = defaultdict(list)
        for entry in document.references:
            if entry.doi and re.fullmatch(r"10\.\d{4,9}/\S+", entry.doi):
                by_doi[entry.doi.lower()].append(entry)
        for doi, entries in by_doi.items():
            if len(entries) > 1:
                yield Finding(
                    "reference_numbers", str(entries[1].place), short(entries[0]), short(entries[1]),
                    f"both have DOI {doi}", "low",
                )  # fmt: skip


def issn_is_valid(digits: str) -> bool:
    """Whether eight characters are an ISSN: the check digit of ISO 3297 (weights 8 to 2, modulus 11, X = 10)."""
    values = [10 if sign in "Xx" else int(sign) for sign in digits]
    return sum(value * weight for value, weight in zip(values, range(8, 0, -1), strict=True)) % 11 == 0


# Publishers whose DOIs begin with the ISSN of the journal (form of their DOIs; held against many DOIs in the tests).
_ISSN_DOIS = {
    "10.2174": r"(\d{7}[\dXx])",
    "10.1177": r"(\d{7}[\dXx])\d",
    "10.1017": r"S(\d{7}[\dXx])\d",
    "10.1016": r"[sS](\d{4}-\d{3}[\dXx])\(",
}


@rule(
    "doi_form", group=GROUP, severity="low",
    asserts="A DOI has the form 10.registrant/suffix, the code of its journal, and a valid ISSN where it holds one.",
    needs="DOIs in the reference list",
    arithmetic="form of the Handbook; the journal code of the publisher; ISSN check digit (weights 8 to 2, modulus 11)",
    source="DOI Handbook, 2.2 (syntax); ISO 3297 (ISSN check digit)",
)  # fmt: skip
def doi_form(material: Material) -> Iterator[Finding]:
    """DOIs that cannot be right as they stand."""
    for document in material.documents:
        for entry in document.references:
            if entry.doi is None:
                continue
            problem = _doi_problem(entry.doi)
            recalled = False
            text = plain(entry.text)
            registrant, _, suffix = entry.doi.lower().partition("/")
            code = suffix.split(".")[0]
            for row in lexicon.rows("doi_journal"):
                named = plain(row["journal"]) in text or plain(row["short_name"]) in text
                if problem or row["registrant"] != registrant or not named:
                    continue
                if code != row["code"] and re.fullmatch(r"[a-z]+", code):
                    recalled = row["knowledge_status"] == "recalled"
                    problem = f"DOIs of {row['journal']} begin with {registrant}/{row['code']}., this one with {registrant}/{code}."
            if problem:
                # A code that is only recalled asks; it does not decide.
                yield Finding(
                    "doi_form", str(entry.place), f"DOI {entry.doi}", short(entry), problem, "low", question=recalled
                )  # fmt: skip


def _doi_problem(doi: str) -> str:
    registrant, slash, suffix = doi.partition("/")
    if not re.fullmatch(r"10\.\d{4,9}(?:\.\d+)*", registrant):
        return "a DOI begins with 10. and a registrant of four or more digits"
    if not slash or not suffix:
        return "nothing follows the registrant: the DOI is cut off"
    if re.search(r"[\s<>\"{}]", suffix) or suffix.endswith((".", ",")) or "https" in suffix:
        return "the suffix holds a sign that ends a DOI or begins another address"
    pattern = _ISSN_DOIS.get(registrant)
    match = re.match(pattern, suffix) if pattern else None
    if match and not issn_is_valid(match[1].replace("-", "")):
        return f"the ISSN in it, {match[1]}, has a wrong check digit"
    return ""


@rule(
    "wide_citation_range", group=GROUP, severity="question",
    asserts="A range of citations means all papers in it.",
    needs="numeric citations with ranges outside tables",
    arithmetic=f"a single range of {WIDE} or more papers in one citation",
    source="ICMJE Recommendations: references",
)  # fmt: skip
def wide_citation_range(material: Material) -> Iterator[Finding]:
    """Long ranges that may stand for their two ends: a question."""
    for document in material.documents:
        for cite in document.citations:
            for first, last in cite.ranges:
                if last - first + 1 >= WIDE and "Ref" not in cite.text and "row" not in cite.place.within:
                    yield Finding(
                        "wide_citation_range", str(cite.place), f"cited: {cite.text}",
                        f"{first}-{last} are {last - first + 1} papers",
                        f"Are all {last - first + 1} papers meant, or {first} and {last}?", "low", question=True,
                    )  # fmt: skip
