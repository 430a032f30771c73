# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to places that may hang, such as a network share, made so that nobody need wait for ever."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar

_T = TypeVar("_T")


class _Call(Generic[_T]):
    def __init__(self, work: Callable[[], _T]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: list[_T] = []
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            self.result.append(self.work())
        except BaseException as fault:  # noqa: BLE001 - handed on to whoever waits
            self.fault = fault
        finally:
            self.done.set()


class Caller(Protocol):
    """Makes calls to a place that may be slow."""

    def call(self, work: Callable[[], _T], seconds: float) -> _T:
        """Return what `work` returns. Raises what it raises, or TimeoutError where it takes over `seconds`."""
        ...

    def close(self) -> None:
        """Let go of what the calls need."""
        ...


class Direct:
    """Makes calls in the caller's own thread: for places that have a time limit of their own."""

    def call(self, work: Callable[[], _T], seconds: float) -> _T:
        """See `Caller.call`; the result of a call that took too long is lost all the same."""
        began = time.monotonic()
        result = work()
        if time.monotonic() - began > seconds:
            raise TimeoutError
        return result

    def close(self) -> None:
        """Nothing is held."""


class TimedThread:
    """A thread that makes one call at a time. It is a daemon: a call that hangs does not keep the program.

    Safe to use from several threads.
    """

    def __init__(self, name: str) -> None:
        """Name the thread; it starts with the first call."""
        self._name = name
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._free = threading.Semaphore()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def call(self, work: Callable[[], _T], seconds: float) -> _T:
        """Return what `work` returns. Raises what it raises, or TimeoutError after `seconds`.

        `work` goes on after a TimeoutError; until it ends, every further call times out as well.
        """
        if not self._free.acquire(timeout=seconds):
            raise TimeoutError
        self._start()
        call = _Call(work)
        self._calls.put(call.run)
        if not call.done.wait(seconds):
            raise TimeoutError
        if call.fault is not None:
            raise call.fault
        return call.result[0]

    def close(self) -> None:
        """End the thread once its call has returned. Calling again starts another."""
        with self._starting:
            if self._thread is not None:
                self._calls.put(None)
                self._thread = None

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while (run := self._calls.get()) is not None:
            run()
            self._free.release()
