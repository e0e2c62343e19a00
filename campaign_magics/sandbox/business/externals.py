"""Targets that come with the delivery: the lines of its ``<externalSource>``.

Adobe, "Business oriented APIs", SubmitDelivery: columns are those of the file format,
or the first line; ``addressField`` names the one with addresses.  Which separators are
known, and how recipients are recognised, is assumed.
"""

from __future__ import annotations

import csv
from typing import Final

from lxml import etree

from ...xtk.xml import child

_SEPARATORS: Final = ("|", ";", "\t", ",")
_USUAL: Final = ("email", "mobile", "mobilephone", "phone", "fax")
"""Columns with addresses when nothing says which."""


class BadSource(Exception):
    """The lines cannot be read; the text says why."""


def read_addresses(targets: etree._Element) -> list[str]:
    """Return the addresses of an external source, in its order, empty ones too.

    Raises BadSource without lines, or when no column holds addresses.
    """
    source = child(targets, "externalSource")
    text = "" if source is None else "".join(map(str, source.itertext()))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    columns = [str(e.get("name")) for e in targets.iter("dataSourceColumn")]
    first = lines[0] if lines else ""
    mark = max(_SEPARATORS, key=first.count)
    if not columns:
        columns, lines = first.split(mark), lines[1:]
    if not lines:
        raise BadSource("The external source of the target has no lines.")
    at = _address_column(columns, targets.get("addressField") or "")
    rows = csv.reader(lines, delimiter=mark)
    return [row[at].strip() if at < len(row) else "" for row in rows]


def _address_column(columns: list[str], wanted: str) -> int:
    names = [name.strip().lower() for name in columns]
    for name in (wanted.strip().lower(),) if wanted else _USUAL:
        if name in names:
            return names.index(name)
    shown = wanted or "email"
    raise BadSource(f"The external source has no column '{shown}' of addresses.")
