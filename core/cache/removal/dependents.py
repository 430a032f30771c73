# SPDX-License-Identifier: GPL-3.0-or-later
"""All that was computed from some clips and images, by what the key texts name."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from ..base.key import SHA256_HEX
from ..packs.record import EntryInfo

MAX_PASSES = 5
"""How often a cache is gone through for what leads to what, before that is held in memory."""
_STAMP_LINE = re.compile(r"^stamp=([0-9a-f]{64})$", re.MULTILINE)


class CacheEntry(NamedTuple):
    """An entry as a purge sees it: what is known of it, and the id it holds where it holds just that."""

    info: EntryInfo
    id: str | None


def dependents_of(
    list_entries: Callable[[], Iterator[CacheEntry]], seeds: Collection[str]
) -> Callable[[CacheEntry], bool]:
    """Return a test for the entries that `seeds` lead to.

    A seed is the hex digest of a key, a clip id, a frame id, or any other SHA-256 that key texts name. An
    entry is led to if its digest is a seed, if a line of its key text has a seed for its value, or if it
    holds a seed as its `id`; its own digest and the id it holds are then seeds too. So a clip's id leads to
    its frame map, that to its frames, these to all that was computed from them. Raises ValueError for a seed
    that is no SHA-256 in lower-case hex.
    """
    doomed = set(seeds)
    for seed in doomed:
        if not SHA256_HEX.fullmatch(seed):
            raise ValueError(f"not a SHA-256 in lower-case hex: {seed!r}")

    def is_dependent(entry: CacheEntry) -> bool:
        if doomed.isdisjoint(_dependencies(entry)):
            return False
        doomed.update(_identifiers(entry))
        return True

    # An entry is mostly written after those it was made from, so that two passes are enough as a rule.
    for _ in range(MAX_PASSES):
        size = len(doomed)
        for kept in list_entries():
            is_dependent(kept)
        if len(doomed) == size:
            return is_dependent
    _add_dependents(list_entries(), doomed)
    return is_dependent


def _add_dependents(entries: Iterator[CacheEntry], selection: set[str]) -> None:
    """Add all that is led to, with one pass and all links in memory: for longer chains than we ever write."""
    following: dict[str, list[set[str]]] = {}
    for kept in entries:
        gives = _identifiers(kept)
        for value in filter(SHA256_HEX.fullmatch, _dependencies(kept)):
            following.setdefault(value, []).append(gives)
    waiting = list(selection)
    while waiting:
        for gives in following.pop(waiting.pop(), ()):
            new = gives - selection
            selection |= new
            waiting += new


def _dependencies(entry: CacheEntry) -> Iterator[str]:
    """Yield what leads to an entry: its digest, the id that it holds, and the values of its key text."""
    yield _digest(entry)
    if entry.id is not None:
        yield entry.id
    for line in entry.info.text.splitlines():
        yield line.partition("=")[2]


def _identifiers(entry: CacheEntry) -> set[str]:
    """Return what an entry that is led to leads to by itself."""
    text = entry.info.text
    gives = {_digest(entry)}
    if entry.id is not None:
        gives.add(entry.id)
    stamp = _STAMP_LINE.search(text) if "stage=clip\n" in text else None
    if stamp is not None:  # what else is kept of the same files
        gives.add(stamp[1])
    return gives


def _digest(entry: CacheEntry) -> str:
    return hashlib.sha256(entry.info.text.encode()).hexdigest()
