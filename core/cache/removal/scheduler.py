# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides when a folder that is written to is evicted from: rarely, and not in the thread that writes."""

import threading
from collections.abc import Callable

from ...concurrency.thread_start import try_start_thread

_GRACE_SECONDS = 5.0


class EvictionScheduler:
    """Calls `evict` in a thread of its own after each `interval_bytes` written, and at the first byte."""

    def __init__(self, evict: Callable[[], object], interval_bytes: int) -> None:
        self._evict = evict
        self._interval_bytes = interval_bytes
        self._bytes_since_eviction = interval_bytes
        self._thread: threading.Thread | None = None
        self._stop_event = threading.Event()

    def record_write(self, size: int) -> None:
        """Count bytes written. For one thread at a time."""
        self._bytes_since_eviction += size
        if self._bytes_since_eviction < self._interval_bytes or (
            self._thread is not None and self._thread.is_alive()
        ):
            return
        # Without a thread nothing is evicted until a later write.
        self._thread = try_start_thread(self._run, "cache eviction")

    def is_stopping(self) -> bool:
        """Tell whether the tidying should come to an end."""
        return self._stop_event.is_set()

    def stop(self) -> None:
        """Wait for the thread to finish what it does, a few seconds at most and then to the next pack."""
        thread = self._thread
        if thread is not None:
            thread.join(_GRACE_SECONDS)
            self._stop_event.set()
            thread.join()
            self._stop_event.clear()

    def _run(self) -> None:
        while self._bytes_since_eviction >= self._interval_bytes and not self._stop_event.is_set():
            self._bytes_since_eviction = 0  # what is written from now on calls for another round
            self._evict()
