"""The 67 official test patients of CMS159 (remission at twelve months): every expected result, from our ratings."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

import opentrd
from cms159 import Rating, populations
from opentrd import knowledge
from opentrd.engines import duckdb as embedded
from test_measures_official import steps_for

DECK = Path(__file__).parents[1].parent / "shared" / "data" / "ecqm-depression-fhir"
ARCHIVE = DECK / "CMS159_remission12m_2025_67cases.tar.gz"

pytestmark = pytest.mark.skipif(
    not ARCHIVE.is_file(), reason="the official test patients are not beside the checkout"
)


def test_every_case_has_its_expected_result(tmp_path: Path) -> None:
    cases: dict[str, list[dict[str, Any]]] = {}
    expected: dict[str, dict[str, int]] = {}
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            resource, case = json.load(content), Path(member.name).parent.name
            if resource["resourceType"] == "MeasureReport":
                expected[case] = {
                    one["code"]["coding"][0]["code"]: one["count"]
                    for one in resource["group"][0]["population"]
                }
            elif resource["resourceType"] != "Bundle":  # the bundle repeats the resources beside it
                cases.setdefault(case, []).append(resource)
                (tmp_path / f"{case}-{Path(member.name).name}").write_text(
                    json.dumps(resource), encoding="utf-8"
                )
    record = opentrd.read(tmp_path)
    knowledge.load_into(record.connection)
    embedded.run(record.connection, steps_for("rating"))
    rows = record.connection.execute(
        "SELECT person_id, date_low, low FROM assess.rating WHERE measure = 'PHQ-9' AND complete AND date_low = date_high"
    ).fetchall()
    found: dict[str, dict[str, int]] = {}
    for case, resources in cases.items():
        (person,) = [one["id"] for one in resources if one["resourceType"] == "Patient"]
        ratings = [Rating(day, total) for owner, day, total in rows if owner.endswith(person)]
        found[case] = populations(resources, ratings)
    assert len(found) == 67
    assert {case: found[case] for case in found if found[case] != expected[case]} == {}
    assert sum(one["numerator"] for one in found.values()) == 12
