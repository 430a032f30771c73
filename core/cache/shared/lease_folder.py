# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases as small files in a cache folder.

Whoever creates a key's file has the lease. The file says for how long, not until when: clocks of several
machines differ. Everybody else starts counting, by a clock of their own that never goes back, when they first
see that file; once its time is over they may set it aside. So a lease is never taken over early, and a dead
holder's blocks nobody for longer than the lease after they first met it. Of a holder on this machine it can be told
whether it has ended: its lease is over at once.
"""

import os
import re
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ...concurrency.lru import LruCache
from ...concurrency.process_identity import has_ended, process_identity
from ...filesystem import Access, Folder, FolderEntry, Location
from ..base.key import Key
from .lease import NO_LEASE

LEASE_FOLDER = ".leases"
_LEASE_SUFFIX = ".lease"
_LEASE_FILE_NAME = re.compile(r"[0-9a-f]{64}\.(lease|[0-9a-f]{32})", re.ASCII)
_MAX_LEASE_SECONDS = 600.0
_MAX_LEASE_BYTES = 128
_MAX_OBSERVATIONS = 10_000


class FolderLease:
    """Lease files in `folder`, which is made when first needed. Safe to use from several threads."""

    def __init__(
        self, folder: Path, access: Access | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Use `folder`, whose name must not be a link's; `access` is whose it is to be. `clock` never goes back."""
        self._location = Location(folder.parent, (folder.name,))
        self._access = access or Access()
        self._clock = clock
        self._lock = threading.Lock()
        self._observations: LruCache[bytes, tuple[bytes, float]] = LruCache(_MAX_OBSERVATIONS)

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """See `Lease.try_acquire`."""
        name, token = _name(key), secrets.token_hex(16)
        try:
            with self._open_folder() as folder:
                for _ in range(2):
                    if self._create(folder, name, f"{token} {seconds:.3f} {process_identity()}\n".encode()):
                        return token
                    with suppress(FileNotFoundError):  # given back meanwhile
                        stale = self._stale_content(folder, key, seconds)
                        if stale is None:
                            return None
                        _move_aside(folder, key, stale, token)
        except OSError:
            return NO_LEASE
        return None

    def release(self, key: Key, token: str) -> None:
        """See `Lease.release`."""
        name = _name(key)
        with suppress(OSError), self._location.open() as folder:
            if _read(folder, name).split(b" ")[0] == token.encode():
                folder.remove_file(name)

    def _open_folder(self) -> Folder:
        """Open the folder, made if need be. Raises OSError, also where it must not be written to."""
        try:
            folder = self._location.open()
        except FileNotFoundError:
            # Not the parents: where the share is not mounted, nothing is to appear in its place.
            with Folder(self._location.root) as root:
                folder = root.make_child(self._location.names[0], self._access.folder_mode)
        fault = self._access.write_fault(folder.status(), self._location.path)
        if fault:
            folder.close()
            raise PermissionError(fault)
        with suppress(OSError):  # not every file system has permissions
            folder.set_mode(self._access.folder_mode)
        return folder

    def _create(self, folder: Folder, name: str, text: bytes) -> bool:
        """Create the file unless it is there; tell whether it was created. Raises OSError."""
        try:
            fd = folder.create_file(name, os.O_WRONLY, self._access.file_mode)
        except FileExistsError:
            return False
        try:
            os.write(fd, text)
        finally:
            os.close(fd)
        return True

    def _stale_content(self, folder: Folder, key: Key, seconds: float) -> bytes | None:
        """Return what the file holds if its time is over, None if it may be in use. Raises OSError."""
        content = _read(folder, _name(key))
        if has_ended(_holder(content)):
            return content
        now = self._clock()
        with self._lock:
            known = self._observations.get(key.digest)
            if known is None or known[0] != content:
                self._observations.put(key.digest, (content, now))
                return None
            return content if now - known[1] >= _lease_seconds(content, seconds) else None


def remove_stale_leases(folder: Path, older_than_seconds: float) -> int:
    """Remove the leases that dead processes left in a folder. Raises nothing.

    What does not have the form of a lease's name is left as it is.

    Parameters
    ----------
    folder : pathlib.Path
        The folder; its name must not be a link's.
    older_than_seconds : float
        How old a lease has to be, by its file's time.

    Returns
    -------
    int
        How many were removed.
    """
    limit = time.time() - older_than_seconds
    return _remove_leases(folder, lambda lease: lease.status.st_mtime < limit)


def remove_aside_leases(folder: Path) -> int:
    """Remove the leases that processes set aside and were killed then, and count them. Raises nothing."""
    return _remove_leases(folder, lambda lease: not lease.name.endswith(_LEASE_SUFFIX))


def _remove_leases(folder: Path, is_stale: Callable[[FolderEntry], bool]) -> int:
    removed = 0
    with suppress(OSError), Location(folder.parent, (folder.name,)).open() as leases:
        for entry in leases.entries():
            if _LEASE_FILE_NAME.fullmatch(entry.name) and entry.is_file and is_stale(entry):
                with suppress(OSError):
                    leases.remove_file(entry.name)
                    removed += 1
    return removed


def _name(key: Key) -> str:
    return f"{key.hex}{_LEASE_SUFFIX}"


def _move_aside(folder: Folder, key: Key, stale: bytes, token: str) -> None:
    name, aside = _name(key), f"{key.hex}.{token}"
    folder.rename(name, aside)
    if _read(folder, aside) != stale:
        # Somebody else was quicker, and this is their fresh lease: it goes back, if its place is free.
        with suppress(OSError):
            folder.link(aside, name)
    folder.remove_file(aside)


def _read(folder: Folder, name: str) -> bytes:
    fd = folder.open_file(name, os.O_RDONLY)
    try:
        return os.read(fd, _MAX_LEASE_BYTES)
    finally:
        os.close(fd)


def _holder(content: bytes) -> str:
    """Return which process has a lease; empty for a file that does not say so, as those of older versions."""
    words = content.split()
    return b" ".join(words[2:]).decode("ascii", "replace") if len(words) == 4 else ""


def _lease_seconds(content: bytes, default: float) -> float:
    """Return how long a lease lasts; `default` for a file that was not written to its end."""
    try:
        length = float(content.split(b" ")[1])
    except (ValueError, IndexError):
        return default
    return length if 0 <= length <= _MAX_LEASE_SECONDS else default
