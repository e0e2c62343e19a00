"""A sign without digits, which the fast parser reads as the whole number 0."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

import numpy as np

from .guards import Declined

_CHUNK: Final = 1 << 20  # what is looked at several times stays in the cache
_LOOK_BACK: Final = 512
_BEFORE = re.compile(
    rb"""(?:([^\s<>"'=/]+)\s*=\s*["']|<([^\s<>"'=/]+)(?:\s[^<>]*)?>)\s*\Z"""
)
_AFTER = re.compile(rb"""\s*["'<]""")
_BESIDE = np.zeros(256, dtype=bool)
_BESIDE[list(b"\"'<> \t\n\r")] = True


def check_signs(data: bytes, names: Collection[str]) -> None:
    """Decline a lone ``-`` or ``+`` as the value of one of these names.

    ``names`` are those of attributes, without ``@``, and of elements.
    """
    if not names:
        return
    wanted = {name.encode() for name in names}
    for at in _lone_signs(data):
        before = _BEFORE.search(data, max(0, at - _LOOK_BACK), at)
        name = before and (before[1] or before[2])
        if name in wanted and _AFTER.match(data, at + 1):
            raise Declined("a whole number is a sign without digits")


def _lone_signs(data: bytes) -> Iterator[int]:
    """Yield the places of signs with no letter or digit beside them."""
    view = np.frombuffer(data, dtype=np.uint8)
    for start in range(1, len(view) - 1, _CHUNK):
        here = view[start : min(start + _CHUNK, len(view) - 1)]
        signs = np.flatnonzero((here == ord("-")) | (here == ord("+"))) + start
        alone = _BESIDE[view[signs - 1]] & _BESIDE[view[signs + 1]]
        yield from signs[alone].tolist()
