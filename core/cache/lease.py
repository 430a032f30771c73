# SPDX-License-Identifier: GPL-3.0-or-later
"""Single flight: of several processes that miss one key, one computes it and the others wait for the result.

A lease is only ever a hint. Where it is lost, expires or can't be had, work is done twice; the results are
the same, since a key names all that they depend on.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from .health import Health
from .key import Key
from .store import Arrays, Store
from .timed import Caller, Direct, TimedThread

LEASE_SECONDS = 30.0
POLL_SECONDS = 0.05
_SLOW_SECONDS = 0.5
ALONE = ""
"""The token of one who goes on without a lease, because none could be asked for."""


class Lease(Protocol):
    """Hands out the right to compute a key, to one at a time, for a limited time."""

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """Return a token if the right is ours for `seconds`, None if it is somebody else's.

        Never waits for the other to finish. Returns ALONE where the place for leases fails.
        """
        ...

    def release(self, key: Key, token: str) -> None:
        """Give the right back, unless it went to somebody else meanwhile."""
        ...


class Flight(Protocol):
    """How a result that may be missing is come by."""

    def result(self, store: Store, key: Key, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """Return the arrays of `key`, and whether they were known rather than computed here.

        What is computed is put into the store. Raises what `compute` raises.
        """
        ...


class Alone:
    """Computes what is missing without asking anybody."""

    def result(self, store: Store, key: Key, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """See `Flight.result`."""
        arrays = store.get(key)
        if arrays is not None:
            return arrays, True
        arrays = compute()
        store.put(key, arrays)
        return arrays, False


class SingleFlight:
    """Computes what is missing unless somebody else is at it. Safe to use from several threads."""

    def __init__(
        self,
        lease: Lease,
        *,
        after_writes: Callable[[Callable[[], None]], None] = lambda action: action(),
        lease_seconds: float = LEASE_SECONDS,
        settle_seconds: float = 0.0,
        poll_seconds: float = POLL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Use `lease`, giving it back through `after_writes`, so that the result can be seen by then.

        `lease_seconds` should be more than a computation takes; it is also the longest that a `result` waits
        for somebody else. `settle_seconds` is how much later than it is written others may see a result: for so
        long a lease is kept, or somebody who does not see it yet would take the lease and compute it again.
        """
        self._lease = lease
        self._after_writes = after_writes
        self._lease_seconds = lease_seconds
        self._settle = settle_seconds
        self._poll = poll_seconds
        self._clock = clock
        self._sleep = sleep
        self._done: deque[tuple[float, Key, str]] = deque()
        self._lock = threading.Lock()

    def result(self, store: Store, key: Key, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """See `Flight.result`."""
        arrays = store.get(key)
        if arrays is not None:
            return arrays, True
        token, arrays = self._wait(store, key)
        give_back = self._release
        try:
            if arrays is not None:
                return arrays, True
            arrays = compute()
            store.put(key, arrays)
            give_back = self._release_later
            return arrays, False
        finally:
            if token:
                self._after_writes(lambda: give_back(key, token))

    def close(self) -> None:
        """Give back every lease that is still kept, once the newest result has settled."""
        with self._lock:
            settled = self._done[-1][0] + self._settle if self._done else float("-inf")
        wait = settled - self._clock()
        if wait > 0:
            self._sleep(wait)
        self._release_older_than(float("inf"))

    def _release(self, key: Key, token: str) -> None:
        self._lease.release(key, token)

    def _release_later(self, key: Key, token: str) -> None:
        """Give a lease back once its result has settled: not now, but when some later one is."""
        now = self._clock()
        with self._lock:
            self._done.append((now, key, token))
        self._release_older_than(now - self._settle)

    def _release_older_than(self, moment: float) -> None:
        while True:
            with self._lock:
                if not self._done or self._done[0][0] > moment:
                    return
                _, key, token = self._done.popleft()
            self._release(key, token)

    def _wait(self, store: Store, key: Key) -> tuple[str, Arrays | None]:
        """Wait for the lease, for the result, or for `lease_seconds`: return the token and the result."""
        began = self._clock()
        token = self._lease.try_acquire(key, self._lease_seconds)
        waited = token is None
        arrays = None
        while token is None:
            if self._clock() - began >= self._lease_seconds:
                return ALONE, None
            self._sleep(self._poll)
            arrays = store.get(key)
            if arrays is not None:
                return ALONE, arrays
            token = self._lease.try_acquire(key, self._lease_seconds)
        if token != ALONE:  # somebody may have finished between our look and our lease
            arrays = store.get(key)
        if waited:
            arrays = self._settled(store, key, arrays)
        return token, arrays

    def _settled(self, store: Store, key: Key, arrays: Arrays | None) -> Arrays | None:
        """Give a result that was just made elsewhere the time to show."""
        began = self._clock()
        while arrays is None and self._clock() - began < self._settle:
            self._sleep(self._poll)
            arrays = store.get(key)
        return arrays


class GuardedLease:
    """A lease on a shared place that may fail or hang: then everybody goes alone for a while."""

    def __init__(
        self, lease: Lease, health: Health, slow_seconds: float = _SLOW_SECONDS, *, hangs: bool = True
    ) -> None:
        """Guard `lease`; `hangs` is whether asking it may take for ever."""
        self._lease = lease
        self._health = health
        self._slow = slow_seconds
        self._caller: Caller = TimedThread("understudy leases") if hangs else Direct()

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """See `Lease.try_acquire`; returns within about `slow_seconds`."""
        if not self._health.usable:
            return ALONE
        try:
            token = self._caller.call(lambda: self._lease.try_acquire(key, seconds), self._slow)
        except TimeoutError:
            token = ALONE
        if token == ALONE:
            self._health.failed("it can't say who computes what")
        else:
            self._health.succeeded()
        return token

    def release(self, key: Key, token: str) -> None:
        """See `Lease.release`; returns within about `slow_seconds`. While the place rests, leases end by themselves."""
        if not self._health.usable:
            return
        try:
            self._caller.call(lambda: self._lease.release(key, token), self._slow)
        except TimeoutError:
            self._health.failed("it can't say who computes what")
