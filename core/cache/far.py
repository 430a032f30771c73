# SPDX-License-Identifier: GPL-3.0-or-later
"""A shared tier, seen from a render that must not wait for it: a folder on a NAS, a Redis server."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from ..errors import CacheError
from .health import Health
from .key import Key
from .store import Arrays, PassingOver, Store
from .timed import Caller, Direct, TimedThread

SLOW_SECONDS = 0.5
SLOW_WRITE_SECONDS = 5.0
OPEN_SECONDS = 5.0
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
    for the place to open. `put_many` may take longer: it is for a background thread. Safe to use from several
    threads.
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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the store that `opened` opens when first needed; it may raise CacheError.

        `faults` tells how often the place itself failed so far. `hangs` is whether a question to the place may
        take for ever; then a thread of its own asks.
        """
        self.name = name
        self._open_store = opened
        self._faults = faults
        self._slow = slow_seconds
        self._slow_write = slow_write_seconds
        self._open_seconds = open_seconds
        self._clock = clock
        self._store: Store | None = None
        self._skipped = 0
        self.health = Health(name, clock)
        self._reader: Caller = TimedThread(f"understudy reads {name}") if hangs else Direct()

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
        store = self._ready()
        if store is None or not self.health.usable:
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
        """Close the store, if that can be done in time."""
        store, self._store = self._store, None
        try:
            if store is not None:
                self._reader.call(store.close, self._slow)
        except TimeoutError:
            self.health.failed("closing it takes too long")
        self._reader.close()

    def _ready(self) -> Store | None:
        """Return the store, opened if need be, or None while that fails."""
        if self._store is None and self.health.usable:
            wait, self._open_seconds = self._open_seconds, self._slow  # only the first time may take long
            try:
                self._reader.call(self._open, wait)
            except CacheError as error:
                self.health.failed(str(error))
            except TimeoutError:
                self.health.failed("opening it takes too long")
        return self._store

    def _open(self) -> None:
        if self._store is None:
            self._store = self._open_store()

    def _asked(self, ask: Callable[[Store], _T], otherwise: _T) -> _T:
        store = self._ready()
        if store is None or not self.health.usable:
            return otherwise
        before = self._faults(store)
        try:
            answer = self._reader.call(lambda: ask(store), self._slow)
        except TimeoutError:
            self.health.failed(f"it took longer than {self._slow:g} s to answer")
            return otherwise
        self._judge(store, before, slow=False)
        return answer

    def _judge(self, store: Store, faults_before: int, *, slow: bool) -> None:
        if self._faults(store) != faults_before:
            self.health.failed("it fails")
        elif slow:
            self.health.failed("it is too slow")
        else:
            self.health.succeeded()
