# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with a cache folder, told once, in one line that names the folder and the fix."""

import errno
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from ...errors import CacheError, os_error_reason
from ...reporting.quoting import quote

NOT_KEPT_PREFIX = "nothing is kept for the next run: "
READ_ONLY_PREFIX = "results are only read, not kept: "
"""How a line begins that says why a run keeps no results."""
_FIXES = {
    errno.ENOSPC: "free some space there or choose another cache folder",
    errno.EDQUOT: "free some space there or choose another cache folder",
    errno.EFBIG: "raise the file size limit or choose another cache folder",
    errno.EROFS: "make it writable or choose another cache folder",
    errno.EACCES: "make it readable and writable or choose another cache folder",
    errno.EPERM: "make it readable and writable or choose another cache folder",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENOENT: "it was removed; start again to make it anew",
}
_NOT_A_FILE_ERRNOS = {errno.EINVAL, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENOTDIR}


class FolderWarnings:
    """The warnings about one folder. Safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._lines: dict[str, str] = {}

    def add_error(self, error: OSError | CacheError) -> None:
        """Note an error of the file system, or that the folder has lost the marks that it is known by."""
        if isinstance(error, CacheError):
            self._add(str(error))
            return
        is_system_text = error.strerror in (os.strerror(error.errno or 0), "not a regular file")
        if (
            error.errno in _NOT_A_FILE_ERRNOS and error.filename and is_system_text
        ):  # what lies there was put there by somebody
            name = quote(Path(os.fsdecode(error.filename)).name)
            self._add(
                f"{name} in cache folder {self._root} is not the file that Understudy put there: remove it"
            )
            return
        reason = os_error_reason(error)
        fix = _FIXES.get(error.errno or 0, "check the drive or choose another cache folder")
        self._add(f"cache folder {self._root} fails ({reason}): {fix}")

    def add_over_cap(self, held_bytes: int, cap_bytes: int) -> None:
        """Note that the folder can't be brought under its cap; the latest numbers count."""
        self._add(
            f"cache folder {self._root} holds {held_bytes / 1e6:.1f} MB that are in use, more than its cap of "
            f"{cap_bytes / 1e6:.1f} MB: raise the cap or use the cache for less at a time",
            "cap",
        )

    def add_busy(self) -> None:
        """Note that a purge could not start."""
        self._add(f"cache folder {self._root} is in use by another process that evicts: purge again later")

    def add_not_searchable(self, packs: int) -> None:
        """Note that a purge left packs of other versions as they were."""
        self._add(
            f"cache folder {self._root} has {packs} packs of another version, which can't be searched: "
            "purge everything to be sure"
        )

    def add_not_writable(self, reason: str) -> None:
        """Note that something was to be changed in a folder that must only be read."""
        self._add(f"cache folder {self._root} is not changed: {reason}")

    def add_purge_errors(self, errors: Sequence[OSError], *, busy: bool, foreign_packs: int) -> None:
        """Note what a purge could not remove: each error, another process's lock, packs of other versions."""
        for fault in errors:
            self.add_error(fault)
        if busy:
            self.add_busy()
        if foreign_packs:
            self.add_not_searchable(foreign_packs)

    def lines(self) -> tuple[str, ...]:
        """Every distinct trouble so far, oldest first."""
        with self._lock:
            return tuple(self._lines.values())

    def _add(self, line: str, kind: str | None = None) -> None:
        with self._lock:
            self._lines[kind or line] = line
