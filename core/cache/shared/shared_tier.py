# SPDX-License-Identifier: GPL-3.0-or-later
"""A shared tier, seen from a render that must not wait for it: a folder on a NAS, a Redis server."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from ...concurrency.timeouts import Caller, DirectCaller, NeverStopToken, StopToken, TimedThread
from ...errors import CacheError
from ..base.key import Key
from ..base.store import Arrays, MultiCopyStore, Store
from .circuit_breaker import CircuitBreaker, WaitBudget

READ_TIMEOUT_SECONDS = 0.5
SLOW_WRITE_SECONDS = 5.0
OPEN_TIMEOUT_SECONDS = 2.0
_PROBE_KEY = Key("")
_T = TypeVar("_T")


@runtime_checkable
class BatchStore(Protocol):
    """A store that takes several results in one go."""

    def put_many(self, items: Sequence[tuple[Key, Arrays]]) -> None:
        """Keep several results."""
        ...


class SharedTier:
    """A shared store that is left alone for a while when it fails or is slow.

    A `get` returns within about `read_timeout_seconds` whatever the place does; the first one may wait
    `open_timeout_seconds` for the place to open. Together they wait no longer in vain than `wait_budget` has it; a
    place that only has nothing, slowly, is then read no more. What rests is tried again in the background: nobody waits
    for that. `put_many` may take longer: it is for a background thread. Safe to use from several threads.
    """

    def __init__(
        self,
        name: str,
        open_store: Callable[[], Store],
        count_faults: Callable[[Store], int],
        *,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
        slow_write_seconds: float = SLOW_WRITE_SECONDS,
        open_timeout_seconds: float = OPEN_TIMEOUT_SECONDS,
        may_hang: bool = True,
        set_timeout: Callable[[float], None] = lambda _seconds: None,
        read_only: bool = False,
        stop: StopToken | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the store that `open_store` opens when first needed; it may raise CacheError.

        `count_faults` tells how often the place itself failed so far. `may_hang` is whether a question to the place may
        take for ever; then a thread of its own asks. One that has a limit of its own hears by `set_timeout` when that
        is to be shorter. Nothing is put where it is `read_only`.
        """
        self.name = name
        self.read_only = read_only
        self._open_store = open_store
        self._count_faults = count_faults
        self._read_timeout_seconds = read_timeout_seconds
        self._slow_write_seconds = slow_write_seconds
        self._open_timeout_seconds = open_timeout_seconds
        self._clock = clock
        self._store: Store | None = None
        self._skipped_puts = 0
        self._reads_enabled = True
        self.breaker = CircuitBreaker(name, clock)
        self.wait_budget = WaitBudget()
        self.stop = stop or NeverStopToken()
        self._set_timeout = set_timeout
        self._current_timeout_seconds = read_timeout_seconds
        self._background = TimedThread(f"understudy reads {name}")
        self._reader: Caller = self._background if may_hang else DirectCaller()

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key`, or None where there are none, or none to be had in time."""
        return self._query(lambda store: store.get(key), None)

    def __contains__(self, key: Key) -> bool:
        """Tell whether the store has `key` and says so in time."""
        return self._query(lambda store: key in store, False)

    def skip_copy(self, key: Key) -> bool:
        """Leave out the copy of `key` that `get` returns, where the store can do that; True if it did."""
        return self._query(lambda store: isinstance(store, MultiCopyStore) and store.skip_copy(key), False)

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`, unless the place is resting."""
        self.put_many([(key, arrays)])

    def put_many(self, items: Sequence[tuple[Key, Arrays]]) -> None:
        """Keep several results, unless the place is resting. Blocks for as long as the place does."""
        if self.read_only:
            return
        # After a rest this is as good a trial as any.
        store = self._writable_store() if self.breaker.allows_calls or self.breaker.begin_probe() else None
        if store is None:
            self._skipped_puts += len(items)
            return
        before, began = self._count_faults(store), self._clock()
        if isinstance(store, BatchStore):
            store.put_many(items)
        else:
            for position, (key, arrays) in enumerate(items):
                store.put(key, arrays)
                if self._count_faults(store) != before:
                    self._skipped_puts += len(items) - position - 1
                    break
        self._update_breaker(store, before, is_slow=self._clock() - began > self._slow_write_seconds)

    @property
    def skipped_puts(self) -> int:
        """How many results were not offered to the store because it was resting."""
        return self._skipped_puts

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

            waits = self._background.try_submit(close) and self.breaker.allows_calls
            if waits and not closed.wait(self.wait_budget.clamp(self._read_timeout_seconds)):
                self._record_failure(began, "closing it takes too long")
        self._background.close()

    def _readable_store(self) -> Store | None:
        """Return the store, opened if need be, or None while it is not to be waited for."""
        if not self._reads_enabled:
            return None
        if not self.breaker.allows_calls:
            if self.breaker.begin_probe() and not self._background.try_submit(self._probe):
                self.breaker.cancel_probe()  # the thread still hangs
            return None
        if self._store is not None or not self.wait_budget.remaining_seconds:
            return self._store
        began = time.monotonic()
        try:
            self._reader.call(self._open, self.wait_budget.clamp(self._open_timeout_seconds), self.stop)
        except CacheError as error:
            self._record_failure(began, str(error))
        except TimeoutError:
            self._record_failure(began, "opening it takes too long")
        else:
            self.wait_budget.charge_fault(time.monotonic() - began)
        return self._store

    def _writable_store(self) -> Store | None:
        """Return the store for a thread that may wait."""
        if self._store is None:
            try:
                self._reader.call(self._open, self._slow_write_seconds)
            except CacheError as error:
                self.breaker.record_failure(str(error))
            except TimeoutError:
                self.breaker.record_failure("opening it takes too long")
        return self._store

    def _open(self) -> None:
        if self._store is None:
            self._store = self._open_store()

    def _probe(self) -> None:
        """Ask for something, on a thread that nobody waits for."""
        reason = "it fails"
        try:
            self._open()
            store = self._store
            if store is not None:
                before, began = self._count_faults(store), time.monotonic()
                _ = _PROBE_KEY in store
                self._update_breaker(
                    store, before, is_slow=time.monotonic() - began > self._read_timeout_seconds
                )
                reason = ""
        except CacheError as error:
            reason = str(error)
        finally:
            if reason:
                self.breaker.record_failure(reason)

    def _query(self, operation: Callable[[Store], _T], default: _T) -> _T:
        store = self._readable_store()
        if store is None:
            return default
        limit = self.wait_budget.clamp(self._read_timeout_seconds)
        if limit != self._current_timeout_seconds:
            self._current_timeout_seconds = limit
            self._set_timeout(limit)
        before, began = self._count_faults(store), time.monotonic()
        try:
            answer = self._reader.call(lambda: operation(store), limit, self.stop)
        except TimeoutError:
            self._record_failure(began, f"it took longer than {limit:g} s to answer")
            return default
        if self._count_faults(store) != before:
            self._record_failure(began, "it fails")
            return answer
        if answer is None or answer is False:
            self.wait_budget.charge_miss(time.monotonic() - began)
        else:
            self.wait_budget.refund_hit()
        self.breaker.record_success()
        return answer

    def _record_failure(self, start_time: float, reason: str) -> None:
        """Leave the place alone, which was waited for in vain since `start_time`."""
        self.wait_budget.charge_fault(time.monotonic() - start_time)
        if self.wait_budget.remaining_seconds or self.wait_budget.is_spent_by_faults:
            self.breaker.record_failure(reason, permanently=self.wait_budget.is_spent_by_faults)
        else:  # its misses took too long; others may still find there what this run puts
            self._reads_enabled = False
            self.breaker.warn_reads_disabled()

    def _update_breaker(self, store: Store, faults_before: int, *, is_slow: bool) -> None:
        if self._count_faults(store) != faults_before:
            self.breaker.record_failure("it fails")
        elif is_slow:
            self.breaker.record_failure("it is too slow")
        else:
            self.breaker.record_success()
