"""The sandbox's data: standard schemas as files, and seeded rows."""

from __future__ import annotations

from importlib.resources import files


def standard_sources() -> dict[str, bytes]:
    """Return the standard source schemas, XML by full name (``nms:recipient``).

    A file ``nms_recipient.xml`` holds the srcSchema of ``nms:recipient``.
    """
    folder = files(__package__) / "schemas"
    found = sorted(folder.iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(".xml").replace("_", ":", 1): file.read_bytes()
        for file in found
        if file.name.endswith(".xml")
    }
