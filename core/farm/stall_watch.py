# SPDX-License-Identifier: GPL-3.0-or-later
"""A task whose share stalls for good: without an end it would keep its machine, and no engine would try it again."""

import threading
import time
from collections.abc import Callable, Sequence

from ..concurrency.closing import Closeable

QUIET_SECONDS = 60.0
"""How long Blender prints nothing before places are asked: a frame may take that long."""
LIMIT_SECONDS = 600.0
"""How long they may then be silent: a server that is started anew, or a switch, is back by then."""


class StallWatch(Closeable):
    """Asks places whether they answer while a task prints nothing; `reason` says which of them did not for too long."""

    def __init__(
        self,
        find_silent_places: Callable[[], Sequence[str]],
        quiet_seconds: float = QUIET_SECONDS,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        """`find_silent_places` returns a line for each place that does not answer; it may take long."""
        self._find_silent_places = find_silent_places
        self._quiet_seconds, self._limit_seconds = quiet_seconds, limit_seconds
        self._last_sign = time.monotonic()
        self._closed = threading.Event()
        self.reason = ""
        """Why the task is to be ended; empty as long as it is not."""
        threading.Thread(target=self._watch, name="stall watch", daemon=True).start()

    def note_line(self) -> None:
        """Note that the task printed something."""
        self._last_sign = time.monotonic()

    def close(self) -> None:
        """Ask no more."""
        self._closed.set()

    def _watch(self) -> None:
        while not self._closed.wait(self._quiet_seconds):
            if time.monotonic() - self._last_sign < self._quiet_seconds:
                continue
            silent = self._find_silent_places()
            if not silent:
                self._last_sign = time.monotonic()
            elif time.monotonic() - self._last_sign > self._quiet_seconds + self._limit_seconds:
                self.reason = "; ".join(silent)
                return
