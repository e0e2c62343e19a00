"""``session.nms.delivery.Prepare(…)``: the schemas' methods as Python attributes.

Nothing is asked of the server before the session is logged on.  Then Tab and ``?`` on
a schema read it, once, and Tab on a namespace reads the list of schemas.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

from ..errors import CampaignError
from ..schemas.catalog import Catalog
from ..schemas.describe import schema_text
from ..schemas.model import Method
from ..soap.arguments import signature
from .outputs import Form

Call = Callable[..., object]
"""``call(schema, method, *args, entity=None)``, as ``Session.call``."""


class Namespace:
    """The schemas of one namespace: ``session.nms``."""

    def __init__(self, name: str, catalog: Catalog, call: Call) -> None:
        self._name = name
        self._catalog = catalog
        self._call = call

    def __repr__(self) -> str:
        return f"<schemas of {self._name}>"

    def __getattr__(self, name: str) -> SchemaMethods:
        if name.startswith("_"):
            raise AttributeError(name)
        return SchemaMethods(f"{self._name}:{name}", self._catalog, self._call)

    def __dir__(self) -> Iterable[str]:
        """Return the names of the schemas; empty before the session is logged on."""
        parts = (s.id.partition(":") for s in self._catalog.offered())
        return sorted(name for space, _, name in parts if space == self._name)


class SchemaMethods:
    """The methods of one schema: ``session.nms.delivery``."""

    def __init__(self, schema: str, catalog: Catalog, call: Call) -> None:
        self._schema = schema
        self._catalog = catalog
        self._call = call

    def __repr__(self) -> str:
        return f"<methods of {self._schema}>"

    def __getattr__(self, name: str) -> BoundMethod:
        if name.startswith("_"):
            raise AttributeError(name)
        return BoundMethod(self._schema, name, self._known(), self._call)

    def __dir__(self) -> Iterable[str]:
        """Return the methods' names; empty before the session is logged on."""
        return sorted(m.name for m in self._known() if not m.hidden)

    def getdoc(self) -> str:
        """Return what IPython's ``?`` shows: the schema with its fields and methods."""
        self._known()
        schema = self._catalog.cached(self._schema)
        return repr(self) if schema is None else schema_text(schema)

    def _known(self) -> tuple[Method, ...]:
        if not self._catalog.opened:
            return ()
        try:
            return self._catalog.methods(self._schema)
        except CampaignError:
            return ()


class BoundMethod:
    """One method, ready to be called with its inputs and, if it wants, ``entity``."""

    def __init__(
        self, schema: str, name: str, known: Iterable[Method], call: Call
    ) -> None:
        self._schema = schema
        self._call = call
        self.__name__ = name
        self.__doc__ = f"{schema}#{name}"
        for method in known:
            if method.name == name:
                self.__doc__ = _document(method)
                self.__signature__ = _signature(method)

    def __repr__(self) -> str:
        return f"<method {self._schema}#{self.__name__}>"

    def __call__(
        self, *args: object, entity: object = None, output: Form = "value"
    ) -> object:
        """Call the method.  Returns and raises what ``Session.call`` does."""
        return self._call(
            self._schema, self.__name__, *args, entity=entity, output=output
        )


def _document(method: Method) -> str:
    """Return what ``?`` shows: signature, help, and what each parameter is."""
    kind = "static" if method.static else "needs entity="
    lines = [f"{signature(method)}   ({kind})", "", method.help]
    lines += [
        f"    {p.name}: {p.type}, {p.inout}. {p.description}".rstrip()
        for p in method.parameters
    ]
    return "\n".join(lines).strip()


def _signature(method: Method) -> inspect.Signature:
    names = [p.name for p in method.inputs if p.name.isidentifier()]
    inputs = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY)
        for name in dict.fromkeys(names)
    ]
    if not method.static:
        keyword = inspect.Parameter.KEYWORD_ONLY
        inputs.append(inspect.Parameter("entity", keyword, default=None))
    return inspect.Signature(inputs)
