"""The FHIR reader: forms of files, broken input, and the accounting over the shared example data."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from opentrd.record.fhir import is_fhir, load_fhir
from opentrd.record.raw import InputError, connect
from test_fhir import MONTH, condition, dosage, observation, read, reasons, request, rows

SHARED = Path(__file__).parents[1].parent / "shared" / "data"


def test_ndjson_with_a_broken_line_and_late_medication(tmp_path: Path) -> None:
    bare = {name: value for name, value in request().items() if name != "medicationCodeableConcept"}
    lines = [
        json.dumps({**bare, "medicationReference": {"reference": "Medication/z"}}),
        '{"resourceType": "Pat',
    ]
    (tmp_path / "a.ndjson").write_text("\n".join([*lines, "", '{"no": 1}']))
    late = {"resourceType": "Medication", "id": "z", "code": {"text": "mirtazapine 15 MG"}}
    with gzip.open(tmp_path / "z.ndjson.gz", "wt") as file:
        file.write(json.dumps(late))
    assert is_fhir(tmp_path)
    found = connect()
    load_fhir(found, [tmp_path])
    assert rows(found, "exposure", "agent", "daily_dose_mg", "source") == [("mirtazapine", "15", "a.ndjson")]
    assert "a.ndjson | line 2 | line" in reasons(found) and "line 4 | resourceType" in reasons(found)
    assert {row[0] for row in found.execute("FROM raw.kept").fetchall()} >= {
        "exposure",
        "genotype",
        "condition",
    }


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.json", b'{"resourceType": ', "not JSON: line 1, column 18"),
        ("a.json", b"", "not JSON"),
        ("a.json", b"\xff\xfe\x00", "cannot be read as JSON text"),
        ("a.json", b'{"a": 1}', "no resourceType"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.json.gz", b"no gzip", "cannot be read"),
        ("a.ndjson", b"x\ny", "line 1: not JSON"),
        ("a.xml", b'<Condition xmlns="http://hl7.org/fhir"/>', "XML is not read; convert to JSON"),
        ("a.zip", b"PK", "expected .json or .ndjson"),
    ],
)
def test_an_only_file_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match="FHIR") as problem:
        load_fhir(connect(), [tmp_path / name])
    assert name in str(problem.value) and told in str(problem.value)


def test_one_unreadable_file_among_others_is_listed(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    read(tmp_path, condition())
    found = connect()
    load_fhir(found, [tmp_path])
    assert len(rows(found, "condition", "condition")) == 1
    assert "bad.json" in reasons(found)


def test_the_same_resource_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "alone.json").write_text(json.dumps(condition()))
    read(tmp_path, condition())
    found = connect()
    load_fhir(found, [tmp_path])
    assert len(rows(found, "condition", "condition")) == 1
    assert "the same resource given again, read once: 1 resources" in reasons(found)


def test_many_unknown_codes_are_counted_per_code(tmp_path: Path) -> None:
    many = [condition(id=f"c{n}", code={"text": f"rare {n % 2}"}) for n in range(1_002)]
    query = 'SELECT "row", value, reason FROM record.unread ORDER BY ALL'
    assert read(tmp_path, *many).execute(query).fetchall() == [
        ("", f"rare {n}", "no condition of OpenTRD has this code: 501 resources") for n in (0, 1)
    ]


def test_text_that_no_database_stores(tmp_path: Path) -> None:
    found = read(tmp_path, condition(code={"text": "half \ud800 pair"}))
    assert "half ? pair" in reasons(found)


def test_other_files_are_not_fhir(tmp_path: Path) -> None:
    (tmp_path / "person.csv").write_text("person_id")
    (tmp_path / "run.json").write_text('{"version": 1}')
    assert not is_fhir(tmp_path) and not is_fhir(tmp_path / "person.csv")


def test_wrong_forms_never_break_the_reading(tmp_path: Path) -> None:
    """Every element of every resource replaced by other JSON: no error, and each resource accounted for."""
    whole = [
        request(dosageInstruction=[dosage(50)], dispenseRequest=MONTH),
        condition(),
        observation(valueInteger=1),
    ]
    odd = [None, "x", 7, [], {}, [[1]], {"coding": "x"}, {"reference": 3}, [{"coding": [None]}], -1e308]
    broken = [{**r, "id": f"{n}-{i}-{name}", name: value} for n, r in enumerate(whole)
              for name in r if name not in ("resourceType", "id") for i, value in enumerate(odd)]  # fmt: skip
    found = read(tmp_path, *broken)
    assert accounted(found) >= {f"{r['resourceType']}/{r['id']}" for r in broken}


def accounted(found: duckdb.DuckDBPyConnection) -> set[str]:
    tables = ("person", "exposure", "procedure", "condition", "measurement")
    parts = [f"SELECT source_row FROM raw.{table}" for table in tables]
    query = " UNION ".join([*parts, 'SELECT "row" FROM record.unread'])
    return {row[0] for row in found.execute(query).fetchall()}


@pytest.mark.parametrize("deck", ["fhir-examples", "ecqm-depression-fhir"])
def test_nothing_of_the_shared_data_is_lost(tmp_path: Path, deck: str) -> None:
    folder = SHARED / deck
    if not folder.is_dir():
        pytest.skip(f"the shared example data ({deck}) is not beside the repository")
    for archive in folder.glob("*.tar.gz"):
        with tarfile.open(archive) as packed:
            packed.extractall(tmp_path, filter="data")
    folder = tmp_path if any(tmp_path.iterdir()) else folder
    given: Counter[str] = Counter()
    for path in [*folder.rglob("*.json"), *folder.rglob("*.json.gz")]:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        whole = json.loads(content)
        for r in [e["resource"] for e in whole["entry"]] if whole["resourceType"] == "Bundle" else [whole]:
            given[f"{r['resourceType']}/{r['id']}"] += 1
    found = connect()
    load_fhir(found, [folder])
    counted = found.execute("SELECT value, reason FROM record.unread WHERE field = 'resourceType'").fetchall()
    again = found.execute(
        "SELECT value, reason FROM record.unread WHERE field = 'resource' AND row = ''"
    ).fetchall()
    kinds = {kind for kind, _ in counted}
    total = sum(int(reason.split()[-2]) for _, reason in [*counted, *again])
    listed = {key for key in given if key.split("/")[0] not in kinds}
    assert listed <= accounted(found)
    assert total + len(listed) == sum(given.values())


def test_a_json_file_too_large_for_memory_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opentrd.record.fhir.sources.MOST_JSON_BYTES", 100)
    file = tmp_path / "bundle.json"
    file.write_text(
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{}] * 50}), encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"bundle\.json: larger than .* write it as NDJSON"):
        load_fhir(connect(), [file])
