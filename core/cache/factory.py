# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the cache that the settings describe: memory, this machine's folder, shared places, seal and leases."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..concurrency.timeouts import Stop
from ..errors import CacheError
from ..filesystem import Access
from .base.compute import Alone, Flight
from .base.counts import StoreCounts
from .base.key import Key
from .base.schema import NO_SCHEMAS, Form, schema_of
from .base.store import Arrays, Store
from .packs.layout import FolderError, is_prepared
from .settings import MEMORY_BYTES, CacheSettings
from .shared.circuit_breaker import Health
from .shared.lease import GuardedLease, SingleFlight
from .shared.lease_folder import LEASE_FOLDER, FolderLease
from .shared.redis_lease import RedisLease
from .shared.redis_store import RedisStore
from .shared.shared_tier import FarTier
from .stores.checked_store import CheckedStore
from .stores.encryption import Seal, SealedStore, plain
from .stores.folder_warnings import NOTHING_KEPT
from .stores.local import LOOK_SECONDS, PackFolder
from .stores.memory import Memory
from .stores.signature import Signature
from .tiers import Tiers

__all__ = [
    "MEMORY_BYTES",
    "CacheSettings",
    "OpenCache",
    "open_shared_folder",
    "open_tiers",
    "open_what_can_be",
    "shared_tiers",
]

_LATE_SECONDS = 0.1


@dataclass(frozen=True)
class OpenCache:
    """An open cache: read and put through `store`, compute what is missing through `flight`."""

    store: Memory
    checked: CheckedStore
    sealed: SealedStore
    tiers: Tiers
    folder: PackFolder | None
    """The cache folder on this machine, if there is one in use."""
    flight: Flight
    left_out: tuple[str, ...] = ()
    """What was asked for and can't be used, one line each."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every trouble met so far, one line each."""
        folder = () if self.folder is None else self.folder.warnings
        stores = [tier.store for tier in self.tiers.shared]
        shared = [line for store in stores if isinstance(store, PackFolder) for line in store.fault_lines]
        alone = self.flight.warning if isinstance(self.flight, SingleFlight) else None
        flight = () if alone is None else (alone,)
        results = *self.sealed.warnings, *self.checked.warnings
        return (*self.left_out, *folder, *shared, *results, *self.tiers.warnings, *flight)

    @property
    def folder_counts(self) -> StoreCounts:
        """The counts of the folder on this machine; all zero where none is in use."""
        return StoreCounts() if self.folder is None else self.folder.counts

    def close(self) -> None:
        """Write what waits to be shared, for a limited time, and let go of everything."""
        if self.folder is not None:
            self.folder.note_run(self.store.counts)
        self.store.close()
        if isinstance(self.flight, SingleFlight):
            self.flight.close()


