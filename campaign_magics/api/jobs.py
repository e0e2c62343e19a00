"""``session.jobs``: methods that the server runs in the background (protocol.md §8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from ..clock import SYSTEM_CLOCK, Clock
from ..errors import InvalidValue, SoapFault, WorkFailed
from ..schemas.model import Method
from ..session import Connection
from ..session.calls import find_method
from ..session.consent import require_consent
from ..session.progress import Watch
from ..soap.arguments import to_wire
from ..xtk.text import from_text
from ..xtk.types import DATETIME
from ..xtk.xml import child, children
from .documents import whole
from .doing import advise, doing, looking_after, unseen
from .shown import Facts, Shown
from .waiting import TIMEOUT, Patience, Seen, wait

if TYPE_CHECKING:
    import pandas as pd

_JOB: Final = "xtk:job"
_INTERFACE: Final = "xtk:jobInterface"

_STATES: Final = {
    0: ("edition", "Being edited"),
    2: ("running", "Running"),
    3: ("cancelling", "Cancel in progress"),
    4: ("cancelled", "Cancelled"),
    5: ("finished", "Finished"),
    6: ("error", "In error"),
    7: ("pausing", "Pause pending"),
    8: ("paused", "Paused"),
    9: ("purging", "Purge pending"),
}
"""States by number, as the job interface answers them (protocol.md §8)."""

_ENDED: Final = frozenset({"cancelled", "finished", "error", "paused"})
_ERROR: Final = "0"
_WARNING: Final = "1"
_LEVELS: Final = {"0": "error", "1": "warning", "2": "info", "6": "verbose"}
_PAGE: Final = 500
"""Lines of a journal asked for at once."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Job(Shown):
    """A job as it was when it was asked for.

    ``current`` of ``total`` is its own count of how far it is; ``message`` the last
    line of its journal, ``error`` the line that says why it failed, ``warned`` its
    last warning.
    """

    id: str
    state: str
    state_label: str
    current: int = 0
    total: int = 0
    warning: bool = False
    message: str = ""
    error: str = ""
    warned: str = ""
    home: Jobs = field(repr=False, compare=False)

    @property
    def title(self) -> str:
        """Its number and what it works on."""
        return f"Job {_short(self.id)}"

    @property
    def brief(self) -> str:
        """Its number and state."""
        return f"{self.title}: {self.state_label}"

    @property
    def progress(self) -> float | None:
        """How far it is, between 0 and 1; None while it does not say."""
        return min(1.0, self.current / self.total) if self.total > 0 else None

    def facts(self) -> Facts:
        """Return what is worth showing."""
        share = self.progress
        return [
            ("state", self.state_label),
            ("done", None if share is None else f"{share:.0%}"),
            ("warnings", self.warned or self.warning or None),
            ("last line", self.message),
            ("error", self.error if self.error != self.message else ""),
            ("id", self.id),
        ]

    def refresh(self) -> Job:
        """Return it as it is now."""
        return self.home.status(self.id)

    def result(self) -> str:
        """Return what the method answered."""
        return self.home.result(self.id)

    def logs(self) -> pd.DataFrame:
        """Return its journal."""
        return self.home.logs(self.id)

    def cancel(self, *, yes: str | None = None) -> Job:
        """Ask it to end."""
        return self.home.cancel(self.id, yes=yes)

    def wait(
        self, *, timeout: float | None = TIMEOUT, progress: Watch | None = None
    ) -> Job:
        """Wait for its end."""
        return self.home.wait(self.id, timeout=timeout, progress=progress)


Which = str | Job


