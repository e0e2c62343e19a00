"""The words of an XTK expression: what may stand where an operand is due, what after.

The parser knows which of the two it wants, and that is what settles the characters
with two meanings:

``/``  begins an absolute path where an operand is due (``/tmp/@x``).  After a name it
       continues a path when a name, ``..`` or ``@name`` follows at once
       (``location/@city``); otherwise it divides.  An attribute ends its path, so
       ``@a/@b`` divides, and so does ``a/Year(@d)``: a name with a bracket is a call.
``-``  belongs to a name when a letter follows at once (``@folder-id``) unless that
       word is a call (``@a-Year(@d)``); with spaces, or before a digit, an ``@`` or a
       bracket, it subtracts.

Adobe asks for square brackets around a path with ``- : /`` (protocol.md §5.2), and
leaves them out in its own pages (``@broadLog-id`` and ``webTrackingLog/@amount`` in
"Indicator calculation"), hence these rules.  Inside square brackets every such
character belongs to the path.
"""

from __future__ import annotations

import re
from typing import Final

NAME: Final = r"[^\W\d]\w*"
_CALL_FOLLOWS = r"(?!\w|\s*\()"
_LOOSE = rf"{NAME}(?:-{NAME}{_CALL_FOLLOWS})*"
_STRICT = r"[^\W\d][\w.-]*(?::[^\W\d][\w.-]*)?"

OPERAND: Final = re.compile(
    rf"""\s*(?:
      (?P<number> (?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w@.]) )
    | (?P<string> '[^'\\]*(?:\\.[^'\\]*)*' | "[^"\\]*(?:\\.[^"\\]*)*" )
    | (?P<path>   @{_LOOSE}
                | /@{_LOOSE}
                | /?(?:\.\.|{_LOOSE})(?:/(?:\.\.|{_LOOSE}{_CALL_FOLLOWS}))*
                  (?:/@{_LOOSE})? )
    | (?P<bracket>\[[^\[\]]*\] )
    | (?P<param>  \$[a-zA-Z0-9]*\([^()]*\) )
    | (?P<moment> \#[^\#]{{0,64}}\# )
    | (?P<minus>  -(?!-) )
    | (?P<open>   \( )
    | (?P<placeholder> :{NAME} )
    )""",
    re.VERBOSE | re.DOTALL,
)
OPERATOR: Final = re.compile(
    r"\s*(?:(AND|OR|LIKE|IN|IS|NOT\s+LIKE|NOT\s+IN)(?!\w)"
    r"|==|<>|[<>!]\s*=|-(?!-)|/(?!\*)|[+*%=<>])",
    re.IGNORECASE,
)
XPATH: Final = re.compile(
    rf"/?(?:(?:\.\.|{_STRICT})(?:/(?:\.\.|{_STRICT}))*(?:/@{_STRICT})?|@{_STRICT})"
)
JOIN: Final = re.compile(rf"(?P<schema>{NAME}:{NAME}):(?:(?P<alias>(?:{NAME})?):)?")
"""``[schema:alias:xpath]``; the alias may be left out."""

OPEN: Final = re.compile(r"\s*\(")
NOT_NULL: Final = re.compile(r"\s*(NOT\s+)?NULL(?!\w)", re.IGNORECASE)

RESERVED: Final = frozenset(
    {"and", "or", "not", "in", "like", "is", "null", "true", "false", "rowid"}
)
"""Words that are no paths unless in square brackets."""

POWERS: Final = {
    "OR": 10, "AND": 20,
    "=": 40, "<>": 40, "<": 40, "<=": 40, ">": 40, ">=": 40, "LIKE": 40,
    "NOT LIKE": 40, "IN": 40, "NOT IN": 40, "IS": 40,
    "+": 50, "-": 50, "*": 60, "/": 60, "%": 60,
}  # fmt: skip
"""How tightly an operator binds; NOT stands between AND and the comparisons."""
NOT_POWER: Final = 30
COMPARISON: Final = 40
MINUS_POWER: Final = 70
SPELLINGS: Final = {"==": "=", "!=": "<>"}
STAR: Final = re.compile(r"\s*\*\s*\)")
SECONDS: Final = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,6})?")
PARAM_KINDS: Final = frozenset(
    {
        "", "string", "memo", "byte", "short", "long", "int64", "float", "double",
        "boolean", "date", "datetime", "timespan", "noescaping",
    }
)  # fmt: skip
"""Types a ``$type(path)`` may ask for; ``$(path)`` takes the value as it is."""