def open_tiers(
    settings: CacheSettings,
    *,
    schemas: Mapping[str, Form] = NO_SCHEMAS,
    required: bool = True,
    stop: Stop | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> OpenCache:
    """Open a cache. `clock` gives seconds that never go back. Where `stop` was asked no shared place is waited for.

    `schemas` says by the stage's name what a result must be like: what is not like that is a miss. A stage without one
    is not checked.

    Raises CacheError for a seal or an address that can't be used, and for a folder here that holds something else if
    that is `required`, since the user named it. Else such a folder is left out, and so is one that can't be made. A
    shared place that is away raises nothing: it is used once it is there.
    """
    if not settings.keep:
        return _opened(settings, None, None, [], clock, schemas)
    seal = Seal(settings.secret) if settings.secret is not None else None
    shared = shared_tiers(settings, clock, stop=stop)
    try:
        folder = _folder(settings, clock)
    except CacheError as error:
        if required and not isinstance(error, FolderError):
            raise
        return _opened(settings, seal, None, shared, clock, schemas, (_nothing_kept(error),))
    return _opened(settings, seal, folder, shared, clock, schemas)


def open_what_can_be(
    settings: CacheSettings,
    *,
    schemas: Mapping[str, Form] = NO_SCHEMAS,
    clock: Callable[[], float] = time.monotonic,
) -> OpenCache:
    """Open what can be opened of a cache, for a render that goes on without the rest; raises nothing.

    `left_out` says what that is. Where sealing was asked for and is impossible, nothing is kept anywhere.
    """
    left_out: list[str] = []
    try:
        seal = Seal(settings.secret) if settings.secret is not None and settings.keep else None
    except CacheError as error:
        left_out.append(_nothing_kept(error))
        settings = replace(settings, keep=False)
        seal = None
    try:
        folder = _folder(settings, clock) if settings.keep else None
    except CacheError as error:
        left_out.append(_nothing_kept(error))
        folder = None
    try:
        shared = shared_tiers(settings, clock) if settings.keep else []
    except CacheError as error:
        left_out.append(f"the shared cache on Redis is left out: {error}")
        settings = replace(settings, redis_url=None)
        shared = shared_tiers(settings, clock)
    return _opened(settings, seal, folder, shared, clock, schemas, tuple(left_out))


def _opened(
    settings: CacheSettings,
    seal: Seal | None,
    folder: PackFolder | None,
    shared: list[FarTier],
    clock: Callable[[], float],
    schemas: Mapping[str, Form],
    left_out: tuple[str, ...] = (),
) -> OpenCache:
    signature = Signature(settings.signing_key) if settings.signing_key is not None else None

    def fits(key: Key, arrays: Arrays) -> bool:
        opened = plain(key, arrays, seal, signature)
        schema = schema_of(key.text, schemas)
        return not isinstance(opened, str) and (schema is None or not schema.fault(opened))

    tiers = Tiers([] if folder is None else [folder], shared, fits=fits)
    sealed = SealedStore(tiers, seal, signature)
    checked = CheckedStore(sealed, schemas)
    memory = Memory(settings.memory_bytes, checked)
    flight = _flight(settings, tiers, clock) if shared else Alone()
    return OpenCache(memory, checked, sealed, tiers, folder, flight, left_out)


def _nothing_kept(error: CacheError) -> str:
    return f"{NOTHING_KEPT}{error}"


def _folder(settings: CacheSettings, clock: Callable[[], float]) -> PackFolder:
    return PackFolder(
        settings.folder,
        cap_bytes=settings.cap_bytes,
        max_age=settings.max_age,
        access=settings.access,
        clock=clock,
    )


def open_shared_folder(
    root: Path,
    *,
    access: Access | None = None,
    make: bool = True,
    read_only: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> PackFolder:
    """Open a cache folder on a share, for reading alone if `read_only`. Raises CacheError.

    Makes one only if `make`, and never where the share is not mounted.
    """
    if not root.is_dir() and not root.parent.is_dir():
        raise CacheError(f"there is no folder {root.parent}: mount the share or choose another shared cache")
    if not make and not is_prepared(root):
        raise CacheError(f"there is no cache in {root}")
    return PackFolder(root, access=access, read_only=read_only, clock=clock)


def shared_tiers(
    settings: CacheSettings,
    clock: Callable[[], float] = time.monotonic,
    *,
    make: bool = True,
    stop: Stop | None = None,
) -> list[FarTier]:
    """Return the shared places of the settings, nearest first; none is opened yet. CacheError for a wrong address.

    `make` is whether a cache folder is made on a share that has none; never where shared places are read alone.
    """
    tiers = []
    root, url, read_only = settings.shared_folder, settings.redis_url, settings.shared_read_only
    make = make and not read_only
    if root is not None:

        def opened() -> Store:
            return open_shared_folder(
                root, access=settings.access, make=make, read_only=settings.shared_read_only, clock=clock
            )

        tiers.append(
            FarTier(
                f"the shared cache {root}",
                opened,
                _folder_faults,
                read_only=read_only,
                stop=stop,
                clock=clock,
            )
        )
    if url is not None:
        server = RedisStore(url)  # at once, so that a wrong address is told
        tiers.append(
            FarTier(
                "the shared cache on Redis",
                lambda: server,
                _redis_faults,
                hangs=False,
                limit=server.limit,
                read_only=read_only,
                stop=stop,
                clock=clock,
            )
        )
    return tiers


def _flight(settings: CacheSettings, tiers: Tiers, clock: Callable[[], float]) -> Flight:
    """Return leases from Redis where there is one, since it answers soonest, else from the shared folder.

    What they are waited for is counted with what their place is waited for. None are taken there before it is open,
    and none where shared places are read alone.
    """
    if settings.shared_read_only:
        return Alone()
    place = tiers.shared[-1]
    guarded = partial(
        GuardedLease,
        health=Health(f"the leases in {place.name}", clock),
        allowance=place.allowance,
        ready=lambda: place.store is not None,
        stop=place.stop,
    )
    if settings.redis_url is not None:
        server = RedisLease(settings.redis_url)
        lease, settle = guarded(server, hangs=False, limit=server.limit), 0.0
    elif settings.shared_folder is not None:
        lease = guarded(FolderLease(settings.shared_folder / LEASE_FOLDER, settings.access))
        settle = LOOK_SECONDS + _LATE_SECONDS
    else:
        return Alone()
    return SingleFlight(
        lease,
        after_writes=tiers.after_writes,
        settle_seconds=settle,
        allowance=place.allowance,
        stop=place.stop,
    )


def _folder_faults(store: Store) -> int:
    return store.counts.dropped if isinstance(store, PackFolder) else 0


def _redis_faults(store: Store) -> int:
    return store.faults if isinstance(store, RedisStore) else 0
