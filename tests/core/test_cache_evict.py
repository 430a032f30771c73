# SPDX-License-Identifier: GPL-3.0-or-later
"""The janitor: the cap holds, what is unused longest goes first, what this process used stays."""

import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.packs.folder_lock import LOCK_NAME, folder_lock
from understudy.core.cache.removal.evict import evict
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import CacheError
from understudy.core.filesystem import Access, Location

RECORD = 10_000


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


def arrays(number: int) -> dict[str, np.ndarray]:
    return {"a": np.random.default_rng(number).integers(0, 255, RECORD, np.uint8)}


def is_intact(store: PackStore, number: int) -> bool:
    got = store.get(key(number))
    return got is not None and got["a"].tobytes() == arrays(number)["a"].tobytes()


def fill_cache(root: Path, count: int, *, per_pack: int = 10) -> list[Path]:
    """Fill a folder, ten records a pack; the first pack was used an hour ago, each next a minute later."""
    store = PackStore(root, pack_bytes=per_pack * RECORD)
    for number in range(count):
        store.put(key(number), arrays(number))
    store.close()
    packs = sorted(root.glob("*.pack"))
    for age, pack in enumerate(packs):
        moment = time.time() - 3600 + 60 * age
        os.utime(pack, (moment, moment))
    return packs


