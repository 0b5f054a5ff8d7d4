"""What the name of a file beside others says: a record table, nearly one, or something that OpenTRD wrote itself."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path

from opentrd.record.schema import RAW_COLUMNS

SUFFIXES = (".csv", ".csv.gz", ".parquet")
NEARLY = 0.8  # how much of a name has to agree for a near miss (difflib's ratio)


def is_record_table(path: Path) -> bool:
    """Whether the file is named like a record table."""
    return path.is_file() and table_of(path) in RAW_COLUMNS


def is_record_folder(folder: Path) -> bool:
    """Whether the folder holds at least one file that is named like a record table."""
    return folder.is_dir() and any(table_of(path) in RAW_COLUMNS for path in folder.iterdir())


def near_miss(path: Path) -> str | None:
    """The record table that a file is probably meant to be, when its name is nearly that of one."""
    found = get_close_matches(table_of(path), RAW_COLUMNS, 1, NEARLY)
    return found[0] if found and found[0] != table_of(path) else None


def table_of(path: Path) -> str:
    """The table a file is named for, or '' when its ending is not one that is read."""
    name = path.name.lower()
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), "")


def is_own(path: Path) -> bool:
    """Whether OpenTRD itself wrote the file beside record tables: a synthesis, a conversion or an earlier run."""
    if path.name == "unconverted.csv" or (path.name == "truth" and path.is_dir()):
        return True
    try:
        run = json.loads(path.with_name("run.json").read_text(encoding="utf-8"))
        return "opentrd" in run and path.name in ("tables", "unread.csv", "run.json", *run["pages"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
