# SPDX-License-Identifier: GPL-3.0-or-later
"""What a janitor may remove: packs in the order of their use, and what killed processes left behind."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .layout import pack_folders
from .pack import PACK_NAME, list_packs
from .rewrite import LEFTOVER

_SIDECAR_NAME = re.compile(PACK_NAME.pattern.replace("pack", "idx"))
_LEFTOVER_SECONDS = 600.0


@dataclass(frozen=True)
class Candidate:
    """A pack, its size in bytes and when it was last used, in nanoseconds since 1970."""

    path: Path
    size: int
    used_ns: int


def leftovers(root: Path, now_ns: int) -> Iterator[Path]:
    """Find what killed processes left behind: packs never finished, sidecars without a pack. Raises OSError.

    For holders of the folder's lock: only they make packs under a temporary name.
    """
    for folder in pack_folders(root):
        with os.scandir(folder) as listing:
            files = {entry.name: entry for entry in listing if entry.is_file(follow_symlinks=False)}
        for name in sorted(files):
            if LEFTOVER.fullmatch(name):
                if name.endswith(".pack.tmp") or _is_old(files[name], now_ns):
                    yield folder / name
            elif _SIDECAR_NAME.fullmatch(name) and name.replace(".idx", ".pack") not in files:
                yield folder / name


def _is_old(entry: "os.DirEntry[str]", now_ns: int) -> bool:
    try:
        return abs(now_ns - entry.stat(follow_symlinks=False).st_mtime_ns) > _LEFTOVER_SECONDS * 1e9
    except FileNotFoundError:
        return False


def packs_by_use(root: Path, now_ns: int) -> list[Candidate]:
    """List the packs of every format, the longest unused first. Raises OSError."""
    listed = []
    for folder in pack_folders(root):
        for path in list_packs(folder):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            listed.append(Candidate(path, status.st_size, status.st_mtime_ns))
    listed.sort(key=lambda pack: (pack.used_ns, pack.path.name))
    return _without_future(listed, now_ns)


def _without_future(packs: list[Candidate], now_ns: int) -> list[Candidate]:
    """Say of packs used in the future, because a clock was set back, that they were used now, in their order."""
    ahead = [pack for pack in packs if pack.used_ns > now_ns]
    dated = packs[: len(packs) - len(ahead)]
    for rank, pack in enumerate(ahead):
        stamp = max(now_ns - len(ahead) + rank, dated[-1].used_ns if dated else 0)
        with suppress(OSError):  # another's, or gone: its order is right all the same
            os.utime(pack.path, ns=(stamp, stamp))
        dated.append(Candidate(pack.path, pack.size, stamp))
    return dated
