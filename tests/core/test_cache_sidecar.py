# SPDX-License-Identifier: GPL-3.0-or-later
"""Sidecars: opening without a scan, and nothing lost or believed when they are missing, damaged or lie."""

import os
import shutil
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.packs import sidecar
from understudy.core.cache.packs.index import Index, IndexEntry, Pack
from understudy.core.cache.packs.table import build_columns
from understudy.core.cache.stores.local import PackStore
from understudy.core.filesystem import Folder

COUNT = 60


def path_of(pack: Path) -> Path:
    return pack.with_suffix(".idx")


def read(pack: Path, pack_bytes: int) -> sidecar.Sidecar | None:
    with Folder(pack.parent) as folder:
        return sidecar.read(folder, pack.name, pack_bytes)


def write(pack: Path, known: sidecar.Sidecar) -> None:
    with Folder(pack.parent) as folder:
        sidecar.write(folder, pack.name, known)


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


def arrays(number: int) -> dict[str, np.ndarray]:
    return {"a": np.random.default_rng(number).integers(0, 255, 2600, np.uint8)}


def is_intact(store: PackStore, number: int) -> bool:
    got = store.get(key(number))
    return got is not None and got["a"].tobytes() == arrays(number)["a"].tobytes()


def fill_cache(root: Path, count: int = COUNT, **options: int) -> Path:
    """Return the newest pack of a new folder, closed in order."""
    store = PackStore(root, **options)
    for number in range(count):
        store.put(key(number), arrays(number))
    store.close()
    return sorted(root.glob("*.pack"))[-1]


def bytes_read() -> int:
    """How many bytes this process has read from files so far."""
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        pytest.skip("needs /proc to count the bytes read")
    return int(lines[0].removeprefix("rchar: "))


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


def make_wrong_sidecar(pack: Path, what: str) -> bytes:
    """Return a sidecar of the pack with all its checksums right and its contents wrong."""
    raw = bytearray(path_of(pack).read_bytes())
    rows = (len(raw) - 32) // 20
    offsets, sizes = 32 + 8 * rows, 32 + 16 * rows
    if what == "offsets shuffled":
        column = np.frombuffer(raw, "<u8", rows, offsets)
        raw[offsets:sizes] = np.roll(column, 1).tobytes()
    elif what == "offsets beyond the end":
        raw[offsets:sizes] = np.full(rows, 1 << 40, "<u8").tobytes()
    elif what == "offsets that wrap around":
        raw[offsets:sizes] = np.full(rows, (1 << 64) - 8, "<u8").tobytes()
    elif what == "sizes of nothing":
        raw[sizes:] = bytes(4 * rows)
    elif what == "sizes beyond the end":
        raw[sizes:] = b"\xff" * (4 * rows)
    elif what == "sizes one too long":
        raw[sizes:] = (np.frombuffer(raw, "<u4", rows, sizes) + (np.arange(rows) % 2)).astype("<u4").tobytes()
    elif what == "digests not in order":
        raw[32:offsets] = np.frombuffer(raw, "<u8", rows, 32)[::-1].tobytes()
    elif what == "digests of others":
        raw[32:offsets] = np.sort(np.random.default_rng(0).integers(0, 1 << 63, rows)).astype("<u8").tobytes()
    elif what == "more than there is":
        struct.pack_into("<I", raw, 12, 1 << 31)
    elif what == "covers more than there is":
        struct.pack_into("<Q", raw, 16, 1 << 40)
    elif what == "another version":
        raw[8] = 2
    elif what == "no rows at all":
        struct.pack_into("<I", raw, 12, 0)
        del raw[32:]
    struct.pack_into("<I", raw, 24, zlib.crc32(raw[32:], zlib.crc32(pack.stem.encode())))
    struct.pack_into("<I", raw, 28, zlib.crc32(raw[:28]))
    return bytes(raw)


@pytest.mark.parametrize(
    "what",
    [
        "offsets shuffled",
        "offsets beyond the end",
        "offsets that wrap around",
        "sizes of nothing",
        "sizes beyond the end",
        "sizes one too long",
        "digests not in order",
        "more than there is",
        "covers more than there is",
        "another version",
    ],
)
def test_a_lie_that_leads_to_a_wrong_place_loses_nothing(tmp_path: Path, what: str) -> None:
    pack = fill_cache(tmp_path)
    path_of(pack).write_bytes(make_wrong_sidecar(pack, what))
    store = PackStore(tmp_path)
    assert all(is_intact(store, number) for number in range(COUNT))
    assert (store.counts.misses, store.counts.corrupt, store.warnings) == (0, 0, ())


