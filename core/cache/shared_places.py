# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the shared places that the settings name, and the leases in them."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..concurrency.timeouts import StopToken
from ..errors import CacheError
from ..filesystem import Access
from .base.compute import Flight, Uncoordinated
from .base.store import Store
from .packs.layout import is_cache_folder
from .settings import CacheSettings
from .shared.circuit_breaker import CircuitBreaker, WaitBudget
from .shared.lease import MAX_TIMEOUTS, GuardedLease, SingleFlight
from .shared.lease_folder import LEASE_FOLDER, FolderLease
from .shared.redis_lease import RedisLease
from .shared.redis_store import RedisStore
from .shared.refreshing_lease import RefreshingLease
from .shared.shared_tier import SharedTier
from .stores.local import REFRESH_SECONDS, PackStore
from .tiers import TieredStore

_VISIBILITY_MARGIN_SECONDS = 0.1
_DISK_REFRESH_SECONDS = 0.05
"""With 100 packs a look takes 1.4 ms, so 3 % of the time at most."""
_DISK_MARGIN_SECONDS = 0.01
_DISK_HOLDER_TIMEOUT_SECONDS = 6.0
"""Processes that begin together hold their first leases while they load models: 4 s, with three of them on two cores.
One of this machine that has ended is noticed at once all the same."""


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


def shared_flight(settings: CacheSettings, tiers: TieredStore, clock: Callable[[], float]) -> Flight:
    """Return leases from Redis where there is one, since it answers soonest, else from the shared folder.

    What they are waited for is counted with what their place is waited for. None are taken there before it is open.
    Not for places that are read alone.
    """
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


def folder_flight(
    folder: PackStore, access: Access, clock: Callable[[], float], stop: StopToken | None = None
) -> Flight:
    """Return leases in the cache folder on this machine, for the processes that work in it at once.

    Who asks for one looks at the folder anew. That is cheap, but not so cheap that it were done for every result.
    """
    if folder.read_only:
        return Uncoordinated()
    lease = FolderLease(folder.root / LEASE_FOLDER, access)
    return SingleFlight(
        RefreshingLease(lease, partial(folder.refresh, _DISK_REFRESH_SECONDS)),
        holder_timeout_seconds=_DISK_HOLDER_TIMEOUT_SECONDS,
        visibility_delay_seconds=_DISK_REFRESH_SECONDS + _DISK_MARGIN_SECONDS,
        wait_budget=WaitBudget(MAX_TIMEOUTS * _DISK_HOLDER_TIMEOUT_SECONDS),
        stop=stop,
        clock=clock,
    )


def _folder_faults(store: Store) -> int:
    return store.counts.dropped if isinstance(store, PackStore) else 0


def _redis_faults(store: Store) -> int:
    return store.fault_count if isinstance(store, RedisStore) else 0