def bytes_on_disk(root: Path) -> int:
    return sum(path.lstat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def intact_numbers(root: Path, count: int) -> list[int]:
    store = PackStore(root)
    return [number for number in range(count) if is_intact(store, number)]


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


def test_only_one_janitor_at_a_time_and_a_dead_one_blocks_nobody(tmp_path: Path) -> None:
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


def test_what_another_janitor_moved_is_still_in_use(tmp_path: Path) -> None:
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


def test_packs_of_another_version_count_and_go_when_unused(tmp_path: Path) -> None:
    packs = fill_cache(tmp_path, 50)
    (tmp_path / "format").write_text("2\n")
    store = PackStore(tmp_path)
    store.put(key(100), arrays(100))
    done = store.evict(250_000)
    assert done.bytes_after == bytes_on_disk(tmp_path) <= 250_000
    assert [pack.exists() for pack in packs] == [False] * 3 + [True] * 2
    assert is_intact(store, 100)


def test_a_pack_that_can_not_be_carried_stays(tmp_path: Path) -> None:
    """A full disk: what is in use can't be copied, so its pack is left, with a warning; unused ones go."""
    small = tmp_path / "small"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(small)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small file system here")
    try:
        fill_cache(small, 80)
        store = PackStore(small)
        assert all(is_intact(store, number) for number in range(0, 20, 2))
        for age, pack in enumerate(sorted(small.glob("*.pack"))):
            os.utime(pack, (age, age))
        with (small / ".filler").open("wb", buffering=0) as file:
            file.write(bytes(1 << 20))
        done = store.evict(10_000)
        assert all(is_intact(store, number) for number in range(0, 20, 2))
        assert done.evicted_records >= 60
        assert not any(path.name.endswith(".tmp") for path in small.iterdir())
        assert done.bytes_after == bytes_on_disk(small)
        store.close()
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_a_folder_that_can_only_be_read_is_left_with_a_warning(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(small)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small file system here")
    try:
        fill_cache(small, 30)
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        store = PackStore(small, cap_bytes=1)
        assert is_intact(store, 1)
        assert store.evict() is None
        assert store.purge(lambda text: "number=1\n" in text) == 0
        assert all(is_intact(store, number) for number in range(30))
        assert len(store.warnings) == 1
        assert "Read-only file system" in store.warnings[0]
        store.close()
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_a_folder_that_is_gone_is_a_warning(tmp_path: Path) -> None:
    store = PackStore(tmp_path / "cache")
    shutil.rmtree(tmp_path / "cache")
    assert store.evict(0) is None
    assert store.size_on_disk() == 0
    assert len(store.warnings) == 1


def test_files_for_the_group_only_where_that_is_asked_for(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        for group, folder_mode, mode in ((False, 0o700, 0o600), (True, 0o2770, 0o660)):
            root = tmp_path / str(group)
            store = PackStore(root, access=Access(shared_with_group=group), pack_bytes=50_000)
            for number in range(20):
                store.put(key(number), arrays(number))
            store.evict(120_000)
            store.purge(lambda text: "number=19\n" in text)
            store.close()
            assert root.stat().st_mode & 0o7777 == folder_mode
            modes = {path.name: path.stat().st_mode & 0o777 for path in root.iterdir()}
            assert set(modes.values()) == {mode}
            assert {LOCK_NAME, "format"} < set(modes)
    finally:
        os.umask(before)


class EvictionStateMachine(RuleBasedStateMachine):
    """Whatever two stores on one folder do, in any order: sizes agree with the disk, values with the puts."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(os.environ["HISTORY_ROOT"]) / str(time.time_ns())
        self.now = 0.0
        self.stores = [self.open_store(), self.open_store()]
        self.used: list[set[int]] = [set(), set()]
        self.gone: set[int] = set()

    def open_store(self) -> PackStore:
        return PackStore(self.root, pack_bytes=60_000, clock=lambda: self.now)

    def stored_numbers(self) -> set[int]:
        raw = b"".join(path.read_bytes() for path in self.root.glob("*.pack"))
        return {number for number in range(41) if key(number).text.encode() in raw}

    @rule(who=st.integers(0, 1), number=st.integers(0, 40))
    def put(self, who: int, number: int) -> None:
        self.stores[who].put(key(number), arrays(number))
        # Not put where it is believed known, though the other one has taken it away since the last look.
        if number in self.stored_numbers():
            self.used[who].add(number)
            self.gone.discard(number)

    @rule(who=st.integers(0, 1), number=st.integers(0, 40))
    def get(self, who: int, number: int) -> None:
        got = self.stores[who].get(key(number))
        assert got is None or got["a"].tobytes() == arrays(number)["a"].tobytes()
        if got is not None:
            self.used[who].add(number)

    @rule(who=st.integers(0, 1), cap=st.integers(0, 500_000))
    def evict_to_cap(self, who: int, cap: int) -> None:
        done = self.stores[who].evict(cap)
        assert done.bytes_after == bytes_on_disk(self.root)
        assert all(is_intact(self.stores[who], number) for number in self.used[who])
        # What the other one used may be gone, and is not its own again before it uses it again.
        self.used[1 - who] &= self.stored_numbers()
        if done.bytes_after > cap:
            assert done.bytes_after <= max(cap, 1.2 * RECORD * len(self.used[who]) + 65_000 + 50_000)

    @rule(who=st.integers(0, 1), number=st.integers(0, 40))
    def purge(self, who: int, number: int) -> None:
        before = bytes_on_disk(self.root)
        freed = self.stores[who].purge(lambda text: f"number={number}\n" in text)
        lock = 0  # the lock file is empty
        assert before - freed + lock == bytes_on_disk(self.root)
        self.gone.add(number)
        for used in self.used:
            used.discard(number)

    @rule(who=st.integers(0, 1))
    def reopen(self, who: int) -> None:
        self.stores[who].close()
        self.stores[who] = self.open_store()
        self.used[who] = set()

    @rule(seconds=st.sampled_from([0.5, 1.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.gone)
    @invariant()
    def purge_is_complete(self) -> None:
        assert not self.gone & self.stored_numbers()

    @invariant()
    def sizes_agree(self) -> None:
        assert all(store.size_on_disk() == bytes_on_disk(self.root) for store in self.stores)

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
            assert store.counts.corrupt == 0
        shutil.rmtree(self.root)


def test_any_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTORY_ROOT", str(tmp_path))
    case = EvictionStateMachine.TestCase
    case.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
    case("runTest").runTest()


def test_the_process_start_method_does_not_matter(tmp_path: Path) -> None:
    """The janitor's lock is given back even where a forked child lives on."""
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


def test_layer_pictures_are_neither_counted_nor_taken(tmp_path: Path) -> None:
    fill_cache(tmp_path, 20)
    picture = tmp_path / "layers" / "a strip" / "000000.tif"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(bytes(10 * RECORD * 20))
    store = PackStore(tmp_path)
    before = store.size_on_disk()
    assert before == bytes_on_disk(tmp_path) - picture.stat().st_size
    # Under its cap without the picture, far above it with: nothing has to go.
    done = store.evict(before)
    assert (done.bytes_after, done.evicted_records) == (before, 0)
    store.evict(0)
    store.close()
    assert store.size_on_disk() < RECORD
    assert picture.stat().st_size == 10 * RECORD * 20


def test_a_folder_that_lost_its_marks_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    fill_cache(tmp_path, 50, per_pack=50)
    (tmp_path / "layers").mkdir()
    assert list(tmp_path.glob("*.idx"))
    for name in ("format", "CACHEDIR.TAG", ".gitignore"):
        (tmp_path / name).unlink()
    before = sorted(path.name for path in tmp_path.iterdir())
    for use in (PackStore, lambda root: evict(root, 0)):
        with pytest.raises(CacheError):
            use(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
