# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening a stack's folder, and making it, where it may be read or written to; nothing is done through a link."""

import errno
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..cache.packs.layout import is_cache_folder, prepare_cache_folder
from ..errors import CacheError, OutputError, os_error_reason
from ..filesystem import Access, Folder, Location, set_access
from .files import LAYER_NAME

__all__ = ["FolderAccess"]


@dataclass(frozen=True)
class FolderAccess:
    """Where a stack's folder is, and who may use it."""

    location: Location
    access: Access
    in_cache_folder: bool = True
    """Whether `location.root` must be a cache folder by its own marks; else it is a run's own."""

    def open_to_write(self, *, make: bool = False) -> Folder:
        """Open the folder, for its owner only if that is us; it is made if need be and asked for.

        Raises OutputError where it must not be written to; FileNotFoundError where it is not there nor made.
        """
        root = self.location.root
        try:
            if make:
                self._prepare()
            folder = self._require_writable(Folder(root))
            for name in self.location.names:
                with folder:
                    try:
                        below = folder.open_child(name)
                    except FileNotFoundError:
                        if not make:
                            raise
                        below = folder.make_child(name, self.access.folder_mode)
                with suppress(OSError):  # not every file system has permissions
                    set_access(below, self.access, lambda name: LAYER_NAME.fullmatch(name) is not None)
                folder = self._require_writable(below)
        except FileNotFoundError:
            if not make:
                raise
            raise OutputError(
                f"can't make the layer folder {self.location.path}: another process removes it"
            ) from None
        except OSError as error:
            raise self.error("make" if make else "open", error) from error
        return folder

    def open_to_read(self) -> Folder:
        """Open the folder for reading. Raises OSError; OutputError where it lies in no cache folder."""
        folder = self.location.open()
        if self.in_cache_folder and not is_cache_folder(self.location.root):
            folder.close()
            raise OutputError(_foreign_folder_text(self.location.root))
        return folder

    def _prepare(self) -> None:
        root = self.location.root
        if not self.in_cache_folder:
            Location(root).make(self.access.folder_mode).close()
            return
        with suppress(FileNotFoundError):
            self._require_writable(Folder(root), require_mark=False).close()
        try:
            prepare_cache_folder(root, self.access)
        except CacheError as error:
            raise OutputError(str(error)) from error

    def _require_writable(self, folder: Folder, *, require_mark: bool = True) -> Folder:
        """Return an open folder if it may be written to; close it and raise OutputError otherwise."""
        root = self.location.root
        try:
            fault = self.access.write_fault(folder.status(), folder.path)
            fault = f"can't write to {folder.path}: {fault}" if fault else ""
            if (
                not fault
                and require_mark
                and self.in_cache_folder
                and folder.path == root
                and not is_cache_folder(root)
            ):
                fault = _foreign_folder_text(root)
        except BaseException:
            folder.close()
            raise
        if fault:
            folder.close()
            raise OutputError(fault)
        return folder

    def error(self, action: str, error: OSError, name: str = "") -> OutputError:
        """Return what to raise where the folder, or its file `name`, can't be dealt with as `action` says."""
        place = self.location.path / name if name else self.location.path
        reason = os_error_reason(error)
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            reason = "a link or a file is in the place of a folder: remove it, or choose another cache folder"
        what = "the layer" if name else "the layer folder"
        return OutputError(f"can't {action} {what} {place}: {reason}")


def _foreign_folder_text(root: Path) -> str:
    return f"{root} holds other files: choose an empty or a new folder for the cache"
