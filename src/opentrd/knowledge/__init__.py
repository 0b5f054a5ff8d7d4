"""The ground floor: clinical facts as CSV tables, each row with its source, and how they are loaded and checked."""

from opentrd.knowledge.checks import check
from opentrd.knowledge.loader import digest, load_into, search, table, tables

__all__ = ["check", "digest", "load_into", "search", "table", "tables"]
