# SPDX-License-Identifier: GPL-3.0-or-later
"""Single flight: of several processes that miss one key, one computes it and the others wait for the result.

A lease is only ever a hint. Where it is lost, expires or can't be had, work is done twice; the results are
the same, since a key names all that they depend on. So nobody waits long for a holder from whom nothing comes:
it may be dead, or a lease may lie there that nobody ever took.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from ...concurrency.timeouts import Caller, Direct, Never, Stop, TimedThread
from ..base.key import Key
from ..base.store import Arrays, Store
from .circuit_breaker import Allowance, Health

LEASE_SECONDS = 30.0
POLL_SECONDS = 0.05
HOLDER_SECONDS = 2.2
"""How long somebody is waited for from whom nothing comes: a slow machine swaps a face in 2 s."""
TIME_OUTS = 2
"""After how many of these in a row nobody is waited for any more."""
_SLOW_SECONDS = 0.5
_TRIAL = Key("stage=trial\n")
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


class SingleFlight:
    """Computes what is missing unless somebody else is at it. Safe to use from several threads."""

    def __init__(
        self,
        lease: Lease,
        *,
        after_writes: Callable[[Callable[[], None]], None] = lambda action: action(),
        lease_seconds: float = LEASE_SECONDS,
        holder_seconds: float = HOLDER_SECONDS,
        settle_seconds: float = 0.0,
        poll_seconds: float = POLL_SECONDS,
        allowance: Allowance | None = None,
        stop: Stop | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Use `lease`, giving it back through `after_writes`, so that the result can be seen by then.

        `lease_seconds` should be more than a computation takes. Somebody else is waited for until nothing came for
        `holder_seconds`; what is waited for in vain is taken from `allowance`. `settle_seconds` is how much later
        than it is written others may see a result: for so long a lease is kept, or somebody who does not see it yet
        would take the lease and compute it again. Where `stop` was asked nobody waits.
        """
        self._lease = lease
        self._after_writes = after_writes
        self._lease_seconds = lease_seconds
        self._holder_seconds = holder_seconds
        self._settle = settle_seconds
        self._poll = poll_seconds
        self._allowance = allowance or Allowance()
        self._stop = stop or Never()
        self._clock = clock
        self._sleep = sleep
        self._done: deque[tuple[float, Key, str]] = deque()
        self._lock = threading.Lock()
        self._time_outs = 0
        self._came = float("-inf")

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

    @property
    def warning(self) -> str | None:
        """One line if nobody is waited for any more, or None."""
        if self._time_outs < TIME_OUTS:
            return None
        return (
            "the shared cache says that others compute what this run needs, and their results do not come: this run "
            "goes on alone; end what hangs there, or remove old leases with: understudy cache gc"
        )

    def close(self) -> None:
        """Give back every lease that is still kept, once the newest result has settled, while there is time."""
        with self._lock:
            settled = self._done[-1][0] + self._settle if self._done else float("-inf")
        end = self._clock() + self._allowance.left
        while (wait := min(settled, end) - self._clock()) > 0 and not self._stop.asked:
            self._sleep(min(wait, self._poll))
        self._release_older_than(float("inf"), end)

    def _release(self, key: Key, token: str) -> None:
        self._lease.release(key, token)

    def _release_later(self, key: Key, token: str) -> None:
        """Give a lease back once its result has settled: not now, but when some later one is."""
        now = self._clock()
        with self._lock:
            self._done.append((now, key, token))
        self._release_older_than(now - self._settle)

    def _release_older_than(self, moment: float, end: float = float("inf")) -> None:
        """Give back the leases of results from before a moment, as many as can be until `end`."""
        while self._clock() <= end:
            with self._lock:
                if not self._done or self._done[0][0] > moment:
                    return
                _, key, token = self._done.popleft()
            self._release(key, token)

    def _wait(self, store: Store, key: Key) -> tuple[str, Arrays | None]:
        """Wait for the lease, for the result, or until nothing came for too long: return the token and the result."""
        began = self._clock()
        token = self._lease.try_acquire(key, self._lease_seconds)
        if token is not None:
            # Somebody may have finished between our look and our lease.
            return token, store.get(key) if token != ALONE else None
        arrays = None
        while token is None and arrays is None:
            waited = self._clock() - max(began, self._came)
            if self._time_outs >= TIME_OUTS or waited >= self._allowance.limit(self._holder_seconds):
                self._in_vain(self._clock() - began)
                return ALONE, None
            self._stop.check()
            self._sleep(self._poll)
            arrays = store.get(key)
            if arrays is None:
                token = self._lease.try_acquire(key, self._lease_seconds)
        if arrays is None:
            arrays = store.get(key) if token != ALONE else None
            arrays = self._settled(store, key, arrays)
        if arrays is None:  # given back, and nothing came of it
            self._allowance.lose(self._clock() - began)
        else:
            self._came, self._time_outs = self._clock(), 0
        return token or ALONE, arrays

    def _in_vain(self, seconds: float) -> None:
        self._allowance.lose(seconds)
        if self._time_outs < TIME_OUTS:
            self._time_outs += 1

    def _settled(self, store: Store, key: Key, arrays: Arrays | None) -> Arrays | None:
        """Give a result that was just made elsewhere the time to show."""
        began = self._clock()
        while arrays is None and self._clock() - began < min(self._settle, self._allowance.left):
            self._stop.check()
            self._sleep(self._poll)
            arrays = store.get(key)
        return arrays


