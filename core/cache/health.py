# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a shared place is worth asking: after a fault it is left alone for a while, longer each time."""

import threading
import time
from collections.abc import Callable

FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 60.0


class Health:
    """The state of one place. Safe to use from several threads."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin in good health. `name` is for the warning; `clock` gives seconds that never go back."""
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._rest = 0.0
        self._rests_until = float("-inf")
        self._warning: str | None = None

    @property
    def usable(self) -> bool:
        """Whether it is not resting. The first question after a rest is the one that finds out."""
        with self._lock:
            return self._clock() >= self._rests_until

    def failed(self, reason: str) -> None:
        """Rest: 1 s after a first fault, twice as long after each further one, at most a minute."""
        with self._lock:
            self._rest = min(max(2 * self._rest, FIRST_REST_SECONDS), LONGEST_REST_SECONDS)
            self._rests_until = self._clock() + self._rest
            if self._warning is None:
                self._warning = f"{self._name} is left out for now ({reason}); it is tried again later"

    def succeeded(self) -> None:
        """It answered as it should: the next fault is a first one again."""
        with self._lock:
            self._rest = 0.0

    @property
    def warning(self) -> str | None:
        """One line about the first fault, or None if there was none."""
        with self._lock:
            return self._warning
