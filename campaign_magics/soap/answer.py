"""What came back from one call."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from ..errors import BadAnswer
from ..schemas.model import Method
from ..xtk.xml import XmlError, child, children, local_name, parse_xml
from .arguments import from_wire
from .documents import without_namespaces
from .exchange import Exchange


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer: its bytes, and its outputs once somebody asks for them.

    ``raw`` is the whole envelope; ``exchange`` tells what the call cost.
    """

    method: Method
    raw: bytes = field(repr=False)
    exchange: Exchange

    @cached_property
    def outputs(self) -> tuple[object, ...]:
        """The declared outputs as Python values, in order."""
        return from_wire(self.method, [e for e in self._parts if not _is_entity(e)])

    @cached_property
    def entity(self) -> etree._Element | None:
        """The object a method that is not static hands back, changed, or None."""
        found = next(filter(_is_entity, self._parts), None)
        inner = None if found is None else next(children(found), None)
        return None if inner is None else without_namespaces(inner)

    @property
    def value(self) -> object:
        """The one output, a tuple of several, else the entity or None."""
        if not self.method.outputs:
            return None if self.method.static else self.entity
        return self.outputs[0] if len(self.outputs) == 1 else self.outputs

    @cached_property
    def _parts(self) -> list[etree._Element]:
        try:
            body = child(parse_xml(self.raw), "Body")
        except XmlError as error:
            raise BadAnswer(
                f"The answer is malformed: {error}.",
                hint="try again; if it goes on, look for a proxy that alters answers",
            ) from error
        response = None if body is None else next(children(body), None)
        if response is None:
            raise BadAnswer("The answer has no body.", hint="try again")
        return list(children(response))


def _is_entity(element: etree._Element) -> bool:
    """A changed object comes first, as ``entity`` or ``this`` (protocol.md §2.2)."""
    return local_name(element) in {"entity", "this"}
