# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache folders of known entries, and everything that may be done with one."""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.factory import open_cache_best_effort
from understudy.core.cache.maintenance.statistics import folder_summary
from understudy.core.cache.removal.evict import evict
from understudy.core.cache.removal.purge import purge_all
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.cli.main import main
from understudy.core.errors import CacheError
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

Dashboard = Callable[[str], None]
KEYS = [stage_key("test", 1, {"number": number, "frame": bytes(32)}) for number in range(40)]

IMPORT_PATHS = [str(folder) for folder in Path(__file__).parents[:2]]


def arrays(number: int) -> dict[str, np.ndarray]:
    return {"crop": np.full((8, 8, 3), number % 256, np.uint8)}


def fill_cache(root: Path, count: int = 10, **options: object) -> Path:
    with closing(PackStore(root, **options)) as store:
        for number in range(count):
            store.put(KEYS[number], arrays(number))
    return root


def hits(root: Path, count: int = 10) -> int:
    with closing(PackStore(root, read_only=True)) as store:
        return sum(store.get(key) is not None for key in KEYS[:count])


def contents(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return all that must not change: names, permissions, times, bytes."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns if path.is_file() else 0,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def every_use(root: Path) -> None:
    """Do with a folder all that is done with caches; what is refused is refused with a CacheError."""
    for use in (
        lambda: fill_cache(root),
        lambda: evict(root, 0),
        lambda: purge_all(root, time.time_ns()),
        lambda: folder_summary(root),
    ):
        with suppress(CacheError, OSError):
            use()
    for command in (["stats"], ["verify"], ["gc", "--cap", "1K"], ["purge", "--all"]):
        assert main(["cache", *command, "--cache-dir", str(root)]) in (0, 1)
    with closing(open_cache_best_effort(CacheSettings(root), schemas=STAGE_SCHEMAS)) as cache:
        cache.store.put(KEYS[0], arrays(0))
        assert cache.store.get(KEYS[0]) is not None
