# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a cache folder was asked and answered, over all runs: one short line a run, in the folder itself."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .counts import StoreCounts
from .files import open_file, put_whole
from .folder_lock import folder_lock

USES_NAME = ".uses"
_LOCK_NAME = ".uses.lock"
_WAIT_SECONDS = 1.0
_MOST_BYTES = 1 << 16


@dataclass(frozen=True)
class Uses:
    """What runs asked of a cache folder: `since` is when the first of them ended, in seconds since 1970."""

    runs: int
    hits: int
    misses: int
    puts: int
    since: int

    def __add__(self, other: "Uses") -> "Uses":
        return Uses(
            self.runs + other.runs,
            self.hits + other.hits,
            self.misses + other.misses,
            self.puts + other.puts,
            min(self.since, other.since),
        )


def note(root: Path, memory: StoreCounts, folder: StoreCounts) -> None:
    """Add a run's counts to the folder's. Trouble is passed over: these are figures to look at, no more."""
    run = Uses(1, memory.hits + folder.hits, folder.misses, folder.puts, int(time.time()))
    if not run.hits + run.misses:
        return
    path = root / USES_NAME
    # Alone, so that no line is added to a file that is just being replaced by its sum.
    with suppress(OSError), folder_lock(root, name=_LOCK_NAME, wait_seconds=_WAIT_SECONDS) as alone:
        if alone and path.exists() and path.stat().st_size > _MOST_BYTES:
            _shorten(path)
        # One write to the end: runs that end at the same time do not mix their lines, with or without locks.
        fd = open_file(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(fd, _line(run))
        finally:
            os.close(fd)


def uses(root: Path) -> Uses | None:
    """Return the sum of all runs, or None where there was none."""
    total: Uses | None = None
    try:
        with (root / USES_NAME).open("rb") as file:
            lines = file.read(2 * _MOST_BYTES).split(b"\n")
    except OSError:
        return None
    for line in lines:
        numbers = [int(part) for part in line.split() if part.isdigit() and len(part) < 20]
        if len(numbers) == 5:
            total = Uses(*numbers) if total is None else total + Uses(*numbers)
    return total


def _shorten(path: Path) -> None:
    total = uses(path.parent)
    put_whole(path, _line(total) if total else b"", 0o600)


def _line(use: Uses) -> bytes:
    return f"{use.runs} {use.hits} {use.misses} {use.puts} {use.since}\n".encode()
