# SPDX-License-Identifier: GPL-3.0-or-later
"""The most memory that a process held at once."""

import resource
from pathlib import Path


def peak_mib() -> float:
    """Return the most memory that this process held at once, in MiB."""
    status = Path("/proc/self/status")
    if status.is_file():
        # Unlike `ru_maxrss` it does not count what the process held that started this one.
        lines = (line.split() for line in status.read_text(encoding="utf-8").splitlines())
        return next(float(words[1]) for words in lines if words[0] == "VmHWM:") / 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024
