"""From files to single resources: JSON, bundles, arrays, NDJSON line by line, all also gzipped."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from opentrd.record.fhir.elements import Resource, objects, text
from opentrd.record.fhir.intake import Entry, Intake, Neighbours
from opentrd.record.raw import InputError

_JSON = (".json", ".json.gz")
_LINES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")
_XML = (".xml", ".xml.gz")
_XML_REASON = "XML is not read; convert to JSON"
# A JSON file is held in memory whole, at several times its size; NDJSON is not.
MOST_JSON_BYTES = 512 << 20
_HEAD = 65_536
_HEAD_STEP = 512  # small steps, so that a file that breaks off gives its beginning
_MOST_DIGITS = 300  # a whole number with more is beyond any quantity, and Python refuses to convert it
_LOOKED_AT = 200  # files of a folder that are opened to see whether it holds FHIR
_RESOURCE = re.compile(rb'"resourceType"\s*:\s*"[A-Z]')
_MEDICATION = re.compile(rb'"resourceType"\s*:\s*"Medication"')
_BROKEN = (OSError, EOFError, zlib.error, UnicodeDecodeError, ValueError, RecursionError)


class Unreadable(Exception):
    """One file that cannot be read; the message says where and what was expected."""


@dataclass(frozen=True)
class SourceFile:
    """A file to read, the name that rows carry, and the name of the input it belongs to."""

    path: Path
    name: str
    root: str

    @property
    def has_lines(self) -> bool:
        """Whether it is NDJSON by its name."""
        return self.path.name.lower().endswith(_LINES)

    def open(self) -> IO[bytes]:
        """Open for reading, unpacking gzip."""
        if self.path.name.lower().endswith(".gz"):
            return cast(IO[bytes], gzip.open(self.path, "rb"))
        return self.path.open("rb")


def discover(paths: Iterable[Path], skip: Callable[[SourceFile, str], None]) -> list[SourceFile]:
    """The JSON and NDJSON files of the inputs, in the order of their names.

    ``skip`` is called with every other file and the reason. Raises InputError if an input is not there.
    """
    found = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder; give a FHIR JSON or NDJSON file or a folder")
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_dir():
                continue
            inside = file.relative_to(path).as_posix() if path.is_dir() else path.name
            source = SourceFile(file, text(inside), text(path.name))
            name = file.name.lower()
            if name.endswith(_JSON + _LINES):
                found.append(source)
            elif name.endswith(_XML):
                skip(source, _XML_REASON)
            else:
                skip(source, "not a FHIR file: expected .json or .ndjson (also .gz)")
    return found


def is_fhir(path: Path) -> bool:
    """Whether the file, or any file of the folder, looks like FHIR (JSON, NDJSON, or unreadable as such).

    A single .json or .ndjson file is always taken for FHIR, and so is a folder with an .ndjson file, since nothing else
    of OpenTRD reads one.
    """
    if path.is_file():
        return path.name.lower().endswith(_JSON + _LINES) or (
            path.name.lower().endswith(_XML) and b"http://hl7.org/fhir" in _head(path)
        )
    if not path.is_dir():
        return False
    candidates = [file for file in sorted(path.rglob("*")) if file.name.lower().endswith(_JSON + _LINES)]
    return any(
        file.name.lower().endswith(_LINES) or _RESOURCE.search(_head(file))
        for file in candidates[:_LOOKED_AT]
    )


def _head(path: Path) -> bytes:
    head = bytearray()
    try:
        with SourceFile(path, path.name, path.name).open() as file:
            while len(head) < _HEAD and (some := file.read(_HEAD_STEP)):
                head += some
    except _BROKEN:
        return bytes(head)  # what there is before a file breaks off also tells what it is
    return bytes(head)


def index_medications(files: Iterable[SourceFile], intake: Intake) -> None:
    """Read every Medication first: a request may stand before the one it refers to, or in another file."""
    for file in files:
        try:
            with file.open() as stream:
                if file.has_lines:
                    for line in stream:
                        if _MEDICATION.search(line):
                            _keep_medications(line, intake)
                else:
                    content = stream.read(MOST_JSON_BYTES)  # too long a file is told when it is read
                    if _MEDICATION.search(content):
                        _keep_medications(content, intake)
        except _BROKEN:
            continue  # told when the file itself is read


def _keep_medications(content: bytes, intake: Intake) -> None:
    try:
        whole = _parsed(content)
    except _BROKEN:
        return
    for resource in objects(whole):
        entries = objects(resource.get("entry")) or [{"resource": resource}]
        for item in entries:
            inside = item.get("resource")
            if not isinstance(inside, dict) or inside.get("resourceType") != "Medication":
                continue
            for key in (f"Medication/{text(inside.get('id'))}", text(item.get("fullUrl"))):
                if key:
                    known = intake.medications.get(key, inside)
                    intake.medications[key] = inside if known == inside else None


class Seen:
    """Resources of the JSON files already read: test decks give one resource in a bundle and again alone."""

    def __init__(self) -> None:
        self._digests: dict[str, bytes] = {}

    def again(self, resource: Resource) -> bool:
        """Whether a resource with this type, id and content (without ``meta`` and ``text``) came before."""
        identity = text(resource.get("id"))
        if not identity:
            return False
        body = {name: value for name, value in resource.items() if name not in ("meta", "text")}
        digest = hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=12).digest()
        key = f"{text(resource.get('resourceType'))}/{identity}"
        return (
            self._digests.setdefault(key, digest) == digest
            if key in self._digests
            else self._add(key, digest)
        )

    def _add(self, key: str, digest: bytes) -> bool:
        self._digests[key] = digest
        return False


def entries(file: SourceFile, intake: Intake, seen: Seen) -> Iterator[Entry]:
    """Every resource of a file. Raises Unreadable if nothing of the file can be read."""
    if file.has_lines:
        yield from _line_entries(file, intake)
        return
    try:
        with file.open() as stream:
            content = stream.read(MOST_JSON_BYTES + 1)
        if len(content) > MOST_JSON_BYTES:
            raise Unreadable(
                f"larger than {MOST_JSON_BYTES >> 20} MiB as one JSON text, which would have to be held in memory;"
                " write it as NDJSON (one resource per line), which is read line by line"
            )
        whole = _parsed(content)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Extra data"):  # one resource per line under the name .json
            yield from _line_entries(file, intake)
            return
        raise Unreadable(
            f"not JSON: line {error.lineno}, column {error.colno}: {error.msg};"
            " expected a FHIR bundle or resource"
        ) from error
    except _BROKEN as error:
        raise Unreadable(f"cannot be read as JSON text: {_cause(error)}; expected UTF-8 JSON") from error
    if isinstance(whole, list) and not any("resourceType" in item for item in objects(whole)):
        raise Unreadable("an array without any FHIR resource in it; expected objects with a resourceType")
    yield from _resources(whole, file, "", intake, seen)


def _line_entries(file: SourceFile, intake: Intake) -> Iterator[Entry]:
    good = number = 0
    first_problem = ""
    try:
        with file.open() as stream:
            for number, line in enumerate(stream, start=1):
                if not line.strip():
                    continue
                try:
                    whole = _parsed(line)
                except _BROKEN as error:
                    problem = f"not JSON: {_cause(error)}; expected one FHIR resource per line"
                    first_problem = first_problem or f"line {number}: {problem}"
                    intake.note(file.name, f"line {number}", "line", _start(line), problem)
                    continue
                for entry in _resources(whole, file, f"line {number}", intake, None):
                    good += 1
                    yield entry
    except _BROKEN as error:
        if not good:
            raise Unreadable(f"cannot be read: {_cause(error)}; expected NDJSON text") from error
        intake.note(file.name, f"line {number + 1}", "line", "", f"the file breaks off here: {_cause(error)}")
    if not good:
        raise Unreadable(f"no line of it is a FHIR resource ({first_problem or 'none has a resourceType'})")


def _resources(
    whole: Any, file: SourceFile, place: str, intake: Intake, seen: Seen | None
) -> Iterator[Entry]:
    """The resources of one JSON value: a resource, a bundle (of bundles), an array of either."""
    if isinstance(whole, list):
        if place and not whole:
            problem = "an empty array, no FHIR resource; expected one resource per line"
            intake.note(file.name, place, "line", "[]", problem)
        for position, item in enumerate(whole, start=1):
            yield from _resources(item, file, f"{place} item {position}".strip(), intake, seen)
        return
    if not isinstance(whole, dict) or not text(whole.get("resourceType")):
        problem = (
            "no resourceType: not a FHIR resource"
            if isinstance(whole, dict)
            else "no JSON object: not a FHIR resource"
        )
        if not place:
            raise Unreadable(f"{problem}; expected a FHIR bundle or resource with a resourceType")
        intake.note(file.name, place, "resourceType", _start(whole), problem)
        return
    if whole["resourceType"] == "Bundle":
        yield from _bundle(whole, file, place, intake, seen)
    else:
        yield from _entry(whole, file, place, intake, seen, Neighbours())


def _bundle(
    bundle: Resource, file: SourceFile, place: str, intake: Intake, seen: Seen | None
) -> Iterator[Entry]:
    neighbours = Neighbours()
    parts = bundle.get("entry")
    if parts is not None and not isinstance(parts, list):
        problem = "the bundle's entry is no list: nothing of it was read; expected a list of entries"
        intake.note(file.name, place or "Bundle", "entry", _start(parts), problem)
    elif not objects(parts):
        intake.note(file.name, place or "Bundle", "entry", "", "the bundle holds no entry")
    held = list(enumerate(parts, start=1)) if isinstance(parts, list) else []
    for _, part in held:
        resource = part.get("resource") if isinstance(part, dict) else None
        if isinstance(resource, dict):
            url = text(part.get("fullUrl"))
            if url and not text(resource.get("id")):
                resource["id"] = re.split(r"[:/]", url)[-1]
            key = f"{text(resource.get('resourceType'))}/{text(resource.get('id'))}"
            neighbours.by_key[key] = resource
            if url:
                neighbours.key_of_url[url] = key
    for position, part in held:
        where = f"{place} entry {position}".strip()
        resource = part.get("resource") if isinstance(part, dict) else None
        if not isinstance(resource, dict):
            intake.note(file.name, where, "resource", _start(part), "the entry holds no resource")
        elif text((objects(part.get("request")) or [{}])[0].get("method")) == "DELETE":
            intake.note(file.name, where, "request", "DELETE", "the entry deletes its resource: not history")
        elif resource.get("resourceType") == "Bundle":
            yield from _bundle(resource, file, where, intake, seen)
        else:
            yield from _entry(resource, file, where, intake, seen, neighbours)


def _entry(
    resource: Resource,
    file: SourceFile,
    place: str,
    intake: Intake,
    seen: Seen | None,
    neighbours: Neighbours,
) -> Iterator[Entry]:
    kind, identity = text(resource.get("resourceType")), text(resource.get("id"))
    if not kind:
        intake.note(
            file.name, place, "resourceType", _start(resource), "no resourceType: not a FHIR resource"
        )
    elif seen is not None and seen.again(resource):
        intake.count(file.root, "resource", kind, "the same resource given again, read once")
    else:
        row = f"{kind}/{identity}" if identity else f"{kind} {place}".strip()
        yield Entry(resource, file.root, file.name, row, neighbours)


def _parsed(content: bytes) -> Any:
    return json.loads(content.decode("utf-8-sig"), parse_int=_whole)


def _whole(digits: str) -> int | float:
    """A whole number; one of too many digits becomes infinite, which the readers list as no number."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _cause(error: BaseException) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"column {error.colno}: {error.msg}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _start(value: object) -> str:
    """The beginning of what stands there, short enough for a list."""
    shown = value.decode("utf-8", "replace") if isinstance(value, bytes) else json.dumps(value)
    return shown.strip()[:80]
