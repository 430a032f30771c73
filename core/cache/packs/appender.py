# SPDX-License-Identifier: GPL-3.0-or-later
"""Appending records to packs of this process's own, one pack after the other."""

import errno
import os
import threading

from ...filesystem import Location
from .index import IndexEntry, Pack
from .inventory import Inventory
from .pack import PackWriter
from .sidecar import SidecarBuilder

_TRIES = 4


class PackAppender:
    """The pack that this process writes to. For one thread at a time."""

    def __init__(self, pack_folder: Location, inventory: Inventory, pack_bytes: int, mode: int) -> None:
        """Write packs of about `pack_bytes` to the folder `pack_folder`, and list them in `inventory`."""
        self._pack_folder = pack_folder
        self._inventory = inventory
        self._pack_bytes = pack_bytes
        self._mode = mode
        self._writer: PackWriter | None = None
        self._sidecar_builder = SidecarBuilder()
        # A pack that was just made is nobody's yet, and a record that was just written is not in the index: an
        # eviction must not look in between, or it takes them for unused.
        self._lock = threading.Lock()

    def append(self, digest: bytes, chunks: list[bytes], size: int) -> Pack:
        """Append a record of `size` bytes and index it; return its pack. Raises OSError."""
        with self._lock:
            return self._append(digest, chunks, size)

    def _append(self, digest: bytes, chunks: list[bytes], size: int) -> Pack:
        for _ in range(_TRIES):
            writer, pack = self._pack_to_write()
            try:
                offset = writer.append(chunks, size)
            except OSError as error:
                if error.errno == errno.ESTALE:  # removed on the share: the next pack may do
                    self._finish_pack()
                    continue
                raise
            if not writer.removed:
                break
            self._finish_pack()  # an eviction took it away: nobody would find the record there
        else:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._inventory.add(digest, IndexEntry(pack, offset, size))
        self._sidecar_builder.add(digest, offset, size)
        return pack

    def finish_pack(self) -> None:
        """Write no more to the present pack, and leave a sidecar beside it."""
        with self._lock:
            self._finish_pack()

    def _finish_pack(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        self._inventory.end_writing(writer.name)
        if writer.process_id == os.getpid() and not writer.closed and not writer.removed:
            try:
                with self._pack_folder.open() as folder:
                    self._sidecar_builder.write(
                        folder, writer.name, writer.size, finished=True, mode=self._mode
                    )
            except OSError:
                pass  # it only saves others a scan
        writer.close()

    def own_packs(self) -> tuple[str, ...]:
        """Return the names of the packs that are being written to."""
        with self._lock:
            writer = self._writer
            return (writer.name,) if writer is not None else ()

    def _pack_to_write(self) -> tuple[PackWriter, Pack]:
        writer = self._writer
        if writer is not None:
            pack = self._inventory.own_pack(writer.name)
            full = writer.closed or writer.size >= self._pack_bytes
            if pack is not None and not full and writer.process_id == os.getpid():
                return writer, pack
        self._finish_pack()
        writer, pack = self._inventory.create_pack(lambda: PackWriter(self._pack_folder, self._mode))
        self._writer, self._sidecar_builder = writer, SidecarBuilder()
        return writer, pack
