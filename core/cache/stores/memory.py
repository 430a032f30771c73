# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest tier: arrays kept in memory, bounded in bytes, the longest unused dropped first."""

import threading
from collections import OrderedDict
from types import MappingProxyType

from ..base.counts import StoreCounts, Tally
from ..base.key import Key
from ..base.payload import Decoded, frozen_copy
from ..base.store import Arrays, PassingOver, Store

# What Python itself holds for an entry and for an array in it: estimates, on the high side.
_ENTRY_BYTES = 1024
_ARRAY_BYTES = 256


class Memory:
    """Keep up to `capacity_bytes` of arrays in front of another store, or of none.

    `Memory(0)` over nothing keeps nothing: the store to use when caching is off. Safe to use from several
    threads.
    """

    def __init__(self, capacity_bytes: int, below: Store | None = None) -> None:
        self._capacity = capacity_bytes
        self._below = below
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[Arrays, int]] = OrderedDict()
        self._bytes = 0
        self._tally = Tally()

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key`, from memory or else from below, or None. They are read-only."""
        digest = key.digest
        with self._lock:
            kept = self._kept.get(digest)
            if kept is not None:
                self._kept.move_to_end(digest)
        if kept is not None:
            self._tally.hit(_array_bytes(kept[0]))
            return kept[0]
        self._tally.miss()
        below = self._below
        arrays = below.get(key) if below is not None else None
        if arrays is None:
            return None
        if (
            type(arrays) is Decoded
        ):  # which is nobody else's; of anything else there may be a holder who changes it
            held = MappingProxyType(arrays)
            cost = len(arrays.raw) + _ENTRY_BYTES + _ARRAY_BYTES * len(arrays)
        else:
            held = MappingProxyType(dict(arrays))
            cost = _cost(arrays)
        self._keep(digest, held, cost)
        return held

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep a copy of `arrays` here and hand them to the store below."""
        with self._lock:
            known = key.digest in self._kept
        if known:
            self._tally.add(known=1)
        elif (cost := _cost(arrays)) > self._capacity:
            self._tally.add(dropped=1)
        else:
            self._keep(key.digest, MappingProxyType(frozen_copy(arrays)), cost)
            self._tally.put(_array_bytes(arrays))
        if self._below is not None:
            self._below.put(key, arrays)

    def pass_over(self, key: Key) -> bool:
        """Forget the copy that `get` returns, and leave it out of the store below; True if there may be another."""
        with self._lock:
            kept = self._kept.pop(key.digest, None)
            self._bytes -= kept[1] if kept is not None else 0
        below = self._below
        if below is not None and isinstance(below, PassingOver) and below.pass_over(key):
            return True
        return kept is not None

    def _keep(self, digest: bytes, arrays: Arrays, cost: int) -> None:
        if cost > self._capacity:
            return
        evicted = 0
        with self._lock:
            if digest in self._kept:
                return
            while self._bytes + cost > self._capacity:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed
                evicted += 1
            self._kept[digest] = (arrays, cost)
            self._bytes += cost
        if evicted:
            self._tally.add(evicted=evicted)

    def __contains__(self, key: Key) -> bool:
        """Tell whether memory or the store below has `key`."""
        with self._lock:
            if key.digest in self._kept:
                return True
        return self._below is not None and key in self._below

    @property
    def held_bytes(self) -> int:
        """What is kept now, in bytes, an allowance for Python's own objects included."""
        with self._lock:
            return self._bytes

    @property
    def counts(self) -> StoreCounts:
        """Counters of memory alone; the store below counts for itself."""
        return self._tally.snapshot()

    def clear(self) -> None:
        """Forget what is in memory; the store below keeps its own."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def close(self) -> None:
        """Forget what is in memory and close the store below."""
        self.clear()
        if self._below is not None:
            self._below.close()


def _array_bytes(arrays: Arrays) -> int:
    total = 0
    for array in arrays.values():  # for few arrays quicker than `sum` with anything that is to be summed
        total += array.nbytes
    return total


def _cost(arrays: Arrays) -> int:
    return _array_bytes(arrays) + _ENTRY_BYTES + _ARRAY_BYTES * len(arrays)
