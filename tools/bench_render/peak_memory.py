# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory that a process holds, and the most that it held at once."""

import resource
from pathlib import Path


def peak_mib() -> float:
    """Return the most memory that this process held at once, in MiB."""
    # Unlike `ru_maxrss` it does not count what the process held that started this one.
    return _status_mib("self", "VmHWM:") or float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024


def resident_mib(pid: int) -> float:
    """Return what a process holds of the machine's memory, in MiB; 0 where it has just ended, or is not on Linux."""
    return _status_mib(str(pid), "VmRSS:")


def _status_mib(process: str, field: str) -> float:
    """Return what Linux says of a process's memory, in MiB; 0 where it says nothing."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    lines = (line.split() for line in status.splitlines())
    return next((float(words[1]) for words in lines if words and words[0] == field), 0.0) / 1024
