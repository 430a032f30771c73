# SPDX-License-Identifier: GPL-3.0-or-later
"""The packs of a folder that this process knows, and the index of their records, under one lock."""

import threading

import numpy as np

from .index import Index, Pack
from .pack import OpenPacks
from .table import UInt64s


class PackRegistry:
    """What is known of a folder. Hold `lock` while reading or changing any of it, but never while reading a file."""

    def __init__(self, files: OpenPacks) -> None:
        """Begin with nothing; `files` are let go of as their packs are dropped."""
        self.lock = threading.Lock()
        self.index = Index()
        self.packs: dict[str, Pack] = {}
        self._files = files
        self._moved_prefixes: UInt64s = np.empty(0, np.uint64)
        self._needs_compaction = False

    def drop(self, pack: Pack) -> None:
        """Forget a pack and its records."""
        pack.removed = self._needs_compaction = True
        self._files.close_pack(pack.name)
        if self.packs.get(pack.name) is pack:
            del self.packs[pack.name]

    def drop_removed(self, packs: list[Pack]) -> None:
        """Drop packs that were taken away, and remember what of them was used."""
        if packs:
            self._moved_prefixes = np.concatenate([self._moved_prefixes, self.index.used_prefixes(packs)])
        for pack in packs:
            self.drop(pack)

    def retire(self, name: str, target_pack: str | None, copied_offsets: UInt64s | None = None) -> bool:
        """Drop a pack whose records were copied to the pack `target_pack`: what was used of them is used there.

        Where `copied_offsets` gives the offsets of what was copied, False, and the pack stays, if something else was
        used.
        """
        old = self.packs.get(name)
        if old is None:
            return True
        new = self.packs.get(target_pack) if target_pack is not None else None
        if new is not None:
            self.index.mark_used(self.index.used_prefixes([old]), new)
        if (
            copied_offsets is not None
            and not np.isin(self.index.used_records(old).offsets, copied_offsets).all()
        ):
            return False
        self.drop(old)
        return True

    def finish_refresh(self) -> None:
        """Once all packs are looked through: mark as used what vanished and is elsewhere now, and free memory."""
        if len(self._moved_prefixes):
            # Another process's eviction may have moved what this process uses: it is as much in use where it lies now.
            self.index.mark_used(self._moved_prefixes)
            self._moved_prefixes = np.empty(0, np.uint64)
        if self._needs_compaction:
            self.index.compact()
            self._needs_compaction = False

    def clear(self) -> None:
        """Drop every pack."""
        for pack in list(self.packs.values()):
            self.drop(pack)
        self.index.clear()
