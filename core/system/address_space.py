# SPDX-License-Identifier: GPL-3.0-or-later
"""Living within a limit of address space (`ulimit -v`), as farms set it.

What counts there is not what is used but what is mapped: each thread maps a stack, and each library that shares work
out starts a thread for every core, and takes buffers for every thread. On 64 cores that was 5 GB for a render that
uses 0.5 (measured with 1080p). Without a limit nothing here does anything.
"""

import ctypes
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

_BYTES_PER_THREAD = 1 << 29
"""Of the whole limit: 1.5 GB makes two threads."""
_M_ARENA_MAX = -8  # malloc.h of the GNU C library
_THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "UNDERSTUDY_THREADS",
)


def limit_bytes() -> int | None:
    """Return how many bytes this process may map in all, or None where that is not limited or not told."""
    if sys.platform == "win32":
        return None
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if most == resource.RLIM_INFINITY else most


def remaining_bytes() -> int | None:
    """Return how many bytes this process may still map, or None where that is not limited or not told."""
    most = limit_bytes()
    if most is None or sys.platform == "win32":
        return None
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):  # not Linux
        return most // 2
    return max(0, most - pages * resource.getpagesize())


def thread_count_within(limit: int) -> int:
    """Return how many threads a library may start under a limit of `limit` bytes."""
    return max(1, min(os.cpu_count() or 1, limit // _BYTES_PER_THREAD))


def keep_within_limit(environ: MutableMapping[str, str]) -> None:
    """Have the libraries that are loaded from now on start few threads, if there is a limit.

    For a program of its own, before it loads NumPy: these settings are the whole process's. What its user set in
    `environ` stays.
    """
    most = limit_bytes()
    if most is None:
        return
    threads = thread_count_within(most)
    for name in _THREAD_VARIABLES:
        environ.setdefault(name, str(threads))
    if sys.platform == "linux":
        # Each thread would map 64 MB of its own for what it allocates.
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, threads)
