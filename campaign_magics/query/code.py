"""A query as other programs write it: what ``--show-code`` prints.

The queryDef document, the JSON of Adobe's JavaScript SDK ("SimpleJson": attributes are
scalars, elements are objects, repeated ones are lists), and a Python script.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from .model import QueryDef
from .to_xml import to_text, to_xml

_LISTS: Final = frozenset({"node", "condition"})
"""Elements that may be repeated: lists, also where there is only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One query in three languages, each a text to paste."""

    xml: str
    json: str
    python: str

    def __str__(self) -> str:
        parts = (
            ("queryDef XML", self.xml),
            ("JSON of the JavaScript SDK", self.json),
            ("Python", self.python),
        )
        return "\n\n".join(f"# {title}\n{text.strip()}" for title, text in parts)


def to_code(query: QueryDef, *, profile: str = "sandbox") -> Code:
    """Write a query; parameters must be filled in.

    ``profile`` is what the script connects to.
    """
    shown = to_text(query).replace(' boolOperator="AND"', "").strip()
    return Code(
        xml=shown,
        json=json.dumps(to_dict(query), indent=2, ensure_ascii=False),
        python=_python(shown, query, profile),
    )


def to_dict(query: QueryDef) -> dict[str, Any]:
    """Return the mapping that ``from_dict`` and the JavaScript SDK read."""
    root = to_xml(query)
    return {key: value for key, value in _mapping(root).items() if key != "xtkschema"}


def _mapping(element: etree._Element) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in element.attrib.items():
        if (str(name), str(value)) != ("boolOperator", "AND"):  # the default
            made[str(name)] = _scalar(str(name), str(value))
    for child in element:
        tag = str(child.tag)
        if tag in _LISTS:
            made.setdefault(tag, []).append(_mapping(child))
        else:
            made[tag] = _mapping(child)
    return made


def _scalar(name: str, text: str) -> str | int | bool:
    """Return numbers and booleans as such; an expression stays text, ``true`` too."""
    if name in ("lineCount", "startLine"):
        return int(text)
    if name in ("expr", "alias", "label", "enabledIf") or text != "true":
        return text
    return True


def _python(xml: str, query: QueryDef, profile: str) -> str:
    """Return a script; the document stands in a raw text, as it is."""
    quotes = '"""' if '"""' not in xml else "'''"
    text = f"r{quotes}\n{xml}\n{quotes}" if quotes not in xml else repr(xml)
    call = "count" if query.operation == "count" else "query"
    name = "n" if call == "count" else "df"
    return (
        "import campaign_magics as cm\n\n"
        f"with cm.connect({profile!r}) as session:\n"
        f"    {name} = session.{call}({text})\n"
    )
