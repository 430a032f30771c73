# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache trouble is a miss or a dropped put, counted and told once: never an exception, never a wrong value."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.packs.pack import max_open_packs
from understudy.core.cache.packs.record import HEADER_BYTES, MAGIC
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import CacheError


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


def arrays(number: int) -> dict[str, np.ndarray]:
    return {
        "a": np.arange(number, number + 9, dtype=np.uint16),
        "m": np.array([True, False, number % 2 == 0]),
    }


def arrays_equal(got, number: int) -> bool:
    wanted = arrays(number)
    return (
        got is not None
        and set(got) == set(wanted)
        and all(
            (got[name].dtype, got[name].shape, got[name].tobytes())
            == (array.dtype, array.shape, array.tobytes())
            for name, array in wanted.items()
        )
    )


def fill_cache(root: Path, count: int) -> tuple[Path, list[int]]:
    """Return a new folder's only pack and the offset of each record in it, and of its end."""
    store = PackStore(root)
    ends = [0]
    for number in range(count):
        store.put(key(number), arrays(number))
        ends.append(store.counts.bytes_written)
    store.close()
    (pack,) = root.glob("*.pack")
    return pack, ends


def test_a_pack_torn_at_any_byte_of_its_last_record(tmp_path: Path) -> None:
    pack, ends = fill_cache(tmp_path, 3)
    raw = pack.read_bytes()
    for end in range(ends[2], ends[3]):
        pack.write_bytes(raw[:end])
        store = PackStore(tmp_path)
        assert arrays_equal(store.get(key(0)), 0)
        assert arrays_equal(store.get(key(1)), 1)
        assert store.get(key(2)) is None
        assert (store.counts.corrupt, store.warnings) == (0, ())
        store.put(key(2), arrays(2))
        assert arrays_equal(store.get(key(2)), 2)
        assert arrays_equal(PackStore(tmp_path).get(key(2)), 2)
        store.close()
        for other in tmp_path.glob("*.pack"):
            if other != pack:
                other.unlink()


def test_every_flipped_bit_is_a_miss_or_the_right_value(tmp_path: Path) -> None:
    pack, _ = fill_cache(tmp_path, 3)
    raw = pack.read_bytes()
    hits = 0
    for at in range(len(raw)):
        for bit in range(8):
            spoiled = bytearray(raw)
            spoiled[at] ^= 1 << bit
            pack.write_bytes(spoiled)
            store = PackStore(tmp_path)
            for number in range(3):
                got = store.get(key(number))
                assert got is None or arrays_equal(got, number)
                hits += got is not None
            # Every bit is covered by a checksum: exactly the record it lies in is lost, and it is counted.
            assert (store.counts.misses, store.counts.corrupt) == (1, 1)
            store.close()
    assert hits == 2 * 8 * len(raw)


def test_a_flip_while_the_pack_is_in_use(tmp_path: Path) -> None:
    pack, ends = fill_cache(tmp_path, 2)
    store = PackStore(tmp_path)
    assert arrays_equal(store.get(key(0)), 0)
    with pack.open("r+b") as file:
        file.seek(ends[1] - 1)
        file.write(b"\x77")
    assert store.get(key(0)) is None
    assert store.counts.corrupt == 1
    store.put(key(0), arrays(0))
    assert arrays_equal(store.get(key(0)), 0)
    # The damaged copy is still there and older: a new store falls back on the good one.
    again = PackStore(tmp_path)
    assert arrays_equal(again.get(key(0)), 0)
    assert (again.counts.hits, again.counts.misses, again.counts.corrupt) == (1, 0, 1)


def test_stretches_of_rubbish_lose_only_what_they_cover(tmp_path: Path) -> None:
    pack, ends = fill_cache(tmp_path, 6)
    raw = pack.read_bytes()
    rubbish = [
        bytes(5),
        bytes(300_000),
        MAGIC * 50_000,
        np.random.default_rng(0).bytes(1_500_000),
        raw[:40],
        MAGIC + b"\xff" * (HEADER_BYTES - len(MAGIC)),
    ]
    for junk in rubbish:
        pack.write_bytes(junk + raw[: ends[2]] + junk + raw[ends[3] :])
        store = PackStore(tmp_path)
        assert [store.get(key(number)) is not None for number in range(6)] == [
            True,
            True,
            False,
            True,
            True,
            True,
        ]
        assert all(arrays_equal(store.get(key(number)), number) for number in (0, 1, 3, 4, 5))
        assert store.counts.corrupt == 2
        store.close()


