# SPDX-License-Identifier: GPL-3.0-or-later
"""Eviction in folders with other files, other formats or other permissions: what it takes and what it leaves."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from small_disk import mount_small_disk
from understudy.core.cache.packs.folder_lock import LOCK_NAME
from understudy.core.cache.removal.evict import evict
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import CacheError
from understudy.core.filesystem import Access

from tests.core.eviction_folders import RECORD, arrays, bytes_on_disk, fill_cache, is_intact, key


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
    with mount_small_disk(tmp_path / "small", "size=1m,mode=700") as small:
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


def test_a_folder_that_can_only_be_read_is_left_with_a_warning(tmp_path: Path) -> None:
    with mount_small_disk(tmp_path / "small", "size=1m,mode=700") as small:
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


def test_layer_images_are_neither_counted_nor_taken(tmp_path: Path) -> None:
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
