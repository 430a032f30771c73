# SPDX-License-Identifier: GPL-3.0-or-later
"""A shared tier, seen from a render that must not wait for it: a folder on a NAS, a Redis server."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from ...concurrency.timeouts import Caller, Direct, Never, Stop, TimedThread
from ...errors import CacheError
from ..base.key import Key
from ..base.store import Arrays, PassingOver, Store
from .circuit_breaker import Allowance, Health

SLOW_SECONDS = 0.5
SLOW_WRITE_SECONDS = 5.0
OPEN_SECONDS = 2.0
_NOTHING = Key("")
_T = TypeVar("_T")


@runtime_checkable
class Batched(Protocol):
    """A store that takes several results in one go."""

    def put_many(self, items: Sequence[tuple[Key, Arrays]]) -> None:
        """Keep several results."""
        ...


class FarTier:
    """A shared store that is left alone for a while when it fails or is slow.

    A `get` returns within about `slow_seconds` whatever the place does; the first one may wait `open_seconds`
    for the place to open. Together they wait no longer in vain than `allowance` has it; a place that only has
    nothing, slowly, is then read no more. What rests is tried again in the background: nobody waits for that.
    `put_many` may take longer: it is for a background thread. Safe to use from several threads.
    """

    def __init__(
        self,
        name: str,
        opened: Callable[[], Store],
        faults: Callable[[Store], int],
        *,
        slow_seconds: float = SLOW_SECONDS,
        slow_write_seconds: float = SLOW_WRITE_SECONDS,
        open_seconds: float = OPEN_SECONDS,
        hangs: bool = True,
        limit: Callable[[float], None] = lambda _seconds: None,
        read_only: bool = False,
        stop: Stop | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the store that `opened` opens when first needed; it may raise CacheError.

        `faults` tells how often the place itself failed so far. `hangs` is whether a question to the place may
        take for ever; then a thread of its own asks. One that has a limit of its own hears by `limit` when that is
        to be shorter. Nothing is put where it is `read_only`.
        """
        self.name = name
        self.read_only = read_only
        self._open_store = opened
        self._faults = faults
        self._slow = slow_seconds
        self._slow_write = slow_write_seconds
        self._open_seconds = open_seconds
        self._clock = clock
        self._store: Store | None = None
        self._skipped = 0
        self._is_read = True
        self.health = Health(name, clock)
        self.allowance = Allowance()
        self.stop = stop or Never()
        self._limit = limit
        self._limited = slow_seconds
        self._background = TimedThread(f"understudy reads {name}")
        self._reader: Caller = self._background if hangs else Direct()

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key`, or None where there are none, or none to be had in time."""
        return self._asked(lambda store: store.get(key), None)

    def __contains__(self, key: Key) -> bool:
        """Tell whether the store has `key` and says so in time."""
        return self._asked(lambda store: key in store, False)

    def pass_over(self, key: Key) -> bool:
        """Leave out the copy of `key` that `get` returns, where the store can do that; True if it did."""
        return self._asked(lambda store: isinstance(store, PassingOver) and store.pass_over(key), False)

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`, unless the place is resting."""
        self.put_many([(key, arrays)])

    def put_many(self, items: Sequence[tuple[Key, Arrays]]) -> None:
        """Keep several results, unless the place is resting. Blocks for as long as the place does."""
        if self.read_only:
            return
        # After a rest this is as good a trial as any.
        store = self._opened_in_time() if self.health.usable or self.health.begin_trial() else None
        if store is None:
            self._skipped += len(items)
            return
        before, began = self._faults(store), self._clock()
        if isinstance(store, Batched):
            store.put_many(items)
        else:
            for position, (key, arrays) in enumerate(items):
                store.put(key, arrays)
                if self._faults(store) != before:
                    self._skipped += len(items) - position - 1
                    break
        self._judge(store, before, slow=self._clock() - began > self._slow_write)

    @property
    def skipped(self) -> int:
        """How many results were not offered to the store because it was resting."""
        return self._skipped

    @property
    def store(self) -> Store | None:
        """The store itself, once it is open."""
        return self._store

    def close(self) -> None:
        """Close the store, if that can be done in time; else in the background, for as long as the program runs."""
        store, self._store = self._store, None
        if store is not None:
            began, closed = time.monotonic(), threading.Event()

            def close() -> None:
                try:
                    store.close()
                finally:
                    closed.set()

            waits = self._background.offer(close) and self.health.usable
            if waits and not closed.wait(self.allowance.limit(self._slow)):
                self._lose(began, "closing it takes too long")
        self._background.close()

    def _ready(self) -> Store | None:
        """Return the store, opened if need be, or None while it is not to be waited for."""
        if not self._is_read:
            return None
        if not self.health.usable:
            if self.health.begin_trial() and not self._background.offer(self._try_again):
                self.health.put_off_trial()  # the thread still hangs
            return None
        if self._store is not None or not self.allowance.left:
            return self._store
        began = time.monotonic()
        try:
            self._reader.call(self._open, self.allowance.limit(self._open_seconds), self.stop)
        except CacheError as error:
            self._lose(began, str(error))
        except TimeoutError:
            self._lose(began, "opening it takes too long")
        else:
            self.allowance.lose(time.monotonic() - began)
        return self._store

    def _opened_in_time(self) -> Store | None:
        """Return the store for a thread that may wait."""
        if self._store is None:
            try:
                self._reader.call(self._open, self._slow_write)
            except CacheError as error:
                self.health.failed(str(error))
            except TimeoutError:
                self.health.failed("opening it takes too long")
        return self._store

    def _open(self) -> None:
        if self._store is None:
            self._store = self._open_store()

    def _try_again(self) -> None:
        """Ask for something, on a thread that nobody waits for."""
        reason = "it fails"
        try:
            self._open()
            store = self._store
            if store is not None:
                before, began = self._faults(store), time.monotonic()
                _ = _NOTHING in store
                self._judge(store, before, slow=time.monotonic() - began > self._slow)
                reason = ""
        except CacheError as error:
            reason = str(error)
        finally:
            if reason:
                self.health.failed(reason)

    def _asked(self, ask: Callable[[Store], _T], otherwise: _T) -> _T:
        store = self._ready()
        if store is None:
            return otherwise
        limit = self.allowance.limit(self._slow)
        if limit != self._limited:
            self._limited = limit
            self._limit(limit)
        before, began = self._faults(store), time.monotonic()
        try:
            answer = self._reader.call(lambda: ask(store), limit, self.stop)
        except TimeoutError:
            self._lose(began, f"it took longer than {limit:g} s to answer")
            return otherwise
        if self._faults(store) != before:
            self._lose(began, "it fails")
            return answer
        if answer is None or answer is False:
            self.allowance.miss(time.monotonic() - began)
        else:
            self.allowance.hit()
        self.health.succeeded()
        return answer

    def _lose(self, began: float, reason: str) -> None:
        """Leave the place alone, which was waited for in vain since `began`."""
        self.allowance.lose(time.monotonic() - began)
        if self.allowance.left or self.allowance.failed:
            self.health.failed(reason, for_good=self.allowance.failed)
        else:  # its misses took too long; others may still find there what this run puts
            self._is_read = False
            self.health.read_no_more()

    def _judge(self, store: Store, faults_before: int, *, slow: bool) -> None:
        if self._faults(store) != faults_before:
            self.health.failed("it fails")
        elif slow:
            self.health.failed("it is too slow")
        else:
            self.health.succeeded()
