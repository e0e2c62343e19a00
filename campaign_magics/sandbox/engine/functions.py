"""Every function of protocol.md §11 that is a plain value of its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...xtk.types import STRING
from .functions_date import DATE_FUNCTIONS
from .functions_number import NUMBER_FUNCTIONS
from .functions_text import TEXT_FUNCTIONS, if_equals
from .rules import Rule, rule, yes_no
from .values import coalesce, if_empty, iif, no_null

_MIRROR: Final = "'http://localhost/nl/jsp/m.jsp?id=' || _1"

RULES: Final[Mapping[str, Rule]] = {
    **TEXT_FUNCTIONS,
    **DATE_FUNCTIONS,
    **NUMBER_FUNCTIONS,
    "coalesce": coalesce,
    "decode": if_equals,
    "getmirrorurl": rule("s", STRING, _MIRROR),
    "iif": iif,
    "isemptystring": if_empty,
    "nonull": no_null,
    # The sandbox's operator may do everything, and every package is there (assumed).
    "hasnamedright": yes_no("s", "_1 = _1"),
    "haspackage": yes_no("s", "_1 = _1"),
}
"""By name in lower case.  Aggregates, Case and windows are rules of their own."""
