# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each record lies: digest of the key to pack, offset and size."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(eq=False, slots=True)
class Pack:
    """What is known of one pack. `gone` makes every entry that points to it void at once."""

    name: str
    writer: int = 0
    """The process, if it is ours, that indexes each record as it appends it, so that no scan is needed."""
    resume: int = 0
    """Where the next scan starts, in bytes."""
    seen: int = 0
    """The size at the last scan, in bytes."""
    damaged: int = -1
    """The offset of the last damaged header counted."""
    gone: bool = False


class Entry(NamedTuple):
    """One record: its pack, offset and whole length in bytes."""

    pack: Pack
    offset: int
    size: int


class Index:
    """The entries by digest. A second copy of a record is remembered too, for when the first is damaged.

    Not safe for several threads by itself.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, Entry] = {}
        self._spares: dict[bytes, list[Entry]] = {}

    def add(self, digest: bytes, entry: Entry) -> None:
        """Remember an entry, as a spare where the digest has one already."""
        first = self._entries.setdefault(digest, entry)
        if first is not entry:
            self._spares.setdefault(digest, []).append(entry)

    def find(self, digest: bytes) -> Entry | None:
        """Return an entry whose pack is still there, or None."""
        entry = self._entries.get(digest)
        while entry is not None and entry.pack.gone:
            entry = self.forget(digest, entry)
        return entry

    def forget(self, digest: bytes, entry: Entry) -> Entry | None:
        """Drop a useless entry unless that was done already; return the next copy, or None."""
        if self._entries.get(digest) is entry:
            spares = self._spares.get(digest)
            if spares:
                self._entries[digest] = spares.pop()
            else:
                del self._entries[digest]
                self._spares.pop(digest, None)
        return self._entries.get(digest)

    def entries(self) -> list[Entry]:
        """List one entry a digest, those in packs that are gone left out."""
        return [entry for entry in self._entries.values() if not entry.pack.gone]
