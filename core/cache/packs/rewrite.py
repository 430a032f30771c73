# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy chosen records of a pack into a new one, which appears whole or not at all."""

import os
from contextlib import suppress

from ...filesystem import Folder, Location
from . import sidecar
from .names import new_pack_name, sidecar_name
from .pack import OpenPack, ScannedRecord, erase_pack
from .record import Header, parse_record
from .sidecar import SidecarBuilder


class PackRewriter:
    """A new pack in the making. For holders of the folder's lock."""

    def __init__(self, pack_folder: Location, mode: int = 0o600) -> None:
        """Start under a temporary name. Raises OSError."""
        self.name = new_pack_name()
        self.size = 0
        self._pack_folder = pack_folder
        self._mode = mode
        self._temporary_name = f".{self.name}.tmp"
        self._sidecar_builder = SidecarBuilder()
        with pack_folder.open() as folder:
            self._fd = folder.create_file(self._temporary_name, os.O_WRONLY, mode)

    def __len__(self) -> int:
        return len(self._sidecar_builder)

    @property
    def bytes_on_disk(self) -> int:
        """What the finished pack and its sidecar take."""
        return self.size + sidecar.file_size(len(self))

    def copy(self, pack: OpenPack, record: ScannedRecord) -> Header | None:
        """Append a record if it is undamaged, and return its header. Raises OSError."""
        raw = pack.read(record.offset, record.size)
        known = parse_record(raw)
        if known is None:
            return None
        view = memoryview(raw)
        while view:
            view = view[os.write(self._fd, view) :]
        self._sidecar_builder.add(known[0].digest, self.size, len(raw))
        self.size += len(raw)
        return known[0]

    def finish(self, last_used_ns: int) -> str | None:
        """Put the pack in its place, last used at `last_used_ns`; return its name, or None if it holds nothing.

        Raises OSError.
        """
        self._close()
        with self._pack_folder.open() as folder:
            if not self.size:
                folder.remove_file(self._temporary_name)
                return None
            folder.set_times(self._temporary_name, last_used_ns)
            # The sidecar first: once the pack is there, nobody has to scan it.
            self._sidecar_builder.write(folder, self.name, self.size, finished=True, mode=self._mode)
            folder.rename(self._temporary_name, self.name)
        return self.name

    def abandon(self) -> None:
        """Leave nothing behind, as far as that can be."""
        self._close()
        with suppress(OSError), self._pack_folder.open() as folder:
            for name in (self._temporary_name, sidecar_name(self.name)):
                with suppress(OSError):  # the next eviction removes it
                    folder.remove_file(name)

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def remove_pack(folder: Folder, pack: str, *, truncate_first: bool = False) -> int:
    """Remove a pack and its sidecar; return the bytes freed. Raises OSError.

    A process that has the pack open may read on in it, unless it is to be `truncate_first` first.
    """
    beside = sidecar_name(pack)
    try:
        side_bytes = folder.status(beside).st_size
        folder.remove_file(beside)
    except (FileNotFoundError, IsADirectoryError, PermissionError):  # none, or somebody's folder in its place
        side_bytes = 0
    if truncate_first:
        return erase_pack(folder, pack) + side_bytes
    size = folder.status(pack).st_size
    folder.remove_file(pack)
    return size + side_bytes
