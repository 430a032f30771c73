# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening models while something else goes on: large ones take seconds, most of them on one core."""

from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

_Name = TypeVar("_Name", bound=Hashable)
_Opened = TypeVar("_Opened")
_LARGE_BYTES = 1 << 24
"""From here on a thread of its own takes less time than what it does."""


class OpeningsAhead(Generic[_Name, _Opened]):
    """What is being opened before it is asked for, one after the other on a thread of its own.

    For one thread at a time, but for `begin`'s work.
    """

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._pending: dict[_Name, Future[_Opened]] = {}

    @property
    def has_pending(self) -> bool:
        """Whether anything was begun that was not taken."""
        return bool(self._pending)

    def begin(self, name: _Name, work: Callable[[], _Opened]) -> None:
        """Have `work` done, unless it is being done for this name already. What it raises is for `take`."""
        if name in self._pending:
            return
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, "understudy models")
        try:
            self._pending[name] = self._executor.submit(work)
        except RuntimeError:  # there may be no more threads: it is opened when it is asked for
            self._executor.shutdown(cancel_futures=True)
            self._executor = None

    def take(self, name: _Name) -> "Future[_Opened] | None":
        """Return what was begun for a name, which is forgotten; None for another."""
        return self._pending.pop(name, None)

    def close(self) -> bool:
        """Drop what was not taken, once what is being done is done; tell whether there was any."""
        had_any = bool(self._pending)
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None
        self._pending.clear()
        return had_any


def is_large(size_bytes: int) -> bool:
    """Tell whether work on so many bytes is worth a thread of its own, and a copy of them worth leaving out."""
    return size_bytes >= _LARGE_BYTES


@contextmanager
def check_beside(check: Callable[[], None], size_bytes: int) -> Iterator[None]:
    """Do a check of so many bytes while the `with` block is run, or before it where they are few.

    The block's end waits for it. What the check raises takes the place of what the block raises.
    """
    if not is_large(size_bytes):
        check()
        yield
        return
    with ThreadPoolExecutor(1, "understudy check") as thread:
        try:
            done = thread.submit(check)
        except RuntimeError:  # there may be no more threads
            check()
            yield
            return
        try:
            yield
        finally:
            done.result()
