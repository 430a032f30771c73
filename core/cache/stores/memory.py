# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest tier: arrays kept in memory, bounded in bytes, the longest unused dropped first."""

import threading
from collections import OrderedDict
from types import MappingProxyType

from ..base.counts import StoreCounter, StoreCounts
from ..base.key import Key
from ..base.payload import DecodedArrays, frozen_copy
from ..base.store import Arrays, MultiCopyStore, Store

# What Python itself holds for an entry and for an array in it: estimates, on the high side.
_ENTRY_OVERHEAD_BYTES = 1024
_ARRAY_OVERHEAD_BYTES = 256


class MemoryStore:
    """Keep up to `capacity_bytes` of arrays in front of another store, or of none.

    `Memory(0)` over nothing keeps nothing: the store to use when caching is off. Safe to use from several
    threads.
    """

    def __init__(self, capacity_bytes: int, backing_store: Store | None = None) -> None:
        self._capacity_bytes = capacity_bytes
        self._backing_store = backing_store
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, tuple[Arrays, int]] = OrderedDict()
        self._held_bytes = 0
        self._counter = StoreCounter()

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key`, from memory or else from below, or None. They are read-only."""
        digest = key.digest
        with self._lock:
            kept = self._entries.get(digest)
            if kept is not None:
                self._entries.move_to_end(digest)
        if kept is not None:
            self._counter.add_hit(_array_bytes(kept[0]))
            return kept[0]
        self._counter.add_miss()
        below = self._backing_store
        arrays = below.get(key) if below is not None else None
        if arrays is None:
            return None
        if (
            type(arrays) is DecodedArrays
        ):  # which is nobody else's; of anything else there may be a holder who changes it
            held = MappingProxyType(arrays)
            cost = len(arrays.raw) + _ENTRY_OVERHEAD_BYTES + _ARRAY_OVERHEAD_BYTES * len(arrays)
        else:
            held = MappingProxyType(dict(arrays))
            cost = _cost_bytes(arrays)
        self._insert(digest, held, cost)
        return held

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep a copy of `arrays` here and hand them to the store below."""
        with self._lock:
            known = key.digest in self._entries
        if known:
            self._counter.add(known=1)
        elif (cost := _cost_bytes(arrays)) > self._capacity_bytes:
            self._counter.add(dropped=1)
        else:
            self._insert(key.digest, MappingProxyType(frozen_copy(arrays)), cost)
            self._counter.add_put(_array_bytes(arrays))
        if self._backing_store is not None:
            self._backing_store.put(key, arrays)

    def skip_copy(self, key: Key) -> bool:
        """Forget the copy that `get` returns, and leave it out of the store below; True if there may be another."""
        with self._lock:
            kept = self._entries.pop(key.digest, None)
            self._held_bytes -= kept[1] if kept is not None else 0
        below = self._backing_store
        if below is not None and isinstance(below, MultiCopyStore) and below.skip_copy(key):
            return True
        return kept is not None

    def _insert(self, digest: bytes, arrays: Arrays, cost: int) -> None:
        if cost > self._capacity_bytes:
            return
        evicted = 0
        with self._lock:
            if digest in self._entries:
                return
            while self._held_bytes + cost > self._capacity_bytes:
                _, (_, freed) = self._entries.popitem(last=False)
                self._held_bytes -= freed
                evicted += 1
            self._entries[digest] = (arrays, cost)
            self._held_bytes += cost
        if evicted:
            self._counter.add(evicted=evicted)

    def __contains__(self, key: Key) -> bool:
        """Tell whether memory or the store below has `key`."""
        with self._lock:
            if key.digest in self._entries:
                return True
        return self._backing_store is not None and key in self._backing_store

    @property
    def held_bytes(self) -> int:
        """What is kept now, in bytes, an allowance for Python's own objects included."""
        with self._lock:
            return self._held_bytes

    @property
    def counts(self) -> StoreCounts:
        """Counters of memory alone; the store below counts for itself."""
        return self._counter.snapshot()

    def clear(self) -> None:
        """Forget what is in memory; the store below keeps its own."""
        with self._lock:
            self._entries.clear()
            self._held_bytes = 0

    def close(self) -> None:
        """Forget what is in memory and close the store below."""
        self.clear()
        if self._backing_store is not None:
            self._backing_store.close()


def _array_bytes(arrays: Arrays) -> int:
    total = 0
    for array in arrays.values():  # for few arrays quicker than `sum` with anything that is to be summed
        total += array.nbytes
    return total


def _cost_bytes(arrays: Arrays) -> int:
    return _array_bytes(arrays) + _ENTRY_OVERHEAD_BYTES + _ARRAY_OVERHEAD_BYTES * len(arrays)
