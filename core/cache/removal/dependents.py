# SPDX-License-Identifier: GPL-3.0-or-later
"""All that was computed from some clips and pictures, by what the key texts name."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from ..packs.record import KeyText

PASSES = 5
"""How often a cache is gone through for what leads to what, before that is held in memory."""
_HEX = re.compile(r"[0-9a-f]{64}")
_STAMP = re.compile(r"^stamp=([0-9a-f]{64})$", re.MULTILINE)


class Kept(NamedTuple):
    """An entry as a purge sees it: what is known of it, and the id it holds where it holds just that."""

    entry: KeyText
    id: str | None


def closure(walk: Callable[[], Iterator[Kept]], seeds: Collection[str]) -> Callable[[Kept], bool]:
    """Return a test for the entries that `seeds` lead to.

    A seed is the hex digest of a key, a clip id, a frame id, or any other SHA-256 that key texts name. An
    entry is led to if its digest is a seed, if a line of its key text has a seed for its value, or if it
    holds a seed as its `id`; its own digest and the id it holds are then seeds too. So a clip's id leads to
    its frame map, that to its frames, these to all that was computed from them. Raises ValueError for a seed
    that is no SHA-256 in lower-case hex.
    """
    doomed = set(seeds)
    for seed in doomed:
        if not _HEX.fullmatch(seed):
            raise ValueError(f"not a SHA-256 in lower-case hex: {seed!r}")

    def leads(kept: Kept) -> bool:
        if doomed.isdisjoint(_needs(kept)):
            return False
        doomed.update(_gives(kept))
        return True

    # An entry is mostly written after those it was made from, so that two passes are enough as a rule.
    for _ in range(PASSES):
        size = len(doomed)
        for kept in walk():
            leads(kept)
        if len(doomed) == size:
            return leads
    _follow(walk(), doomed)
    return leads


def _follow(entries: Iterator[Kept], doomed: set[str]) -> None:
    """Add all that is led to, with one pass and all links in memory: for longer chains than we ever write."""
    following: dict[str, list[set[str]]] = {}
    for kept in entries:
        gives = _gives(kept)
        for value in filter(_HEX.fullmatch, _needs(kept)):
            following.setdefault(value, []).append(gives)
    waiting = list(doomed)
    while waiting:
        for gives in following.pop(waiting.pop(), ()):
            new = gives - doomed
            doomed |= new
            waiting += new


def _needs(kept: Kept) -> Iterator[str]:
    """Yield what leads to an entry: its digest, the id that it holds, and the values of its key text."""
    yield _digest(kept)
    if kept.id is not None:
        yield kept.id
    for line in kept.entry.text.splitlines():
        yield line.partition("=")[2]


def _gives(kept: Kept) -> set[str]:
    """Return what an entry that is led to leads to by itself."""
    text = kept.entry.text
    gives = {_digest(kept)}
    if kept.id is not None:
        gives.add(kept.id)
    stamp = _STAMP.search(text) if "stage=clip\n" in text else None
    if stamp is not None:  # what else is kept of the same files
        gives.add(stamp[1])
    return gives


def _digest(kept: Kept) -> str:
    return hashlib.sha256(kept.entry.text.encode()).hexdigest()
