# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a pack: told by its size and its sidecar, without a change to what is known of it."""

from dataclasses import asdict
from pathlib import Path

import pytest
from understudy.core.cache.packs.index import Pack
from understudy.core.cache.packs.refresh import PackChange, find_change
from understudy.core.cache.packs.sidecar import MIN_RECORDS, SidecarBuilder
from understudy.core.filesystem import Folder

NAME = "0000000000000001-1-00000000.pack"
RECORD_BYTES = 200
COVERED_BYTES = MIN_RECORDS * RECORD_BYTES


def look(
    path: Path, pack: Pack, size: int, *, covered_bytes: int = 0, finished: bool = False
) -> PackChange | None:
    """Return the change of a pack of `size` bytes, with a sidecar of its first records where any are covered."""
    (path / NAME).write_bytes(bytes(size))
    before = asdict(pack)
    with Folder(path) as folder:
        if covered_bytes:
            builder = SidecarBuilder()
            for number in range(MIN_RECORDS):
                builder.add(number.to_bytes(32, "big"), number * RECORD_BYTES, RECORD_BYTES)
            builder.write(folder, NAME, covered_bytes, finished=finished)
        change = find_change(folder, pack, folder.status(NAME), has_sidecar=covered_bytes > 0)
    assert asdict(pack) == before
    return change


def test_a_pack_of_the_size_it_was_scanned_at_has_no_change(tmp_path: Path) -> None:
    assert look(tmp_path, Pack(NAME, indexed_until=100, scanned_size=100), 100) is None


def test_a_pack_that_has_grown_needs_a_scan(tmp_path: Path) -> None:
    change = look(tmp_path, Pack(NAME, indexed_until=100, scanned_size=100), 120)
    assert change is not None
    assert (change.sidecar, change.finished, change.needs_scan) == (None, False, True)


@pytest.mark.parametrize(("extra", "finished"), [(0, False), (0, True), (50, False), (50, True)])
def test_a_new_pack_is_scanned_only_beyond_its_sidecar(tmp_path: Path, extra: int, finished: bool) -> None:
    size = COVERED_BYTES + extra
    change = look(tmp_path, Pack(NAME), size, covered_bytes=COVERED_BYTES, finished=finished)
    assert change is not None
    assert change.sidecar is not None
    assert len(change.sidecar.columns.offsets) == MIN_RECORDS
    assert change.needs_scan == bool(extra)
    assert change.finished == (finished and not extra)


def test_a_sidecar_says_of_a_scanned_pack_that_it_is_finished(tmp_path: Path) -> None:
    pack = Pack(NAME, indexed_until=COVERED_BYTES, scanned_size=COVERED_BYTES)
    assert look(tmp_path, pack, COVERED_BYTES, covered_bytes=COVERED_BYTES) is None
    change = look(tmp_path, pack, COVERED_BYTES, covered_bytes=COVERED_BYTES, finished=True)
    assert change is not None
    assert (change.sidecar, change.finished, change.needs_scan) == (None, True, False)


def test_a_scan_counts_each_damaged_header_once() -> None:
    pack = Pack(NAME)
    assert pack.record_scan(300, 300, [0, 120]) == 2
    assert pack.record_scan(500, 520, [120, 400]) == 1
    assert (pack.indexed_until, pack.scanned_size, pack.last_damaged_offset) == (500, 520, 400)
