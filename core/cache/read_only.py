# SPDX-License-Identifier: GPL-3.0-or-later
"""A store that is only read: nothing of this machine goes there."""

from .key import Key
from .store import Arrays, PassingOver, Store


class ReadOnlyStore:
    """Reads a store and drops what is put, silently: somebody wanted it so."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: Key) -> Arrays | None:
        """See `Store.get`."""
        return self._store.get(key)

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep nothing."""

    def pass_over(self, key: Key) -> bool:
        """See `PassingOver.pass_over`. What is put afterwards is not kept here."""
        return isinstance(self._store, PassingOver) and self._store.pass_over(key)

    def __contains__(self, key: Key) -> bool:
        """See `Store.__contains__`."""
        return key in self._store

    def close(self) -> None:
        """See `Store.close`."""
        self._store.close()
