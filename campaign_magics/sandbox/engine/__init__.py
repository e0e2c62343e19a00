"""The query engine: QueryDef × schemas → SQL → rows → XML (protocol.md §5, §10)."""

from .execute import build_sql, execute
from .select_all import select_all
from .sqlite_functions import SQLITE_FUNCTIONS
from .world import World

__all__ = ["SQLITE_FUNCTIONS", "World", "build_sql", "execute", "select_all"]
