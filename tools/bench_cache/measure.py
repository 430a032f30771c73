# SPDX-License-Identifier: GPL-3.0-or-later
"""Put, get, open and evict, store by store, a slice of the work each in turn.

What is counted is the processor time of this process, user and system: what other programs do meanwhile hardly
alters it, and it leaves out waiting for the disk, which is the same for the same bytes. Elapsed time is noted too.
Every figure is the median over the slices. Where all stores together fit well into memory they take turns slice by
slice, so that whatever else the machine does meets them alike; where they do not, one follows the other and is
deleted before the next begins. Before each slice of puts as much memory as they will take is used and given back: on
a virtual machine who is the first to use a page waits for its host, which made the same puts up to five times as dear.

Gets are of keys drawn at random from all that were put, each once, by a store that was just opened; a reader before
it has seen to it that their files are in memory (and has checked every byte). A get counts until every byte of its
arrays was read, as the pipeline reads them.
"""

import os
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from understudy.core.cache.base.key import Key

from .records import Arrays, Kind, keys, values
from .stores import STORES, BenchStore

_SLICES = 20
_GETS = 4000
_OVERHEAD = 8192  # what a small entry takes on the disk at least, in the store that takes most
_SHARE_OF_DISK = 0.8
_SHARE_OF_MEMORY = 0.4


@dataclass(frozen=True)
class Run:
    """One store with so many records of one kind: microseconds an entry, processor time unless said."""

    store: str
    payload_bytes: int
    entries: int
    put_us: float
    get_us: float
    open_s: float
    evict_us: float
    """For each entry removed; half of them should be."""
    put_elapsed_us: float
    get_elapsed_us: float

    def as_json(self) -> dict[str, object]:
        """Return the fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class Floor:
    """What reading as many bytes takes, from a file that is open and in memory, unchecked.

    No store that hands over a copy of its own of what lies in a file is below this.
    """

    payload_bytes: int
    entries: int
    read_us: float


@dataclass(frozen=True)
class EntryTime:
    """Microseconds an entry."""

    processor_us: float
    elapsed_us: float


def count_fitting(root: Path, kind: Kind, entries: int) -> int:
    """Return how many entries there is room for on the disk, `entries` at most, one store after the other."""
    return min(entries, int(shutil.disk_usage(root).free * _SHARE_OF_DISK / _entry_bytes(kind)))


def compare(root: Path, kind: Kind, entries: int) -> tuple[list[Run], Floor]:
    """Measure every store with `entries` records of one kind, in a new folder under `root`."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    together = len(STORES) * entries * _entry_bytes(kind) < memory * _SHARE_OF_MEMORY
    every, kept = keys(entries), values(kind)
    runs: list[Run] = []
    floor = Floor(kind.payload_bytes, entries, 0.0)
    for names in [list(STORES)] if together else [[name] for name in STORES]:
        home = root / f"{kind.payload_bytes}-{entries}"
        home.mkdir(parents=True)
        try:
            runs += _compare(home, names, kind, every, kept)
            if "understudy" in names:
                floor = Floor(kind.payload_bytes, entries, _floor(home / "understudy", kind))
            runs = [*runs[: -len(names)], *_measure_eviction(home, runs[-len(names) :])]
        finally:
            shutil.rmtree(home)
    return runs, floor


def _entry_bytes(kind: Kind) -> int:
    return kind.payload_bytes + _OVERHEAD


