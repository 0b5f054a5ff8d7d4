"""One resource while it is read, and the intake that takes what it gave into the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from opentrd.knowledge.arrays import text_table
from opentrd.record.fhir.codes import Codes
from opentrd.record.fhir.elements import Resource, first, objects, reference_key, text
from opentrd.record.raw import append_rows

_BATCH = 10_000
_LISTED_CODES = 1_000  # more notes on unknown codes than this are counted per code instead of listed
_DATE_COLUMN = {
    "condition": "start_date",
    "exposure": "start_date",
    "procedure": "date",
    "measurement": "date",
}


@dataclass
class Neighbours:
    """The resources of the same bundle: by full URL, and by 'Type/id'."""

    key_of_url: dict[str, str] = field(default_factory=dict)
    by_key: dict[str, Resource] = field(default_factory=dict)


@dataclass
class Entry:
    """One resource with where it came from; readers add rows and notes to it."""

    resource: Resource
    root: str
    source: str
    row: str
    neighbours: Neighbours
    rows: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    unknown_codes: list[tuple[str, str]] = field(default_factory=list)
    onset_age: str | None = None
    contained_person: tuple[Resource, str] | None = None

    @property
    def kind(self) -> str:
        """The resource type."""
        return text(self.resource.get("resourceType"))

    @property
    def key(self) -> str | None:
        """'Type/id'; None for a resource without an id (the normaliser then makes one)."""
        identity = text(self.resource.get("id"))
        return f"{self.kind}/{identity}" if identity else None

    def add(self, table: str, columns: dict[str, str | None]) -> None:
        """Add a row to ``raw.<table>``."""
        self.rows.append((table, {**columns, "source": self.source, "source_row": self.row}))

    def note(self, field_name: str, value: str, reason: str) -> None:
        """Note what of this resource was not understood, or how it was read."""
        self.notes.append((field_name, value, reason))

    def note_code(self, value: str, kind: str) -> None:
        """Note that the knowledge has no such code; these may be many and are then counted."""
        self.unknown_codes.append((value, f"no {kind} of OpenTRD has this code"))

    def resolve(self, reference: object, default_type: str) -> str:
        """'Type/id' that a reference points to: in the bundle by its URL, else as written."""
        written = text(first(reference).get("reference"))
        if written in self.neighbours.key_of_url:
            return self.neighbours.key_of_url[written]
        if written.startswith("urn:"):
            return f"{default_type}/{written.rsplit(':', 1)[-1]}"
        return reference_key(reference)

    def contained(self, reference: object) -> Resource | None:
        """The contained resource that '#id' names."""
        written = text(first(reference).get("reference"))
        if not written.startswith("#"):
            return None
        inside = objects(self.resource.get("contained"))
        return next((item for item in inside if text(item.get("id")) == written[1:]), None)

    def person(self, element: str) -> str | None:
        """The person that ``subject`` or ``patient`` names; None, with a note, if there is none."""
        reference = self.resource.get(element)
        inside = self.contained(reference)
        if inside is not None and inside.get("resourceType") == "Patient":
            # Ids of contained resources are only unique inside their resource.
            identifier = text(first(inside.get("identifier")).get("value"))
            person_id = identifier or f"{self.row}#{text(inside.get('id'))}"
            self.contained_person = (inside, person_id)
            return person_id
        kind, _, identity = self.resolve(reference, "Patient").partition("/")
        if kind == "Patient" and identity:
            return identity
        given = first(reference)
        value = text(given.get("reference")) or text(first(given.get("identifier")).get("value"))
        self.note(element, value, "no reference to a Patient: a row needs a person, not used")
        return None


class Intake:
    """Takes entries into the raw tables in batches, so that a large export needs little memory."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, codes: Codes) -> None:
        self.connection = connection
        self.codes = codes
        # 'Medication/id' or a full URL -> the Medication; None when two different ones share the key.
        self.medications: dict[str, Resource | None] = {}
        self._rows: dict[str, list[dict[str, str | None]]] = {}
        self._notes: list[tuple[str, str, str, str, str]] = []
        self._codes_listed: list[tuple[str, str, str, str]] = []
        self._codes_counted: Counter[tuple[str, str, str]] = Counter()
        self._counted: Counter[tuple[str, str, str, str]] = Counter()
        self._encounters: list[tuple[str, str]] = []
        self._dateless: list[tuple[str, str, str, str]] = []
        self._onset_ages: list[tuple[str, str, str, str]] = []
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE fhir_encounter (key VARCHAR, day VARCHAR);"
            "CREATE OR REPLACE TEMP TABLE fhir_dateless"
            " (table_name VARCHAR, source VARCHAR, source_row VARCHAR, encounter VARCHAR);"
            "CREATE OR REPLACE TEMP TABLE fhir_onset_age"
            " (source VARCHAR, source_row VARCHAR, person_id VARCHAR, years VARCHAR)"
        )

    def accept(self, entry: Entry) -> None:
        """Take what the reader of one resource added to its entry."""
        for table, columns in entry.rows:
            date_column = _DATE_COLUMN.get(table)
            if date_column and not columns.get(date_column):
                visit = entry.resource.get("encounter") or entry.resource.get("context")
                encounter = entry.resolve(visit, "Encounter")
                if encounter:
                    self._dateless.append((table, entry.source, entry.row, encounter))
            if table == "condition" and entry.onset_age:
                person = columns.get("person_id") or ""
                self._onset_ages.append((entry.source, entry.row, person, entry.onset_age))
            waiting = self._rows.setdefault(table, [])
            waiting.append(columns)
            if len(waiting) >= _BATCH:
                self._flush_rows(table)
        for note in dict.fromkeys(entry.notes):
            self.note(entry.source, entry.row, *note)
        for value, reason in entry.unknown_codes:
            self._take_code(entry, value, reason)
        if len(self._encounters) + len(self._dateless) + len(self._onset_ages) >= _BATCH:
            self._flush_late()

    def encounter(self, key: str, day: str) -> None:
        """Keep the day of an encounter, for resources that have no date of their own."""
        self._encounters.append((key, day))

    def note(self, source: str, row: str, field_name: str, value: str, reason: str) -> None:
        """Note one thing that was not understood."""
        self._notes.append((source, row, field_name, value, reason))
        if len(self._notes) >= _BATCH:
            self._flush_notes()

    def count(self, source: str, field_name: str, value: str, reason: str) -> None:
        """Count what is told in one line for the whole source."""
        self._counted[source, field_name, value, reason] += 1

    def finish(self) -> None:
        """Write what still waits: rows, dates that come from elsewhere, notes and counts."""
        for table in list(self._rows):
            self._flush_rows(table)
        self._flush_late()
        self.connection.execute((Path(__file__).parent / "late_dates.sql").read_text(encoding="utf-8"))
        for source, row, value, reason in self._codes_listed:
            self.note(source, row, "code", value, reason)
        for (source, value, reason), times in sorted(self._codes_counted.items()):
            self.note(source, "", "code", value, f"{reason}: {times} resources")
        for (source, field_name, value, reason), times in sorted(self._counted.items()):
            self.note(source, "", field_name, value, f"{reason}: {times} resources")
        self._flush_notes()

    def _take_code(self, entry: Entry, value: str, reason: str) -> None:
        if not self._codes_counted:
            self._codes_listed.append((entry.source, entry.row, value, reason))
            if len(self._codes_listed) > _LISTED_CODES:
                for _, _, listed, why in self._codes_listed:
                    self._codes_counted[entry.root, listed, why] += 1
                self._codes_listed.clear()
        else:
            self._codes_counted[entry.root, value, reason] += 1

    def _flush_rows(self, table: str) -> None:
        append_rows(self.connection, table, self._rows[table])
        self._rows[table] = []

    def _flush_notes(self) -> None:
        self._insert("record.unread", self._notes, ("source", "row", "field", "value", "reason"))
        self._notes.clear()

    def _flush_late(self) -> None:
        self._insert("fhir_encounter", self._encounters, ("key", "day"))
        self._insert("fhir_dateless", self._dateless, ("table_name", "source", "source_row", "encounter"))
        self._insert("fhir_onset_age", self._onset_ages, ("source", "source_row", "person_id", "years"))
        self._encounters.clear()
        self._dateless.clear()
        self._onset_ages.clear()

    def _insert(self, table: str, rows: Sequence[tuple[str, ...]], columns: tuple[str, ...]) -> None:
        if not rows:
            return
        batch = {name: [row[i] for row in rows] for i, name in enumerate(columns)}
        self.connection.register("fhir_batch", text_table(batch))
        self.connection.execute(f"INSERT INTO {table} SELECT * FROM fhir_batch")
        self.connection.unregister("fhir_batch")
