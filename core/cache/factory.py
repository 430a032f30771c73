# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the cache that the settings describe: memory, this machine's folder, shared places, seal and leases."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..concurrency.timeouts import StopToken
from ..errors import CacheError
from ..filesystem import Access
from ..reporting.log import room_logger
from ..reporting.quoting import quote
from .base.compute import Flight, Uncoordinated
from .base.key import Key
from .base.schema import NO_SCHEMAS, StageSchema, schema_for
from .base.store import Arrays, Store
from .packs.layout import FolderError, is_cache_folder
from .settings import MEMORY_BYTES, CacheSettings
from .shared.circuit_breaker import CircuitBreaker
from .shared.lease import GuardedLease, SingleFlight
from .shared.lease_folder import LEASE_FOLDER, FolderLease
from .shared.redis_lease import RedisLease
from .shared.redis_store import RedisStore
from .shared.shared_tier import SharedTier
from .stack import OpenCache
from .stores.checked_store import CheckedStore
from .stores.encryption import EncryptedStore, Encryption, decrypt_and_verify
from .stores.folder_warnings import NOT_KEPT_PREFIX
from .stores.local import REFRESH_SECONDS, PackStore
from .stores.memory import MemoryStore
from .stores.signature import Signature
from .tiers import TieredStore

__all__ = [
    "MEMORY_BYTES",
    "CacheSettings",
    "OpenCache",
    "open_cache",
    "open_cache_best_effort",
    "open_shared_folder",
    "shared_tiers",
]

_LOGGER = room_logger("cache")
_VISIBILITY_MARGIN_SECONDS = 0.1


