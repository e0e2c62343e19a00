"""How the machinery says no; the services make it a fault."""

from __future__ import annotations


class Impossible(Exception):
    """What was asked cannot be done as things stand; the text says why."""