@pytest.mark.parametrize("what", ["digests of others", "no rows at all"])
def test_a_lie_that_leaves_entries_out_is_a_miss(tmp_path: Path, what: str) -> None:
    pack = fill_cache(tmp_path)
    path_of(pack).write_bytes(make_wrong_sidecar(pack, what))
    store = PackStore(tmp_path)
    assert all(store.get(key(number)) is None for number in range(COUNT))
    store.put(key(1), arrays(1))
    assert is_intact(store, 1)


def test_foreign_things_in_a_sidecars_place(tmp_path: Path) -> None:
    pack = fill_cache(tmp_path)
    place = path_of(pack)
    good = place.read_bytes()
    other = path_of(fill_cache(tmp_path / "other"))

    def fifo() -> None:
        place.unlink()
        os.mkfifo(place)

    def link() -> None:
        place.unlink()
        place.symlink_to(other)

    def folder() -> None:
        place.unlink()
        place.mkdir()

    for spoil in (
        lambda: place.write_bytes(b""),
        lambda: place.write_bytes(good[:-1]),
        lambda: place.write_bytes(good + b"\0"),
        lambda: place.write_bytes(bytes(len(good))),
        lambda: shutil.copy(other, place),
        fifo,
        link,
        folder,
    ):
        spoil()
        store = PackStore(tmp_path)
        assert all(is_intact(store, number) for number in range(COUNT))
        assert (store.counts.corrupt, store.warnings) == (0, ())
        store.close()
        if place.is_symlink() or not place.is_dir():
            place.unlink()
            place.write_bytes(good)


def test_a_damaged_record_is_counted_once_and_hides_no_other(tmp_path: Path) -> None:
    pack = fill_cache(tmp_path)
    with pack.open("r+b") as file:
        file.seek(10_000)
        file.write(b"\x99\x98\x97")
    store = PackStore(tmp_path)
    assert sum(is_intact(store, number) for number in range(COUNT)) == COUNT - 1
    assert (store.counts.misses, store.counts.corrupt) == (1, 1)


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


# The index itself


def test_an_entry_takes_25_bytes_however_it_became_known() -> None:
    index, pack = Index(), Pack("p")
    digests = np.random.default_rng(0).bytes(32 * 100_000)
    for number in range(100_000):
        index.add(digests[32 * number : 32 * number + 32], IndexEntry(pack, 100 * number, 100))
    assert index.held_bytes() <= 25 * 100_000 + 400 * 4096
    assert len(index._recent) < 4096
    assert sum(map(len, index._tables)) + len(index._recent) == 100_000
    assert len(index._tables) <= 4
    for number in range(0, 100_000, 37):
        assert index.find(digests[32 * number : 32 * number + 32]) == IndexEntry(pack, 100 * number, 100)


DIGESTS = st.integers(0, 30).map(lambda number: bytes([number]) * 32)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "columns", "forget", "drop", "find", "use"]), DIGESTS, st.integers(0, 3)
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(steps=STEPS)
def test_the_index_finds_what_a_plain_list_would(steps) -> None:
    index = Index()
    packs = [Pack(f"p{number}") for number in range(4)]
    listed: list[tuple[bytes, IndexEntry]] = []
    used: set[tuple[str, int]] = set()
    for at, (step, digest, number) in enumerate(steps):
        entry = IndexEntry(packs[number], 1000 * at, 100)
        copies = [held for held_digest, held in listed if held_digest == digest and not held.pack.removed]
        if step == "add" and not entry.pack.removed:
            index.add(digest, entry)
            listed.append((digest, entry))
        elif step == "columns" and not entry.pack.removed:
            columns, _ = build_columns(digest[:8] * 2, [1000 * at, 1000 * at + 500], [100, 100])
            index.add_columns([(entry.pack, columns)])
            listed += [(digest, entry), (digest, entry._replace(offset=1000 * at + 500))]
        elif step == "drop":
            packs[number].removed = True
            index.compact()
        else:
            index_entry = index.find(digest, mark_used=step == "use")
            assert (index_entry in copies) if copies else index_entry is None
            if index_entry is not None and step == "forget":
                index.forget(digest, index_entry)
                listed.remove((digest, index_entry))
                used.discard((index_entry.pack.name, index_entry.offset))
            elif index_entry is not None and step == "use":
                used.add((index_entry.pack.name, index_entry.offset))
    there = {digest for digest, entry in listed if not entry.pack.removed}
    assert sorted(entry.offset for entry in index.entries()) == sorted(
        {index.find(digest).offset for digest in there}
    )
    for pack in packs:
        if not pack.removed:
            marked = {(pack.name, offset) for offset in index.used_records(pack).offsets.tolist()}
            assert {mark for mark in used if mark[0] == pack.name} <= marked