def test_damage_is_counted_once_however_often_it_is_read(tmp_path: Path) -> None:
    now = [0.0]
    pack, _ = fill_cache(tmp_path, 1)
    reader = PackStore(tmp_path, clock=lambda: now[0])
    for _ in range(5):
        with pack.open("ab") as file:
            file.write(b"rubbish" * 20)
        now[0] += 1
        assert reader.get(key(9)) is None
    assert reader.counts.corrupt == 1
    assert arrays_equal(reader.get(key(0)), 0)


def test_a_record_moved_under_another_key_is_never_returned(tmp_path: Path) -> None:
    pack, ends = fill_cache(tmp_path, 2)
    raw = pack.read_bytes()
    store = PackStore(tmp_path)
    # The same length, so the offsets stay: what the index says is there is not.
    assert ends[2] - ends[1] == ends[1]
    pack.write_bytes(raw[ends[1] :] + raw[: ends[1]])
    assert store.get(key(0)) is None
    assert store.get(key(1)) is None
    assert store.counts.corrupt == 2


def test_a_pack_cut_short_while_in_use(tmp_path: Path) -> None:
    pack, ends = fill_cache(tmp_path, 3)
    store = PackStore(tmp_path)
    os.truncate(pack, ends[2] + 10)
    assert store.get(key(2)) is None
    assert arrays_equal(store.get(key(1)), 1)
    os.truncate(pack, 0)
    assert store.get(key(1)) is None
    store.put(key(1), arrays(1))
    assert arrays_equal(store.get(key(1)), 1)
    assert store.warnings == ()


def test_the_folder_is_deleted_while_in_use(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    now = [0.0]
    store = PackStore(root, clock=lambda: now[0])
    store.put(key(0), arrays(0))
    shutil.rmtree(root)
    for number in range(1, 5):
        now[0] += 1
        assert store.get(key(number)) is None
        store.put(key(number), arrays(number))
        assert store.get(key(0)) is None or arrays_equal(store.get(key(0)), 0)
    assert (store.counts.puts, store.counts.dropped) == (1, 4)
    assert len(store.warnings) == 1
    assert str(root) in store.warnings[0]
    assert not root.exists()
    PackStore(root)  # another process makes it anew
    now[0] += 1
    store.put(key(1), arrays(1))
    assert arrays_equal(PackStore(root).get(key(1)), 1)


def test_one_pack_is_deleted_while_in_use(tmp_path: Path) -> None:
    now = [0.0]
    store = PackStore(tmp_path, clock=lambda: now[0])
    store.put(key(0), arrays(0))
    next(tmp_path.glob("*.pack")).unlink()
    store.put(key(1), arrays(1))
    assert arrays_equal(PackStore(tmp_path).get(key(1)), 1)
    now[0] += 1
    assert store.get(key(9)) is None
    store.put(key(0), arrays(0))
    assert arrays_equal(PackStore(tmp_path).get(key(0)), 0)
    assert (store.counts.dropped, store.warnings) == (0, ())


def test_a_file_takes_the_folders_place_while_in_use(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    store = PackStore(root, clock=iter(range(1000)).__next__)
    shutil.rmtree(root)
    root.write_bytes(b"")
    store.put(key(0), arrays(0))
    assert store.get(key(0)) is None
    assert list(store.entries()) == []
    assert store.purge() == 0
    assert store.counts.dropped == 1
    assert len(store.warnings) == 1


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
        timeout=60,
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
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small file system here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


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


def test_a_pack_emptied_and_filled_again_is_read_from_its_start(tmp_path: Path) -> None:
    pack, ends = fill_cache(tmp_path, 4)
    raw = pack.read_bytes()
    now = [0.0]
    pack.write_bytes(raw[: ends[3]])
    store = PackStore(tmp_path, clock=lambda: now[0])
    assert arrays_equal(store.get(key(2)), 2)
    pack.write_bytes(raw[ends[3] :])
    now[0] += 1
    assert arrays_equal(store.get(key(3)), 3)
    assert [store.get(key(number)) for number in range(3)] == [None] * 3
    assert store.counts.corrupt == 0
