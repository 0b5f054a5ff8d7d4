"""Quality tools and methods: what was announced, what was used, and what the tables of included studies show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from opentrd.evidence.audit import lexicon
from opentrd.evidence.audit.designs import REVIEWS, design_class, included_tables, studies
from opentrd.evidence.audit.model import Document, Finding, Material, Sentence, quote
from opentrd.evidence.audit.numbers import COUNT, count
from opentrd.evidence.audit.registry import rule

GROUP = "Methods and quality tools"


def _terms(instrument: str, kind: str) -> list[tuple[str, re.Pattern[str]]]:
    # The name of GRADE is only itself in capitals ("grade 3" is another thing).
    flags = 0 if (instrument, kind) == ("GRADE", "name") else re.IGNORECASE
    return [
        (row["term"], re.compile(row["pattern"], flags))
        for row in lexicon.rows("instrument_term")
        if row["instrument"] == instrument and row["kind"] == kind
    ]


def _names(text: str, instrument: str) -> bool:
    return any(pattern.search(text) for _, pattern in _terms(instrument, "name"))


@rule(
    "instrument_domains", group=GROUP, severity="medium",
    asserts="Where the domains of a quality tool are named, they are those of the version that is named.",
    needs="a sentence that names RoB 2 and lists domains (there or in the next sentence)",
    arithmetic="domains of RoB 2 named against domains of the older tool named: three or more old, at most one new",
    source="Sterne 2019, BMJ 366:l4898 (RoB 2); Higgins 2011, BMJ 343:d5928 (the older tool)",
)  # fmt: skip
def instrument_domains(material: Material) -> Iterator[Finding]:
    """RoB 2 described with the domains of the tool it replaced."""
    for document in material.documents:
        for index, sentence in enumerate(document.sentences):
            if not _names(sentence.text, "RoB 2"):
                continue
            following = document.sentences[index + 1 : index + 2]
            text = sentence.text + " ".join(
                other.text for other in following if other.paragraph == sentence.paragraph
            )
            old = [term for term, pattern in _terms("RoB 1", "domain") if pattern.search(text)]
            new = [term for term, pattern in _terms("RoB 2", "domain") if pattern.search(text)]
            if len(old) >= 3 and len(new) <= 1:
                yield Finding(
                    "instrument_domains", str(sentence.place), quote(sentence.text, 220),
                    "RoB 2 has: " + ", ".join(term for term, _ in _terms("RoB 2", "domain")),
                    f"{', '.join(old)}: domains of the older Cochrane tool ({len(old)} old, {len(new)} of RoB 2)", "medium",
                )  # fmt: skip


_JUDGEMENT = re.compile(
    r"\b(?P<tool>RoB(?:\s?2)?|NOS|NIH|ROBIS)\s*[:=]?\s*(?P<said>\d{1,2}(?:\s?/\s?\d{1,2})?|[A-Za-z]+(?: (?:risk|concerns))?)"
)


def _quality(document: Document) -> Iterator[tuple[str, str, str, str]]:
    """(place, design, tool, judgement) of every row with a quality cell."""
    legend = " ".join(sentence.text for sentence in document.sentences)
    rob2 = _names(legend, "RoB 2")
    for table in document.tables:
        if "quality" not in table.roles:
            continue
        for row in table.rows:
            cell, column = table.cell(row, "quality"), table.cell(row, "tool")
            match = _JUDGEMENT.search(cell)
            tool, said = (match["tool"], match["said"]) if match else (column, cell)
            if tool.upper().startswith("ROB") and tool.upper() != "ROBIS":
                # "RoB" alone is RoB 2 when the text names that tool and no other of the family.
                tool = "RoB 2" if "2" in tool or rob2 else "RoB"
            if tool and said:
                yield str(table.place(row)), table.cell(row, "design"), tool.strip(), said.strip()


@rule(
    "instrument_vocabulary", group=GROUP, severity="low",
    asserts="A judgement is one that its tool knows: RoB 2 low, some concerns or high; NOS 0 to 9 stars.",
    needs="a table with a quality column that names its tool",
    arithmetic="the printed judgement is looked up among those of the tool; stars are at most 9",
    source="Sterne 2019, BMJ 366:l4898; Wells et al. (NOS)",
)  # fmt: skip
def instrument_vocabulary(material: Material) -> Iterator[Finding]:
    """Judgements that a tool does not have."""
    allowed = [pattern for _, pattern in _terms("RoB 2", "judgement")]
    for document in material.documents:
        for place, _, tool, said in _quality(document):
            if tool == "RoB 2" and not any(pattern.fullmatch(said) for pattern in allowed):
                yield Finding(
                    "instrument_vocabulary", place, f"{tool}: {said}", "RoB 2 judges low, some concerns or high",
                    f"{said} is no judgement of RoB 2", "low",
                )  # fmt: skip
            stars = re.fullmatch(r"(\d+)(?:\s?/\s?(\d+))?", said) if tool == "NOS" else None
            if stars and (int(stars[1]) > 9 or (stars[2] and int(stars[2]) != 9)):
                yield Finding(
                    "instrument_vocabulary", place, f"{tool}: {said}", "the Newcastle-Ottawa Scale has 9 stars",
                    f"{said} is not between 0 and 9 of 9", "low",
                )  # fmt: skip


@rule(
    "instrument_misuse", group=GROUP, severity="medium",
    asserts="A quality tool is used for its designs: NOS for cohort and case-control studies, RoB 2 for randomised trials.",
    needs="a table with design and quality columns",
    arithmetic="rows by design and tool: NOS on reviews, randomised trials or animal work; RoB 2 on what is not randomised",
    source="Wells et al. (NOS); Sterne 2019, BMJ 366:l4898; Whiting 2016, J Clin Epidemiol 69:225-234 (ROBIS)",
)  # fmt: skip
def instrument_misuse(material: Material) -> Iterator[Finding]:
    """Tools on designs they cannot judge: one finding per tool."""
    wrong_for = {
        "NOS": (*REVIEWS, "animal study", "randomised trial"),
        "RoB 2": (*REVIEWS, "observational study", "animal study"),
        "RoB": (*REVIEWS, "observational study", "animal study"),
    }
    for document in material.documents:
        for tool, designs in wrong_for.items():
            rows = [
                (place, design_class(design))
                for place, design, used, _ in _quality(document)
                if used == tool and design_class(design) in designs
            ]
            if not rows:
                continue
            kinds = ", ".join(
                f"{sum(kind == name for _, kind in rows)} {name}"
                for name in dict.fromkeys(kind for _, kind in rows)
            )
            who = ", ".join(
                place.split("row ")[-1].rstrip(")") + ")" * (place.count("(") > 1) for place, _ in rows
            )
            made = "cohort and case-control studies" if tool == "NOS" else "randomised trials"
            yield Finding(
                "instrument_misuse", rows[0][0], f"{tool} used for: {quote(who, 260)}", f"{tool} was made for {made}",
                f"{len(rows)} rows: {kinds}", "medium",
            )  # fmt: skip


@rule(
    "method_without_result", group=GROUP, severity="medium",
    asserts="A certainty rating that the methods announce is reported.",
    needs="a text that says GRADE was used",
    arithmetic="certainty ratings (very low to high) found outside the methods: none",
    source="PRISMA 2020, items 15 and 22 (Page 2021, BMJ 372:n71)",
)  # fmt: skip
def method_without_result(material: Material) -> Iterator[Finding]:
    """GRADE announced and no rating anywhere, nor a supplement that may hold it."""
    for document in material.documents:
        named = [
            sentence
            for sentence in document.sentences
            if _names(sentence.text, "GRADE")
            and re.search(
                r"assess|evaluat|rated|using|used|appli|apprais|judged|according|based on", sentence.text
            )
        ]
        if not named or any(re.search(r"suppl|appendix|table", one.text, re.IGNORECASE) for one in named):
            continue
        ratings = [pattern for _, pattern in _terms("GRADE", "judgement")]
        cells = [
            cell
            for table in document.tables
            if any(re.search(r"certainty|GRADE", name) for name in table.header)
            for row in table.rows
            for cell in row.cells
        ]
        reported = cells or any(
            pattern.search(sentence.text) for sentence in document.sentences for pattern in ratings
        )
        if not reported:
            last = named[-1]
            yield Finding(
                "method_without_result", str(last.place), quote(last.text), "no certainty rating in text or tables",
                f"GRADE is said to be used in {len(named)} sentence{'s' if len(named) > 1 else ''}; ratings reported: 0", "medium",
            )  # fmt: skip


_TWO = re.compile(
    r"\b(?:two|2|pairs? of|three)\s+(?:independent\s+)?(?:reviewers|authors|researchers|investigators)\b|"
    r"third (?:reviewer|author) (?:adjudicat|resolv)",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\b(?:solely|conducted|performed|carried out|done)\b[^.]{0,40}"
    r"\bby (?:a|the|one) (?:single|sole|one) (?:author|reviewer|researcher)|"
    r"\b(?:sole|single) author\b",
    re.IGNORECASE,
)
_SCREENING = re.compile(r"screen|select|assess|extract|apprais", re.IGNORECASE)


@rule(
    "reviewers", group=GROUP, severity="high",
    asserts="The number of persons who screened is the same in the methods and in the author contributions.",
    needs="a sentence with two or more reviewers and one with a single author",
    arithmetic="two or more reviewers against one author", source="PRISMA 2020, items 8 and 9 (Page 2021, BMJ 372:n71)",
)  # fmt: skip
def reviewers(material: Material) -> Iterator[Finding]:
    """Two independent reviewers in the methods, one author in the contributions."""
    for document in material.documents:
        several = next(
            (s for s in document.sentences if _TWO.search(s.text) and _SCREENING.search(s.text)), None
        )
        alone = next((s for s in document.sentences if _ONE.search(s.text)), None)
        if several is None or alone is None or several.paragraph == alone.paragraph:
            continue
        paragraph = " ".join(s.text for s in document.sentences if s.paragraph == alone.paragraph)
        if _SCREENING.search(paragraph) and not re.search(r"second|another", paragraph):
            yield Finding(
                "reviewers", f"{several.place}; {alone.place}", quote(several.text), quote(alone.text),
                "two or more reviewers in one place, one author in the other", "high",
            )  # fmt: skip


_MONTHS = {
    name: place
    for place, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_SPAN = re.compile(
    rf"(?:last|past|previous)\s+(?P<years>{COUNT})\s+years\b[^.]{{0,90}}?(?:from|between)\s+(?P<m1>[A-Z][a-z]+)\s+"
    r"(?P<y1>(?:19|20)\d{2})\s+(?:to|and|until|[-–])\s+(?P<m2>[A-Z][a-z]+)\s+(?P<y2>(?:19|20)\d{2})",
    re.IGNORECASE,
)


@rule(
    "time_span", group=GROUP, severity="low",
    asserts="A span of years agrees with its first and last month.",
    needs="\"the last n years\" with a first and a last month",
    arithmetic="months from first to last, both counted, against 12 n; off by a year or more", source="arithmetic",
)  # fmt: skip
def time_span(material: Material) -> Iterator[Finding]:
    """ "The last 20 years, from January 2005 to December 2025" are 21."""
    for document in material.documents:
        for sentence in document.sentences:
            match = _SPAN.search(sentence.text.replace("i.e.", "ie"))
            years = count(match["years"]) if match else None
            if match is None or years is None:
                continue
            first, last = (_MONTHS.get(match[name][:3].lower(), 0) for name in ("m1", "m2"))
            if not first or not last:
                continue
            begin, end = date(int(match["y1"]), first, 1), date(int(match["y2"]), last, 1)
            months = (end.year - begin.year) * 12 + end.month - begin.month + 1
            if abs(months - 12 * years) >= 12:
                yield Finding(
                    "time_span", str(sentence.place), quote(match.group()), f"{years} years",
                    f"from {begin:%B %Y} to {end:%B %Y} are {months} months = {months / 12:.1f} years", "low",
                )  # fmt: skip


_GROUPS: tuple[tuple[str, str, str], ...] = (
    (
        "children and adolescents",
        r"p(?:a)?ediatric|child(?:ren)?\b|adolescen|under (?:the age of )?18|minors",
        r"\badolescents?\b|\bchildren\b|p(?:a)?ediatric|\byouths?\b",
    ),
    (
        "animals",
        r"\banimals?\b|non-?human|preclinical|rodent",
        r"\bmice\b|\bmouse\b|\brats\b|murine|\banimal (?:study|model|experiment)",
    ),
    ("case reports", r"case (?:reports?|series|stud(?:y|ies))", r"^case (?:report|series)"),
    ("narrative reviews", r"narrative reviews?", r"narrative review"),
    ("preprints", r"preprints?", r"\bpreprint|(?:bio|med)Rxiv"),
)


@rule(
    "eligibility", group=GROUP, severity="high",
    asserts="No included study belongs to a group that the criteria exclude.",
    needs="a sentence of exclusion criteria and a table of included studies",
    arithmetic="words of the excluded group in the rows of the table", source="PRISMA 2020, item 5 (Page 2021, BMJ 372:n71)",
)  # fmt: skip
def eligibility(material: Material) -> Iterator[Finding]:
    """Excluded groups among the included studies."""
    for document in material.documents:
        for name, excluded, shown in _GROUPS:
            criteria = _criteria(document, excluded)
            if criteria is None:
                continue
            rows = []
            for table in included_tables(document):
                for row in studies(table):
                    text = " ".join(
                        table.cell(row, role)
                        for role in ("design", "treatment", "population", "sample", "findings")
                    )
                    if any(
                        re.search(shown, table.cell(row, role), re.IGNORECASE)
                        for role in ("design", "treatment", "population", "sample", "findings")
                    ) and not re.search(r"\badults?\b", text, re.IGNORECASE):
                        rows.append((str(table.place(row)), row.study, quote(text, 90)))
            if rows:
                yield Finding(
                    "eligibility", "; ".join([str(criteria.place), *(place for place, _, _ in rows[:3])]),
                    f"excluded: {name} ({quote(criteria.text, 120)})",
                    "included: " + "; ".join(f"{who} ({text})" for _, who, text in rows),
                    f"{len(rows)} included {'row' if len(rows) == 1 else 'rows'} on {name}", "high",
                )  # fmt: skip


def _criteria(document: Document, pattern: str) -> Sentence | None:
    for sentence in document.sentences:
        match = re.search(
            r"exclusion criteria|\bexclude[ds]?\b|were not (?:included|eligible)|ineligible",
            sentence.text,
            re.IGNORECASE,
        )
        if (
            match
            and sentence.place.line >= document.header_end
            and re.search(pattern, sentence.text[match.start() :], re.IGNORECASE)
            and not re.search(r"abstract|discussion|limitation", sentence.section, re.IGNORECASE)
        ):
            return sentence
    return None


@rule(
    "design_list", group=GROUP, severity="medium",
    asserts="The designs and numbers of included studies in the text are those of the table.",
    needs="a sentence that lists the included designs, and a table of as many studies with a design column",
    arithmetic="rows by design class against the listed designs and their numbers (a \"trial\" without more counts as either)",
    source="PRISMA 2020, item 17 (Page 2021, BMJ 372:n71)",
)  # fmt: skip
def design_list(material: Material) -> Iterator[Finding]:
    """Designs in the table that the text does not list, and numbers that differ."""
    for document in material.documents:
        for table in included_tables(document):
            rows = studies(table)
            classes = [design_class(table.cell(row, "design")) for row in rows]
            for index, sentence in enumerate(document.sentences):
                if re.search(r"abstract|criteria|discussion", sentence.section, re.IGNORECASE):
                    continue
                yield from _numbers_against(document, index, classes, str(table.place(rows[0])))
                match = re.search(
                    rf"\b(?P<n>{COUNT})\s+(?:studies|articles|papers)\b[^.]{{0,60}}?\b(?:which|that)?\s?"
                    r"(?:included|comprised|consisted of|comprising)\s+(?P<list>[^.;]+)",
                    sentence.text,
                    re.IGNORECASE,
                )
                if match is None or count(match["n"]) != len(rows) or re.search(COUNT + r"\s", match["list"]):
                    continue
                listed = {design_class(part) for part in re.split(r",|\band\b|\bor\b", match["list"])} - {""}
                extra = [
                    f"{row.study}: {table.cell(row, 'design')}"
                    for row, kind in zip(rows, classes, strict=True)
                    if kind in ("observational study", "narrative review", "animal study", "case report")
                    and kind not in listed
                ]
                if len(listed) >= 2 and extra:
                    yield Finding(
                        "design_list", f"{sentence.place}; {table.place(rows[0])}", quote(match.group()),
                        "table: " + "; ".join(extra), f"{len(extra)} of {len(rows)} rows have a design that is not listed",
                        "medium",
                    )  # fmt: skip


def _numbers_against(document: Document, index: int, classes: list[str], place: str) -> Iterator[Finding]:
    sentence = document.sentences[index]
    items = re.findall(
        rf"\b({COUNT})\s+([a-z][a-z\s-]+?)(?=,|\band\s+\d|\.|;|$|\bwhich\b)", sentence.text, re.IGNORECASE
    )
    told = [(value, words.strip()) for number, words in items if (value := count(number)) is not None]
    told = [(value, words) for value, words in told if design_class(words)]
    if len(told) < 3 or sum(value for value, _ in told) != len(classes):
        return
    differences = []
    for value, words in told:
        kind = design_class(words)
        if kind not in ("randomised trial", "narrative review", "animal study") or re.search(r"meta-", words):
            continue
        low = classes.count(kind)
        high = low + (classes.count("trial") if kind == "randomised trial" else 0)
        high += classes.count("review") if kind == "narrative review" else 0
        if not low <= value <= high:
            found = str(low) if low == high else f"{low} to {high}"
            differences.append(f"{words}: text {value}, table {found}")
    if differences:
        yield Finding(
            "design_list", f"{sentence.place}; {place}", quote(sentence.text, 260), f"table of {len(classes)} studies",
            "; ".join(differences), "high",
        )  # fmt: skip
