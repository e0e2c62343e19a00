"""One budget of calls a second per instance, shared by threads and kernels."""

from .budget import Budget, Turn, WaitCancelled
from .limits import Limits
from .places import BudgetNotShared, budget_path, open_store
from .sqlite import SQLiteStore
from .store import MemoryStore, Store
from .usage import ApiUsage, Snapshot, Usage

__all__ = [
    "ApiUsage",
    "Budget",
    "BudgetNotShared",
    "Limits",
    "MemoryStore",
    "SQLiteStore",
    "Snapshot",
    "Store",
    "Turn",
    "Usage",
    "WaitCancelled",
    "budget_path",
    "open_store",
]
