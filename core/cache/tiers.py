# SPDX-License-Identifier: GPL-3.0-or-later
"""Several stores as one, nearest first: memory, this machine's folder, shared places."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..reporting.layer_outcomes import pluralise
from .base.key import Key
from .base.schema import StageSchema
from .base.store import Arrays, MultiCopyStore, Store
from .shared.shared_tier import SharedTier
from .shared.write_behind import BACKLOG_BYTES, Item, WriteBehind
from .stores.checked_store import CheckedStore
from .stores.encryption import EncryptedStore
from .stores.local import PackStore
from .stores.memory import MemoryStore

FLUSH_TIMEOUT_SECONDS = 5.0


class TieredStore:
    """Read from the nearest store that has a key, filling the nearer ones; put to all.

    The near stores are written at once, the shared ones in the background, and those may be left out while
    they fail. Safe to use from several threads where the stores are.
    """

    def __init__(
        self,
        stores: Sequence[Store],
        shared: Sequence[SharedTier] = (),
        *,
        backlog_bytes: int = BACKLOG_BYTES,
        flush_timeout_seconds: float = FLUSH_TIMEOUT_SECONDS,
        accepts: Callable[[Key, Arrays], bool] = lambda _key, _arrays: True,
    ) -> None:
        """Take near stores, then shared ones, each nearest first.

        What is found in a shared one is kept nearer only if it `accepts`; it is handed out nevertheless, so that who
        asked can tell of it. What fits not would stay in this machine's folder when the share is long mended.
        At most `backlog_bytes` wait to be written to the shared ones; closing waits for them `flush_timeout_seconds`.
        """
        self._stores = tuple(stores)
        self._shared = tuple(shared)
        self._all_stores: tuple[Store, ...] = (*self._stores, *self._shared)
        self._writable_tiers = tuple(tier for tier in self._shared if not tier.read_only)
        self._flush_timeout_seconds = flush_timeout_seconds
        self._accepts = accepts
        self._write_behind = WriteBehind(self._write_shared, backlog_bytes)

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key` from the nearest store that has them, or None."""
        for distance, store in enumerate(self._all_stores):
            arrays = store.get(key)
            if arrays is not None:
                if distance >= len(self._stores) and not self._accepts(key, arrays):
                    return arrays
                for nearer in self._stores[:distance]:
                    nearer.put(key, arrays)
                if distance > len(self._stores) and self._writable_tiers:
                    self._write_behind.put(key, arrays)
                return arrays
        return None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Put `arrays` into every store: into the shared ones later, from a copy."""
        for store in self._stores:
            store.put(key, arrays)
        if self._writable_tiers:
            self._write_behind.put(key, arrays)

    def skip_copy(self, key: Key) -> bool:
        """Leave out every store's copy of `key` that `get` would return; True if there was one."""
        places = [store for store in self._all_stores if isinstance(store, MultiCopyStore)]
        return True in [place.skip_copy(key) for place in places]  # every one of them

    def __contains__(self, key: Key) -> bool:
        """Tell whether any store has `key`."""
        return any(key in store for store in self._all_stores)

    @property
    def shared(self) -> tuple[SharedTier, ...]:
        """The shared tiers, nearest first."""
        return self._shared

    def run_after_writes(self, action: Callable[[], None]) -> None:
        """Run `action` in the background once the shared stores have all that was put so far."""
        self._write_behind.run_after(action)

    def flush(self, seconds: float = FLUSH_TIMEOUT_SECONDS) -> bool:
        """Wait at most `seconds` until the shared stores have all that was put; tell whether they do."""
        return self._write_behind.flush(seconds)

    @property
    def unshared_count(self) -> int:
        """How many results did not get to the shared stores, because those could not keep up."""
        return self._write_behind.dropped_count + sum(tier.skipped_puts for tier in self._shared)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each shared store that was left out, and one if results were not shared."""
        lines = [tier.breaker.warning for tier in self._shared]
        if self.unshared_count:
            lines.append(
                f"could not share {pluralise(self.unshared_count, 'result')}: the shared cache is too slow or away"
            )
        return tuple(line for line in lines if line)

    def close(self) -> None:
        """Write what waits to be, for a limited time, and close every store."""
        began = time.monotonic()
        self._write_behind.close(self._flush_timeout_seconds, self._is_worth_waiting)
        for tier in self._writable_tiers:
            tier.wait_budget.charge_fault(time.monotonic() - began)
        for store in self._all_stores:
            store.close()

    def _is_worth_waiting(self, waited: float) -> bool:
        """Tell whether a shared place may still take what waits to be written, after waiting for that."""
        return any(
            tier.breaker.allows_calls
            and waited < tier.wait_budget.remaining_seconds
            and not tier.stop.signal_number
            for tier in self._writable_tiers
        )

    def _write_shared(self, items: Sequence[Item]) -> None:
        for tier in self._writable_tiers:
            tier.put_many(items)


def open_local(
    folder: Path, memory_bytes: int, schemas: Mapping[str, StageSchema]
) -> tuple[MemoryStore, PackStore]:
    """Open the usual pair: memory over a folder on this machine. Read and put through the memory.

    The folder is returned too, for its counts, warnings, entries and purge (clear the memory too
    then). Results that are encrypted are misses here. Raises CacheError where it can't be used.
    """
    below = PackStore(folder)
    return MemoryStore(memory_bytes, CheckedStore(EncryptedStore(below, None), schemas)), below
