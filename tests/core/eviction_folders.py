# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache folders whose packs have known sizes, ages and contents, for the tests of eviction."""

import os
import time
from pathlib import Path

import numpy as np
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.stores.local import PackStore

RECORD = 10_000


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


def arrays(number: int) -> dict[str, np.ndarray]:
    return {"a": np.random.default_rng(number).integers(0, 255, RECORD, np.uint8)}


def is_intact(store: PackStore, number: int) -> bool:
    got = store.get(key(number))
    return got is not None and got["a"].tobytes() == arrays(number)["a"].tobytes()


def fill_cache(root: Path, count: int, *, per_pack: int = 10) -> list[Path]:
    """Fill a folder, ten records a pack; the first pack was used an hour ago, each next a minute later."""
    store = PackStore(root, pack_bytes=per_pack * RECORD)
    for number in range(count):
        store.put(key(number), arrays(number))
    store.close()
    packs = sorted(root.glob("*.pack"))
    for age, pack in enumerate(packs):
        moment = time.time() - 3600 + 60 * age
        os.utime(pack, (moment, moment))
    return packs


def bytes_on_disk(root: Path) -> int:
    return sum(path.lstat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def intact_numbers(root: Path, count: int) -> list[int]:
    store = PackStore(root)
    return [number for number in range(count) if is_intact(store, number)]
