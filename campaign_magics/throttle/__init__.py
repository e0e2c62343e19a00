"""One budget of calls a second per instance, shared by threads and kernels."""

from .budget import Budget, Turn, WaitCancelled
from .limits import Limits
from .places import budget_path, open_store
from .redis import RedisStore
from .redis_client import StoreFailed
from .safe import BudgetNotShared
from .sqlite import SQLiteStore
from .store import MemoryStore, Store
from .usage import ApiUsage, Snapshot, Usage

__all__ = [
    "ApiUsage",
    "Budget",
    "BudgetNotShared",
    "Limits",
    "MemoryStore",
    "RedisStore",
    "SQLiteStore",
    "Snapshot",
    "Store",
    "StoreFailed",
    "Turn",
    "Usage",
    "WaitCancelled",
    "budget_path",
    "open_store",
]
