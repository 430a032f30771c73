# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a folder a cache: its modes, marks and format file, and what else may lie in it."""

import os
import stat
from pathlib import Path

import pytest
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import CacheError
from understudy.core.filesystem import Access

from tests.core.folder_records import arrays, arrays_equal, key, packs


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
