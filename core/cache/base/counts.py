# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tier did so far, in numbers."""

import threading
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class StoreCounts:
    """A snapshot of one tier's counters since it was opened.

    Every `get` adds one to `hits` or `misses`; every `put` adds one to `puts`, `known` or `dropped`.

    Attributes
    ----------
    hits, misses : int
        Reads that found a result, and reads that did not.
    corrupt : int
        Damaged records met, by a read or while packs were scanned.
    puts, known, dropped : int
        Results written, results that were there already, and results that could not be kept.
    evicted : int
        Results dropped to make room.
    bytes_read, bytes_written : int
        Bytes of the results found and of those written.
    """

    hits: int = 0
    misses: int = 0
    corrupt: int = 0
    puts: int = 0
    known: int = 0
    dropped: int = 0
    evicted: int = 0
    bytes_read: int = 0
    bytes_written: int = 0


class StoreCounter:
    """The running counters behind a StoreCounts; safe to add to from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = {field.name: 0 for field in fields(StoreCounts)}

    def add(self, **amounts: int) -> None:
        """Add to the counters named; KeyError for a name that StoreCounts does not have."""
        with self._lock:
            for name, amount in amounts.items():
                self._counts[name] += amount

    def add_hit(self, bytes_read: int) -> None:
        """Count one hit; the shorter way for what happens most."""
        counts = self._counts
        with self._lock:
            counts["hits"] += 1
            counts["bytes_read"] += bytes_read

    def add_miss(self) -> None:
        """Count one miss, likewise."""
        with self._lock:
            self._counts["misses"] += 1

    def add_put(self, bytes_written: int) -> None:
        """Count one put, likewise."""
        counts = self._counts
        with self._lock:
            counts["puts"] += 1
            counts["bytes_written"] += bytes_written

    def snapshot(self) -> StoreCounts:
        """Return the counters as they stand."""
        with self._lock:
            return StoreCounts(**self._counts)
