# SPDX-License-Identifier: GPL-3.0-or-later
"""How often and how long a process waits for another's result, from what the cache logs."""

import logging
from dataclasses import dataclass

_WAITING, _OTHERS = "is another machine's: waiting", "lease of"


@dataclass(frozen=True)
class LeaseWaits:
    """What a process waited for others' results."""

    count: int
    seconds: float


class LeaseWaitRecorder(logging.Handler):
    """Counts waits: from the line that says so to the next of the same thread that says how it ended."""

    def __init__(self) -> None:
        """Listen to nothing yet: add it to the logger of the cache."""
        super().__init__(logging.DEBUG)
        self._since: dict[int, float] = {}
        self._count, self._seconds = 0, 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Take in a line of the log."""
        thread, text = record.thread or 0, record.getMessage()
        if text.startswith(_OTHERS) and text.endswith(_WAITING):
            self._since[thread] = record.created
            self._count += 1
        elif thread in self._since:
            self._seconds += record.created - self._since.pop(thread)

    @property
    def waits(self) -> LeaseWaits:
        """What was waited for until now."""
        return LeaseWaits(self._count, round(self._seconds, 3))
