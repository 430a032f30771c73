# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases as small files in a shared folder.

Whoever creates a key's file has the lease. The file says for how long, not until when: clocks of several
machines differ. Everybody else starts counting, by a clock of their own that never goes back, when they first
see that file; once its time is over they may set it aside. So a lease is never taken over early, and a dead
holder's blocks nobody for longer than the lease after they first met it.
"""

import os
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..filesystem import Folder, Location
from .key import Key
from .lease import ALONE

LEASE_FOLDER = ".leases"
_LONGEST_SECONDS = 600.0
_MOST_BYTES = 128
_REMEMBERED = 10_000
_NAME = re.compile(r"[0-9a-f]{64}\.(lease|[0-9a-f]{32})")


class FolderLease:
    """Lease files in `folder`, which is made when first needed. Safe to use from several threads."""

    def __init__(
        self, folder: Path, *, shared_with_group: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Use `folder`, for its owner only unless `shared_with_group`. `clock` never goes back."""
        self._folder = folder
        self._shared_with_group = shared_with_group
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """See `Lease.try_acquire`."""
        path = self._path(key)
        token = secrets.token_hex(16)
        try:
            for _ in range(2):
                if self._create(path, f"{token} {seconds:.3f}\n".encode()):
                    return token
                with suppress(FileNotFoundError):  # given back meanwhile
                    stale = self._stale(path, key, seconds)
                    if stale is None:
                        return None
                    self._set_aside(path, stale, token)
        except OSError:
            return ALONE
        return None

    def release(self, key: Key, token: str) -> None:
        """See `Lease.release`."""
        path = self._path(key)
        with suppress(OSError):
            if _read(path).split(b" ")[0] == token.encode():
                path.unlink()

    def _path(self, key: Key) -> Path:
        return self._folder / f"{key.hex}.lease"

    def _create(self, path: Path, text: bytes) -> bool:
        """Create the file unless it is there; tell whether it was created. Raises OSError."""
        try:
            with Folder(path.parent) as folder:
                fd = folder.create_file(path.name, os.O_WRONLY, 0o660 if self._shared_with_group else 0o600)
        except FileExistsError:
            return False
        except FileNotFoundError:
            self._make_folder()
            return self._create(path, text)
        try:
            os.write(fd, text)
        finally:
            os.close(fd)
        return True

    def _make_folder(self) -> None:
        # Not the parents: where the share is not mounted, nothing is to appear in its place.
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self._shared_with_group:
            self._folder.chmod(0o2770)  # files made here belong to the folder's group

    def _stale(self, path: Path, key: Key, seconds: float) -> bytes | None:
        """Return what the file holds if its time is over, None if it may be in use. Raises OSError."""
        content = _read(path)
        now = self._clock()
        with self._lock:
            known = self._seen.get(key.digest)
            if known is None or known[0] != content:
                self._seen[key.digest] = content, now
                self._seen.move_to_end(key.digest)
                if len(self._seen) > _REMEMBERED:
                    self._seen.popitem(last=False)
                return None
            return content if now - known[1] >= _length(content, seconds) else None

    def _set_aside(self, path: Path, stale: bytes, token: str) -> None:
        aside = path.with_suffix(f".{token}")
        path.rename(aside)
        if _read(aside) != stale:
            # Somebody else was quicker, and this is their fresh lease: it goes back, if its place is free.
            with suppress(OSError):
                os.link(aside, path)
        aside.unlink()


def sweep(folder: Path, older_than_seconds: float) -> int:
    """Remove the leases that dead processes left in a folder, and count them. Raises nothing.

    The folder's name must not be a link's. What does not have the form of a lease's name is left as it is.
    """
    removed = 0
    limit = time.time() - older_than_seconds
    with suppress(OSError), Location(folder.parent, (folder.name,)).open() as leases:
        for entry in leases.entries():
            if _NAME.fullmatch(entry.name) and entry.is_file and entry.status.st_mtime < limit:
                with suppress(OSError):
                    leases.remove_file(entry.name)
                    removed += 1
    return removed


def _read(path: Path) -> bytes:
    with Folder(path.parent) as folder:
        fd = folder.open_file(path.name, os.O_RDONLY)
    try:
        return os.read(fd, _MOST_BYTES)
    finally:
        os.close(fd)


def _length(content: bytes, otherwise: float) -> float:
    """Return how long a lease lasts; `otherwise` for a file that was not written to its end."""
    try:
        length = float(content.split(b" ")[1])
    except (ValueError, IndexError):
        return otherwise
    return length if 0 <= length <= _LONGEST_SECONDS else otherwise
