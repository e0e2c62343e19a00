"""``session.subscription``: who is subscribed to which service, and since when."""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from ..errors import InvalidOption
from ..query.model import OrderNode, QueryDef, SelectNode
from ..session import Connection
from ..session.consent import require_consent
from ..session.progress import Watch
from .enrolling import Enrolling
from .enrolment import Enrolment, Ledger
from .known import unknown_rows
from .order import Order, cut_short
from .people import RECIPIENT, Names, Person, read_people
from .records import Kind, find, query_of

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = "nms:subscription"
_SERVICE: Final = Kind(
    schema="nms:service",
    noun="service",
    columns={"id": "@id", "name": "@name", "label": "@label"},
    name="@name",
)
_SERVICES: Final = {
    "name": "@name",
    "label": "@label",
    "channel": "@messageType",
    "mode": "@mode",
    "folder": "[folder/@label]",
}
_SUBSCRIBERS: Final = {
    "email": "[recipient/@email]",
    "firstName": "[recipient/@firstName]",
    "lastName": "[recipient/@lastName]",
    "created": "@created",
    "expires": "@expirationDate",
    "recipient_id": "[@recipient-id]",
}
_EVENTS: Final = {
    "date": "@date",
    "action": "@action",
    "service": "[service/@name]",
    "email": "[recipient/@email]",
    "recipient_id": "[@recipient-id]",
    "origin": "@origin",
}
_COUNTS: Final = QueryDef(
    schema=SCHEMA,
    select=(
        SelectNode(expr="[service/@name]", group_by=True),
        SelectNode(expr="Count([@recipient-id])", alias="@subscribers"),
    ),
)
_BY_DATE: Final = (OrderNode(expr="@date", desc=True), OrderNode(expr="@id", desc=True))


