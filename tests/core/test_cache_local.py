# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder store in one process: what it keeps, how it counts, what it sees of others, what purge leaves."""

import threading
from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.cache.base.counts import StoreCounts
from understudy.core.cache.base.key import Key
from understudy.core.cache.stores.local import PackStore

from tests.core.folder_records import arrays, arrays_equal, key, packs


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=40), min_size=1, max_size=4, unique=True),
    values=st.lists(
        st.dictionaries(
            st.text("abcé", max_size=3),
            st.sampled_from(["u1", "<u2", "<i4", "<i8", "<f2", "<f4", "<f8", "bool"]).flatmap(
                lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
            ),
            max_size=3,
        ),
        min_size=4,
        max_size=4,
    ),
)
def test_what_is_put_comes_back_now_and_after_reopening(tmp_path_factory, texts, values) -> None:
    root = tmp_path_factory.mktemp("cache")
    wanted = dict(zip(map(Key, texts), values, strict=False))
    store = PackStore(root)
    for k, value in wanted.items():
        store.put(k, value)
    again = PackStore(root)
    for k, value in wanted.items():
        assert arrays_equal(store.get(k), value)
        got = again.get(k)
        assert arrays_equal(got, value)
        assert all(not array.flags.writeable and array.flags.aligned for array in got.values())
    assert {(entry.text) for entry in again.entries()} == set(texts)
    assert again.counts.corrupt == 0
    store.close()
    again.close()


def test_counts_through_every_transition(tmp_path: Path) -> None:
    store = PackStore(tmp_path)
    assert store.counts == StoreCounts()
    assert store.get(key(1)) is None
    assert store.counts == StoreCounts(misses=1)
    assert packs(tmp_path) == []  # no pack before the first put
    store.put(key(1), arrays(1))
    size = packs(tmp_path)[0].stat().st_size
    assert store.counts == StoreCounts(misses=1, puts=1, bytes_written=size)
    assert key(1) in store
    assert key(2) not in store
    store.put(key(1), arrays(2))
    assert store.counts == StoreCounts(misses=1, puts=1, known=1, bytes_written=size)
    assert arrays_equal(store.get(key(1)), arrays(1))
    assert store.counts == StoreCounts(hits=1, misses=1, puts=1, known=1, bytes_written=size, bytes_read=size)
    assert packs(tmp_path)[0].stat().st_size == size
    assert store.warnings == ()


def test_the_callers_faults_are_raised_and_leave_nothing(tmp_path: Path) -> None:
    store = PackStore(tmp_path)
    with pytest.raises(TypeError, match="complex64"):
        store.put(key(1), {"a": np.zeros(2, np.complex64)})
    with pytest.raises(ValueError, match="too large"):
        store.put(key(1), {"a": np.broadcast_to(np.uint8(0), (1 << 28) + 1)})
    assert packs(tmp_path) == []
    assert store.counts == StoreCounts()


def test_others_are_looked_at_once_a_second_at_most(tmp_path: Path) -> None:
    clock = Clock()
    reader = PackStore(tmp_path, clock=clock)
    writer = PackStore(tmp_path)
    writer.put(key(1), arrays(1))
    clock.now += 0.9
    assert reader.get(key(1)) is None
    clock.now += 0.1
    assert arrays_equal(reader.get(key(1)), arrays(1))  # a new pack
    writer.put(key(2), arrays(2))
    assert key(2) not in reader
    clock.now += 0.99
    assert reader.get(key(2)) is None
    clock.now += 0.01
    assert key(2) in reader  # the same pack's tail
    assert arrays_equal(reader.get(key(2)), arrays(2))
    writer.put(key(3), arrays(3))
    clock.now += 50
    assert arrays_equal(reader.get(key(2)), arrays(2))
    assert reader.counts.hits == 3
    assert arrays_equal(reader.get(key(3)), arrays(3))
    assert (reader.counts.misses, reader.counts.corrupt) == (2, 0)


