# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache folders of known records, and their sidecars to read and rewrite."""

from pathlib import Path

import numpy as np
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.stores.local import PackStore

COUNT = 60


def path_of(pack: Path) -> Path:
    return pack.with_suffix(".idx")


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


def arrays(number: int) -> dict[str, np.ndarray]:
    return {"a": np.random.default_rng(number).integers(0, 255, 2600, np.uint8)}


def is_intact(store: PackStore, number: int) -> bool:
    got = store.get(key(number))
    return got is not None and got["a"].tobytes() == arrays(number)["a"].tobytes()


def fill_cache(root: Path, count: int = COUNT, **options: int) -> Path:
    """Return the newest pack of a new folder, closed in order."""
    store = PackStore(root, **options)
    for number in range(count):
        store.put(key(number), arrays(number))
    store.close()
    return sorted(root.glob("*.pack"))[-1]
