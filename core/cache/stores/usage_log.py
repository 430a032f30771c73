# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a cache folder was asked and answered, over all runs: one short line a run, in the folder itself."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...filesystem import Folder, Location
from ..base.counts import StoreCounts
from ..packs.folder_lock import folder_lock

USAGE_LOG_NAME = ".uses"
_LOCK_NAME = ".uses.lock"
_LOCK_WAIT_SECONDS = 1.0
_MAX_LOG_BYTES = 1 << 16
_MAX_TIME_SECONDS = 1 << 32  # the year 2106


@dataclass(frozen=True)
class UsageTotals:
    """What runs asked of a cache folder: `since` is when the first of them ended, in seconds since 1970."""

    runs: int
    hits: int
    misses: int
    puts: int
    since: int

    def __add__(self, other: "UsageTotals") -> "UsageTotals":
        return UsageTotals(
            self.runs + other.runs,
            self.hits + other.hits,
            self.misses + other.misses,
            self.puts + other.puts,
            min(self.since, other.since),
        )


def record_usage(root: Path, memory: StoreCounts, folder: StoreCounts, mode: int = 0o600) -> None:
    """Add a run's counts to the folder's. Trouble is passed over: these are figures to look at, no more."""
    run = UsageTotals(1, memory.hits + folder.hits, folder.misses, folder.puts, int(time.time()))
    if not run.hits + run.misses:
        return
    place = Location(root)
    # Alone, so that no line is added to a file that is just being replaced by its sum.
    with (
        suppress(OSError),
        folder_lock(place, name=_LOCK_NAME, wait_seconds=_LOCK_WAIT_SECONDS, mode=mode) as alone,
        place.open() as opened,
    ):
        fd = _open_log(opened, mode)
        try:
            if alone and os.fstat(fd).st_size > _MAX_LOG_BYTES:
                total = _sum_lines(_read_log(opened))
                opened.write_file(USAGE_LOG_NAME, _format_line(total + run if total else run), mode=mode)
            else:
                # One write to the end: runs that end at once do not mix their lines, with or without locks.
                os.write(fd, _format_line(run))
        finally:
            os.close(fd)


def read_usage(root: Path) -> UsageTotals | None:
    """Return the sum of all runs, or None where there was none."""
    try:
        with Location(root).open() as folder:
            return _sum_lines(_read_log(folder))
    except OSError:
        return None


def delete_usage_log(root: Path) -> None:
    """Remove the counts of all runs, and count anew. Raises OSError."""
    with Location(root).open() as folder:
        folder.discard_file(USAGE_LOG_NAME)


def _open_log(folder: Folder, mode: int) -> int:
    flags = os.O_WRONLY | os.O_APPEND
    try:
        return folder.create_file(USAGE_LOG_NAME, flags, mode)
    except FileExistsError:
        return folder.open_file(USAGE_LOG_NAME, flags)


def _read_log(folder: Folder) -> bytes:
    return folder.read_file(USAGE_LOG_NAME, 2 * _MAX_LOG_BYTES)


def _sum_lines(text: bytes) -> UsageTotals | None:
    total: UsageTotals | None = None
    for line in text.split(b"\n"):
        numbers = [int(part) for part in line.split() if part.isdigit() and len(part) < 17]
        if len(numbers) == 5 and numbers[4] < _MAX_TIME_SECONDS:
            total = UsageTotals(*numbers) if total is None else total + UsageTotals(*numbers)
    return total


def _format_line(usage: UsageTotals) -> bytes:
    return f"{usage.runs} {usage.hits} {usage.misses} {usage.puts} {usage.since}\n".encode()
