# SPDX-License-Identifier: GPL-3.0-or-later
"""Several stores as one, nearest first: memory, this machine's folder, shared places."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .base.key import Key
from .base.schema import Form
from .base.store import Arrays, PassingOver, Store
from .shared.shared_tier import FarTier
from .shared.write_behind import BACKLOG_BYTES, Item, WriteBehind
from .stores.checked_store import CheckedStore
from .stores.encryption import SealedStore
from .stores.local import PackFolder
from .stores.memory import Memory

FLUSH_SECONDS = 5.0


class Tiers:
    """Read from the nearest store that has a key, filling the nearer ones; put to all.

    The near stores are written at once, the shared ones in the background, and those may be left out while
    they fail. Safe to use from several threads where the stores are.
    """

    def __init__(
        self,
        stores: Sequence[Store],
        shared: Sequence[FarTier] = (),
        *,
        backlog_bytes: int = BACKLOG_BYTES,
        flush_seconds: float = FLUSH_SECONDS,
        fits: Callable[[Key, Arrays], bool] = lambda _key, _arrays: True,
    ) -> None:
        """Take near stores, then shared ones, each nearest first.

        What is found in a shared one is kept nearer only if it `fits`; it is handed out nevertheless, so that who
        asked can tell of it. What fits not would stay in this machine's folder when the share is long mended.
        At most `backlog_bytes` wait to be written to the shared ones; closing waits for them `flush_seconds`.
        """
        self._stores = tuple(stores)
        self._shared = tuple(shared)
        self._places: tuple[Store, ...] = (*self._stores, *self._shared)
        self._written = tuple(tier for tier in self._shared if not tier.read_only)
        self._flush_seconds = flush_seconds
        self._fits = fits
        self._behind = WriteBehind(self._write_shared, backlog_bytes)

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key` from the nearest store that has them, or None."""
        for distance, store in enumerate(self._places):
            arrays = store.get(key)
            if arrays is not None:
                if distance >= len(self._stores) and not self._fits(key, arrays):
                    return arrays
                for nearer in self._stores[:distance]:
                    nearer.put(key, arrays)
                if distance > len(self._stores) and self._written:
                    self._behind.put(key, arrays)
                return arrays
        return None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Put `arrays` into every store: into the shared ones later, from a copy."""
        for store in self._stores:
            store.put(key, arrays)
        if self._written:
            self._behind.put(key, arrays)

    def pass_over(self, key: Key) -> bool:
        """Leave out every store's copy of `key` that `get` would return; True if there was one."""
        places = [store for store in self._places if isinstance(store, PassingOver)]
        return True in [place.pass_over(key) for place in places]  # every one of them

    def __contains__(self, key: Key) -> bool:
        """Tell whether any store has `key`."""
        return any(key in store for store in self._places)

    @property
    def shared(self) -> tuple[FarTier, ...]:
        """The shared tiers, nearest first."""
        return self._shared

    def after_writes(self, action: Callable[[], None]) -> None:
        """Run `action` in the background once the shared stores have all that was put so far."""
        self._behind.then(action)

    def flush(self, seconds: float) -> bool:
        """Wait at most `seconds` until the shared stores have all that was put; tell whether they do."""
        return self._behind.flush(seconds)

    @property
    def unshared(self) -> int:
        """How many results did not get to the shared stores, because those could not keep up."""
        return self._behind.dropped + sum(tier.skipped for tier in self._shared)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each shared store that was left out, and one if results were not shared."""
        lines = [tier.health.warning for tier in self._shared]
        if self.unshared:
            lines.append(f"{self.unshared} results were not shared: the shared cache is too slow or away")
        return tuple(line for line in lines if line)

    def close(self) -> None:
        """Write what waits to be, for a limited time, and close every store."""
        began = time.monotonic()
        self._behind.close(self._flush_seconds, self._is_worth_waiting)
        for tier in self._written:
            tier.allowance.lose(time.monotonic() - began)
        for store in self._places:
            store.close()

    def _is_worth_waiting(self, waited: float) -> bool:
        """Tell whether a shared place may still take what waits to be written, after waiting for that."""
        return any(
            tier.health.usable and waited < tier.allowance.left and not tier.stop.asked
            for tier in self._written
        )

    def _write_shared(self, items: Sequence[Item]) -> None:
        for tier in self._written:
            tier.put_many(items)


def open_local(folder: Path, memory_bytes: int, schemas: Mapping[str, Form]) -> tuple[Memory, PackFolder]:
    """Open the usual pair: memory over a folder on this machine. Read and put through the memory.

    The folder is returned too, for its counts, warnings, entries and purge (clear the memory too
    then). Results that are sealed are misses here. Raises CacheError where it can't be used.
    """
    below = PackFolder(folder)
    return Memory(memory_bytes, CheckedStore(SealedStore(below, None), schemas)), below
