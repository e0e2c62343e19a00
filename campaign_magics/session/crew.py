"""Threads that wait for answers, so that the reader never has to.

A reader who is interrupted leaves at once; what is on its way then is not waited for.
The threads are daemons: Python's end does not wait for them either.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

_T = TypeVar("_T")
_LOOK = 0.2
"""Seconds between looks: Windows cannot interrupt a wait without an end."""


class Job(Generic[_T]):
    """Work that a crew does."""

    def __init__(self, work: Callable[[], _T]) -> None:
        self._work = work
        self._done = threading.Event()
        self._outcome: list[_T] = []
        self._failure: BaseException | None = None

    @property
    def done(self) -> bool:
        """True once there is a result or a failure."""
        return self._done.is_set()

    def run(self) -> None:
        """Do the work and keep what comes of it."""
        try:
            self._outcome.append(self._work())
        except BaseException as failure:  # handed to who asks for the result
            self._failure = failure
        finally:
            self._done.set()

    def result(self) -> _T:
        """Wait for the result; an interrupt ends the wait at once.

        Raises what the work raised.
        """
        while not self._done.wait(_LOOK):
            pass
        if self._failure is not None:
            raise self._failure
        return self._outcome[0]


class Crew:
    """Does jobs in the order given, as many at once as are asked for.

    ``cancel`` is set by ``stop``; work that waits looks at it.
    """

    def __init__(self) -> None:
        self.cancel = threading.Event()
        self._jobs: SimpleQueue[Job[object] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._given: list[Job[object]] = []

    def do(self, work: Callable[[], _T]) -> Job[_T]:
        """Start a job, on another thread if all are busy."""
        job = Job(work)
        self._given = [one for one in self._given if not one.done]
        self._given.append(job)  # type: ignore[arg-type]  # only looked at
        self._jobs.put(job)  # type: ignore[arg-type]
        if len(self._given) > len(self._threads):
            thread = threading.Thread(
                target=self._serve, name="campaign-pages", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        return job

    def stop(self) -> None:
        """Tell waiting work to give up, and send everybody home."""
        self.cancel.set()
        for _ in self._threads:
            self._jobs.put(None)

    def afterwards(self, work: Callable[[], object]) -> None:
        """Do ``work`` when all that is under way has ended; nobody waits for it."""

        def wait() -> None:
            for thread in self._threads:
                thread.join()
            work()

        threading.Thread(target=wait, name="campaign-after", daemon=True).start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not self.cancel.is_set():
                job.run()