class Jobs:
    """Methods in the background.

    What starts or ends one wants ``yes=`` on a production instance.  Raises
    SoapFault for a job that the server does not know.
    """

    def __init__(self, connection: Connection, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._connection = connection
        self._clock = clock

    def __repr__(self) -> str:
        return f"<jobs of {self._connection.profile.name}>"

    def submit(
        self,
        schema: str,
        method: str,
        entity: object = None,
        args: Sequence[object] = (),
        *,
        yes: str | None = None,
    ) -> Job:
        """Start a method in the background and return its job.

        ``entity`` is the object of a method that is not static: its id, a Delivery or
        Workflow, XML text, an lxml element or a mapping; ``args`` are the inputs in
        order.  Raises UnknownName for a schema or method, InvalidValue for arguments,
        AnswerLost when nobody knows whether the job began.
        """
        found = find_method(self._connection.schemas, schema, method)
        what = f"Running {schema}#{method}"
        require_consent(self._connection, yes, what)
        entity = getattr(entity, "id", None) if isinstance(entity, Shown) else entity
        check = f"what {schema}#{method} changes"
        if isinstance(entity, Integral):
            check = f"how {schema} {entity} stands"
            entity = whole(self._connection, schema, int(entity))
        if entity is None and not found.static:
            raise InvalidValue(
                f"{schema}#{method} wants an object.",
                hint="give its id, or the whole document, as entity",
            )
        if found.inputs:
            sent: tuple[str, object] = (
                "SubmitSoapCall",
                soap_call(found, schema, entity, args),
            )
        else:
            to_wire(found, args)  # says so where there are any
            sent = "Submit", method
        with unseen(what, check):
            job = self._connection.call(f"{_INTERFACE}|{schema}", *sent, entity=entity)
        with looking_after(f"The job {job} was started"):
            return self.status(str(job))

    def status(self, which: Which) -> Job:
        """Return a job as it is now."""
        return self._look(_plain(which))[0]

    def progress(self, which: Which) -> float | None:
        """Return how far a job is, between 0 and 1; None while it does not say."""
        return self.status(which).progress

    def result(self, which: Which) -> str:
        """Return what a finished job answered; empty where its method answers nothing.

        Raises SoapFault for one that has not finished well.
        """
        job = _plain(which)
        with doing(f"Asking for the result of {job}", f"session.jobs.status('{job}')"):
            return str(self._connection.call(_JOB, "GetResult", job) or "")

    def logs(self, which: Which) -> pd.DataFrame:
        """Return the journal of a job, the oldest line first.

        Columns: date (UTC), level (a category), message, object (string), code
        (Int64, 0 unless it is an error's).
        """
        import pandas as pd

        lines = self._look(_plain(which))[1]
        frame = pd.DataFrame(
            {
                "date": [_moment(line) for line in lines],
                "level": [_LEVELS.get(_get(line, "logType")) for line in lines],
                "message": [_get(line, "message") for line in lines],
                "object": [_get(line, "object") for line in lines],
                "code": [int(_get(line, "iRc") or 0) for line in lines],
            }
        )
        types: dict[str, Any] = {
            "date": "datetime64[us, UTC]",
            "level": pd.CategoricalDtype([*_LEVELS.values()]),
            "message": "string",
            "object": "string",
            "code": "Int64",
        }
        return frame.astype(types)

    def cancel(self, which: Which, *, yes: str | None = None) -> Job:
        """Ask a job to end; it does so a moment later."""
        job = _plain(which)
        what = f"Cancelling the job {job}"
        require_consent(self._connection, yes, what)
        with doing(what, f"session.jobs.status('{job}')"):
            self._connection.call(_JOB, "Cancel", job)
        with looking_after(f"{what} was done"):
            return self.status(job)

    def wait(
        self,
        which: Which,
        *,
        timeout: float | None = TIMEOUT,
        progress: Watch | None = None,
    ) -> Job:
        """Wait for the end of a job and return it.

        ``timeout`` is in seconds, None for ever; ``progress`` is called with
        `Moment`.  Raises WorkFailed, with the journal's cause, when it ends in an
        error; StillRunning when the time is up.  An interrupt ends the wait only.
        """
        name = _plain(which)
        lines: list[etree._Element] = []

        def look() -> Seen[Job]:
            job, _ = self._look(name, lines)
            if job.state == "error":
                cause = job.error or "its journal does not say why"
                raise WorkFailed(
                    f"The job {_short(name)} failed: {cause}",
                    hint="see session.jobs.logs() for all it said",
                    job=name,
                )
            return Seen(
                thing=job,
                state=job.state_label,
                over=job.state in _ENDED,
                done=job.current,
                total=job.total if job.total > 0 else None,
            )

        patience = Patience(timeout=timeout, progress=progress, clock=self._clock)
        return wait(self._connection, f"job {_short(name)}", look, patience)

    def _look(
        self, name: str, lines: list[etree._Element] | None = None
    ) -> tuple[Job, list[etree._Element]]:
        """Return a job and its journal; ``lines`` are those known, and grow."""
        lines = [] if lines is None else lines
        while True:
            last = int(_get(lines[-1], "id") or 0) if lines else 0
            try:
                answer: Any = self._connection.call(
                    _JOB, "GetStatus", name, last, _PAGE
                )
            except SoapFault as fault:
                advise(fault, "give the id that submit() gave")
                raise
            number, logs, properties = answer
            new = [] if logs is None else list(children(logs, "log"))
            lines += new
            if len(new) < _PAGE:
                return self._seen(name, int(number or 0), lines, properties), lines

    def _seen(
        self,
        name: str,
        number: int,
        lines: Sequence[etree._Element],
        properties: etree._Element | None,
    ) -> Job:
        state, label = self._state(number)
        progress = None if properties is None else child(properties, "progress")
        warned = properties is not None and _get(properties, "warning") == "true"
        errors = [_get(line, "message") for line in lines if _is_error(line)]
        warnings = [
            _get(line, "message") for line in lines if _get(line, "logType") == _WARNING
        ]
        return Job(
            id=name,
            state=state,
            state_label=label,
            current=_number(progress, "current"),
            total=_number(progress, "max"),
            warning=warned,
            message=_get(lines[-1], "message") if lines else "",
            error=errors[-1] if errors else "",
            warned=warnings[-1] if warnings else "",
            home=self,
        )

    def _state(self, number: int) -> tuple[str, str]:
        """Return name and label of a state, the schema's own where it has them."""
        known = self._connection.schemas[_JOB].field_by_path.get("@status")
        if known is not None and known.enum is not None:
            for value in known.enum.values:
                if value.value == str(number):
                    return value.name, value.label
        return _STATES.get(number, (str(number), f"State {number}"))


def soap_call(
    method: Method, schema: str, entity: object, args: Sequence[object]
) -> etree._Element:
    """Return the document of SubmitSoapCall: the method, its object and its inputs.

    ``entity`` is left out of a static method.

    Raises InvalidValue when the arguments do not fit the method.
    """
    from ..soap.documents import to_element

    order = etree.Element("soapCall", name=method.name, service=schema)
    if not method.static:
        this = etree.SubElement(order, "param", name="this", type="DOMDocument")
        document = to_element(entity, name="entity")
        if document is not None:
            document.tag = "value"
            this.append(document)
    for parameter, value in zip(method.inputs, to_wire(method, args), strict=True):
        param = etree.SubElement(
            order, "param", name=parameter.name, type=parameter.type
        )
        if isinstance(value, etree._Element):
            value.tag = "value"
            param.append(value)
        else:
            param.set("value", str(value or ""))
    return order


def _plain(which: Which) -> str:
    name = which.id if isinstance(which, Job) else which
    if not isinstance(name, str) or not name.strip():
        raise InvalidValue("The job is missing.", hint="give the id that submit() gave")
    return name.strip()


def _short(job: str) -> str:
    """Return ``4210/nms:delivery``, without the part that only machines read."""
    return job.partition("@@")[0]


def _get(element: etree._Element, name: str) -> str:
    return str(element.get(name) or "")


def _number(element: etree._Element | None, name: str) -> int:
    text = "" if element is None else _get(element, name)
    return int(text) if text.lstrip("-").isdecimal() else 0


def _is_error(line: etree._Element) -> bool:
    return _get(line, "logType") == _ERROR or _get(line, "iRc") not in ("", "0")


def _moment(line: etree._Element) -> object:
    return from_text(DATETIME, _get(line, "logDate"))
