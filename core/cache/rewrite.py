# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy chosen records of a pack into a new one, which appears whole or not at all."""

import os
import re
from pathlib import Path

from . import sidecar
from .files import create
from .pack import Found, OpenPack, erase, new_name
from .record import Header, verified
from .sidecar import Ledger

LEFTOVER = re.compile(r"\.[0-9a-f]{16}-[0-9a-f]+-[0-9a-f]{8}\.(pack|[0-9a-f]{8}\.idx)\.tmp")
"""The name of a file that was to become a pack or a sidecar; it lasts where its maker was killed."""


class Rewrite:
    """A new pack in the making. For holders of the folder's lock."""

    def __init__(self, home: Path, mode: int = 0o600) -> None:
        """Start under a temporary name. Raises OSError."""
        self.name = new_name()
        self.size = 0
        self._home = home
        self._mode = mode
        self._temporary = home / f".{self.name}.tmp"
        self._ledger = Ledger()
        self._fd = create(self._temporary, os.O_WRONLY, mode)

    def __len__(self) -> int:
        return len(self._ledger)

    @property
    def bytes_on_disk(self) -> int:
        """What the finished pack and its sidecar take."""
        return self.size + sidecar.size_of(len(self))

    def copy(self, pack: OpenPack, found: Found) -> Header | None:
        """Append a record if it is undamaged, and return its header. Raises OSError."""
        raw = pack.read(found.offset, found.size)
        known = verified(raw)
        if known is None:
            return None
        view = memoryview(raw)
        while view:
            view = view[os.write(self._fd, view) :]
        self._ledger.add(known[0].digest, self.size, len(raw))
        self.size += len(raw)
        return known[0]

    def finish(self, used_ns: int) -> str | None:
        """Put the pack in its place, last used at `used_ns`; return its name, or None if it holds nothing.

        Raises OSError.
        """
        self._close()
        if not self.size:
            self._temporary.unlink()
            return None
        os.utime(self._temporary, ns=(used_ns, used_ns))
        # The sidecar first: once the pack is there, nobody has to scan it.
        path = self._home / self.name
        self._ledger.write(path, self.size, sealed=True, mode=self._mode)
        self._temporary.rename(path)
        return self.name

    def abandon(self) -> None:
        """Leave nothing behind, as far as that can be."""
        self._close()
        for path in (self._temporary, sidecar.path_of(self._home / self.name)):
            try:
                path.unlink(missing_ok=True)
            except OSError:
                continue  # the next janitor finds it

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def remove(pack: Path, *, emptied: bool = False) -> int:
    """Remove a pack and its sidecar; return the bytes freed. Raises OSError.

    A process that has the pack open may read on in it, unless it is to be `emptied` first.
    """
    beside = sidecar.path_of(pack)
    try:
        side_bytes = beside.lstat().st_size
        beside.unlink()
    except FileNotFoundError:
        side_bytes = 0
    if emptied:
        return erase(pack) + side_bytes
    size = pack.stat().st_size
    pack.unlink()
    return size + side_bytes
