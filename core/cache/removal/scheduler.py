# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides when a folder that is written to is tidied: rarely, and not in the thread that writes."""

import threading
from collections.abc import Callable

_GRACE_SECONDS = 5.0


class Caretaker:
    """Calls `tidy` in a thread of its own after each `every_bytes` written, and at the first byte."""

    def __init__(self, tidy: Callable[[], object], every_bytes: int) -> None:
        self._tidy = tidy
        self._every_bytes = every_bytes
        self._untidied = every_bytes
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def wrote(self, size: int) -> None:
        """Count bytes written. For one thread at a time."""
        self._untidied += size
        if self._untidied < self._every_bytes or (self._thread is not None and self._thread.is_alive()):
            return
        self._thread = threading.Thread(target=self._run, name="cache janitor", daemon=True)
        self._thread.start()

    def stopping(self) -> bool:
        """Tell whether the tidying should come to an end."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Wait for the thread to finish what it does, a few seconds at most and then to the next pack."""
        thread = self._thread
        if thread is not None:
            thread.join(_GRACE_SECONDS)
            self._stopping.set()
            thread.join()
            self._stopping.clear()

    def _run(self) -> None:
        while self._untidied >= self._every_bytes and not self._stopping.is_set():
            self._untidied = 0  # what is written from now on calls for another round
            self._tidy()
