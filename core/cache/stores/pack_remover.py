# SPDX-License-Identifier: GPL-3.0-or-later
"""Eviction and purging in a cache folder that this process has open."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...errors import CacheError
from ...filesystem import Location
from ..base.counts import StoreCounter
from ..packs.appender import PackAppender
from ..packs.inventory import Inventory
from ..removal.dependents import CacheEntry
from ..removal.evict import EvictionReport, evict
from ..removal.purge import purge_all, purge_packs
from .folder_warnings import FolderWarnings

__all__ = ["PackRemover"]


@dataclass(frozen=True)
class PackRemover:
    """Removes packs and entries, and keeps a store's index, counts and warnings right meanwhile."""

    root: Path
    pack_folder: Location
    pack_bytes: int
    mode: int
    inventory: Inventory
    appender: PackAppender
    write_lock: threading.Lock
    """Held while a thread of this process writes to a pack."""
    warnings: FolderWarnings
    counter: StoreCounter

    def evict(
        self, cap_bytes: int | None, max_age_seconds: float | None, should_stop: Callable[[], bool]
    ) -> EvictionReport | None:
        """Bring the folder under a cap and an age, see `PackStore.evict`; `should_stop` ends it early."""
        try:
            done = evict(
                self.root,
                cap_bytes,
                pack_folder=self.pack_folder,
                max_age_seconds=max_age_seconds,
                pack_bytes=self.pack_bytes,
                working_set=self.inventory,
                own_packs=self.appender.own_packs,
                should_stop=should_stop,
                mode=self.mode,
            )
        except (OSError, CacheError) as error:
            self.warnings.add_error(error)
            return None
        if done is None:
            return None
        self.counter.add(evicted=done.evicted_records)
        for trouble in done.errors:
            self.warnings.add_error(trouble)
        if cap_bytes is not None and done.bytes_after > cap_bytes:
            self.warnings.add_over_cap(done.bytes_after, cap_bytes)
        return done

    def purge(self, matches: Callable[[CacheEntry], bool] | None) -> int:
        """Remove the entries that `matches` picks, or every pack; return the bytes freed."""
        with self.write_lock:
            self.appender.finish_pack()
            try:
                if matches is None:
                    done = purge_all(self.root, time.time_ns(), self.mode)
                    self.inventory.clear()
                else:
                    done = purge_packs(
                        self.root,
                        self.pack_folder,
                        matches,
                        time.time_ns(),
                        self.inventory.replace_pack,
                        self.mode,
                    )
                    self.inventory.refresh()
            except (OSError, CacheError) as error:
                self.warnings.add_error(error)
                return 0
        self.warnings.add_purge_errors(done.errors, busy=done.busy, foreign_packs=done.foreign_packs)
        return done.freed_bytes
