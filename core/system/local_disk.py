# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a folder lies on this machine's own disk, where a file that is in use stays whole when it is removed.

Over a network it may not: a process that has such a file mapped into its memory is then ended by the system.

Source: Linux's proc(5), on `mountinfo`.
"""

import os
import re
from pathlib import Path

from .system_file import read_system_file

_MOUNTS = Path("/proc/self/mountinfo")
_LOCAL_TYPES = frozenset(
    (*("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "bcachefs"), "overlay", "tmpfs")
)
_POINT, _SEPARATOR = 4, "-"


def is_on_local_disk(path: Path, mounts: Path = _MOUNTS) -> bool:
    """Tell whether a path is surely on a disk of this machine.

    Parameters
    ----------
    path : pathlib.Path
        The path; links in it are followed.
    mounts : pathlib.Path
        The file in which Linux lists what is mounted.

    Returns
    -------
    bool
        False too for a file system that is not known to be one, and where the system does not say.
    """
    try:
        place = path.resolve()
    except (OSError, RuntimeError):  # RuntimeError: a loop of links
        return False
    lines = os.fsdecode(read_system_file(mounts)).splitlines()
    kind, length = "", -1
    for words in (line.split(" ") for line in lines):
        if len(words) <= _POINT or _SEPARATOR not in words[_POINT:-1]:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), words[_POINT]))
        # Of two at one point the later one hides the other.
        if place.is_relative_to(point) and len(point.parts) >= length:
            kind, length = words[words.index(_SEPARATOR, _POINT) + 1], len(point.parts)
    return kind in _LOCAL_TYPES
