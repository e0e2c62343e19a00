"""The magics: they parse, call and show; all work is done below."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell

from .campaign import CampaignMagics


def register(shell: InteractiveShell) -> None:
    """Add the magics to ``shell``, once however often the extension is loaded."""
    if _registered(shell) is None:
        shell.register_magics(CampaignMagics(shell))  # Magics adds itself to %config


def unregister(shell: InteractiveShell) -> None:
    """Remove what ``register`` added and close the session."""
    magics = _registered(shell)
    if magics is None:
        return
    magics.close()
    shell.configurables.remove(magics)
    for kind, names in magics.magics.items():
        for name in names:
            shell.magics_manager.magics[kind].pop(name, None)


def _registered(shell: InteractiveShell) -> CampaignMagics | None:
    return next((c for c in shell.configurables if isinstance(c, CampaignMagics)), None)
