# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a shared place is worth asking, and how long a run still waits for it in vain.

After a fault a place is left alone for a while, longer each time, and then tried again in the background: nobody
waits to find out. All waiting for one place, for its results, its leases and its end, is counted together, and
once it was `WAIT_BUDGET_SECONDS` the run goes on without what it would have to be waited for.
"""

import threading
import time
from collections.abc import Callable

from ...reporting.log import room_logger

_LOGGER = room_logger("cache")
MIN_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 60.0
WAIT_BUDGET_SECONDS = 4.6
"""5 s are promised: the rest is for what waits till it sees that it waits too long (0.3 s, with two busy cores)."""
PROMPT_MISS_SECONDS = 0.01
"""A no within this time is not counted: a share in the next room says so in 0.1 to 2 ms, on a busy machine in 10."""
_HIT_REFUND_SECONDS = 0.5


class CircuitBreaker:
    """The state of one place. Safe to use from several threads."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin in good health. `name` is for the warning; `clock` gives seconds that never go back."""
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._backoff_seconds = 0.0
        self._retry_at = 0.0
        self._allows_calls = True
        self._is_half_open = False
        self._is_open_for_good = False
        self._warning: str | None = None

    @property
    def allows_calls(self) -> bool:
        """Whether it answered as it should when it was last asked."""
        return self._allows_calls

    def begin_probe(self) -> bool:
        """Whether it rested long enough to be tried again. True to one alone, who then says how that went."""
        with self._lock:
            due = not self._allows_calls and not self._is_half_open and not self._is_open_for_good
            self._is_half_open |= due and self._clock() >= self._retry_at
            begins = due and self._is_half_open
        if begins:
            _LOGGER.debug("circuit breaker of %s is half-open: trying again", self._name)
        return begins

    def cancel_probe(self) -> None:
        """Say that the trial could not begin."""
        with self._lock:
            self._is_half_open = False

    def record_failure(self, reason: str, *, permanently: bool = False) -> None:
        """Rest: 1 s after a first fault, twice as long after each further one, at most a minute; or `permanently`."""
        with self._lock:
            self._backoff_seconds = min(
                max(2 * self._backoff_seconds, MIN_BACKOFF_SECONDS), MAX_BACKOFF_SECONDS
            )
            self._retry_at = self._clock() + self._backoff_seconds
            self._allows_calls = self._is_half_open = False
            self._is_open_for_good |= permanently
            if self._warning is None:
                later = "" if permanently else "; it is tried again later"
                self._warning = f"{self._name} is not used for now ({reason}){later}"
            backoff = self._backoff_seconds
        _LOGGER.debug(
            "circuit breaker of %s is open %s: %s",
            self._name,
            "for good" if permanently else f"for {backoff:g} s",
            reason,
        )

    def warn_reads_disabled(self) -> None:
        """Say that it is not asked any more, though it may be written to."""
        with self._lock:
            if self._warning is None:
                self._warning = f"{self._name} is not read any more: it has no results and answers slowly"

    def record_success(self) -> None:
        """It answered as it should: the next fault is a first one again."""
        if self._backoff_seconds:
            with self._lock:
                self._backoff_seconds = 0.0
                self._is_half_open = False
                self._allows_calls = not self._is_open_for_good
            _LOGGER.debug("circuit breaker of %s is closed: it answers", self._name)

    @property
    def warning(self) -> str | None:
        """One line about the first fault, or None if there was none."""
        with self._lock:
            return self._warning


class WaitBudget:
    """How long a run still waits for one place in vain. Safe to use from several threads.

    What is waited for and comes costs nothing, since it spares computing it.
    """

    def __init__(self, seconds: float = WAIT_BUDGET_SECONDS) -> None:
        self._lock = threading.Lock()
        self._fault_seconds = 0.0
        self._miss_seconds = 0.0
        self._total_seconds = seconds

    @property
    def is_spent_by_faults(self) -> bool:
        """Whether faults alone took all of it."""
        return self._fault_seconds >= self._total_seconds

    @property
    def remaining_seconds(self) -> float:
        """How many seconds are left."""
        return max(self._total_seconds - self._fault_seconds - self._miss_seconds, 0.0)

    def clamp(self, seconds: float) -> float:
        """Return how long may be waited where there is time for more or less.

        Parameters
        ----------
        seconds : float
            How long it would be waited.

        Returns
        -------
        float
            In seconds, `seconds` at most; with no time left it is but a moment.
        """
        left = self._total_seconds - self._fault_seconds - self._miss_seconds
        return seconds if left >= seconds else min(seconds, max(left, PROMPT_MISS_SECONDS))

    def charge_fault(self, seconds: float) -> None:
        """Count what was waited for a place that failed."""
        with self._lock:
            self._fault_seconds += seconds

    def charge_miss(self, seconds: float) -> None:
        """Count what was waited to hear that there is nothing."""
        if seconds > PROMPT_MISS_SECONDS:
            with self._lock:
                self._miss_seconds += seconds

    def refund_hit(self) -> None:
        """Take off some of what misses cost: a slow place that has results is worth its misses."""
        if self._miss_seconds:
            with self._lock:
                self._miss_seconds = max(self._miss_seconds - _HIT_REFUND_SECONDS, 0.0)
