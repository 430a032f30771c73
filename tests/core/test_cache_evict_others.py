# SPDX-License-Identifier: GPL-3.0-or-later
"""Eviction beside other processes: readers read on, writers lose nothing later, dead ones block nobody."""

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from understudy.core.cache.packs.folder_lock import folder_lock
from understudy.core.cache.removal.evict import evict
from understudy.core.cache.stores.local import PackStore
from understudy.core.filesystem import Location

from tests.core.eviction_folders import arrays, fill_cache, intact_numbers, is_intact, key


def test_another_process_that_has_a_pack_open_reads_on(tmp_path: Path) -> None:
    packs = fill_cache(tmp_path, 20)
    other = PackStore(tmp_path)
    assert is_intact(other, 1)
    os.utime(packs[0], (1, 1))
    assert evict(tmp_path, 150_000).evicted_records == 10
    assert all(is_intact(other, number) for number in range(10))
    assert (other.counts.misses, other.warnings) == (0, ())


def test_records_that_moved_are_read_at_once(tmp_path: Path) -> None:
    fill_cache(tmp_path, 100)
    mover, other = PackStore(tmp_path), PackStore(tmp_path, clock=lambda: 0.0)
    assert all(is_intact(mover, number) for number in range(0, 100, 2))
    for pack in tmp_path.glob("*.pack"):
        os.utime(pack, (1, 1))
    assert mover.evict(600_000).copied_records == 50
    assert all(is_intact(other, number) for number in range(0, 100, 2))
    assert other.counts.misses == 0


def test_only_one_evicts_at_a_time_and_a_dead_one_blocks_nobody(tmp_path: Path) -> None:
    fill_cache(tmp_path, 100)
    program = (
        "import sys, time; from pathlib import Path; from understudy.core.cache.packs.folder_lock import folder_lock\n"
        "from understudy.core.filesystem import Location\n"
        "with folder_lock(Location(Path(sys.argv[1]))) as held: print(held, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "True\n"
    assert evict(tmp_path, 100_000) is None
    assert PackStore(tmp_path).evict(100_000) is None
    assert len(intact_numbers(tmp_path, 100)) == 100
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert evict(tmp_path, 250_000).evicted_packs == 8
    assert intact_numbers(tmp_path, 100) == list(range(80, 100))
    with (
        folder_lock(Location(tmp_path)) as first,
        folder_lock(Location(tmp_path), wait_seconds=0.05) as second,
    ):
        assert (first, second) == (True, False)


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    packs = fill_cache(tmp_path, 20)
    old = time.time() - 3600
    leftovers = [
        tmp_path / f".{packs[0].name}.tmp",
        tmp_path / f".{packs[0].stem}.0123abcd.idx.tmp",
        tmp_path / f"{'0' * 16}-1-00000000.idx",
    ]
    for path in leftovers:
        path.write_bytes(b"x" * 1000)
        os.utime(path, (old, old))
    being_written = tmp_path / f".{packs[1].stem}.0123abcd.idx.tmp"
    being_written.write_bytes(b"x")
    mine = tmp_path / "notes.tmp"
    mine.write_bytes(b"x")
    done = evict(tmp_path, None)
    assert not any(path.exists() for path in leftovers)
    assert being_written.exists()
    assert mine.exists()
    assert done.bytes_before - done.bytes_after == 3000
    assert len(intact_numbers(tmp_path, 20)) == 20


def test_what_another_eviction_moved_is_still_in_use(tmp_path: Path) -> None:
    fill_cache(tmp_path, 80, per_pack=2)
    store = PackStore(tmp_path)
    assert all(is_intact(store, number) for number in range(0, 80, 4))
    for pack in tmp_path.glob("*.pack"):
        os.utime(pack, (1, 1))
    assert evict(tmp_path, None).merged_packs == 40
    done = store.evict(1)
    assert (done.evicted_records, done.copied_records) == (60, 20)
    assert intact_numbers(tmp_path, 80) == list(range(0, 80, 4))


def test_a_writer_whose_pack_is_evicted_loses_what_it_had_and_nothing_after(tmp_path: Path) -> None:
    writer = PackStore(tmp_path)
    for number in range(20):
        writer.put(key(number), arrays(number))
        if number % 5 == 4:
            evict(tmp_path, 0)
    writer.put(key(50), arrays(50))
    assert intact_numbers(tmp_path, 51) == [50]
    assert is_intact(writer, 50)
    assert (writer.counts.puts, writer.counts.dropped, writer.warnings) == (21, 0, ())


def test_the_process_start_method_does_not_matter(tmp_path: Path) -> None:
    """The eviction lock is given back even where a forked child lives on."""
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("needs fork")
    fill_cache(tmp_path, 20)
    with folder_lock(Location(tmp_path)) as held:
        assert held
        child = os.fork()
        if child == 0:
            time.sleep(30)
            os._exit(0)
    try:
        assert evict(tmp_path, 100_000).evicted_packs >= 1
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
