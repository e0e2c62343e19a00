"""The tracked links of a delivery: those of its content, opt-out and mirror page."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from ..stores.world import World
from . import counts
from .records import Table, moment

_LINK: Final = re.compile(r"""href\s*=\s*["'](https?://[^"'\s<>]{1,2000})["']""", re.I)
_MOST: Final = 50


def write(world: World, delivery: int, document: etree._Element, when: float) -> None:
    """Store the URLs that recipients of a delivery may click."""
    found = [
        *(
            (f"Link {n}", url, counts.CLICK)
            for n, url in enumerate(_links(document), 1)
        ),
        ("Opt-out", f"{_page(delivery)}?page=optOut", counts.OPT_OUT),
        ("Mirror page", f"{_page(delivery)}?page=mirror", counts.MIRROR),
    ]
    table = Table(world, counts.TRACKED_URL)
    ids = list(table.number(len(found)))
    values = {
        "@id": ids,
        "@label": [label for label, _, _ in found],
        "@type": [kind for _, _, kind in found],
        "@tagId": [f"tag{key}" for key in ids],
        "@created": moment(when),
        "@lastModified": moment(when),
        "sourceURL": [url for _, url, _ in found],
        "@delivery-id": delivery,
    }
    table.insert(values, len(found))
    table.copy_to_cloud({"@delivery-id": delivery})


def _links(document: etree._Element) -> list[str]:
    """Return the links in a content; one of its own for a delivery without any."""
    content = document.find("content")
    text = "" if content is None else "".join(map(str, content.itertext()))
    return list(dict.fromkeys(_LINK.findall(text)))[:_MOST] or [
        "https://www.example.com/"
    ]


def _page(delivery: int) -> str:
    return f"https://www.example.com/d/{delivery}"
