# SPDX-License-Identifier: GPL-3.0-or-later
"""One line on the terminal that says how far a render is."""

import time
from typing import TextIO

from ..concurrency.closing import Closeable

_UPDATE_SECONDS = 0.2


class ProgressDisplay(Closeable):
    """A context manager; leaves the terminal's line empty. Shows nothing where `visible` is False."""

    def __init__(self, total: int, stream: TextIO, visible: bool, unit: str = "frame") -> None:  # noqa: FBT001 - by name
        self._total = total
        self._unit = unit
        self._stream = stream
        self._visible = visible
        self._start_time = self._last_update = time.monotonic()

    def close(self) -> None:
        """Empty the line."""
        self._show("")

    def update(self, count: int, prefix: str = "") -> None:
        """Say that `count` frames, or what `unit` names, are done, after `prefix`."""
        now = time.monotonic()
        if not self._visible or (now - self._last_update < _UPDATE_SECONDS and count < self._total):
            return
        self._last_update = now
        self._show(prefix + progress_line(count, self._total, now - self._start_time, self._unit))

    def _show(self, text: str) -> None:
        if not self._visible:
            return
        try:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()
        except OSError:  # the terminal was closed
            self._visible = False


def progress_line(count: int, total: int, seconds: float, unit: str = "frame") -> str:
    """Return the line for `count` frames, or other units, out of `total` done in `seconds`."""
    rate = count / seconds if seconds > 0 else 0.0
    left = f", {_format_duration((total - count) / rate)} left" if rate > 0 and count < total else ""
    return f"{unit} {count}/{total}, {rate:.1f} {unit}s/s{left}"


def _format_duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
