# SPDX-License-Identifier: GPL-3.0-or-later
"""A damaged cache is a miss, counted and told once: never an exception, never a wrong value."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.packs.record import HEADER_BYTES, MAGIC
from understudy.core.cache.stores.local import PackStore

from tests.core.fault_records import arrays, arrays_equal, key


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


@pytest.mark.slow
@pytest.mark.parametrize("bits_per_byte", [1, pytest.param(8, marks=pytest.mark.long)])
def test_every_flipped_bit_is_a_miss_or_the_right_value(tmp_path: Path, bits_per_byte: int) -> None:
    pack, _ = fill_cache(tmp_path, 3)
    raw = pack.read_bytes()
    hits = 0
    for at in range(len(raw)):
        # One bit of each byte is another one from byte to byte, so that each place in a byte is tried.
        for bit in range(at, at + bits_per_byte):
            spoiled = bytearray(raw)
            spoiled[at] ^= 1 << bit % 8
            pack.write_bytes(spoiled)
            store = PackStore(tmp_path)
            for number in range(3):
                got = store.get(key(number))
                assert got is None or arrays_equal(got, number)
                hits += got is not None
            # Every bit is covered by a checksum: exactly the record it lies in is lost, and it is counted.
            assert (store.counts.misses, store.counts.corrupt) == (1, 1)
            store.close()
    assert hits == 2 * bits_per_byte * len(raw)


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