def test_a_record_is_readable_when_its_writer_has_finished_it(tmp_path: Path) -> None:
    writer = PackStore(tmp_path / "a")
    writer.put(key(1), arrays(1))
    writer.put(key(2), arrays(2))
    whole = packs(tmp_path / "a")[0]
    raw = whole.read_bytes()
    clock = Clock()
    reader = PackStore(tmp_path / "b", clock=clock)
    copy = tmp_path / "b" / whole.name
    for end in range(0, len(raw), 50):
        copy.write_bytes(raw[:end])
        clock.now += 1
        assert reader.get(key(2)) is None
    copy.write_bytes(raw)
    clock.now += 1
    assert arrays_equal(reader.get(key(2)), arrays(2))
    assert arrays_equal(reader.get(key(1)), arrays(1))
    assert reader.counts.corrupt == 0


def test_several_threads_share_one_store(tmp_path: Path) -> None:
    store = PackStore(tmp_path, pack_bytes=20_000, clock=lambda: 0.0)
    wrong: list[int] = []

    def work(seed: int) -> None:
        for number in np.random.default_rng(seed).permutation(150).tolist():
            got = store.get(key(number))
            if got is None:
                store.put(key(number), arrays(number))
                got = store.get(key(number))
            if not arrays_equal(got, arrays(number)):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    counts = store.counts
    assert counts.puts == 150  # two threads that race for one key keep it once
    assert counts.known + counts.puts == counts.misses
    assert counts.hits == 900
    assert (counts.corrupt, counts.dropped) == (0, 0)
    assert len(list(store.entries())) == 150
    assert sum(path.stat().st_size for path in packs(tmp_path)) == counts.bytes_written


def test_entries_give_text_and_size(tmp_path: Path) -> None:
    store = PackStore(tmp_path)
    long = Key("".join(f"n{number}={number}\n" for number in range(1000)))
    store.put(key(1), arrays(1))
    store.put(long, {"a": np.zeros(1000, np.uint8)})
    entries = {entry.text: entry for entry in store.entries()}
    assert set(entries) == {key(1).text, long.text}
    assert 1000 < entries[long.text].payload_bytes < 1100
    assert abs(entries[long.text].written_at - packs(tmp_path)[0].stat().st_mtime) <= 2


def test_purge_leaves_no_bytes_and_the_store_works_on(tmp_path: Path) -> None:
    clock = Clock()
    store, other = PackStore(tmp_path, pack_bytes=500), PackStore(tmp_path, clock=clock)
    for number in range(10):
        store.put(key(number), {"name": np.frombuffer(b"biometric-data", np.uint8)})
    other.put(key(50), arrays(50))
    held = packs(tmp_path)[0].open("rb")  # as another process would hold it
    total = sum(path.stat().st_size for path in packs(tmp_path))
    assert store.purge() == total
    assert packs(tmp_path) == []
    assert held.read() == b""
    assert not any(b"biometric-data" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert all(store.get(key(number)) is None for number in range(10))
    assert store.get(key(50)) is None
    assert list(store.entries()) == []
    assert store.purge() == 0
    store.put(key(1), arrays(1))
    assert arrays_equal(store.get(key(1)), arrays(1))
    # The other one's pack was taken away under it: nothing wrong, nothing lost that is put from now on.
    assert other.get(key(50)) is None
    other.put(key(50), arrays(50))
    assert arrays_equal(PackStore(tmp_path).get(key(50)), arrays(50))
    assert (other.counts.corrupt, other.counts.dropped, other.warnings) == (0, 0, ())


def test_a_closed_store_misses_and_still_keeps(tmp_path: Path) -> None:
    store = PackStore(tmp_path, clock=lambda: 0.0)
    store.put(key(1), arrays(1))
    store.close()
    store.close()
    assert store.get(key(1)) is None
    assert arrays_equal(PackStore(tmp_path).get(key(1)), arrays(1))
