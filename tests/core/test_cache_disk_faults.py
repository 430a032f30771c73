# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that are full, read-only or out of open files: a put is dropped, a warning given, nothing raised."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small_disk import mount_small_disk
from understudy.core.cache.packs.pack import max_open_packs
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import CacheError

from tests.core.fault_records import arrays, arrays_equal, key

FULL_DISK_PROGRAM = """
import resource, sys
from pathlib import Path
import numpy as np
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.base.key import stage_key

store = PackStore(Path(sys.argv[1]))
value = {"a": np.zeros(10_000, np.uint8)}
resource.setrlimit(resource.RLIMIT_FSIZE, (25_000, 25_000))
keys = [stage_key("test", 1, {"number": number}) for number in range(6)]
for key in keys:
    store.put(key, value)
assert [key in store for key in keys] == [True, True, False, False, False, False]
small = stage_key("test", 1, {"small": True})
store.put(small, {"a": np.ones(10, np.uint8)})
assert store.get(small)["a"].sum() == 10
counts = store.counts
print(counts.puts, counts.dropped, counts.corrupt)
print(*store.warnings, sep="\\n")
"""


def test_writes_that_stop_half_way_are_taken_back(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK_PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    counts, *warnings = done.stdout.splitlines()
    assert counts == "3 4 0"
    assert 1 <= len(warnings) <= 2  # the write that stopped half way, and those refused whole
    assert all(str(tmp_path) in warning for warning in warnings)
    store = PackStore(tmp_path)
    assert len(list(store.entries())) == 3
    assert store.counts.corrupt == 0
    assert sum(path.stat().st_size for path in tmp_path.glob("*.pack")) < 25_000


@pytest.fixture
def tiny(tmp_path: Path):
    """A file system of 256 KiB."""
    with mount_small_disk(tmp_path / "tiny", "size=256k,mode=700") as folder:
        yield folder


def test_a_full_disk(tiny: Path) -> None:
    store = PackStore(tiny)
    value = {"a": np.arange(50_000, dtype=np.uint8)}
    for number in range(10):
        store.put(key(number), value)
        store.get(key(number))
    counts = store.counts
    assert counts.puts >= 3
    assert counts.puts + counts.dropped == 10
    assert (counts.hits, counts.misses, counts.corrupt) == (counts.puts, counts.dropped, 0)
    assert len(store.warnings) == 1
    assert "No space left on device" in store.warnings[0]
    store.purge()
    store.put(key(99), value)
    assert store.get(key(99))["a"].tobytes() == value["a"].tobytes()
    store.close()


def test_a_read_only_folder_is_read_and_reported_once(tiny: Path) -> None:
    first = PackStore(tiny)
    first.put(key(0), arrays(0))
    first.close()
    subprocess.run(["mount", "-o", "remount,ro", str(tiny)], check=True)
    store = PackStore(tiny)
    assert arrays_equal(store.get(key(0)), 0)
    for number in range(1, 4):
        store.put(key(number), arrays(number))
        assert store.get(key(number)) is None
    assert store.purge() == 0
    assert store.counts.dropped == 3
    assert len(store.warnings) == 1
    assert "Read-only file system" in store.warnings[0]
    store.close()


def test_a_read_only_folder_that_is_no_cache_yet_is_refused(tiny: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(tiny)], check=True)
    for folder in (tiny, tiny / "below"):
        with pytest.raises(CacheError, match="Read-only file system") as caught:
            PackStore(folder)
        assert str(folder) in str(caught.value)


def test_no_open_file_to_spare(tmp_path: Path) -> None:
    first = PackStore(tmp_path, pack_bytes=1)
    for number in range(max_open_packs() + 70):
        first.put(key(number), arrays(number))
    store = PackStore(tmp_path, clock=lambda: 0.0)  # has the newest packs open, not the oldest
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        got = store.get(key(0))
        store.put(key(5000), arrays(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert got is None
    assert (store.counts.misses, store.counts.dropped, store.counts.corrupt) == (1, 1, 0)
    assert len(store.warnings) == 1
    assert arrays_equal(store.get(key(0)), 0)
