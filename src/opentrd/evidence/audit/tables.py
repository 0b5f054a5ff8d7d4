"""Tables: rows of a CSV file or of a text, with columns recognised by their names."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from opentrd.evidence.audit.model import Table, TableRow
from opentrd.evidence.audit.numbers import MINUS
from opentrd.evidence.errors import EvidenceError

# What a column may be about: the first pattern that matches its whole name (case does not matter) wins.
ROLES: tuple[tuple[str, str], ...] = (
    ("study", r"stud(?:y|ies)(?:[ _]?(?:id|name|label))?|trial|author.*|reference|source|first author.*"),
    ("year", r"year|pub(?:lication)?[ _]?year"),
    ("design", r"(?:study[ _]?)?(?:design|type)|study[ _]type|type of study"),
    ("treatment", r"treatment.*|intervention.*|drug|comparison|arm|exposure"),
    ("outcome", r"outcome.*|endpoint|measures(?: used)?|.* measures"),
    ("population", r"population|participants|patients|.*definition"),
    ("findings", r"(?:main |key )?(?:findings?|results?)|conclusions?"),
    ("quality", r"quality.*|risk[ _]of[ _]bias|rob|appraisal"),
    ("tool", r"(?:quality |bias |rob )?(?:tool|instrument).*"),
    ("sample", r"sample(?:[ _]size)?"),
    ("n", r"n|n[ _]?total|total[ _]n|n[ _]randomi[sz]ed|sample[ _]?n"),
    ("n_1", r"n[ _]?1|n[ _](?:treatment|treated|experimental|active|e|t)|n1i"),
    ("n_2", r"n[ _]?2|n[ _](?:control|placebo|c|p)|n2i"),
    ("events", r"events?|responders|x"),
    ("events_1", r"events?[ _]?1|events?[ _](?:treatment|treated|experimental|active|e|t)|ai"),
    ("events_2", r"events?[ _]?2|events?[ _](?:control|placebo|c|p)|ci"),
    ("percent", r"percent(?:age)?|%|pct|proportion[ _]%|rate[ _]%"),
    ("percent_1", r"(?:percent|pct)[ _]?1|(?:percent|pct)[ _](?:treatment|active|e|t)"),
    ("percent_2", r"(?:percent|pct)[ _]?2|(?:percent|pct)[ _](?:control|placebo|c|p)"),
    ("quantity", r"quantity"),
    ("subject", r"subject|marker"),
    ("polarity", r"polarity"),
    ("ci_low", r"value[ _]low"),
    ("ci_high", r"value[ _]high"),
    ("level", r"(?:ci|confidence|interval)[ _]?level|level"),
    ("ci_low", r"(?:95 ?%?[ _]?)?(?:ci[ _]?(?:low(?:er)?|l|lb|lo)|lower(?:[ _](?:ci|limit|bound))?|lcl|low)"),
    (
        "ci_high",
        r"(?:95 ?%?[ _]?)?(?:ci[ _]?(?:high|upper|u|ub|hi)|upper(?:[ _](?:ci|limit|bound))?|ucl|high)",
    ),
    ("ci", r"(?:\d\d ?% ?)?(?:ci|confidence interval|cri|interval).*"),
    ("measure", r"(?:effect[ _]?)?(?:measure|metric)|effect[ _]type"),
    ("estimate", r"(?:effect|estimate|effect[ _]?(?:size|estimate)|point[ _]estimate|yi|value|es)\b.*"),
    (
        "estimate",
        r"(?:or|rr|hr|rd|md|smd|wmd|odds ratio|risk ratio|hazard ratio|(?:standardi[sz]ed )?mean difference)",
    ),
    ("p_test", r"p[ _]?test|test"),
    ("p", r"p|p[ _-]?val(?:ue)?"),
    ("se", r"se|standard[ _]error|sei"),
    ("statistic", r"(?:test[ _]?)?statistic|t|z|f|chi2|chi[ _-]?squared?"),
    ("df", r"df|degrees[ _]of[ _]freedom"),
    ("mean", r"mean"),
    ("sd", r"sd|standard[ _]deviation"),
    ("mean_1", r"mean[ _]?1|mean[ _](?:treatment|active|e|t)|m1i"),
    ("mean_2", r"mean[ _]?2|mean[ _](?:control|placebo|c|p)|m2i"),
    ("sd_1", r"sd[ _]?1|sd[ _](?:treatment|active|e|t)|sd1i"),
    ("sd_2", r"sd[ _]?2|sd[ _](?:control|placebo|c|p)|sd2i"),
    ("scale", r"scale|rating[ _]scale"),
    ("items", r"items|n[ _]items"),
    ("scale_min", r"(?:scale[ _])?min(?:imum)?"),
    ("scale_max", r"(?:scale[ _])?max(?:imum)?"),
    ("within", r"(?:between|within)(?:[ _]or[ _](?:within|between))?"),
    ("direction", r"direction(?:[ _]of[ _]benefit)?|better"),
    ("i2", r"i ?(?:²|2|\^2|<sup>2</sup>)(?: ?%)?"),
    ("subgroup", r"subgroup"),
    ("timepoint", r"time[ _]?point|weeks?|duration.*"),
    ("notes", r"notes?|comments?|remarks?"),
    ("doi", r"doi"),
    ("registration", r"registration|nct|trial[ _]id"),
)
_KEPT = ("study", "year", "design", "treatment", "outcome", "population", "subgroup", "timepoint", "notes")
_ZERO_COMMA = re.compile(rf"[{MINUS}]?0,\d+")
_POINT = re.compile(rf"[{MINUS}]?\d*\.\d+")
_COMMA = re.compile(r"(?<=\d),(?=\d)")
_CONTINUED_YEAR = re.compile(r"\(?(?:19|20)\d{2}[a-z]?\)?")


def role_of(name: str) -> str | None:
    """What a column of that name is about; ``None`` when its name says nothing to us."""
    clean = " ".join(re.sub(r"[*†‡]", "", name).split()).strip().lower().removesuffix(" (95% ci)")
    for role, pattern in ROLES:
        if re.fullmatch(pattern, clean, re.IGNORECASE):
            return role
    return None


def assign(table: Table) -> Table:
    """Give the columns of a table their roles; names that are not understood are kept in ``not_understood``."""
    for position, name in enumerate(table.header):
        role = role_of(name)
        if role is None:
            if name.strip():
                table.not_understood.append(name.strip())
        else:
            table.roles.setdefault(role, position)
    return table


def from_grid(title: str, rows: list[tuple[str, int]], file: str, earlier: list[Table]) -> Table | None:
    """A table of a text. A repeated header, or "continued" in the title, makes it a part of the table before.

    Returns ``None`` when the rows went into an earlier table or when there is no row.
    """
    split = [(_cells(text), line) for text, line in rows if not re.fullmatch(r"[\s|:\-]+", text)]
    if not split:
        return None
    header = tuple(cell.strip() for cell in split[0][0])
    last = earlier[-1] if earlier else None
    if (
        last is not None
        and not last.is_csv
        and (header == last.header or re.search(r"continued", title, re.I))
    ):
        _append(last, split)
        return None
    table = assign(Table(title, header, [], file, split[0][1]))
    _append(table, split[1:])
    return table


def _cells(text: str) -> list[str]:
    if "\t" in text:
        return text.split("\t")
    return text.strip().strip("|").split("|")


def _append(table: Table, split: list[tuple[list[str], int]]) -> None:
    after_header = False
    for raw, line in split:
        cells = [cell.strip() for cell in raw]
        if tuple(cells) == table.header:
            after_header = True
            continue
        cells += [""] * (len(table.header) - len(cells))
        study = cells[table.roles.get("study", 0)]
        broken = after_header and (not study or _CONTINUED_YEAR.fullmatch(study)) and bool(table.rows)
        after_header = False
        if broken:
            # A row that was cut at the end of a page goes on under the repeated header.
            above = table.rows[-1]
            joined = tuple(f"{a} {b}".strip() for a, b in zip(above.cells, cells, strict=False))
            table.rows[-1] = TableRow(joined, above.line, joined[table.roles.get("study", 0)])
            continue
        if not study and table.rows and not table.is_csv:
            study = table.rows[-1].study
        table.rows.append(TableRow(tuple(cells), line, " ".join(study.split())))


def read_csv(path: Path) -> Table:
    """A CSV file as a table.

    Raises ``EvidenceError`` when the file cannot be read as a table: not UTF-8, empty, no row, or cells that no header
    names.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise EvidenceError(
            "this is not UTF-8 text",
            file=path.name,
            value=f"byte {problem.start}",
            expected="a CSV file in UTF-8",
            advice="save it again as CSV in UTF-8",
        ) from None
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [
            (row, number)
            for number, row in _numbered(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as problem:
        raise EvidenceError(
            f"the file is not well-formed CSV: {problem}",
            file=path.name,
            expected="one table with a header and balanced quotes",
            advice="open it in a spreadsheet and save it again as CSV",
        ) from None
    if len(rows) < 2:
        raise EvidenceError(
            "the table has no rows" if rows else "the file is empty",
            file=path.name,
            expected="a header line and at least one row",
            advice="check that this is the file you meant",
        )
    header = tuple(cell.strip() for cell in rows[0][0])
    for row, line in rows[1:]:
        if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
            raise EvidenceError(
                f"the row has {len(row)} cells, but the header names {len(header)} columns",
                file=path.name,
                row=line,
                value=row[len(header)],
                expected=f"{len(header)} cells",
                advice="put text that contains the separator into quotes",
            )
    table = Table("", header, [], path.name, 1, is_csv=True)
    assign(table)
    table.decimal_commas = _decimal_commas([row for row, _ in rows[1:]])
    if table.decimal_commas:
        rows = [([_COMMA.sub(".", cell) for cell in row], line) for row, line in rows]
    _append(table, [(row, line) for row, line in rows[1:]])
    return table


def _decimal_commas(rows: list[list[str]]) -> bool:
    """Does the table write decimals with a comma? "0,5" has no other meaning; a number with a point says it does not."""
    cells = [cell.strip() for row in rows for cell in row]
    return any(_ZERO_COMMA.fullmatch(cell) for cell in cells) and not any(
        _POINT.fullmatch(cell) for cell in cells
    )


def _numbered(reader: object) -> list[tuple[int, list[str]]]:
    return [(reader.line_num, row) for row in reader]  # type: ignore[attr-defined]