class GuardedLease:
    """A lease on a shared place that may fail or hang: then everybody goes alone for a while."""

    def __init__(
        self,
        lease: Lease,
        health: Health,
        slow_seconds: float = _SLOW_SECONDS,
        *,
        hangs: bool = True,
        limit: Callable[[float], None] = lambda _seconds: None,
        allowance: Allowance | None = None,
        ready: Callable[[], bool] = lambda: True,
        stop: Stop | None = None,
    ) -> None:
        """Guard `lease`; `hangs` is whether asking it may take for ever, for `limit` see `FarTier`.

        What is waited for in vain is taken from `allowance`. While the place is not `ready` it is not asked.
        """
        self._lease = lease
        self._health = health
        self._slow = slow_seconds
        self._limit = limit
        self._limited = slow_seconds
        self._allowance = allowance or Allowance()
        self._ready = ready
        self._stop = stop
        self._background = TimedThread("understudy leases")
        self._caller: Caller = self._background if hangs else Direct()

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """See `Lease.try_acquire`; returns within about `slow_seconds`."""
        if not self._ready():
            return ALONE
        if not self._health.usable:
            if self._health.begin_trial() and not self._background.offer(self._try_again):
                self._health.put_off_trial()
            return ALONE
        limit = self._allowance.limit(self._slow)
        if limit != self._limited:
            self._limited = limit
            self._limit(limit)
        began = time.monotonic()
        try:
            token = self._caller.call(lambda: self._lease.try_acquire(key, seconds), limit, self._stop)
        except TimeoutError:
            token = ALONE
        waited = time.monotonic() - began
        if token == ALONE:
            self._allowance.lose(waited)
            self._fail()
        else:
            self._allowance.miss(waited)
            self._health.succeeded()
        return token

    def release(self, key: Key, token: str) -> None:
        """See `Lease.release`; returns within about `slow_seconds`. While the place rests, leases end by themselves."""
        if not self._health.usable:
            return
        try:
            self._caller.call(lambda: self._lease.release(key, token), self._slow)
        except TimeoutError:
            self._fail()

    def _try_again(self) -> None:
        """Take a lease on nothing and give it back, on a thread that nobody waits for."""
        began = time.monotonic()
        token = self._lease.try_acquire(_TRIAL, self._slow)
        if token:
            self._lease.release(_TRIAL, token)
        if token == ALONE or time.monotonic() - began > self._slow:
            self._fail()
        else:
            self._health.succeeded()

    def _fail(self) -> None:
        self._health.failed("it can't say who computes what", for_good=self._allowance.failed)
