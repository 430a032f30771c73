# SPDX-License-Identifier: GPL-3.0-or-later
"""V12: a group that is let into a cache folder of before finds all of it; nobody else does."""

import os
import resource
import shutil
import stat
import tempfile
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.shared.lease_folder import LEASE_FOLDER, FolderLease
from understudy.core.cache.stores.local import PackStore
from understudy.core.filesystem import Access
from understudy.core.layers.folder import LayerFolder
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

GROUP = Access(shared_with_group=True)
ID = "0123456789abcdef"
KEY = stage_key("test", 1, {"number": 1})
ARRAYS = {"a": np.arange(9, dtype=np.uint8)}


def _fill_cache(root: Path) -> LayerFolder:
    with closing(open_cache(CacheSettings(root), schemas=STAGE_SCHEMAS)) as cache:
        cache.store.get(KEY)  # so that the run is counted
        cache.store.put(KEY, ARRAYS)
    layers = LayerFolder(root, ID)
    layers.add_placeholders(["000001.tif"])
    layers.write("000002.tif", b"a picture")
    FolderLease(root / LEASE_FOLDER).try_acquire(KEY, 60)
    return layers


def _modes(root: Path) -> dict[str, int]:
    return {str(path.relative_to(root)): stat.S_IMODE(path.lstat().st_mode) for path in root.rglob("*")}


def test_v12_a_group_that_is_let_in_later_finds_everything(
    tmp_path: Path, dashboard: Callable[[str], None]
) -> None:
    dashboard("faces")
    root = tmp_path / "cache"
    _fill_cache(root)
    assert {mode & 0o077 for mode in _modes(root).values()} == {0}
    theirs = root / "notes.txt"
    theirs.write_text("not ours")
    theirs.chmod(0o600)
    PackStore(root, access=GROUP).close()
    LayerFolder(root, ID, GROUP).make()
    FolderLease(root / LEASE_FOLDER, GROUP).try_acquire(KEY, 60)
    modes = _modes(root)
    assert stat.S_IMODE(root.stat().st_mode) == 0o2770
    assert modes.pop("notes.txt") == 0o600
    assert modes.pop(f"{LEASE_FOLDER}/{KEY.hex}.lease") == 0o600  # whoever waits for it need not read it
    for name, mode in modes.items():
        assert mode == (0o2770 if (root / name).is_dir() else 0o660), name


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")
def test_v12_another_account_of_the_group_reads_what_was_there(tmp_path: Path) -> None:
    root = Path("/tmp") / f"understudy-{os.getpid()}-group"
    try:
        _fill_cache(root)
        PackStore(root, access=GROUP).close()
        LayerFolder(root, ID, GROUP).make()
        child = os.fork()
        if not child:
            try:
                os.setgroups([])
                os.setgid(root.stat().st_gid)
                os.setuid(65534)
                with closing(PackStore(root, access=GROUP)) as folder:
                    right = folder.get(KEY) is not None and not folder.warnings
                    right = right and LayerFolder(root, ID, GROUP).sizes() != []
                    right = right and (root / "layers" / ID / "000002.tif").read_bytes() == b"a picture"
                os._exit(0 if right else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        for path in sorted(root.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        root.rmdir()


_HELD_MODULES = (resource,)
"""What is imported late, and another account may have no permission to read."""


def _work_as(user: int, root: Path, numbers: range, work: Callable[[Path, range], None]) -> None:
    """Let another account of the folder's group do something; fail as that does."""
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(root.stat().st_gid)
            os.setuid(user)
            work(root, numbers)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - it is told, and the test must not go on twice
            traceback.print_exc()
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _render(root: Path, numbers: range) -> None:
    """Do with a project's cache what a render does: compute what is missing, write layers, label one anew."""
    settings = CacheSettings(root, shared_with_group=True)
    with open_cache(settings) as cache:
        for number in numbers:
            cache.get_or_compute(stage_key("test", 1, {"number": number}), lambda: ARRAYS)
        assert cache.warnings == ()
    layers = LayerFolder(root, ID, GROUP)
    layers.add_placeholders([f"{number:06d}.tif" for number in range(20)])
    for number in numbers:
        layers.write(f"{number:06d}.tif", b"a layer" * 100)


def _require_all(root: Path, numbers: range) -> None:
    """Find what all wrote, and nothing to compute."""
    with open_cache(CacheSettings(root, shared_with_group=True)) as cache:
        hits = [cache.get_or_compute(stage_key("test", 1, {"number": n}), dict)[1] for n in numbers]
        assert cache.warnings == ()
    assert all(hits)
    assert [(root / "layers" / ID / f"{n:06d}.tif").read_bytes() for n in numbers] == [
        b"a layer" * 100
    ] * len(numbers)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")
def test_v12_accounts_of_a_group_share_a_projects_cache() -> None:
    """As on a farm whose workers have accounts of their own: what one has made no other computes again."""
    project = Path(tempfile.mkdtemp(prefix="understudy-group-", dir="/tmp"))
    root = project / "understudy_cache"
    try:
        project.chmod(0o2770)
        os.chown(project, 65533, 65500)
        root.mkdir()
        os.chown(root, 65533, 65500)
        root.chmod(0o700)
        _work_as(65533, root, range(5), _render)
        _work_as(65534, root, range(3, 8), _render)
        _work_as(65533, root, range(8), _require_all)
        _work_as(65534, root, range(8), _require_all)
    finally:
        shutil.rmtree(project)


def test_v12_a_link_that_others_could_put_there_before_gets_no_other_permissions(tmp_path: Path) -> None:
    root, mine = tmp_path / "cache", tmp_path / "mine"
    PackStore(root).close()
    mine.write_text("mine alone")
    mine.chmod(0o600)
    root.chmod(0o770)
    os.link(mine, root / "0123456789abcdef-1-01234567.pack")
    PackStore(root, access=GROUP).close()
    assert stat.S_IMODE(mine.stat().st_mode) == 0o600
