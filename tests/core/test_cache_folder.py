# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder tier in one process: what it keeps, how it counts, what it sees of others, what purge leaves."""

import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.cache.base.counts import StoreCounts
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import CacheError
from understudy.core.filesystem import Access


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number, "model": bytes(32)})


def arrays(number: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(number)
    return {
        "embedding": random.random(64, dtype=np.float32),
        "crop": random.integers(0, 255, (number % 7, 5, 3), np.uint8),
    }


def arrays_equal(arrays, expected) -> bool:
    return (
        arrays is not None
        and set(arrays) == set(expected)
        and all(
            (arrays[name].dtype, arrays[name].shape, arrays[name].tobytes())
            == (array.dtype, array.shape, array.tobytes())
            for name, array in expected.items()
        )
    )


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def packs(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.pack"))


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


def test_modes_marks_and_format(tmp_path: Path) -> None:
    root = tmp_path / "new" / "cache"
    store = PackStore(root)
    store.put(key(1), arrays(1))
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in root.iterdir()} == {
        "CACHEDIR.TAG": 0o600,
        ".gitignore": 0o600,
        "format": 0o600,
        packs(root)[0].name: 0o600,
    }
    assert (root / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")
    assert (root / ".gitignore").read_text() == "*\n"
    assert (root / "format").read_text() == "2\n"


def test_a_folder_that_was_there_is_as_private_as_a_new_one(tmp_path: Path) -> None:
    root = tmp_path / "shared"
    root.mkdir()
    root.chmod(0o775)
    PackStore(root, access=Access(shared_with_group=True)).put(key(1), arrays(1))
    assert stat.S_IMODE(root.stat().st_mode) == 0o2770
    assert stat.S_IMODE(packs(root)[0].stat().st_mode) == 0o660
    PackStore(root, read_only=True)
    assert stat.S_IMODE(root.stat().st_mode) == 0o2770
    PackStore(root)
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_another_format_is_left_alone_and_shares_the_folder(tmp_path: Path) -> None:
    PackStore(tmp_path).put(key(1), arrays(1))
    (tmp_path / "format").write_text("1\n")
    foreign = packs(tmp_path)[0]
    before = foreign.read_bytes()
    store = PackStore(tmp_path)
    assert store.get(key(1)) is None
    store.put(key(2), arrays(2))
    store.put(key(1), arrays(1))
    assert foreign.read_bytes() == before
    assert (tmp_path / "format").read_text() == "1\n"
    assert {path.parent for path in packs(tmp_path)} == {tmp_path, tmp_path / "format-2"}
    assert arrays_equal(PackStore(tmp_path).get(key(2)), arrays(2))
    assert store.purge() > len(before)
    assert packs(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"\xff\xfe" * 100, b"1.5\n"])
def test_a_spoiled_format_file_is_repaired_by_what_the_packs_say(tmp_path: Path, content: bytes) -> None:
    PackStore(tmp_path).put(key(1), arrays(1))
    (tmp_path / "format").write_bytes(content)
    assert arrays_equal(PackStore(tmp_path, read_only=True).get(key(1)), arrays(1))
    assert (tmp_path / "format").read_bytes() == content
    assert arrays_equal(PackStore(tmp_path).get(key(1)), arrays(1))
    assert (tmp_path / "format").read_bytes() == b"2\n"


def test_a_spoiled_format_file_beside_packs_of_another_format_is_repaired_to_theirs(tmp_path: Path) -> None:
    PackStore(tmp_path).put(key(1), arrays(1))
    (pack,) = packs(tmp_path)
    raw = bytearray(pack.read_bytes())
    raw[8] = 7
    pack.write_bytes(raw)
    (tmp_path / "format").write_bytes(b"")
    PackStore(tmp_path).put(key(2), arrays(2))
    assert (tmp_path / "format").read_bytes() == b"7\n"
    assert pack.read_bytes() == raw
    assert {path.parent for path in packs(tmp_path)} == {tmp_path, tmp_path / "format-2"}


def test_a_folder_with_the_users_own_files_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "film.blend").write_bytes(b"x")
    with pytest.raises(CacheError, match="holds other files") as caught:
        PackStore(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["film.blend"]


@pytest.mark.parametrize("below", ["file", "file/cache", "file/deep/cache"])
def test_a_path_that_can_not_be_a_folder_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(CacheError, match="choose another cache folder") as caught:
        PackStore(tmp_path / below)
    assert str(tmp_path / below) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_foreign_files_in_a_cache_are_passed_over(tmp_path: Path) -> None:
    store = PackStore(tmp_path)
    store.put(key(1), arrays(1))
    outside = tmp_path.parent / "outside.bin"
    outside.write_bytes(b"precious")
    real = packs(tmp_path)[0].name
    other = [f"{digit}" * 16 + real[16:] for digit in "123"]
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "mine.pack").write_bytes(b"not ours")
    (tmp_path / other[0]).symlink_to(outside)
    (tmp_path / other[1]).mkdir()
    os.mkfifo(tmp_path / other[2])
    again = PackStore(tmp_path)
    assert arrays_equal(again.get(key(1)), arrays(1))
    assert again.get(key(2)) is None
    assert (again.counts.corrupt, again.warnings) == (0, ())
    again.purge()
    assert outside.read_bytes() == b"precious"
    assert (tmp_path / "mine.pack").read_bytes() == b"not ours"


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
