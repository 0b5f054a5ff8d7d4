"""Reference lists and citations: by number (brackets, parentheses, superscripts) and by author and year."""

from __future__ import annotations

import itertools
import re
import unicodedata

from opentrd.evidence.audit.model import Citation, Place, Reference, Sentence

_NUMBER = re.compile(r"[-*•\s]*(?:<sup>|\[)?(\d{1,3})(?:</sup>|\]|[.)])?\.?\s+(?=\S)")
_LOWER = r"(?:(?:van|von|de|der|den|del|della|di|da|le|la|el|ten|ter)\s+)*"
# An entry by author and year begins with a surname and initials, or with a group and its year in parentheses.
_APA = re.compile(
    rf"[-*•\s]*(?:{_LOWER}[A-ZÀ-Ž][\w'’‘-]+(?:[\s-](?:[A-ZÀ-Ž][\w'’‘-]+|[a-z]{{2,3}}))*,\s+(?:[A-ZÀ-Ž]\.|[A-Z]{{1,3}}\b|&)"
    r"|[A-ZÀ-Ž][^()]{2,120}\((?:19|20)\d{2}[a-z]?[,)])"
)
_DOI = re.compile(r"(?:doi\.org/|\bdoi:?\s*|\b(?=10\.\d{4}))(?P<doi>[^\s<>\"]+)", re.IGNORECASE)
_YEAR = re.compile(r"(?<![\d/.-])((?:19|20)\d{2})(?![\d-])")
_CITES = r"\d{1,3}(?:\s*[,;–—-]\s*\d{1,3})*"
_STYLES = {
    "bracket": re.compile(rf"\[(?:Refs?\.?\s*)?\[?({_CITES})\]"),
    "superscript": re.compile(rf"<sup>\s*({_CITES})\s*</sup>"),
    "parenthesis": re.compile(rf"\(({_CITES})\)"),
}
# A raised 2 or 3 after one of these is a power, not a citation.
_POWER = re.compile(r"(?<![A-Za-zΑ-Ωα-ω])(?:m|cm|mm|km|s|kg|L|10|R|I|χ|η|r)$")
_NAME = r"[A-ZÀ-Ž](?:[\w'’-]*[a-zà-ž][\w'’-]*)"
_PARTICLE = _LOWER
_IN_PARENTHESES = re.compile(r"\(([^()]*?\b(?:19|20)\d{2}[a-z]?\b[^()]*)\)")
_PART = re.compile(
    rf"^(?:e\.g\.,?\s+|see\s+(?:also\s+)?|cf\.\s+)?(?P<name>{_PARTICLE}{_NAME}(?:\s{_NAME})?)"
    rf"(?:\s+et\s+al\.?|\s*(?:&|and)\s+{_PARTICLE}{_NAME}(?:\s{_NAME})?)?,?\s+(?P<year>(?:19|20)\d{{2}})[a-z]?(?P<more>(?:,\s*(?:(?:19|20)\d{{2}})?[a-z]?)*)$"
)
_NARRATIVE = re.compile(
    rf"(?P<name>{_PARTICLE}{_NAME})(?:['’]s)?(?:\s+et\s+al\.?|\s+(?:&|and)\s+{_PARTICLE}(?P<second>{_NAME}))?"
    r"(?:['’]s)?,?\s+\((?P<year>(?:19|20)\d{2})[a-z]?\)"
)


def plain(name: str) -> str:
    """A surname without accents, case and punctuation, for comparison."""
    swapped = name.translate(str.maketrans("øØłŁßđ", "oOlLsd"))
    letters = unicodedata.normalize("NFKD", swapped)
    return "".join(sign for sign in letters.lower() if sign.isascii() and sign.isalpha())


def is_numbered(lines: list[tuple[str, int]]) -> bool:
    """Whether a reference list counts its entries: most of 1, 2, 3, ... begin a line, in order."""
    numbers = [int(match[1]) for text, _ in lines if (match := _NUMBER.match(text))]
    steps = sum(later - earlier in (0, 1, 2) for earlier, later in itertools.pairwise(numbers))
    return len(numbers) >= 2 and numbers[0] <= 2 and steps >= 0.7 * (len(numbers) - 1)


def entries(lines: list[tuple[str, int]], file: str) -> list[Reference]:
    """The entries of a reference list; a line that begins no entry continues the one before."""
    numbered = is_numbered(lines)
    gathered: list[tuple[str, int]] = []
    last = 0
    for text, line in lines:
        match = _NUMBER.match(text) if numbered else _APA.match(text)
        if match and numbered and not last - 1 <= int(match[1]) <= last + 6:
            match = None  # a volume or a page number at the beginning of a broken line
        if match:
            last = int(match[1]) if numbered else 0
            gathered.append((text, line))
        elif gathered:
            before, begun = gathered[-1]
            gathered[-1] = (f"{before} {text.lstrip('-* ')}", begun)
    return [_entry(text, line, file, numbered) for text, line in gathered]


def _entry(text: str, line: int, file: str, numbered: bool) -> Reference:
    match = _NUMBER.match(text) if numbered else None
    number = int(match[1]) if match else None
    body = text[match.end() :] if match else text.lstrip("-*• ")
    doi = _DOI.search(body)
    front = body[: doi.start()] if doi else body
    dated = re.search(r"\(((?:19|20)\d{2})[a-z]?(?:,[^)]*)?\)", front)
    if not numbered and dated:
        authors, rest = front[: dated.start()], front[dated.end() :].lstrip(". ")
        year: int | None = int(dated[1])
    else:
        authors, rest = _authors_end(front)
        year = _vancouver_year(front)
    title = re.split(r"(?<=[a-z)?])[.?]\s", rest.strip(" .*"), maxsplit=1)[0].strip(" .*")
    return Reference(
        number,
        tuple(surnames(authors)),
        year,
        title,
        doi["doi"].rstrip(".,;)>") if doi and not _closes(doi["doi"]) else (doi["doi"] if doi else None),
        body,
        Place(file, line, f"reference {number}" if number else "reference list"),
    )