class Subscriptions:
    """The information services of an instance and who is subscribed to them.

    ``last`` is what became of the rows of the last call, also when it was cut short;
    ``met`` are the names of services seen so far.
    Whatever changes something wants ``yes=`` with the profile's name on a production
    instance.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.last: Enrolment | None = None
        self.met: set[str] = set()

    def __repr__(self) -> str:
        return f"<subscriptions of {self._connection.profile.name}>"

    def subscribe(
        self,
        recipients: object,
        service: Names,
        key: Names = "@email",
        *,
        create: bool = False,
        profile: Names = (),
        yes: str | None = None,
        progress: Watch | None = None,
    ) -> Enrolment:
        """Subscribe recipients to a service, one call each (Subscribe).

        ``recipients`` are rows (DataFrame, list of dicts, one dict) with the columns
        of ``key``, by which each is found, or a list of e-mail addresses; ``service``
        is an internal name, several by comma, or a list.  ``create`` makes those who
        are not found.  Of the other columns only those of ``profile`` are sent and
        written (``"all"``: every one that is a recipient's own).

        A row that is refused is named with its reason, the rest goes on.  Raises
        UnknownName for a service or a column, InvalidOption without consent or key
        column; AccessDenied and network errors end it, and so does an interrupt: the
        rows so far are in ``last``.
        """
        names = tuple(map(self._service, _split(service)))
        order = Order(services=names, key=key, create=create, profile=profile)
        return self._enrol(order, recipients, yes, progress)

    def unsubscribe(
        self,
        recipients: object,
        service: Names,
        key: Names = "@email",
        *,
        yes: str | None = None,
        progress: Watch | None = None,
    ) -> Enrolment:
        """End the subscription of recipients to a service (Unsubscribe).

        As ``subscribe``; who is not subscribed stays so.
        """
        names = tuple(map(self._service, _split(service)))
        order = Order(services=names, key=key, ending=True)
        return self._enrol(order, recipients, yes, progress)

    def denylist(
        self,
        recipients: object,
        key: Names = "@email",
        *,
        yes: str | None = None,
        progress: Watch | None = None,
    ) -> Enrolment:
        """Put recipients on the denylist: they get no message of any kind any more.

        This is what Unsubscribe does without a service (protocol.md §8).
        """
        order = Order(services=(), key=key, ending=True)
        return self._enrol(order, recipients, yes, progress)

    def list(
        self, service: str | None = None, *, limit: int | None = 200
    ) -> pd.DataFrame:
        """Return the services with the count of their subscribers, or those of one.

        Columns: name, label (string), subscribers (Int64), channel, mode (categories),
        folder; of subscribers: email, firstName, lastName, created, expires (UTC),
        recipient_id (Int64).
        """
        if service is not None:
            row = find(self._connection, _SERVICE, service)
            schema = self._connection.schemas[SCHEMA]
            where = ["[@service-id] = :service"]
            order = (OrderNode(expr="@created"), OrderNode(expr="[@recipient-id]"))
            query = query_of(schema, _SUBSCRIBERS, where, order=order)
            return self._connection.query(query, {"service": row["id"]}, limit=limit)
        services = self._connection.query(self._services(), limit=limit)
        self.met.update(services["name"].dropna())
        names, numbers = self._connection.read(_COUNTS, limit=None).table.columns
        found = dict(zip(names.to_pylist(), numbers.to_pylist(), strict=True))
        counts = services["name"].map(lambda name: found.get(name, 0))
        services.insert(2, "subscribers", counts.astype("Int64"))
        return services

    def history(
        self,
        service: str | None = None,
        *,
        email: str | None = None,
        limit: int | None = 200,
    ) -> pd.DataFrame:
        """Return subscriptions and unsubscriptions as they happened, the newest first.

        Of one service, of one e-mail address, or all.  Columns: date (UTC), action (a
        category), service, email (string), recipient_id (Int64), origin.
        """
        where: list[str] = []
        params: dict[str, Any] = {"email": email}
        if service is not None:
            where.append("[@service-id] = :service")
            params["service"] = find(self._connection, _SERVICE, service)["id"]
        if email is not None:
            where.append("[recipient/@email] = :email")
        schema = self._connection.schemas["nms:subHisto"]
        query = query_of(schema, _EVENTS, where, order=_BY_DATE)
        return self._connection.query(query, params, limit=limit)

    def _services(self) -> QueryDef:
        schema = self._connection.schemas[_SERVICE.schema]
        return query_of(schema, _SERVICES, [], order=(OrderNode(expr="@name"),))

    def _service(self, name: str) -> str:
        found = str(find(self._connection, _SERVICE, name)["name"])
        self.met.add(found)
        return found

    def _enrol(
        self, order: Order, recipients: object, yes: str | None, progress: Watch | None
    ) -> Enrolment:
        """Read the rows, send them, and keep what became of them."""
        schemas = self._connection.schemas
        people = read_people(
            recipients,
            schemas[RECIPIENT],
            schemas.__getitem__,
            key=order.key,
            profile=order.profile,
        )
        ledger = Ledger(people)
        rows = ledger.sendable()
        require_consent(self._connection, yes, order.sentence(len(rows)))
        unknown = (
            set() if order.create else unknown_rows(self._connection, people, rows)
        )
        staged = schemas[RECIPIENT].staged
        if not staged:
            rows = [one for one in rows if one[0] not in unknown]
        sending = Enrolling(ledger, partial(self._send, order), self._rate)
        try:
            with self._connection.underway.reporter(
                progress, noun="recipients"
            ) as reporter:
                sending.run(rows, reporter)
        except BaseException as failure:
            self.last = order.result(ledger, unknown, sending, staged=staged)
            raise cut_short(failure, self.last) from None
        self.last = order.result(ledger, unknown, sending, staged=staged)
        return self.last

    def _send(self, order: Order, person: Person, cancel: Event) -> object:
        method = "Unsubscribe" if order.ending else "Subscribe"
        args: list[object] = [",".join(order.services), person.document]
        if not order.ending:
            args.append(order.create)
        return self._connection.call(SCHEMA, method, *args, cancel=cancel)

    def _rate(self) -> float | None:
        return self._connection.budget.snapshot(0).rate


def _split(services: Names) -> tuple[str, ...]:
    listed = services.split(",") if isinstance(services, str) else services or ()
    names = tuple(str(name).strip() for name in listed if str(name).strip())
    if not names:
        raise InvalidOption(
            "The service is missing.", hint="see session.subscription.list()"
        )
    return names
