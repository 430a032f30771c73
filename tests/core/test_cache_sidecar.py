# SPDX-License-Identifier: GPL-3.0-or-later
"""Sidecars: opening without a scan, and nothing lost when they are missing or old."""

import os
import shutil
import time
from pathlib import Path

import pytest
from understudy.core.cache.packs import sidecar
from understudy.core.cache.stores.local import PackStore
from understudy.core.filesystem import Folder

from tests.core.sidecar_records import COUNT, arrays, fill_cache, is_intact, key, path_of


def read(pack: Path, pack_bytes: int) -> sidecar.Sidecar | None:
    with Folder(pack.parent) as folder:
        return sidecar.read(folder, pack.name, pack_bytes)


def write(pack: Path, known: sidecar.Sidecar) -> None:
    with Folder(pack.parent) as folder:
        sidecar.write(folder, pack.name, known)


def bytes_read() -> int:
    """How many bytes this process has read from files so far."""
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        pytest.skip("needs /proc to count the bytes read")
    return int(lines[0].removeprefix("rchar: "))


@pytest.mark.slow
def test_opening_reads_the_sidecars_and_nothing_else(tmp_path: Path) -> None:
    fill_cache(tmp_path, 3000, pack_bytes=1_000_000)
    packs = list(tmp_path.glob("*.pack"))
    sidecar_bytes = sum(path.stat().st_size for path in tmp_path.glob("*.idx"))
    assert sidecar_bytes == 32 * len(packs) + 20 * 3000
    idle = bytes_read()
    idle = bytes_read() - idle
    before = bytes_read()
    store = PackStore(tmp_path)
    assert bytes_read() - before - idle <= sidecar_bytes + 300  # and the marks' few bytes
    assert all(key(number) in store for number in range(3000))
    assert bytes_read() - before - 2 * idle <= sidecar_bytes + 300  # nor does finding read anything
    for path in packs:  # the same again where there is nothing to be scanned
        size = path.stat().st_size
        path.write_bytes(b"")
        os.truncate(path, size)
    blind = PackStore(tmp_path)
    assert all(key(number) in blind for number in range(3000))
    assert blind.counts.corrupt == 0
    assert blind.get(key(5)) is None  # but what it says is never taken for the value


def test_opening_without_sidecars_costs_time_and_nothing_else(tmp_path: Path) -> None:
    fill_cache(tmp_path, pack_bytes=50_000)
    for path in tmp_path.glob("*.idx"):
        path.unlink()
    store = PackStore(tmp_path)
    assert all(is_intact(store, number) for number in range(COUNT))
    assert (store.counts.misses, store.counts.corrupt, store.warnings) == (0, 0, ())


def test_a_pack_left_by_a_killed_writer_gets_its_sidecar_from_the_next_reader(tmp_path: Path) -> None:
    pack = fill_cache(tmp_path)
    wanted = path_of(pack).read_bytes()
    path_of(pack).unlink()
    PackStore(tmp_path)
    assert not path_of(pack).exists()  # somebody may still be writing to it
    past = time.time() - 3600
    os.utime(pack, (past, past))
    PackStore(tmp_path)
    made = path_of(pack).read_bytes()
    assert made[32:] == wanted[32:]
    assert (made[10], wanted[10]) == (0, 1)  # a reader can't know that it is finished
    with pack.open("ab") as file:  # as its writer, who only slept
        other = fill_cache(tmp_path.with_name(f"{tmp_path.name}_other"), 70)
        file.write(other.read_bytes()[pack.stat().st_size :])
    store = PackStore(tmp_path)
    assert all(is_intact(store, number) for number in range(70))


@pytest.mark.parametrize("covered", [0, 1, 30, COUNT])
def test_a_sidecar_of_an_earlier_state_saves_that_part_of_the_scan(tmp_path: Path, covered: int) -> None:
    early = fill_cache(tmp_path / "early", max(covered, 8))
    pack = fill_cache(tmp_path / "late")
    shutil.copy(path_of(early), early.with_name(pack.with_suffix(".idx").name))
    known = read(early, 1 << 30)
    write(pack, known._replace(finished=False))
    store = PackStore(tmp_path / "late")
    assert all(is_intact(store, number) for number in range(COUNT))
    assert store.counts.corrupt == 0


def test_a_finished_pack_is_not_looked_at_again(tmp_path: Path) -> None:
    now = [0.0]
    pack = fill_cache(tmp_path)
    store = PackStore(tmp_path, clock=lambda: now[0])
    with pack.open("ab") as file:  # against the rules
        file.write(
            fill_cache(tmp_path.with_name(f"{tmp_path.name}_other"), 61).read_bytes()[pack.stat().st_size :]
        )
    now[0] += 1
    assert store.get(key(60)) is None
    assert is_intact(store, 59)


def test_a_writer_that_finishes_is_believed_by_those_who_watched(tmp_path: Path) -> None:
    now = [0.0]
    writer = PackStore(tmp_path)
    reader = PackStore(tmp_path, clock=lambda: now[0])
    for number in range(20):
        writer.put(key(number), arrays(number))
    now[0] += 1
    assert is_intact(reader, 0)
    writer.close()
    now[0] += 1
    assert reader.get(key(99)) is None
    assert all(is_intact(reader, number) for number in range(20))
    assert len(list(reader.entries())) == 20