def open_cache(
    settings: CacheSettings,
    *,
    schemas: Mapping[str, StageSchema] = NO_SCHEMAS,
    required: bool = True,
    stop: StopToken | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> OpenCache:
    """Open the cache that the settings describe. Close it, or use it in a `with` block.

    A shared place that is away raises nothing: it is used once it is there.

    Parameters
    ----------
    settings : CacheSettings
        Where results are kept, and how.
    schemas : mapping of str to StageSchema
        The arrays of each stage's result, by the stage's name. What the cache holds of another form is a miss. A stage
        without a schema is not checked.
    required : bool
        Whether a folder that holds something else is an error, as for one that the user named. Otherwise it is left
        out with a warning, and nothing is kept there.
    stop : StopToken, optional
        No shared place is waited for once this is set.
    clock : callable
        Returns seconds that never go back.

    Returns
    -------
    OpenCache
        The cache.

    Raises
    ------
    CacheError
        An encryption key or a server's address can't be used, or the folder can't and is `required`.
    """
    if not settings.keep:
        return _assemble(settings, None, None, [], clock, schemas)
    seal = Encryption(settings.secret) if settings.secret is not None else None
    shared = shared_tiers(settings, clock, stop=stop)
    try:
        folder = _open_folder(settings, clock)
    except CacheError as error:
        if required and not isinstance(error, FolderError):
            raise
        return _assemble(settings, seal, None, shared, clock, schemas, (_not_kept_warning(error),))
    return _assemble(settings, seal, folder, shared, clock, schemas)


def open_cache_best_effort(
    settings: CacheSettings,
    *,
    schemas: Mapping[str, StageSchema] = NO_SCHEMAS,
    clock: Callable[[], float] = time.monotonic,
) -> OpenCache:
    """Open what can be opened of a cache, for a run that goes on without the rest.

    It raises nothing. Where encryption is asked for and is impossible, nothing is kept anywhere.

    Parameters
    ----------
    settings : CacheSettings
        Where results are kept, and how.
    schemas : mapping of str to StageSchema
        The arrays of each stage's result, by the stage's name; see `open_cache`.
    clock : callable
        Returns seconds that never go back.

    Returns
    -------
    OpenCache
        The cache. Its `unavailable` says what could not be opened.
    """
    left_out: list[str] = []
    try:
        seal = Encryption(settings.secret) if settings.secret is not None and settings.keep else None
    except CacheError as error:
        left_out.append(_not_kept_warning(error))
        settings = replace(settings, keep=False)
        seal = None
    try:
        folder = _open_folder(settings, clock) if settings.keep else None
    except CacheError as error:
        left_out.append(_not_kept_warning(error))
        folder = None
    try:
        shared = shared_tiers(settings, clock) if settings.keep else []
    except CacheError as error:
        left_out.append(f"the shared cache on Redis is not used: {error}")
        settings = replace(settings, redis_url=None)
        shared = shared_tiers(settings, clock)
    return _assemble(settings, seal, folder, shared, clock, schemas, tuple(left_out))


def _assemble(
    settings: CacheSettings,
    encryption: Encryption | None,
    folder: PackStore | None,
    shared: list[SharedTier],
    clock: Callable[[], float],
    schemas: Mapping[str, StageSchema],
    unavailable: tuple[str, ...] = (),
) -> OpenCache:
    signature = Signature(settings.signing_key) if settings.signing_key is not None else None

    def accepts(key: Key, arrays: Arrays) -> bool:
        opened = decrypt_and_verify(key, arrays, encryption, signature)
        schema = schema_for(key.text, schemas)
        return not isinstance(opened, str) and (schema is None or not schema.fault(opened))

    tiers = TieredStore([] if folder is None else [folder], shared, accepts=accepts)
    sealed = EncryptedStore(tiers, encryption, signature)
    checked = CheckedStore(sealed, schemas)
    memory = MemoryStore(settings.memory_bytes, checked)
    flight = _flight(settings, tiers, clock) if shared else Uncoordinated()
    _log_opening(settings, folder, unavailable)
    return OpenCache(memory, checked, sealed, tiers, folder, flight, unavailable)


def _log_opening(settings: CacheSettings, folder: PackStore | None, unavailable: Sequence[str]) -> None:
    if not settings.keep:
        _LOGGER.info("cache opened in memory only")
    else:
        shared = "none" if settings.shared_folder is None else quote(settings.shared_folder)
        _LOGGER.info(
            "cache opened: folder %s, shared folder %s, Redis server %s",
            "none" if folder is None else quote(folder.root),
            shared,
            "none" if settings.redis_url is None else "yes",  # an address may hold a password
        )
    for text in unavailable:
        _LOGGER.warning("%s", quote(text))


def _not_kept_warning(error: CacheError) -> str:
    return f"{NOT_KEPT_PREFIX}{error}"


def _open_folder(settings: CacheSettings, clock: Callable[[], float]) -> PackStore:
    return PackStore(
        settings.folder,
        cap_bytes=settings.cap_bytes,
        max_age_seconds=settings.max_age,
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
) -> PackStore:
    """Open a cache folder on a share, for reading alone if `read_only`. Raises CacheError.

    Makes one only if `make`, and never where the share is not mounted.
    """
    if not root.is_dir() and not root.parent.is_dir():
        raise CacheError(f"there is no folder {root.parent}: mount the share or choose another shared cache")
    if not make and not is_cache_folder(root):
        raise CacheError(f"there is no cache in {root}")
    return PackStore(root, access=access, read_only=read_only, clock=clock)


def shared_tiers(
    settings: CacheSettings,
    clock: Callable[[], float] = time.monotonic,
    *,
    make: bool = True,
    stop: StopToken | None = None,
) -> list[SharedTier]:
    """Return the shared places of the settings, nearest first; none is opened yet. CacheError for a wrong address.

    `make` is whether a cache folder is made on a share that has none; never where shared places are read alone.
    """
    tiers = []
    root, url, read_only = settings.shared_folder, settings.redis_url, settings.shared_read_only
    make = make and not read_only
    if root is not None:

        def open_store() -> Store:
            return open_shared_folder(
                root, access=settings.access, make=make, read_only=settings.shared_read_only, clock=clock
            )

        tiers.append(
            SharedTier(
                f"the shared cache {root}",
                open_store,
                _folder_faults,
                read_only=read_only,
                stop=stop,
                clock=clock,
            )
        )
    if url is not None:
        server = RedisStore(url)  # at once, so that a wrong address is told
        tiers.append(
            SharedTier(
                "the shared cache on Redis",
                lambda: server,
                _redis_faults,
                may_hang=False,
                set_timeout=server.set_timeout,
                read_only=read_only,
                stop=stop,
                clock=clock,
            )
        )
    return tiers


def _flight(settings: CacheSettings, tiers: TieredStore, clock: Callable[[], float]) -> Flight:
    """Return leases from Redis where there is one, since it answers soonest, else from the shared folder.

    What they are waited for is counted with what their place is waited for. None are taken there before it is open,
    and none where shared places are read alone.
    """
    if settings.shared_read_only:
        return Uncoordinated()
    place = tiers.shared[-1]
    guarded = partial(
        GuardedLease,
        breaker=CircuitBreaker(f"the leases in {place.name}", clock),
        wait_budget=place.wait_budget,
        is_ready=lambda: place.store is not None,
        stop=place.stop,
    )
    if settings.redis_url is not None:
        server = RedisLease(settings.redis_url)
        lease, settle = guarded(server, may_hang=False, set_timeout=server.set_timeout), 0.0
    elif settings.shared_folder is not None:
        lease = guarded(FolderLease(settings.shared_folder / LEASE_FOLDER, settings.access))
        settle = REFRESH_SECONDS + _VISIBILITY_MARGIN_SECONDS
    else:
        return Uncoordinated()
    return SingleFlight(
        lease,
        run_after_writes=tiers.run_after_writes,
        visibility_delay_seconds=settle,
        wait_budget=place.wait_budget,
        stop=place.stop,
    )


def _folder_faults(store: Store) -> int:
    return store.counts.dropped if isinstance(store, PackStore) else 0


def _redis_faults(store: Store) -> int:
    return store.fault_count if isinstance(store, RedisStore) else 0
