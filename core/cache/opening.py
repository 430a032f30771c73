# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the cache that the settings describe: memory, this machine's folder, shared places, seal and leases."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import CacheError
from .far import FarTier
from .folder import LOOK_SECONDS, PackFolder
from .health import Health
from .lease import Alone, Flight, GuardedLease, SingleFlight
from .lease_folder import LEASE_FOLDER, FolderLease
from .memory import Memory
from .redis_lease import RedisLease
from .redis_store import RedisStore
from .seal import Seal, SealedStore, secret_from
from .store import Store
from .tiers import Tiers
from .uses import note as note_use

FOLDER_VARIABLE = "UNDERSTUDY_SHARED_CACHE"
GROUP_VARIABLE = "UNDERSTUDY_SHARED_WITH_GROUP"
REDIS_VARIABLE = "UNDERSTUDY_REDIS"
MEMORY_BYTES = 1 << 27


@dataclass(frozen=True)
class CacheSettings:
    """Where results are kept, and how."""

    folder: Path
    """The cache folder on this machine."""
    memory_bytes: int = MEMORY_BYTES
    shared_folder: Path | None = None
    """A cache folder on a share. It must be there, or be one that can be made in a folder that is."""
    redis_url: str | None = field(default=None, repr=False)
    """A Redis server, such as redis://HOST:6379/0. It may carry a password: never show it."""
    secret: bytes | None = field(default=None, repr=False)
    """32 bytes that results are sealed with; None leaves them readable."""
    shared_with_group: bool = False
    """Whether what is made in the shared folder is for that folder's group too, not for its owner only."""
    cap_bytes: int | None = None
    """How large the folder on this machine may grow; None for no bound."""


def settings_from(
    environment: Mapping[str, str], folder: Path, memory_bytes: int = MEMORY_BYTES
) -> CacheSettings:
    """Return the settings for a cache folder, completed by what the environment variables say.

    UNDERSTUDY_SHARED_CACHE and UNDERSTUDY_REDIS name shared places, UNDERSTUDY_CACHE_KEY the secret;
    UNDERSTUDY_SHARED_WITH_GROUP=1 lets the group in. Raises CacheError for a secret that can't be used.
    """
    shared = environment.get(FOLDER_VARIABLE)
    return CacheSettings(
        folder,
        memory_bytes,
        Path(shared) if shared else None,
        environment.get(REDIS_VARIABLE) or None,
        secret_from(environment),
        environment.get(GROUP_VARIABLE) == "1",
    )


@dataclass(frozen=True)
class OpenCache:
    """An open cache: read and put through `store`, compute what is missing through `flight`."""

    store: Memory
    sealed: SealedStore
    tiers: Tiers
    folder: PackFolder
    flight: Flight

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every trouble met so far, one line each."""
        return (*self.folder.warnings, *self.sealed.warnings, *self.tiers.warnings)

    def close(self) -> None:
        """Write what waits to be shared, for a limited time, and let go of everything."""
        note_use(self.folder.root, self.store.counts, self.folder.counts)
        self.store.close()


def open_tiers(settings: CacheSettings, *, clock: Callable[[], float] = time.monotonic) -> OpenCache:
    """Open a cache. `clock` gives seconds that never go back.

    Raises CacheError where the folder on this machine, the seal or an address can't be used. A shared place
    that is away raises nothing: it is used once it is there.
    """
    folder = PackFolder(settings.folder, cap_bytes=settings.cap_bytes, clock=clock)
    seal = Seal(settings.secret) if settings.secret is not None else None
    tiers = Tiers([folder], _shared(settings, clock))
    sealed = SealedStore(tiers, seal)
    memory = Memory(settings.memory_bytes, sealed)
    return OpenCache(memory, sealed, tiers, folder, _flight(settings, tiers, clock))


def open_shared_folder(
    root: Path, *, with_group: bool = False, clock: Callable[[], float] = time.monotonic
) -> PackFolder:
    """Open a cache folder on a share. Raises CacheError; makes nothing where the share is not mounted."""
    if not root.is_dir() and not root.parent.is_dir():
        raise CacheError(f"there is no folder {root.parent}: mount the share or choose another shared cache")
    return PackFolder(root, group=with_group, clock=clock)


def _shared(settings: CacheSettings, clock: Callable[[], float]) -> list[FarTier]:
    tiers = []
    root, url = settings.shared_folder, settings.redis_url
    if root is not None:

        def opened() -> Store:
            return open_shared_folder(root, with_group=settings.shared_with_group, clock=clock)

        tiers.append(FarTier(f"the shared cache {root}", opened, _folder_faults, clock=clock))
    if url is not None:
        server = RedisStore(url)  # at once, so that a wrong address is told
        tiers.append(
            FarTier("the shared cache on Redis", lambda: server, _redis_faults, hangs=False, clock=clock)
        )
    return tiers


def _flight(settings: CacheSettings, tiers: Tiers, clock: Callable[[], float]) -> Flight:
    """Return leases from Redis where there is one, since it answers soonest, else from the shared folder."""
    if settings.redis_url is not None:
        guarded = GuardedLease(RedisLease(settings.redis_url), Health("Redis's leases", clock), hangs=False)
        return SingleFlight(guarded, after_writes=tiers.after_writes)
    if settings.shared_folder is not None:
        files = FolderLease(
            settings.shared_folder / LEASE_FOLDER, shared_with_group=settings.shared_with_group
        )
        guarded = GuardedLease(files, Health("the shared folder's leases", clock))
        return SingleFlight(guarded, after_writes=tiers.after_writes, settle_seconds=LOOK_SECONDS)
    return Alone()


def _folder_faults(store: Store) -> int:
    return store.counts.dropped if isinstance(store, PackFolder) else 0


def _redis_faults(store: Store) -> int:
    return store.faults if isinstance(store, RedisStore) else 0
