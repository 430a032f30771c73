# SPDX-License-Identifier: GPL-3.0-or-later
"""What results come from: follow key texts from a clip or image to all that was computed from it.

`dependents_of` follows the links that are there. A link may be gone, though: detections are evicted while the
landmarks made from them stay in use. What then can't be traced back could be anybody's, and a purge that has
to be sure takes it too.
"""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Protocol, runtime_checkable

from ..base.key import SHA256_HEX, Key
from ..base.store import Arrays
from ..packs.record import EntryInfo
from ..removal.dependents import MAX_PASSES, CacheEntry, dependents_of

_MAX_ID_PAYLOAD_BYTES = 4096  # a frame's id and its look from afar
# Hashes in key texts that name no other result: of files, of settings, of values.
_NON_ORIGIN_NAME = re.compile(r"clip|landmarks|stamp|form|resting|(.*_)?model\d*")


class PurgeableStore(Protocol):
    """A store that can say what it keeps, and forget some of it."""

    def get(self, key: Key) -> Arrays | None:
        """See `Store.get`."""
        ...

    def entries(self) -> Iterator[EntryInfo]:
        """List each entry's key text, size and age."""
        ...

    def purge(self, matches: Callable[[str], bool] | None = None) -> int:
        """Remove the entries whose key text `matches`, or all; return the bytes freed."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every trouble met so far, one line each."""
        ...


@runtime_checkable
class WalkableStore(Protocol):
    """A store that can be looked through for ids without that counting as use."""

    def walk_entries(self) -> Iterator[CacheEntry]:
        """Yield every undamaged record and the id it holds."""
        ...


def key_fields(text: str) -> dict[str, str]:
    """Return a key text's lines as a table."""
    return dict(line.partition("=")[::2] for line in text.split("\n") if line)


def walk_entries(store: PurgeableStore) -> Iterator[CacheEntry]:
    """List every entry, with the id it holds where it holds one."""
    if isinstance(store, WalkableStore):
        yield from store.walk_entries()
        return
    for entry in store.entries():
        held = None
        if entry.payload_bytes <= _MAX_ID_PAYLOAD_BYTES:
            identity = (store.get(Key(entry.text)) or {}).get("id")
            if identity is not None and identity.nbytes == 32:
                held = identity.tobytes().hex()
        yield CacheEntry(entry, held)


def references(text: str) -> list[str]:
    """Return the ids and digests of the other results that a key text names."""
    return [
        value
        for name, value in key_fields(text).items()
        if SHA256_HEX.fullmatch(value) and not _NON_ORIGIN_NAME.fullmatch(name)
    ]


def untraceable_digests(entries: Callable[[], Iterator[CacheEntry]]) -> set[bytes]:
    """Return the digests of the entries that come, directly or not, from something that is not there."""
    known: set[bytes] = set()
    for kept in entries():
        known.add(Key(kept.info.text).digest)
        if kept.id is not None:
            known.add(bytes.fromhex(kept.id))
    lost: set[bytes] = set()
    for _ in range(MAX_PASSES):
        before = len(lost)
        for kept in entries():
            if any(bytes.fromhex(value) not in known for value in references(kept.info.text)):
                digest = Key(kept.info.text).digest
                lost.add(digest)
                known.discard(digest)
        if len(lost) == before:
            return lost
    # Longer chains than we ever write: all links at once, which takes memory but no more passes.
    following: dict[bytes, list[bytes]] = {}
    for kept in entries():
        for value in references(kept.info.text):
            following.setdefault(bytes.fromhex(value), []).append(Key(kept.info.text).digest)
    waiting = list(lost)
    while waiting:
        new = [digest for digest in following.get(waiting.pop(), ()) if digest not in lost]
        lost.update(new)
        waiting += new
    return lost


def derived_from(
    entries: Callable[[], Iterator[CacheEntry]], seeds: Collection[str]
) -> tuple[Callable[[str], bool], int]:
    """Return a test for the key texts of all that comes from `seeds` or can't be traced; count the latter.

    A seed is a clip id, a frame id or a key's digest, in hex.
    """
    leads = dependents_of(entries, seeds)
    lost = untraceable_digests(entries)

    def matches(text: str) -> bool:
        return Key(text).digest in lost or leads(CacheEntry(EntryInfo(text, 0, 0), None))

    return matches, len(lost)
