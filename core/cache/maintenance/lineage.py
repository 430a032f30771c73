# SPDX-License-Identifier: GPL-3.0-or-later
"""What results come from: follow key texts from a clip or picture to all that was computed from it.

`purge.closure` follows the links that are there. A link may be gone, though: detections are evicted while the
landmarks made from them stay in use. What then can't be traced back could be anybody's, and a purge that has
to be sure takes it too.
"""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Protocol, runtime_checkable

from ..base.key import Key
from ..base.store import Arrays
from ..packs.record import KeyText
from ..removal.dependents import PASSES, Kept, closure

HEX = re.compile(r"[0-9a-f]{64}")
_ID_PAYLOAD_BYTES = 4096  # a frame's id and its look from afar
# Hashes in key texts that name no other result: of files, of settings, of values.
_NO_ORIGIN = re.compile(r"clip|landmarks|stamp|(.*_)?model\d*")


class Listed(Protocol):
    """A store that can say what it keeps, and forget some of it."""

    def get(self, key: Key) -> Arrays | None:
        """See `Store.get`."""
        ...

    def entries(self) -> Iterator[KeyText]:
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
class Searched(Protocol):
    """A store that can be looked through for ids without that counting as use."""

    def kept(self) -> Iterator[Kept]:
        """Yield every undamaged record and the id it holds."""
        ...


def fields(text: str) -> dict[str, str]:
    """Return a key text's lines as a table."""
    return dict(line.partition("=")[::2] for line in text.split("\n") if line)


def walk(store: Listed) -> Iterator[Kept]:
    """List every entry, with the id it holds where it holds one."""
    if isinstance(store, Searched):
        yield from store.kept()
        return
    for entry in store.entries():
        held = None
        if entry.payload_bytes <= _ID_PAYLOAD_BYTES:
            identity = (store.get(Key(entry.text)) or {}).get("id")
            if identity is not None and identity.nbytes == 32:
                held = identity.tobytes().hex()
        yield Kept(entry, held)


def references(text: str) -> list[str]:
    """Return the ids and digests of the other results that a key text names."""
    return [
        value
        for name, value in fields(text).items()
        if HEX.fullmatch(value) and not _NO_ORIGIN.fullmatch(name)
    ]


def untraceable(entries: Callable[[], Iterator[Kept]]) -> set[bytes]:
    """Return the digests of the entries that come, directly or not, from something that is not there."""
    known: set[bytes] = set()
    for kept in entries():
        known.add(Key(kept.entry.text).digest)
        if kept.id is not None:
            known.add(bytes.fromhex(kept.id))
    lost: set[bytes] = set()
    for _ in range(PASSES):
        before = len(lost)
        for kept in entries():
            if any(bytes.fromhex(value) not in known for value in references(kept.entry.text)):
                digest = Key(kept.entry.text).digest
                lost.add(digest)
                known.discard(digest)
        if len(lost) == before:
            return lost
    # Longer chains than we ever write: all links at once, which takes memory but no more passes.
    following: dict[bytes, list[bytes]] = {}
    for kept in entries():
        for value in references(kept.entry.text):
            following.setdefault(bytes.fromhex(value), []).append(Key(kept.entry.text).digest)
    waiting = list(lost)
    while waiting:
        new = [digest for digest in following.get(waiting.pop(), ()) if digest not in lost]
        lost.update(new)
        waiting += new
    return lost


def coming_from(
    entries: Callable[[], Iterator[Kept]], seeds: Collection[str]
) -> tuple[Callable[[str], bool], int]:
    """Return a test for the key texts of all that comes from `seeds` or can't be traced; count the latter.

    A seed is a clip id, a frame id or a key's digest, in hex.
    """
    leads = closure(entries, seeds)
    lost = untraceable(entries)

    def matches(text: str) -> bool:
        return Key(text).digest in lost or leads(Kept(KeyText(text, 0, 0), None))

    return matches, len(lost)
