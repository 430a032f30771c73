# SPDX-License-Identifier: GPL-3.0-or-later
"""An open cache: its stores, nearest first, and how what they miss is computed."""

from collections.abc import Callable
from dataclasses import dataclass

from ..concurrency.closing import Closeable
from ..reporting.log import room_logger
from ..reporting.quoting import quote
from .base.compute import Flight
from .base.counts import StoreCounts
from .base.key import Key
from .base.store import Arrays
from .shared.lease import SingleFlight
from .stores.checked_store import CheckedStore
from .stores.encryption import EncryptedStore
from .stores.local import PackStore
from .stores.memory import MemoryStore
from .tiers import TieredStore

_LOGGER = room_logger("cache")


@dataclass(frozen=True)
class OpenCache(Closeable):
    """An open cache, as `open_cache` returns it. It is closed at the end of a `with` block.

    It may be used from several threads.

    Attributes
    ----------
    store : MemoryStore
        All stores together, nearest first. Read and put through this one.
    checked_store : CheckedStore
        The store that holds what is read against the stages' schemas.
    encrypted_store : EncryptedStore
        The store that encrypts, decrypts and verifies.
    tiers : TieredStore
        The folder on this machine and the shared places.
    folder : PackStore or None
        The cache folder on this machine, if there is one in use.
    flight : Flight
        How what is missing is computed: here, or by the machine that holds the lease.
    unavailable : tuple of str
        What was asked for and can't be used, one line each.
    """

    store: MemoryStore
    checked_store: CheckedStore
    encrypted_store: EncryptedStore
    tiers: TieredStore
    folder: PackStore | None
    flight: Flight
    unavailable: tuple[str, ...] = ()

    def get_or_compute(self, key: Key, compute: Callable[[], Arrays]) -> tuple[Arrays, bool]:
        """Return the result of a key, from the cache where that has it.

        Parameters
        ----------
        key : Key
            The fingerprint of everything that can change the result, from `stage_key`.
        compute : callable
            Computes the result: a mapping of names to arrays. It is called at most once, and only where the result is
            missing. The arrays are put into the cache; don't change them afterwards.

        Returns
        -------
        arrays : mapping of str to numpy.ndarray
            The result, bit for bit as it was computed. Treat it as read-only.
        hit : bool
            Whether it was there already.

        Raises
        ------
        TypeError
            An array computed has a dtype that the cache can't keep: one of objects, text, complex or big-endian
            numbers.
        Exception
            What `compute` raises.
        """
        return self.flight.get_or_compute(self.store, key, compute)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every trouble met so far, one line each."""
        folder = () if self.folder is None else self.folder.warnings
        stores = [tier.store for tier in self.tiers.shared]
        shared = [
            line for store in stores if isinstance(store, PackStore) for line in store.read_only_warnings
        ]
        alone = self.flight.warning if isinstance(self.flight, SingleFlight) else None
        flight = () if alone is None else (alone,)
        results = *self.encrypted_store.warnings, *self.checked_store.warnings
        return (*self.unavailable, *folder, *shared, *results, *self.tiers.warnings, *flight)

    @property
    def folder_counts(self) -> StoreCounts:
        """The counts of the folder on this machine; all zero where none is in use."""
        return StoreCounts() if self.folder is None else self.folder.counts

    def close(self) -> None:
        """Write what waits to be shared, for at most a few seconds, and close every store."""
        if self.folder is not None:
            self.folder.record_run(self.store.counts)
        self.store.close()
        if isinstance(self.flight, SingleFlight):
            self.flight.close()
        for text in self.warnings[len(self.unavailable) :]:
            _LOGGER.warning("%s", quote(text))
        _LOGGER.info("cache closed")
