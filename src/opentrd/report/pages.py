"""The pages as files: self-contained HTML, no network, no script, all text from data escaped."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
from jinja2.bccache import Bucket
from markupsafe import Markup

from opentrd import cache as kept
from opentrd.report import cohort, patient, words

TEMPLATES = Path(__file__).parent / "templates"
FILLS = {"verified": "f-solid", "transcribed": "f-dots", "recalled": "f-hatch"}
DIGEST_LENGTH = 8


class _Compiled(jinja2.BytecodeCache):
    """Compiled templates are kept between runs; compiling them takes longer than filling them."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the compiled template, if it is that of this source, this Jinja and this Python."""
        if content := kept.read(*_named(bucket)):
            bucket.bytecode_from_string(content)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the compiled template, if it can be."""
        kept.write(*_named(bucket), bucket.bytecode_to_string())


def _named(bucket: Bucket) -> tuple[str, str]:
    made_with = f"{sys.version} {sys.implementation.cache_tag} {version('jinja2')} {bucket.checksum}"
    return f"template-{bucket.key[:12]}", hashlib.sha256(made_with.encode()).hexdigest()


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_Compiled(),
    )
    environment.globals.update(
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
        symbols=words.TRUTH_SYMBOLS,
        classes=words.TRUTH_CLASSES,
        truth_words=words.TRUTH_WORDS,
        met_words=words.MET_WORDS,
        status_words=words.STATUS_WORDS,
        fills=FILLS,
        plural=words.plural,
    )
    return environment


def _render(template: str, meta: Mapping[str, Any], **values: Any) -> str:
    known = {"version": "", "unread_rows": 0, **meta}
    digest = str(meta.get("knowledge_digest") or "(digest not stated)")
    short = digest if digest.startswith("(") else digest[:DIGEST_LENGTH]
    return _environment().get_template(template).render(meta=known, digest=short, **values)


def patient_page(
    number: int,
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    explain: Mapping[str, Any],
    meta: Mapping[str, Any],
) -> str:
    """The page of one person, who is named by ``number`` only.

    ``tables``: record tables and output tables of that person as rows; a missing table is an empty one.
    ``explain``: ``trace`` (edges), ``knowledge_rows`` ((table, key) -> row), ``definition_text``
    (definition -> title, text, citation, optionally parameters), and optionally ``bands`` (instrument,
    band, from_score, to_score) and ``measures`` (measure -> min_value, max_value).
    ``meta``: ``version``, ``knowledge_digest``, and optionally ``adequacy`` (the rule shaded on the timeline:
    ``min_days`` in days and its ``meaning``).
    """
    page = patient.content(number, tables, explain, meta)
    return _render("patient.html.j2", meta, page=page)


def cohort_page(tables: Mapping[str, Sequence[Mapping[str, Any]]], meta: Mapping[str, Any]) -> str:
    """The page of a population, from aggregated rows (see ``aggregate``); small counts are suppressed.

    ``meta['min_count']`` (default 5) is the smallest count that is shown.
    """
    return _render("cohort.html.j2", meta, page=cohort.content(tables, meta))


def comparison_page(content: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    """The page that sets the definitions of one population side by side (content: see ``compare_page``)."""
    return _render("compare.html.j2", meta, page=content)


def audit_page(content: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    """The page of an audit of tables and texts (content: see ``audit``)."""
    return _render("audit.html.j2", meta, page=content)


def evidence_page(template: str, meta: Mapping[str, Any], **values: Any) -> str:
    """A page of the evidence wing (values: see ``evidence``)."""
    return _render(template, meta, **values)


def index_page(entries: Sequence[Mapping[str, Any]], meta: Mapping[str, Any]) -> str:
    """The list of patient pages; an entry has number, file, as_of, age, trials, met, not_met, open."""
    return _render("index.html.j2", meta, entries=entries)


def entry(number: int, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """The line of one person in the list of pages."""
    met = [words.truth(row.get("met")) for row in tables.get("verdict") or ()]
    as_of = (list(tables.get("as_of") or ()) or [{}])[0]
    head = patient.header({}, as_of)
    return {
        "number": number,
        "file": file_name(number),
        "as_of": head["as_of"],
        "age": head["age"],
        "trials": len(tables.get("trial") or ()),
        "met": met.count(True),
        "not_met": met.count(False),
        "open": met.count(None),
    }


def file_name(number: int) -> str:
    """The file of a patient page: a number, never an id."""
    return f"person-{number}.html"


def write(
    folder: Path,
    patients: Sequence[tuple[Mapping[str, Sequence[Mapping[str, Any]]], Mapping[str, Any]]],
    meta: Mapping[str, Any],
    *,
    cohort_tables: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> list[Path]:
    """Write the pages of an assessment and return their paths, ``index.html`` first.

    ``patients`` are (tables, explain) in the order of their numbers. With ``cohort_tables`` the cohort page
    is ``index.html`` and no list of persons is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages: dict[str, str] = {}
    if cohort_tables is not None:
        pages["index.html"] = cohort_page(cohort_tables, meta)
    else:
        entries = [entry(number, tables) for number, (tables, _) in enumerate(patients, 1)]
        pages["index.html"] = index_page(entries, meta)
        for number, (tables, explain) in enumerate(patients, 1):
            pages[file_name(number)] = patient_page(number, tables, explain, meta)
    paths = []
    for name, text in pages.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths
