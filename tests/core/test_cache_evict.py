# SPDX-License-Identifier: GPL-3.0-or-later
"""Eviction: the cap holds, what is unused longest goes first, what this process used stays."""

import os
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

from understudy.core.cache.removal.evict import evict
from understudy.core.cache.stores.local import PackStore

from tests.core.eviction_folders import arrays, bytes_on_disk, fill_cache, intact_numbers, is_intact, key


def test_what_is_unused_longest_goes_first(tmp_path: Path) -> None:
    packs = fill_cache(tmp_path, 100)
    os.utime(packs[0])
    done = evict(tmp_path, 560_000)  # a little more than need be goes, so that it is rarely done
    assert intact_numbers(tmp_path, 100) == [*range(10), *range(70, 100)]
    assert (done.evicted_packs, done.evicted_records, done.copied_records) == (6, 60, 0)
    assert done.bytes_after == bytes_on_disk(tmp_path) <= 560_000
    assert done.bytes_before - done.bytes_after > 600_000
    assert done.errors == ()
    again = evict(tmp_path, 560_000)
    assert (again.bytes_before, again.bytes_after, again.evicted_packs) == (
        done.bytes_after,
        done.bytes_after,
        0,
    )


def test_a_read_counts_as_use(tmp_path: Path) -> None:
    fill_cache(tmp_path, 100)
    reader = PackStore(tmp_path)
    assert is_intact(reader, 5)
    evict(tmp_path, 300_000)
    assert intact_numbers(tmp_path, 100) == [*range(10), *range(90, 100)]
    assert [path.suffix for path in sorted(tmp_path.glob("1*"))] == [".idx", ".pack"] * 2


def test_a_pack_is_touched_once_a_minute(tmp_path: Path) -> None:
    now = [0.0]
    (pack,) = fill_cache(tmp_path, 5)
    store = PackStore(tmp_path, clock=lambda: now[0])
    times = []
    for seconds in (0, 1, 58.9, 0.2, 59.9, 0.2):
        now[0] += seconds
        assert is_intact(store, 1)
        times.append(pack.stat().st_mtime_ns)
    assert [later > earlier for earlier, later in pairwise(times)] == [
        False,
        False,
        True,
        False,
        True,
    ]


def test_this_processes_own_records_are_carried_and_the_rest_goes(tmp_path: Path) -> None:
    fill_cache(tmp_path, 100)
    store = PackStore(tmp_path)
    mine = [3, 17, 42, 43, 99]
    assert all(is_intact(store, number) for number in mine)
    store.put(key(200), arrays(200))
    for pack in tmp_path.glob("*.pack"):
        moment = time.time() - 3600  # as if nothing had been used lately
        os.utime(pack, (moment, moment))
    done = store.evict(100_000)
    assert done.bytes_after == bytes_on_disk(tmp_path) == store.size_on_disk() <= 100_000
    assert (done.evicted_records, done.copied_records) == (95, 5)
    assert store.counts.evicted == 95
    assert all(is_intact(store, number) for number in [*mine, 200])
    assert intact_numbers(tmp_path, 201) == [*mine, 200]
    assert (store.counts.misses, store.counts.corrupt, store.warnings) == (0, 0, ())
    # They are as much in use where they lie now.
    assert store.evict(1).evicted_records == 0
    assert intact_numbers(tmp_path, 201) == [*mine, 200]


def test_what_is_written_while_another_thread_evicts_stays(tmp_path: Path) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # the threads take turns at nearly every step
    try:
        for attempt in range(12):
            store = PackStore(tmp_path / str(attempt), cap_bytes=16)  # a pack for each record
            done = threading.Event()

            def evict_until_done(store: PackStore = store, done: threading.Event = done) -> None:
                while not done.is_set():
                    store.evict()

            thread = threading.Thread(target=evict_until_done)
            thread.start()
            for number in range(60):
                store.put(key(number), arrays(number))
            done.set()
            thread.join()
            assert [number for number in range(60) if not is_intact(store, number)] == []
            store.close()
    finally:
        sys.setswitchinterval(interval)


def test_a_cap_below_what_is_in_use_is_a_warning_with_both_numbers(tmp_path: Path) -> None:
    store = PackStore(tmp_path, pack_bytes=100_000)
    for number in range(100):
        store.put(key(number), arrays(number))
    done = store.evict(500_000)
    assert done.evicted_records == 0
    assert all(is_intact(store, number) for number in range(100))
    (warning,) = store.warnings
    assert f"{done.bytes_after / 1e6:.1f} MB" in warning
    assert "cap of 0.5 MB" in warning
    assert "\n" not in warning
    store.evict(400_000)
    assert len(store.warnings) == 1  # the latest numbers take the place of the earlier


def test_puts_keep_the_folder_near_its_cap(tmp_path: Path) -> None:
    fill_cache(tmp_path, 300)
    store = PackStore(tmp_path, cap_bytes=2_000_000)
    for number in range(1000, 1100):
        store.put(key(number), arrays(number))
    store.close()
    assert bytes_on_disk(tmp_path) <= 2_000_000 + 2 * 2_000_000 // 16
    assert set(range(1000, 1100)) <= set(intact_numbers(tmp_path, 1100))
    assert store.counts.evicted == 300 + 100 - len(intact_numbers(tmp_path, 1100)) >= 150


def test_age(tmp_path: Path) -> None:
    fill_cache(tmp_path, 100)  # used 60, 59, … 51 minutes ago
    done = evict(tmp_path, None, max_age_seconds=55.5 * 60)
    assert done.evicted_records == 50
    assert intact_numbers(tmp_path, 100) == list(range(50, 100))


def test_a_clock_that_was_set_back_spoils_neither_order_nor_age(tmp_path: Path) -> None:
    packs = fill_cache(tmp_path, 100)
    year = 365 * 86400
    for age, pack in enumerate(packs):  # written while the clock was a year ahead
        moment = time.time() + year + 60 * age
        os.utime(pack, (moment, moment))
    store = PackStore(tmp_path)
    assert is_intact(store, 5)
    store.close()
    assert (
        packs[0].stat().st_mtime_ns > packs[9].stat().st_mtime_ns
    )  # the latest use, though the clock says less
    evict(tmp_path, 560_000)
    assert intact_numbers(tmp_path, 100) == [*range(10), *range(70, 100)]
    assert all(pack.stat().st_mtime <= time.time() + 1 for pack in tmp_path.glob("*.pack"))
    later = time.time_ns() + 3600 * 10**9
    assert evict(tmp_path, None, max_age_seconds=1800, clock_ns=lambda: later).evicted_records == 40


def test_many_small_packs_become_one(tmp_path: Path) -> None:
    for number in range(40):  # as a farm leaves them, a process a frame
        store = PackStore(tmp_path)
        store.put(key(number), arrays(number))
        store.close()
    assert evict(tmp_path, None).merged_packs == 0  # just written: they may still be open
    old = time.time() - 3600
    for pack in tmp_path.glob("*.pack"):
        os.utime(pack, (old, old))
    watching = PackStore(tmp_path, clock=lambda: 0.0)
    done = evict(tmp_path, None)
    assert (done.merged_packs, done.evicted_records) == (40, 0)
    assert len(list(tmp_path.glob("*.pack"))) == 1
    assert abs(next(tmp_path.glob("*.pack")).stat().st_mtime - old) < 1
    assert intact_numbers(tmp_path, 40) == list(range(40))
    assert all(is_intact(watching, number) for number in range(40))
