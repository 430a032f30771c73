# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a shared place is worth asking, and how long a run still waits for it in vain.

After a fault a place is left alone for a while, longer each time, and then tried again in the background: nobody
waits to find out. All waiting for one place, for its results, its leases and its end, is counted together, and
once it was `ALLOWED_SECONDS` the run goes on without what it would have to be waited for.
"""

import threading
import time
from collections.abc import Callable

FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 60.0
ALLOWED_SECONDS = 4.6
"""5 s are promised: the rest is for what waits till it sees that it waits too long (0.3 s, with two busy cores)."""
PROMPT_SECONDS = 0.01
"""A no within this time is not counted: a share in the next room says so in 0.1 to 2 ms, on a busy machine in 10."""
_WORTH_SECONDS = 0.5


class Health:
    """The state of one place. Safe to use from several threads."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin in good health. `name` is for the warning; `clock` gives seconds that never go back."""
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._rest = 0.0
        self._rests_until = 0.0
        self._usable = True
        self._on_trial = False
        self._ended = False
        self._warning: str | None = None

    @property
    def usable(self) -> bool:
        """Whether it answered as it should when it was last asked."""
        return self._usable

    def begin_trial(self) -> bool:
        """Whether it rested long enough to be tried again. True to one alone, who then says how that went."""
        with self._lock:
            due = not self._usable and not self._on_trial and not self._ended
            self._on_trial |= due and self._clock() >= self._rests_until
            return due and self._on_trial

    def put_off_trial(self) -> None:
        """Say that the trial could not begin."""
        with self._lock:
            self._on_trial = False

    def failed(self, reason: str, *, for_good: bool = False) -> None:
        """Rest: 1 s after a first fault, twice as long after each further one, at most a minute; or `for_good`."""
        with self._lock:
            self._rest = min(max(2 * self._rest, FIRST_REST_SECONDS), LONGEST_REST_SECONDS)
            self._rests_until = self._clock() + self._rest
            self._usable = self._on_trial = False
            self._ended |= for_good
            if self._warning is None:
                later = "" if for_good else "; it is tried again later"
                self._warning = f"{self._name} is left out for now ({reason}){later}"

    def read_no_more(self) -> None:
        """Say that it is not asked any more, though it may be written to."""
        with self._lock:
            if self._warning is None:
                self._warning = f"{self._name} is not read any more: it has nothing and takes long to say so"

    def succeeded(self) -> None:
        """It answered as it should: the next fault is a first one again."""
        if self._rest:
            with self._lock:
                self._rest = 0.0
                self._on_trial = False
                self._usable = not self._ended

    @property
    def warning(self) -> str | None:
        """One line about the first fault, or None if there was none."""
        with self._lock:
            return self._warning


class Allowance:
    """How long a run still waits for one place in vain. Safe to use from several threads.

    What is waited for and comes costs nothing, since it spares computing it.
    """

    def __init__(self, seconds: float = ALLOWED_SECONDS) -> None:
        self._lock = threading.Lock()
        self._lost = 0.0
        self._misses = 0.0
        self._seconds = seconds

    @property
    def failed(self) -> bool:
        """Whether faults alone took all of it."""
        return self._lost >= self._seconds

    @property
    def left(self) -> float:
        """How many seconds are left."""
        return max(self._seconds - self._lost - self._misses, 0.0)

    def limit(self, seconds: float) -> float:
        """Return how long may be waited where there is time for `seconds`; with none left it is but a moment."""
        left = self._seconds - self._lost - self._misses
        return seconds if left >= seconds else min(seconds, max(left, PROMPT_SECONDS))

    def lose(self, seconds: float) -> None:
        """Count what was waited for a place that failed."""
        with self._lock:
            self._lost += seconds

    def miss(self, seconds: float) -> None:
        """Count what was waited to hear that there is nothing."""
        if seconds > PROMPT_SECONDS:
            with self._lock:
                self._misses += seconds

    def hit(self) -> None:
        """Take off some of what misses cost: a slow place that has results is worth its misses."""
        if self._misses:
            with self._lock:
                self._misses = max(self._misses - _WORTH_SECONDS, 0.0)
