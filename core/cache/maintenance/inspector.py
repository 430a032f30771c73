# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache looked through as a render reads it, with nothing kept anywhere: no nearer place is filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..base.key import Key
from ..base.schema import NO_SCHEMAS, Form
from ..base.store import Arrays, PassingOver, Store
from ..shared.shared_tier import FarTier
from ..stores.checked_store import CheckedStore
from ..stores.encryption import Seal, SealedStore
from ..stores.signature import Signature


@dataclass(frozen=True)
class Place:
    """One place where results are kept, and what to call it."""

    name: str
    store: Store


class Looking:
    """Places to look through, nearest first. Safe to use from one thread at a time."""

    def __init__(
        self,
        places: Sequence[Place],
        seal: Seal | None = None,
        signature: Signature | None = None,
        schemas: Mapping[str, Form] = NO_SCHEMAS,
    ) -> None:
        """Look through `places`; what is sealed is opened with `seal`, what is signed held against `signature`."""
        self._places = tuple(places)
        self._nearest = _Nearest(self._places)
        self._sealed = SealedStore(self._nearest, seal, signature)
        self._opened = CheckedStore(self._sealed, schemas)
        self._unusable: set[Key] = set()

    def get(self, key: Key) -> Arrays | None:
        """Return what a render would read under `key`: from the nearest place that has it, opened; or None."""
        listed = key in self._nearest  # asked before: what proves to be of no use is listed no more
        arrays = self._opened.get(key)
        if listed and arrays is None:
            self._unusable.add(key)
        return arrays

    def where(self, key: Key) -> str | None:
        """Return the name of the place that `get` reads `key` from, None where it misses."""
        return self._nearest.found_in if self.get(key) is not None else None

    def is_unusable(self, key: Key) -> bool:
        """Tell whether `get` missed `key` although it is kept: damaged, unfit, or of another cache key."""
        return key in self._unusable

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep nothing."""

    def pass_over(self, key: Key) -> bool:
        """Leave out the copy that `get` returns, which does not fit; True if there may be another."""
        self._unusable.add(key)
        return self._opened.pass_over(key)

    def __contains__(self, key: Key) -> bool:
        return self.where(key) is not None

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each place that was left out, and for each reason why results were not used."""
        far = [place.store.health.warning for place in self._places if isinstance(place.store, FarTier)]
        return (*(line for line in far if line), *self._sealed.warnings, *self._opened.warnings)

    def close(self) -> None:
        """Let go of every place."""
        for place in self._places:
            place.store.close()


class _Nearest:
    """The places below the seal, and which of them answered last."""

    def __init__(self, places: tuple[Place, ...]) -> None:
        self._places = places
        self.found_in: str | None = None

    def get(self, key: Key) -> Arrays | None:
        for place in self._places:
            arrays = place.store.get(key)
            if arrays is not None:
                self.found_in = place.name
                return arrays
        self.found_in = None
        return None

    def pass_over(self, key: Key) -> bool:
        stores = [place.store for place in self._places]
        return True in [store.pass_over(key) for store in stores if isinstance(store, PassingOver)]

    def put(self, key: Key, arrays: Arrays) -> None:
        pass

    def __contains__(self, key: Key) -> bool:
        return any(key in place.store for place in self._places)

    def close(self) -> None:
        pass
