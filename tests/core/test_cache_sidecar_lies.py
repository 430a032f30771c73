# SPDX-License-Identifier: GPL-3.0-or-later
"""Sidecars that are damaged or lie: nothing of them is believed, and nothing is lost."""

import os
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.stores.local import PackStore

from tests.core.sidecar_records import COUNT, arrays, fill_cache, is_intact, key, path_of


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
