# SPDX-License-Identifier: GPL-3.0-or-later
"""Time the stores in turn, a slice of the work each, so that whatever else the machine does meets them all."""

import gc
import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from understudy.core.cache.folder import PackFolder
from understudy.core.cache.key import Key

from .records import Arrays, Kind, keys, values
from .stores import STORES, BenchStore

_SLICES = 20
_GETS = 4000


@dataclass(frozen=True)
class Run:
    """One store with so many records of one kind: the medians over the slices, per entry."""

    store: str
    payload_bytes: int
    entries: int
    put_us: float
    get_us: float
    open_s: float
    evict_us: float
    """Per entry removed, of half the entries."""

    def as_json(self) -> dict[str, object]:
        """Return the fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class Scale:
    """Our store with so many small records: how it changes with their number."""

    entries: int
    put_us: float
    get_us: float
    open_s: float
    open_without_sidecars_s: float
    index_bytes_per_entry: float


def compare(root: Path, kind: Kind, entries: int) -> list[Run]:
    """Measure every store with `entries` records of one kind, in a new folder under `root`."""
    home = root / f"{kind.payload_bytes}-{entries}"
    home.mkdir(parents=True)
    every, kept = keys(entries), values(kind)
    stores = {name: make(home / name) for name, make in STORES.items()}
    try:
        puts = _puts(stores, every, kept)
        gets = _gets(stores, every, kept)
        opens = {}
        for store in stores.values():
            store.close()
        for name, make in STORES.items():
            start = time.perf_counter()
            stores[name] = make(home / name)
            _check(stores[name], every[0], kept[0])
            opens[name] = time.perf_counter() - start
        evictions = {name: _timed_eviction(store, entries) for name, store in stores.items()}
        return [
            Run(name, kind.payload_bytes, entries, puts[name], gets[name], opens[name], evictions[name])
            for name in STORES
        ]
    finally:
        for store in stores.values():
            store.close()
        shutil.rmtree(home)


def _puts(stores: dict[str, BenchStore], every: list[Key], kept: list[Arrays]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in stores}
    order = list(stores)
    for part in np.array_split(np.arange(len(every)), _SLICES):
        work = [(every[number], kept[number % len(kept)]) for number in part.tolist()]
        for name in order:
            put = stores[name].put
            start = time.perf_counter()
            for key, arrays in work:
                put(key, arrays)
            times[name].append((time.perf_counter() - start) / len(work))
        order = order[1:] + order[:1]  # nobody always follows the same one
    return {name: 1e6 * statistics.median(taken) for name, taken in times.items()}


def _gets(stores: dict[str, BenchStore], every: list[Key], kept: list[Arrays]) -> dict[str, float]:
    chosen = np.random.default_rng(2).permutation(len(every))[:_GETS]
    times: dict[str, list[float]] = {name: [] for name in stores}
    order = list(stores)
    for part in np.array_split(chosen, _SLICES):
        numbers = part.tolist()
        for name in order:
            store = stores[name]
            for number in numbers:  # read once, so that all are measured with their data in memory
                _check(store, every[number], kept[number % len(kept)])
            get = store.get
            work = [every[number] for number in numbers]
            start = time.perf_counter()
            for key in work:
                get(key)
            times[name].append((time.perf_counter() - start) / len(work))
        order = order[1:] + order[:1]
    return {name: 1e6 * statistics.median(taken) for name, taken in times.items()}


def _check(store: BenchStore, key: Key, wanted: Arrays) -> None:
    """Raise ValueError unless the store gives what was put: a store that is wrong is not fast."""
    got = store.get(key)
    if got is None or any(
        got[name].tobytes() != array.tobytes() or got[name].shape != array.shape
        for name, array in wanted.items()
    ):
        raise ValueError(f"{type(store).__name__} did not give back what was put")


def _timed_eviction(store: BenchStore, entries: int) -> float:
    start = time.perf_counter()
    store.evict_half()
    return 1e6 * (time.perf_counter() - start) / (entries / 2)


def scale(root: Path, kind: Kind, counts: Sequence[int]) -> list[Scale]:
    """Measure our store alone as it grows through the given numbers of entries."""
    home = root / "scale"
    kept = values(kind)
    measured = []
    store = PackFolder(home)
    written = 0
    for count in counts:
        # The keys are made outside the clock, a slice at a time: a million of them are a gigabyte.
        slices = []
        while written < count:
            upto = min(written + 5000, count)
            part = _keys_between(written, upto)
            start = time.perf_counter()
            for number, key in enumerate(part, written):
                store.put(key, kept[number % len(kept)])
            slices.append((time.perf_counter() - start) / len(part))
            written = upto
        store.close()
        opened = _opening(home)
        for path in home.glob("*.idx"):
            path.rename(path.with_suffix(".away"))
        bare = _opening(home)
        for path in home.glob("*.away"):
            path.rename(path.with_suffix(".idx"))
        store = PackFolder(home)
        asked = [
            key
            for number in np.random.default_rng(3).integers(0, count, 2000).tolist()
            for key in _keys_between(number, number + 1)
        ]
        taken = []
        for part in np.array_split(np.arange(len(asked)), _SLICES):
            work = [asked[number] for number in part.tolist()]
            for key in work:
                store.get(key)
            start = time.perf_counter()
            for key in work:
                store.get(key)
            taken.append((time.perf_counter() - start) / len(work))
        gc.collect()
        measured.append(
            Scale(
                count,
                1e6 * statistics.fmean(slices),
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


def _opening(home: Path) -> float:
    start = time.perf_counter()
    PackFolder(home).close()
    return time.perf_counter() - start