def _compare(home: Path, names: Sequence[str], kind: Kind, every: list[Key], kept: list[Arrays]) -> list[Run]:
    def open_store(name: str) -> BenchStore:
        return STORES[name](home / name)

    stores = {name: open_store(name) for name in names}
    puts = _interleave(
        stores,
        [
            [(every[number], kept[number % len(kept)]) for number in part.tolist()]
            for part in np.array_split(np.arange(len(every)), _SLICES)
        ],
        lambda store: store.put,
        _entry_bytes(kind),
    )
    for store in stores.values():
        store.close()
    chosen = np.random.default_rng(2).permutation(len(every))[:_GETS]
    opens = {}
    for name in names:
        start = time.process_time()
        stores[name] = open_store(name)
        _check(stores[name], every[0], kept[0])
        opens[name] = time.process_time() - start
        for number in chosen.tolist():
            _check(stores[name], every[number], kept[number % len(kept)])
        stores[name].close()
        stores[name] = open_store(name)
    gets = _interleave(
        stores,
        [[(every[number],) for number in part.tolist()] for part in np.array_split(chosen, _SLICES)],
        _reader,
    )
    for store in stores.values():
        store.close()
    return [
        Run(
            name,
            kind.payload_bytes,
            len(every),
            puts[name].processor_us,
            gets[name].processor_us,
            opens[name],
            0.0,
            puts[name].elapsed_us,
            gets[name].elapsed_us,
        )
        for name in names
    ]


def _reader(store: BenchStore) -> Callable[[Key], None]:
    get, join = store.get, b"".join

    def read(key: Key) -> None:
        entry = get(key)
        if entry is None:
            raise ValueError(f"{type(store).__name__} has lost an entry")
        join(entry[1].values())  # type: ignore[arg-type]  # arrays are buffers: every byte of them is read

    return read


def _interleave(
    stores: dict[str, BenchStore],
    slices: list[list[tuple[object, ...]]],
    action: Callable[[BenchStore], Callable[..., None]],
    new_bytes: int = 0,
) -> dict[str, EntryTime]:
    """Let the stores do the slices of work in turn; each piece of it takes `new_bytes` of memory for good."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in stores}
    order = list(stores)
    for work in slices:
        for name in order:
            act = action(stores[name])
            np.full(len(work) * new_bytes, 1, np.uint8)  # used and given back
            elapsed, processor = time.perf_counter(), time.process_time()
            for arguments in work:
                act(*arguments)
            processor, elapsed = time.process_time() - processor, time.perf_counter() - elapsed
            taken[name].append((1e6 * processor / len(work), 1e6 * elapsed / len(work)))
        order = order[1:] + order[:1]  # nobody always follows the same one
    return {
        name: EntryTime(*(statistics.median(column) for column in zip(*times, strict=True)))
        for name, times in taken.items()
    }


def _check(store: BenchStore, key: Key, wanted: Arrays) -> None:
    """Raise ValueError unless the store gives what was put: a store that is wrong is not fast."""
    got = store.get(key)
    if (
        got is None
        or got[0] != key.text
        or any(
            got[1][name].tobytes() != array.tobytes() or got[1][name].shape != array.shape
            for name, array in wanted.items()
        )
    ):
        raise ValueError(f"{type(store).__name__} did not give back what was put")


def _measure_eviction(home: Path, runs: list[Run]) -> list[Run]:
    measured = []
    for run in runs:
        store = STORES[run.store](home / run.store)
        start = time.process_time()
        removed = store.evict_half()
        taken = 1e6 * (time.process_time() - start) / removed
        store.close()
        measured.append(Run(**{**asdict(run), "evict_us": taken}))
    return measured


def _floor(folder: Path, kind: Kind) -> float:
    """Return the processor time of reading payloads from a pack, in microseconds each."""
    random = np.random.default_rng(4)
    files: list[tuple[int, int]] = []
    try:
        for path in sorted(folder.glob("*.pack")):
            room = path.stat().st_size - kind.payload_bytes
            if room > 0:
                files.append((os.open(path, os.O_RDONLY), room))
        drawn = [files[number] for number in random.integers(0, len(files), _GETS).tolist()]
        places = [(fd, int(random.integers(room))) for fd, room in drawn]
        taken = []
        for measured in (False, True):  # the first time only so that they are in memory
            for first in range(0, _GETS, _GETS // _SLICES):
                work = places[first : first + _GETS // _SLICES]
                start = time.process_time()
                for fd, offset in work:
                    os.pread(fd, kind.payload_bytes, offset)
                if measured:
                    taken.append(1e6 * (time.process_time() - start) / len(work))
        return statistics.median(taken)
    finally:
        for fd, _ in files:
            os.close(fd)
