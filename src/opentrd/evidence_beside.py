"""The page of all known studies that stands beside patient pages. It rests on the package alone, so it is made once and kept."""

from __future__ import annotations

import json
import tempfile
from importlib.metadata import version
from pathlib import Path

import opentrd
from opentrd import cache

_PACKAGE = Path(__file__).parent
_MADE_FROM = ("knowledge", "evidence", "report")
_ENDINGS = (".py", ".csv", ".j2", ".css", ".sql")
_MADE_WITH = ("altair", "jinja2", "numpy", "scipy", "vl-convert-python")


def write(folder: Path) -> dict[str, str]:
    """Write the page and its tables into the folder; return the address of each study, relative to the folder's parent."""
    made = json.loads(cache.kept("evidence", _digest(), _make))
    for name, text in made["files"].items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    return {study: f"{folder.name}/{address}" for study, address in made["studies"].items()}


def _digest() -> str:
    files = [path for name in _MADE_FROM for path in (_PACKAGE / name).rglob("*") if path.suffix in _ENDINGS]
    tools = [f"{name} {version(name)}" for name in _MADE_WITH]
    return cache.digest_of([*files, *_PACKAGE.glob("evidence*.py")], opentrd.__version__, *tools)


def _make() -> bytes:
    from opentrd import knowledge
    from opentrd.evidence_known import ALL, topic
    from opentrd.report import evidence_known

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        page = evidence_known.write(folder, topic(ALL)).name
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes().decode()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    studies = [row["study"] for row in knowledge.table("study").to_pylist()]
    addresses = {study: f"{page}#{evidence_known.anchor(study)}" for study in studies}
    return json.dumps({"files": files, "studies": addresses}).encode()
