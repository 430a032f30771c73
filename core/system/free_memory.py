# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory is left for what could as well be left undone: of the machine, and of the job's share of it.

Source: Linux's proc(5), and its documentation of control groups, version 1 and 2.
"""

from collections.abc import Iterator
from pathlib import Path

from .system_file import read_system_file

_MEMORY_INFO = Path("proc/meminfo")
_GROUPS = Path("proc/self/cgroup")
_MOUNT = Path("sys/fs/cgroup")
_V1 = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
_V2 = "memory.max", "memory.current", "inactive_file"


def free_memory_bytes(root: Path = Path("/")) -> int | None:
    """Return how many bytes a process may still take without the machine, or its job, being short of memory.

    Parameters
    ----------
    root : pathlib.Path
        The folder that has the system's `proc` and `sys`.

    Returns
    -------
    int or None
        None where the system does not say, as Windows and macOS do not.
    """
    available = _fields(root / _MEMORY_INFO).get("MemAvailable:")
    return None if available is None else min((available << 10, *_group_bytes(root)))


def _group_bytes(root: Path) -> Iterator[int]:
    """Yield what is left in each control group that limits this process's memory."""
    for line in _text(root / _GROUPS).splitlines():
        _, kinds, path = (*line.split(":", 2), "", "")[:3]
        if kinds and "memory" not in kinds.split(","):
            continue
        names, mount = (_V1, root / _MOUNT / "memory") if kinds else (_V2, root / _MOUNT)
        inner = mount / path.strip().lstrip("/")
        # A group is limited by those above it; in a container its own may be where the root is.
        for place in (inner, *inner.parents):
            if place.is_relative_to(mount):
                yield from _bytes_in(place, *names)


def _bytes_in(group: Path, limit_name: str, usage_name: str, cache_name: str) -> Iterator[int]:
    limit, usage = (_text(group / name).strip() for name in (limit_name, usage_name))
    if limit.isdigit() and usage.isdigit():
        # What is kept of files that nobody reads now is given back when memory is short.
        yield int(limit) - int(usage) + _fields(group / "memory.stat").get(cache_name, 0)


def _fields(path: Path) -> dict[str, int]:
    lines = (line.split() for line in _text(path).splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}


def _text(path: Path) -> str:
    return read_system_file(path).decode("ascii", "replace")
