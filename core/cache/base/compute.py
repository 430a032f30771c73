# SPDX-License-Identifier: GPL-3.0-or-later
"""How a result that may be missing is come by: what every stage asks for it."""

from collections.abc import Callable
from typing import Protocol

from .key import Key
from .store import Arrays, Store


class Flight(Protocol):
    """How a result that may be missing is come by."""

    def get_or_compute(self, store: Store, key: Key, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """Return the arrays of `key`, and whether they were known rather than computed here.

        What is computed is put into the store. Raises what `compute` raises.
        """
        ...


class Uncoordinated:
    """Computes what is missing without asking anybody."""

    def get_or_compute(self, store: Store, key: Key, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """See `Flight.result`."""
        arrays = store.get(key)
        if arrays is not None:
            return arrays, True
        arrays = compute()
        store.put(key, arrays)
        return arrays, False
