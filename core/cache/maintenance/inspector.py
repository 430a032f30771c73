# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache looked through as a render reads it, with nothing kept anywhere: no nearer place is filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..base.key import Key
from ..base.schema import NO_SCHEMAS, StageSchema
from ..base.store import Arrays, MultiCopyStore, Store
from ..shared.shared_tier import SharedTier
from ..stores.checked_store import CheckedStore
from ..stores.encryption import EncryptedStore, Encryption
from ..stores.signature import Signature


@dataclass(frozen=True)
class NamedStore:
    """One place where results are kept, and what to call it."""

    name: str
    store: Store


class TierInspector:
    """Places to look through, nearest first. Safe to use from one thread at a time."""

    def __init__(
        self,
        stores: Sequence[NamedStore],
        encryption: Encryption | None = None,
        signature: Signature | None = None,
        schemas: Mapping[str, StageSchema] = NO_SCHEMAS,
    ) -> None:
        """Look through `stores`: open what is encrypted with `encryption`, check what is signed by `signature`."""
        self._stores = tuple(stores)
        self._nearest = _NearestStore(self._stores)
        self._encrypted_store = EncryptedStore(self._nearest, encryption, signature)
        self._checked_store = CheckedStore(self._encrypted_store, schemas)
        self._unusable_keys: set[Key] = set()

    def get(self, key: Key) -> Arrays | None:
        """Return what a render would read under `key`: from the nearest place that has it, opened; or None."""
        listed = key in self._nearest  # asked before: what proves to be of no use is listed no more
        arrays = self._checked_store.get(key)
        if listed and arrays is None:
            self._unusable_keys.add(key)
        return arrays

    def store_name(self, key: Key) -> str | None:
        """Return the name of the place that `get` reads `key` from, None where it misses."""
        return self._nearest.last_hit_name if self.get(key) is not None else None

    def is_unusable(self, key: Key) -> bool:
        """Tell whether `get` missed `key` although it is kept: damaged, unfit, or of another cache key."""
        return key in self._unusable_keys

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep nothing."""

    def skip_copy(self, key: Key) -> bool:
        """Leave out the copy that `get` returns, which does not fit; True if there may be another."""
        self._unusable_keys.add(key)
        return self._checked_store.skip_copy(key)

    def __contains__(self, key: Key) -> bool:
        return self.store_name(key) is not None

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each place that was left out, and for each reason why results were not used."""
        far = [place.store.breaker.warning for place in self._stores if isinstance(place.store, SharedTier)]
        return (
            *(line for line in far if line),
            *self._encrypted_store.warnings,
            *self._checked_store.warnings,
        )

    def close(self) -> None:
        """Let go of every place."""
        for place in self._stores:
            place.store.close()


class _NearestStore:
    """The places below the encryption, and which of them answered last."""

    def __init__(self, stores: tuple[NamedStore, ...]) -> None:
        self._stores = stores
        self.last_hit_name: str | None = None

    def get(self, key: Key) -> Arrays | None:
        for place in self._stores:
            arrays = place.store.get(key)
            if arrays is not None:
                self.last_hit_name = place.name
                return arrays
        self.last_hit_name = None
        return None

    def skip_copy(self, key: Key) -> bool:
        stores = [place.store for place in self._stores]
        return True in [store.skip_copy(key) for store in stores if isinstance(store, MultiCopyStore)]

    def put(self, key: Key, arrays: Arrays) -> None:
        pass

    def __contains__(self, key: Key) -> bool:
        return any(key in place.store for place in self._stores)

    def close(self) -> None:
        pass
