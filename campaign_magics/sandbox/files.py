"""Uploaded files: kept by their md5, in a folder or in memory, within bounds.

A file's name never becomes a path: on disk it is called by its digest alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
from pathlib import Path
from typing import Final

MAX_FILE_BYTES: Final = 32 * 1024 * 1024
MAX_TOTAL_BYTES: Final = 256 * 1024 * 1024
"""A sandbox is no file server."""

_MD5 = re.compile(r"[0-9a-f]{32}")

_EXTENSION = re.compile(r"\.\w{1,16}", re.ASCII)


def extension_of(file_name: str) -> str:
    """Return ``.png`` of ``logo.png``; nothing when it is not a plain word."""
    found = _EXTENSION.fullmatch(Path(file_name).suffix)
    return found[0] if found else ""


class NoRoom(Exception):
    """The file, or all files together, would be larger than allowed."""


class Files:
    """Files by md5; thread-safe.  ``folder`` None keeps them in memory."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        max_file: int = MAX_FILE_BYTES,
        max_total: int = MAX_TOTAL_BYTES,
    ) -> None:
        self._folder = folder
        self._max_file = max_file
        self._max_total = max_total
        self._lock = threading.Lock()
        self._held: dict[str, bytes] = {}
        self._sizes: dict[str, int] = {}
        if folder is not None and folder.is_dir():
            found = (path for path in folder.iterdir() if _MD5.fullmatch(path.name))
            self._sizes = {path.name: path.stat().st_size for path in found}

    def put(self, data: bytes) -> str:
        """Keep a file and return its md5.  Raises NoRoom."""
        # MD5 names files in Campaign's protocol; nothing is secured by it.
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        with self._lock:
            if md5 in self._sizes:
                return md5
            total = sum(self._sizes.values()) + len(data)
            if len(data) > self._max_file or total > self._max_total:
                raise NoRoom
            self._write(md5, data)
            self._sizes[md5] = len(data)
        return md5

    def get(self, md5: str) -> bytes | None:
        """Return a file, None when there is none of that md5."""
        name = md5.lower()
        if not _MD5.fullmatch(name):
            return None
        with self._lock:
            if name not in self._sizes:
                return None
            if self._folder is None:
                return self._held[name]
            return (self._folder / name).read_bytes()

    def _write(self, md5: str, data: bytes) -> None:
        """Store a file whole or not at all, whenever the power goes."""
        if self._folder is None:
            self._held[md5] = data
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(self._folder / md5)
