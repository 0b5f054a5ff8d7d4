"""The ground floor: clinical facts as CSV tables, each row with its source; loading and checking them."""

from pathlib import Path

from opentrd.knowledge.loader import TABLES, assessment_tables, digest, load_into, search, table, tables

__all__ = ["TABLES", "assessment_tables", "check", "digest", "load_into", "search", "table", "tables"]


def check(folder: Path = TABLES) -> list[str]:
    """Everything that is wrong with the tables in ``folder``, one sentence each; empty when nothing is.

    See ``opentrd.knowledge.checks``. It is imported on call, so that loading the facts does not wait for it.
    """
    from opentrd.knowledge.checks import check as run

    return run(folder)
