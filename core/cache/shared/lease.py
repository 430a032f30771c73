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

from ...concurrency.timeouts import Caller, DirectCaller, NeverStopToken, StopToken, TimedThread
from ...reporting.log import room_logger
from ..base.compute import log_result
from ..base.key import Key
from ..base.store import Arrays, Store
from .circuit_breaker import CircuitBreaker, WaitBudget

_LOGGER = room_logger("cache")
LEASE_SECONDS = 30.0
POLL_SECONDS = 0.05
HOLDER_TIMEOUT_SECONDS = 2.2
"""How long somebody is waited for from whom nothing comes: a slow machine swaps a face in 2 s."""
MAX_TIMEOUTS = 2
"""After how many of these in a row nobody is waited for any more."""
_TIMEOUT_SECONDS = 0.5
_PROBE_KEY = Key("stage=trial\n")
NO_LEASE = ""
"""The token of one who goes on without a lease, because none could be asked for."""


class Lease(Protocol):
    """Hands out the right to compute a key, to one at a time, for a limited time."""

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """Ask for the right to compute a key; this never waits for another holder to finish.

        Parameters
        ----------
        key : Key
            What is to be computed.
        seconds : float
            How long the right lasts unless it is given back.

        Returns
        -------
        str or None
            A token if the right is ours, None if it is somebody else's; NO_LEASE where the place for leases fails.
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
        run_after_writes: Callable[[Callable[[], None]], None] = lambda action: action(),
        lease_seconds: float = LEASE_SECONDS,
        holder_timeout_seconds: float = HOLDER_TIMEOUT_SECONDS,
        visibility_delay_seconds: float = 0.0,
        poll_seconds: float = POLL_SECONDS,
        wait_budget: WaitBudget | None = None,
        stop: StopToken | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Use `lease`, giving it back through `run_after_writes`, so that the result can be seen by then.

        `lease_seconds` should be more than a computation takes. Somebody else is waited for until nothing came for
        `holder_timeout_seconds`; what is waited for in vain is taken from `wait_budget`. `visibility_delay_seconds` is
        how much later than it is written others may see a result: for so long a lease is kept, or somebody who does not
        see it yet would take the lease and compute it again. Where `stop` was asked nobody waits.
        """
        self._lease = lease
        self._run_after_writes = run_after_writes
        self._lease_seconds = lease_seconds
        self._holder_timeout_seconds = holder_timeout_seconds
        self._visibility_delay_seconds = visibility_delay_seconds
        self._poll_seconds = poll_seconds
        self._wait_budget = wait_budget or WaitBudget()
        self._stop = stop or NeverStopToken()
        self._clock = clock
        self._sleep = sleep
        self._pending_releases: deque[tuple[float, Key, str]] = deque()
        self._lock = threading.Lock()
        self._timeouts_in_row = 0
        self._last_result_at = float("-inf")

    def get_or_compute(self, store: Store, key: Key, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """See `Flight.get_or_compute`."""
        arrays = store.get(key)
        if arrays is not None:
            log_result(key, hit=True)
            return arrays, True
        token, arrays = self._wait_for_lease(store, key)
        give_back = self._release
        try:
            if arrays is not None:
                log_result(key, hit=True)
                return arrays, True
            arrays = compute()
            store.put(key, arrays)
            log_result(key, hit=False)
            give_back = self._release_later
            return arrays, False
        finally:
            if token:
                self._run_after_writes(lambda: give_back(key, token))

    @property
    def warning(self) -> str | None:
        """One line if nobody is waited for any more, or None."""
        if self._timeouts_in_row < MAX_TIMEOUTS:
            return None
        return (
            "the cache says that others compute what this run needs, and their results do not come: this run "
            "goes on alone; stop the processes that hang there, or remove old leases with: understudy cache gc"
        )

    def close(self) -> None:
        """Give back every lease that is still kept, once the newest result has settled, while there is time."""
        with self._lock:
            settled = (
                self._pending_releases[-1][0] + self._visibility_delay_seconds
                if self._pending_releases
                else float("-inf")
            )
        end = self._clock() + self._wait_budget.remaining_seconds
        while (wait := min(settled, end) - self._clock()) > 0 and not self._stop.signal_number:
            self._sleep(min(wait, self._poll_seconds))
        self._release_older_than(float("inf"), end)

    def _release(self, key: Key, token: str) -> None:
        self._lease.release(key, token)

    def _release_later(self, key: Key, token: str) -> None:
        """Give a lease back once its result has settled: not now, but when some later one is."""
        now = self._clock()
        with self._lock:
            self._pending_releases.append((now, key, token))
        self._release_older_than(now - self._visibility_delay_seconds)

    def _release_older_than(self, moment: float, end: float = float("inf")) -> None:
        """Give back the leases of results from before a moment, as many as can be until `end`."""
        while self._clock() <= end:
            with self._lock:
                if not self._pending_releases or self._pending_releases[0][0] > moment:
                    return
                _, key, token = self._pending_releases.popleft()
            self._release(key, token)

    def _wait_for_lease(self, store: Store, key: Key) -> tuple[str, Arrays | None]:
        """Wait for the lease, for the result, or until nothing came for too long: return the token and the result."""
        began = self._clock()
        token = self._lease.try_acquire(key, self._lease_seconds)
        if token is not None:
            _LOGGER.debug("lease of %s %s", key.hex[:12], "taken" if token else "can't be had")
            # Somebody may have finished between our look and our lease.
            return token, store.get(key) if token != NO_LEASE else None
        _LOGGER.debug("lease of %s is another machine's: waiting", key.hex[:12])
        arrays = None
        while token is None and arrays is None:
            waited = self._clock() - max(began, self._last_result_at)
            if self._timeouts_in_row >= MAX_TIMEOUTS or waited >= self._wait_budget.clamp(
                self._holder_timeout_seconds
            ):
                self._record_timeout(self._clock() - began)
                _LOGGER.debug("lease of %s: nothing came, computing it here", key.hex[:12])
                return NO_LEASE, None
            self._stop.check()
            self._sleep(self._poll_seconds)
            arrays = store.get(key)
            if arrays is None:
                token = self._lease.try_acquire(key, self._lease_seconds)
        if arrays is None:
            arrays = store.get(key) if token != NO_LEASE else None
            arrays = self._await_visibility(store, key, arrays)
        if arrays is None:  # given back, and nothing came of it
            self._wait_budget.charge_fault(self._clock() - began)
        else:
            self._last_result_at, self._timeouts_in_row = self._clock(), 0
        return token or NO_LEASE, arrays

    def _record_timeout(self, seconds: float) -> None:
        self._wait_budget.charge_fault(seconds)
        if self._timeouts_in_row < MAX_TIMEOUTS:
            self._timeouts_in_row += 1

    def _await_visibility(self, store: Store, key: Key, arrays: Arrays | None) -> Arrays | None:
        """Give a result that was just made elsewhere the time to show."""
        began = self._clock()
        while arrays is None and self._clock() - began < min(
            self._visibility_delay_seconds, self._wait_budget.remaining_seconds
        ):
            self._stop.check()
            self._sleep(self._poll_seconds)
            arrays = store.get(key)
        return arrays


class GuardedLease:
    """A lease on a shared place that may fail or hang: then everybody goes alone for a while."""

    def __init__(
        self,
        lease: Lease,
        breaker: CircuitBreaker,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        *,
        may_hang: bool = True,
        set_timeout: Callable[[float], None] = lambda _seconds: None,
        wait_budget: WaitBudget | None = None,
        is_ready: Callable[[], bool] = lambda: True,
        stop: StopToken | None = None,
    ) -> None:
        """Guard `lease`; `may_hang` is whether asking it may take for ever, for `set_timeout` see `SharedTier`.

        What is waited for in vain is taken from `wait_budget`. While the place is not `is_ready` it is not asked.
        """
        self._lease = lease
        self._breaker = breaker
        self._timeout_seconds = timeout_seconds
        self._set_timeout = set_timeout
        self._current_timeout_seconds = timeout_seconds
        self._wait_budget = wait_budget or WaitBudget()
        self._is_ready = is_ready
        self._stop = stop
        self._background = TimedThread("understudy leases")
        self._caller: Caller = self._background if may_hang else DirectCaller()

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """See `Lease.try_acquire`; returns within about `timeout_seconds`."""
        if not self._is_ready():
            return NO_LEASE
        if not self._breaker.allows_calls:
            if self._breaker.begin_probe() and not self._background.try_submit(self._probe):
                self._breaker.cancel_probe()
            return NO_LEASE
        limit = self._wait_budget.clamp(self._timeout_seconds)
        if limit != self._current_timeout_seconds:
            self._current_timeout_seconds = limit
            self._set_timeout(limit)
        began = time.monotonic()
        try:
            token = self._caller.call(lambda: self._lease.try_acquire(key, seconds), limit, self._stop)
        except TimeoutError:
            token = NO_LEASE
        waited = time.monotonic() - began
        if token == NO_LEASE:
            self._wait_budget.charge_fault(waited)
            self._record_failure()
        else:
            self._wait_budget.charge_miss(waited)
            self._breaker.record_success()
        return token

    def release(self, key: Key, token: str) -> None:
        """See `Lease.release`; returns within about `timeout_seconds`. An open circuit lets leases expire."""
        if not self._breaker.allows_calls:
            return
        try:
            self._caller.call(lambda: self._lease.release(key, token), self._timeout_seconds)
        except TimeoutError:
            self._record_failure()

    def _probe(self) -> None:
        """Take a lease on nothing and give it back, on a thread that nobody waits for."""
        began = time.monotonic()
        token = self._lease.try_acquire(_PROBE_KEY, self._timeout_seconds)
        if token:
            self._lease.release(_PROBE_KEY, token)
        if token == NO_LEASE or time.monotonic() - began > self._timeout_seconds:
            self._record_failure()
        else:
            self._breaker.record_success()

    def _record_failure(self) -> None:
        self._breaker.record_failure(
            "it can't say who computes what", permanently=self._wait_budget.is_spent_by_faults
        )
