# SPDX-License-Identifier: GPL-3.0-or-later
"""Our store alone as it grows to a million entries: puts and gets should stay flat, and opening quick."""

import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from understudy.core.cache.base.key import Key
from understudy.core.cache.stores.local import PackStore

from .records import Kind, values

_SLICES = 20
_GETS = 4000
_PUTS = 5000


@dataclass(frozen=True)
class Scale:
    """Our store with so many small records: processor time, but opening, which is elapsed time."""

    entries: int
    put_us: float
    get_us: float
    open_s: float
    open_without_sidecars_s: float
    index_bytes_per_entry: float


def grow(root: Path, kind: Kind, counts: Sequence[int]) -> list[Scale]:
    """Measure the store as it grows through the given numbers of entries, in a new folder under `root`."""
    home = root / "scale"
    kept = values(kind)
    measured = []
    store = PackStore(home)
    written = 0
    for count in counts:
        # The keys are made outside the clock, a slice at a time: a million of them are a gigabyte.
        slices = []
        while written < count:
            upto = min(written + _PUTS, count)
            part = _keys_between(written, upto)
            start = time.process_time()
            for number, key in enumerate(part, written):
                store.put(key, kept[number % len(kept)])
            slices.append((time.process_time() - start) / len(part))
            written = upto
        store.close()
        opened = _time_open(home)
        for path in home.glob("*.idx"):
            path.rename(path.with_suffix(".away"))
        bare = _time_open(home)
        for path in home.glob("*.idx"):  # what was opened may have written some
            path.unlink()
        for path in home.glob("*.away"):
            path.rename(path.with_suffix(".idx"))
        asked = [
            key
            for number in np.random.default_rng(3).integers(0, count, _GETS).tolist()
            for key in _keys_between(number, number + 1)
        ]
        before = PackStore(home)
        for key in asked:
            before.get(key)
        before.close()
        store = PackStore(home)
        taken = []
        for part in np.array_split(np.arange(len(asked)), _SLICES):
            work = [asked[number] for number in part.tolist()]
            start = time.process_time()
            for key in work:
                store.get(key)
            taken.append((time.process_time() - start) / len(work))
        measured.append(
            Scale(
                count,
                1e6 * statistics.median(slices),
                1e6 * statistics.median(taken),
                opened,
                bare,
                store.index_bytes() / count,
            )
        )
    store.close()
    shutil.rmtree(home)
    return measured


def _keys_between(first: int, end: int) -> list[Key]:
    made = [
        Key(f"frame={number:064x}\nmodel={'0' * 64}\nstage=embed\nversion=1\n")
        for number in range(first, end)
    ]
    for key in made:
        key.digest  # noqa: B018 (computed and kept)
    return made


def _time_open(home: Path) -> float:
    start = time.perf_counter()
    PackStore(home).close()
    return time.perf_counter() - start
