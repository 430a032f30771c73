# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs while they are read: how many are open, what outlasts them, and damage after a good read."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.stores.local import PackStore

from tests.core.folder_records import arrays, arrays_equal, key, packs


def test_a_pack_rolls_over_and_all_of_them_are_read(tmp_path: Path) -> None:
    store = PackStore(tmp_path, pack_bytes=2000)
    for number in range(100):
        store.put(key(number), arrays(number))
    sizes = [path.stat().st_size for path in packs(tmp_path)]
    assert len(sizes) > 15  # more than one, and less than one a record
    assert len(sizes) < 50
    assert all(2000 <= size < 3000 for size in sizes[:-1])
    assert all(arrays_equal(store.get(key(number)), arrays(number)) for number in range(100))
    assert all(arrays_equal(PackStore(tmp_path).get(key(number)), arrays(number)) for number in (0, 50, 99))


def test_open_files_are_bounded(tmp_path: Path) -> None:
    store = PackStore(tmp_path, pack_bytes=1)
    for number in range(200):
        store.put(key(number), arrays(number))
    files = Path("/proc/self/fd")
    if not files.is_dir():
        pytest.skip("needs /proc to count open files")
    before = len(list(files.iterdir()))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, limits[1]))
    try:
        again = PackStore(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert all(arrays_equal(again.get(key(number)), arrays(number)) for number in range(200))
    assert len(list(files.iterdir())) - before <= 128
    again.close()
    assert len(list(files.iterdir())) == before


def crop(number: int) -> dict[str, np.ndarray]:
    return {"crop": np.random.default_rng(number).integers(0, 255, (128, 128, 3), np.uint8)}


def test_what_was_handed_over_outlasts_its_pack(tmp_path: Path) -> None:
    """Whoever holds a result holds bytes of their own: nothing that happens to the files changes them."""
    store = PackStore(tmp_path, pack_bytes=200_000, clock=lambda: 0.0)
    for number in range(12):
        store.put(key(number), crop(number))
    held = [store.get(key(number)) for number in range(12)]
    store.purge(lambda text: "number=3\n" in text)  # rewrites a pack
    other = PackStore(tmp_path)
    other.evict(100_000)  # evicts most
    for pack in packs(tmp_path):
        with pack.open("r+b") as file:  # another program, in place
            file.write(bytes(pack.stat().st_size))
            file.truncate(100)
    store.purge()
    store.close()
    assert all(arrays_equal(got, crop(number)) for number, got in enumerate(held))


def test_damage_after_a_good_read_is_a_miss(tmp_path: Path) -> None:
    """Every read is checked, not only the first, and whatever the file's time says."""
    PackStore(tmp_path).put(key(1), crop(1))
    (pack,) = packs(tmp_path)
    store = PackStore(tmp_path, clock=lambda: 0.0)
    assert arrays_equal(store.get(key(1)), crop(1))
    status = pack.stat()
    good = pack.read_bytes()
    for position in (250, 20_000, len(good) - 1):
        damaged = bytearray(good)
        damaged[position] ^= 1 << 7
        with pack.open("r+b") as file:
            file.write(damaged)
        os.utime(pack, ns=(status.st_atime_ns, status.st_mtime_ns))
        again = PackStore(tmp_path, clock=lambda: 0.0)
        for reader in (store, again):
            assert reader.get(key(1)) is None
            assert reader.counts.corrupt == 1
        with pack.open("r+b") as file:
            file.write(good)
        store = PackStore(tmp_path, clock=lambda: 0.0)
        assert arrays_equal(store.get(key(1)), crop(1))


@pytest.mark.parametrize("left", [0, 1, 63, 64, 300, 4096, 30_000, 49_000])
def test_a_pack_that_another_program_cuts_is_a_miss_and_no_crash(tmp_path: Path, left: int) -> None:
    """A file that is read through a memory map would end the process here (SIGBUS)."""
    writer = PackStore(tmp_path)
    writer.put(key(1), crop(1))
    writer.put(key(2), crop(2))
    (pack,) = packs(tmp_path)
    store = PackStore(tmp_path, clock=lambda: 0.0)
    first = store.get(key(1))
    second = store.get(key(2))
    os.truncate(pack, left)
    assert store.get(key(1)) is None
    assert store.get(key(2)) is None
    assert arrays_equal(first, crop(1))
    assert arrays_equal(second, crop(2))
    store.put(key(1), crop(1))
    assert arrays_equal(store.get(key(1)), crop(1))
    assert store.warnings == ()


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no such limit")
@pytest.mark.parametrize(("files", "packs"), [(1024, 256), (100, 25), (20, 8), (10_000, 1024)])
def test_a_quarter_of_the_files_that_may_be_open_are_packs(files, packs):
    program = (
        "import resource\n"
        "from understudy.core.cache.packs.pack import max_open_packs\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))\n"
        "print(max_open_packs())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) == packs
