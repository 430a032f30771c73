# SPDX-License-Identifier: GPL-3.0-or-later
"""Appending records to packs of this process's own, one pack after the other."""

import errno
import os

from ...filesystem import Location
from .index import Entry, Pack
from .inventory import Inventory
from .pack import PackWriter
from .sidecar import Ledger

_TRIES = 4


class Appending:
    """The pack that this process writes to. For one thread at a time."""

    def __init__(self, home: Location, inventory: Inventory, pack_bytes: int, mode: int) -> None:
        """Write packs of about `pack_bytes` to the folder `home`, and list them in `inventory`."""
        self._home = home
        self._inventory = inventory
        self._pack_bytes = pack_bytes
        self._mode = mode
        self._writer: PackWriter | None = None
        self._ledger = Ledger()

    def append(self, digest: bytes, chunks: list[bytes], size: int) -> Pack:
        """Append a record of `size` bytes and index it; return its pack. Raises OSError."""
        for _ in range(_TRIES):
            writer, pack = self._pack_to_write()
            try:
                offset = writer.append(chunks, size)
            except OSError as error:
                if error.errno == errno.ESTALE:  # removed on the share: the next pack may do
                    self.end_pack()
                    continue
                raise
            if not writer.removed:
                break
            self.end_pack()  # a janitor took it away: nobody would find the record there
        else:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._inventory.add(digest, Entry(pack, offset, size))
        self._ledger.add(digest, offset, size)
        return pack

    def end_pack(self) -> None:
        """Write no more to the present pack, and leave a sidecar beside it."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        self._inventory.end_writing(writer.name)
        if writer.process == os.getpid() and not writer.closed and not writer.removed:
            try:
                with self._home.open() as folder:
                    self._ledger.write(folder, writer.name, writer.size, sealed=True, mode=self._mode)
            except OSError:
                pass  # it only saves others a scan
        writer.close()

    def own_packs(self) -> tuple[str, ...]:
        """Return the names of the packs that are being written to."""
        writer = self._writer
        return (writer.name,) if writer is not None else ()

    def _pack_to_write(self) -> tuple[PackWriter, Pack]:
        writer = self._writer
        if writer is not None:
            pack = self._inventory.own(writer.name)
            full = writer.closed or writer.size >= self._pack_bytes
            if pack is not None and not full and writer.process == os.getpid():
                return writer, pack
        self.end_pack()
        writer, pack = self._inventory.new_pack(lambda: PackWriter(self._home, self._mode))
        self._writer, self._ledger = writer, Ledger()
        return writer, pack
