# SPDX-License-Identifier: GPL-3.0-or-later
"""Several stores as one, nearest first: memory, this machine's folder, a shared place."""

from collections.abc import Sequence
from pathlib import Path

from .folder import PackFolder
from .key import Key
from .memory import Memory
from .store import Arrays, Store


class Tiers:
    """Read from the nearest store that has a key, filling the nearer ones; put to all."""

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = tuple(stores)

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key` from the nearest store that has them, or None."""
        for distance, store in enumerate(self._stores):
            arrays = store.get(key)
            if arrays is not None:
                for nearer in self._stores[:distance]:
                    nearer.put(key, arrays)
                return arrays
        return None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Put `arrays` into every store."""
        for store in self._stores:
            store.put(key, arrays)

    def __contains__(self, key: Key) -> bool:
        """Tell whether any store has `key`."""
        return any(key in store for store in self._stores)

    def close(self) -> None:
        """Close every store."""
        for store in self._stores:
            store.close()


def open_local(folder: Path, memory_bytes: int) -> tuple[Memory, PackFolder]:
    """Open the usual pair: memory over a folder on this machine. Read and put through the memory.

    The folder is returned too, for its counts, warnings, entries and purge (clear the memory too
    then). Raises CacheError where it can't be used.
    """
    below = PackFolder(folder)
    return Memory(memory_bytes, below), below