def _closes(doi: str) -> bool:
    """Whether a closing parenthesis at the end of a DOI belongs to it."""
    return doi.endswith(")") and doi.count("(") == doi.count(")")


def _authors_end(text: str) -> tuple[str, str]:
    match = re.search(
        r"(?:\bet al\.?|\b[A-Z]{1,4}(?:\s(?:Jr|Sr|2nd|3rd))?|[a-z]{4,}|\(eds?\.\)|\))\.\s+", text
    )
    return (text[: match.end()].rstrip(". "), text[match.end() :]) if match else (text, "")


def _vancouver_year(text: str) -> int | None:
    match = re.search(
        r"(?<![\d/-])((?:19|20)\d{2})(?:\s+[A-Z][a-z]{2}[a-z]*(?:\s+\d{1,2})?)?\s*(?:;|:\s?\d)", text
    )
    if match:
        return int(match[1])
    years = _YEAR.findall(text)
    return int(years[-1]) if years else None


def surnames(authors: str) -> list[str]:
    """The surnames in an author list of either form ("Rush AJ, Fava M", "Rush, A. J., & Fava, M.")."""
    found = []
    for part in re.split(r",|;|&|\band\b", re.sub(r"\bet al\.?", "", authors)):
        words = [word for word in part.replace("*", "").split() if word not in ("...", "…")]
        while len(words) > 1 and re.fullmatch(r"(?:[A-ZÀ-Ž]\.?-?){1,4}|Jr\.?|Sr\.?|2nd|3rd", words[-1]):
            words.pop()
        while len(words) > 1 and re.fullmatch(
            r"[A-ZÀ-Ž](?:\.|\.?-[A-Z]\.)?", words[0]
        ):  # initials first ("T Donders AR")
            words.pop(0)
        name = " ".join(words).strip(" .*<>")
        if len(plain(name)) > 1 and not re.fullmatch(r"(?:[A-Z]\.?\s?-?){1,4}", name):
            found.append(name)
    return found


def numeric_style(texts: list[str], entries_: list[Reference]) -> tuple[str, ...]:
    """How a text with a numbered list cites. Parentheses only count when nothing else is used."""
    if not any(entry.number for entry in entries_):
        return ()
    counts = {
        name: sum(len(pattern.findall(text)) for text in texts)
        for name, pattern in _STYLES.items()
        if name != "parenthesis"
    }
    used = tuple(name for name, seen in counts.items() if seen >= 2)
    return used or ("parenthesis",)


def numeric(text: str, place: Place, styles: tuple[str, ...]) -> list[tuple[Citation, int]]:
    """The numeric citations of a piece of text, each with the position where it begins."""
    found = []
    for style in styles:
        for match in _STYLES[style].finditer(text):
            before = text[: match.start()]
            if style == "superscript" and match[1] in ("2", "3") and _POWER.search(before):
                continue
            if style == "parenthesis" and re.search(
                r"(?:\b[nNtFrzdp]|χ²?|grade|phase|group|type|\bscore\w*)\s*$", before
            ):
                continue
            numbers: list[int] = []
            spans: list[tuple[int, int]] = []
            for part in re.split(r"[,;]", match[1]):
                ends = [int(piece) for piece in re.split(r"[–—-]", part) if piece.strip()]
                if len(ends) == 2 and ends[0] < ends[1] <= ends[0] + 60:
                    numbers.extend(range(ends[0], ends[1] + 1))
                    spans.append((ends[0], ends[1]))
                else:
                    numbers.extend(ends)
            if style == "parenthesis" and max(numbers) > 400:
                continue
            said = re.sub(r"</?sup>", "", match.group())
            if re.search(r"\bRefs?\.?\s*$", before):
                said = f"Ref. {said}"
            found.append((Citation(tuple(numbers), "", None, said, place, tuple(spans)), match.start()))
    return sorted(found, key=lambda item: item[1])


def by_author(text: str, place: Place) -> list[Citation]:
    """The author-year citations of a piece of text, in parentheses and in the sentence."""
    found = []
    for match in _NARRATIVE.finditer(text):
        found.append(Citation((), match["name"], int(match["year"]), match.group(), place))
    for match in _IN_PARENTHESES.finditer(text):
        for part in match[1].split(";"):
            single = _PART.match(part.strip())
            if single:
                years = [single["year"], *re.findall(r"\d{4}", single["more"])]
                found += [Citation((), single["name"], int(year), part.strip(), place) for year in years]
    return found


def named_with_number(
    sentence: Sentence, styles: tuple[str, ...], listed: set[str]
) -> list[tuple[str, Citation]]:
    """Authors named in a sentence together with the numeric citation that follows them.

    "Name et al." and "Name and colleagues" always count; "Name and Name" only when one of them is in the list.
    """
    cites = numeric(sentence.text, sentence.place, styles)
    found = []
    pattern = (
        rf"(?<![\w-])(?P<name>{_PARTICLE}{_NAME}(?:-{_NAME})?)(?:\s+et\s+al\b\.?|\s+and\s+(?:colleagues|co-?workers)"
        rf"|\s+(?:and|&)\s+(?P<second>{_NAME}))"
    )
    for match in re.finditer(pattern, sentence.text):
        after = next((cite for cite, start in cites if start >= match.end()), None)
        if after is None:
            continue
        pair = match["second"] and {plain(match["name"]), plain(match["second"])}
        if pair and not pair <= listed:
            continue
        found.append((match["name"], after))
    return found
