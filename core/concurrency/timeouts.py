# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to places that may hang, such as a network share, made so that nobody need wait for ever."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from functools import partial
from queue import SimpleQueue
from typing import Protocol, TypeVar

from .thread_start import try_start_thread

_POLL_SECONDS = 0.05
_T = TypeVar("_T")


class StopToken(Protocol):
    """Whether the program was asked to end: then nothing more is waited for."""

    signal_number: int
    """Not 0 once it was."""

    def check(self) -> None:
        """Raise what ends the program, if it was."""
        ...


class NeverStopToken:
    """A program that is not asked to end, or that ends at once if it is."""

    signal_number = 0

    def check(self) -> None:
        """See `StopToken.check`."""


class Caller(Protocol):
    """Makes calls to a place that may be slow."""

    def call(self, work: Callable[[], _T], timeout_seconds: float, stop: StopToken | None = None) -> _T:
        """Make a call that may be slow.

        Parameters
        ----------
        work : callable
            What is called, without arguments.
        timeout_seconds : float
            How long its result is waited for.
        stop : StopToken, optional
            Once it was asked to stop, the result is waited for no longer.

        Returns
        -------
        object
            What `work` returns.

        Raises
        ------
        TimeoutError
            It takes longer.
        Exception
            What `work` raises, and what `stop` raises once the program was asked to end.
        """
        ...

    def close(self) -> None:
        """Let go of what the calls need."""
        ...


class DirectCaller:
    """Makes calls in the caller's own thread: for places that have a time limit of their own."""

    def call(self, work: Callable[[], _T], timeout_seconds: float, stop: StopToken | None = None) -> _T:  # noqa: ARG002
        """See `Caller.call`; the result of a call that took too long is lost all the same."""
        began = time.monotonic()
        result = work()
        if time.monotonic() - began > timeout_seconds:
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
        self._idle = threading.Semaphore()
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def call(self, work: Callable[[], _T], timeout_seconds: float, stop: StopToken | None = None) -> _T:
        """See `Caller.call`.

        `work` goes on after a TimeoutError; until it ends, every further call times out as well. Where the thread can't
        start, the call times out at once.
        """
        end = time.monotonic() + timeout_seconds
        free = self._idle.acquire
        if not free(blocking=False) and not _wait_until(lambda wait: free(timeout=wait), end, stop):
            raise TimeoutError
        call = self._submit(work)
        if call is None:
            raise TimeoutError
        if not _wait_until(lambda wait: bool(wait_for([call], wait).done), end, stop):
            raise TimeoutError
        return call.result()

    def try_submit(self, work: Callable[[], object]) -> bool:
        """Have `work` done without waiting for it, unless the thread is at something; tell whether it is.

        What it raises is lost. A thread that can't start does nothing.
        """
        if not self._idle.acquire(blocking=False):
            return False
        return self._submit(work) is not None

    def close(self) -> None:
        """End the thread once its call has returned. Calling again starts another."""
        with self._start_lock:
            if self._thread is not None:
                self._calls.put(None)
                self._thread = None

    def _submit(self, work: Callable[[], _T]) -> Future[_T] | None:
        """Hand a call to the thread; None where there may be no thread."""
        call: Future[_T] = Future()
        with self._start_lock:
            if self._thread is None:
                self._thread = try_start_thread(self._work, self._name)
                if self._thread is None:
                    self._idle.release()
                    return None
            self._calls.put(partial(_run, work, call))
        return call

    def _work(self) -> None:
        while (run := self._calls.get()) is not None:
            run()
            self._idle.release()


def _run(work: Callable[[], _T], call: Future[_T]) -> None:
    try:
        result = work()
    except BaseException as fault:  # noqa: BLE001 - handed on to whoever waits
        call.set_exception(fault)
    else:
        call.set_result(result)


def _wait_until(wait: Callable[[float], bool], deadline: float, stop: StopToken | None) -> bool:
    """Wait until the moment `deadline`; tell whether what was waited for came."""
    while True:
        left = deadline - time.monotonic()
        if left <= _POLL_SECONDS:
            return wait(max(left, 0))
        if wait(_POLL_SECONDS):
            return True
        if stop is not None:
            stop.check()
