"""Adobe Campaign v7/v8 in a notebook.

>>> import campaign_magics as cm
>>> session = cm.connect("sandbox")
>>> df = session.query('''<queryDef schema="nms:recipient" operation="select">
...   <select><node expr="@email"/></select></queryDef>''')

Names load when they are first used, so that ``%load_ext campaign_magics`` stays
under 100 ms.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .errors import CampaignError
    from .front import connect
    from .profiles import Profile
    from .query.model import QueryDef
    from .sandbox.process import Sandbox
    from .workbench import Session

__version__ = "0.1.0"

__all__ = [
    "CampaignError",
    "Profile",
    "QueryDef",
    "Sandbox",
    "Session",
    "connect",
    "load_ipython_extension",
    "unload_ipython_extension",
]

_HOMES = {
    "CampaignError": "errors",
    "Profile": "profiles",
    "QueryDef": "query.model",
    "Sandbox": "sandbox.process",
    "Session": "workbench",
    "connect": "front",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'campaign_magics' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext campaign_magics``: add the magics, print nothing."""
    from .magics import register

    register(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """``%unload_ext campaign_magics``: remove what was added, close the session."""
    from .magics import unregister

    unregister(shell)
