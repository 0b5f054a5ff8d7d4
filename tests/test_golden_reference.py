"""The golden cases against the plain-Python reading of the rules (the command line runs the same files)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from reference import assess
from typed_rows import typed

GOLDEN = Path(__file__).parent / "golden"


def golden_cases() -> list[Any]:
    """Every case of every file, named by file and id."""
    return [
        pytest.param(case, id=f"{path.stem}-{case['id']}")
        for path in sorted(GOLDEN.glob("*.json"))
        for case in json.loads(path.read_text(encoding="utf-8"))
    ]


def plain(value: Any) -> Any:
    """Dates as text and intervals as lists, as JSON has them."""
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("case", golden_cases())
def test_golden_case(case: dict[str, Any]) -> None:
    (found,) = assess(typed(case["tables"]), date.fromisoformat(case["as_of"])).values()
    for part in ("verdict", "stage"):
        for name, expected in case["expect"].get(part, {}).items():
            got = {field: plain(found[part][name][field]) for field in expected}
            assert got == expected, f"{part} {name}: {case['note']}"
    for name, expected in case["expect"].get("band", {}).items():
        assert found["band"][name] == expected


def test_ids_are_unique() -> None:
    ids = [case.id for case in golden_cases()]
    assert len(ids) == len(set(ids))
