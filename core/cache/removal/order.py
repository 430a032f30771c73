# SPDX-License-Identifier: GPL-3.0-or-later
"""What an eviction may remove: packs in the order of their use, and what killed processes left behind."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

from ...filesystem import FolderEntry, Location
from ..packs.layout import MARK_LEFTOVER, pack_folders
from ..packs.names import PACK_LEFTOVER, SIDECAR_NAME
from ..packs.pack import list_packs

_USAGE_LOG_LEFTOVER = re.compile(r"\.\.uses\.[0-9a-f]{8}\.tmp")
_LEFTOVER_AGE_SECONDS = 600.0


@dataclass(frozen=True)
class PackUsage:
    """A pack, where it lies, its size in bytes and when it was last used, in nanoseconds since 1970."""

    pack_folder: Location
    name: str
    size: int
    last_used_ns: int


class Leftover(NamedTuple):
    """A file that a killed process left, and the folder that it lies in."""

    pack_folder: Location
    name: str
    size: int


def find_leftovers(root: Location, now_ns: int, *, any_age: bool = False) -> Iterator[Leftover]:
    """Find what killed processes left behind: files never finished, sidecars without a pack. Raises OSError.

    For holders of the folder's lock: only they make packs under a temporary name. Others are told by their age,
    unless `any_age`: at worst a sidecar, or figures, that another process is writing just now are lost.
    """
    for home in pack_folders(root):
        with home.open() as folder:
            names = set(folder.names())
            for name in sorted(filter(_is_leftover_name, names)):
                with suppress(FileNotFoundError):
                    entry = FolderEntry(name, folder.status(name))
                    if entry.is_file and _is_leftover(entry, names, now_ns, any_age=any_age):
                        yield Leftover(home, name, entry.status.st_size)


def remove_leftovers(root: Location, now_ns: int, errors: list[OSError], *, any_age: bool = False) -> int:
    """Remove what killed processes left behind, and return the bytes freed. Raises OSError."""
    freed = 0
    for left in list(find_leftovers(root, now_ns, any_age=any_age)):
        try:
            with left.pack_folder.open() as folder:
                freed += left.size if folder.discard_file(left.name) else 0
        except FileNotFoundError:
            continue
        except OSError as error:
            errors.append(error)
    return freed


def _is_leftover_name(name: str) -> bool:
    forms = PACK_LEFTOVER, MARK_LEFTOVER, _USAGE_LOG_LEFTOVER, SIDECAR_NAME
    return any(form.fullmatch(name) for form in forms)


def _is_leftover(entry: FolderEntry, names: set[str], now_ns: int, *, any_age: bool) -> bool:
    if SIDECAR_NAME.fullmatch(entry.name):
        return entry.name.replace(".idx", ".pack") not in names
    if any_age or (PACK_LEFTOVER.fullmatch(entry.name) and entry.name.endswith(".pack.tmp")):
        return True
    return abs(now_ns - entry.status.st_mtime_ns) > _LEFTOVER_AGE_SECONDS * 1e9


def packs_by_last_use(root: Location, now_ns: int) -> list[PackUsage]:
    """List the packs of every format, the longest unused first. Raises OSError."""
    listed = []
    for home in pack_folders(root):
        with home.open() as folder:
            listed += [
                PackUsage(home, entry.name, entry.status.st_size, entry.status.st_mtime_ns)
                for entry in list_packs(folder)
            ]
    listed.sort(key=lambda pack: (pack.last_used_ns, pack.name))
    return _clamp_future_times(listed, now_ns)


def _clamp_future_times(packs: list[PackUsage], now_ns: int) -> list[PackUsage]:
    """Say of packs used in the future, because a clock was set back, that they were used now, in their order."""
    ahead = [pack for pack in packs if pack.last_used_ns > now_ns]
    dated = packs[: len(packs) - len(ahead)]
    for rank, pack in enumerate(ahead):
        stamp = max(now_ns - len(ahead) + rank, dated[-1].last_used_ns if dated else 0)
        # Another's, or gone: its order is right all the same.
        with suppress(OSError), pack.pack_folder.open() as folder:
            folder.set_times(pack.name, stamp)
        dated.append(replace(pack, last_used_ns=stamp))
    return dated
