# SPDX-License-Identifier: GPL-3.0-or-later
"""V12: cache folders of other owners, or open to others: what is closed, what is only read."""

import os
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hostile.cache_folders import KEYS, Dashboard, arrays, contents, fill_cache, hits
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.usage_log import read_usage
from understudy.core.cli.main import main
from understudy.core.filesystem import Access
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and owners of POSIX")

OTHER_USER = 65_533


def modes(root: Path) -> set[int]:
    return {stat.S_IMODE(path.lstat().st_mode) for path in root.rglob("*")} | {
        stat.S_IMODE(root.stat().st_mode)
    }


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize("before", [None, 0o755, 0o700])
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_v12_all_is_for_the_owner_or_the_group_alone(
    umask: int, before: int | None, group: bool, tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("faces")
    root, access = tmp_path / "root", Access(shared_with_group=group)
    former = os.umask(umask)
    try:
        if before is not None:
            root.mkdir()
            root.chmod(before)
        with closing(
            open_cache(CacheSettings(root, shared_with_group=group, cap_bytes=1 << 20), schemas=STAGE_SCHEMAS)
        ) as cache:
            for number in range(40):
                cache.store.put(KEYS[number], arrays(number))
                cache.store.get(KEYS[number])
        with closing(PackStore(root, access=access)) as store:
            store.purge(lambda text: "number=3\n" in text)
            store.evict(1 << 20)
    finally:
        os.umask(former)
    assert read_usage(root) is not None
    assert modes(root) == {access.file_mode, access.folder_mode}


def test_v12_a_cache_that_was_open_to_all_is_closed_when_it_is_used(
    tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("faces")
    root = fill_cache(tmp_path / "root")
    root.chmod(0o755)
    fill_cache(root, 20)
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert hits(root, 20) == 20


def test_v12_a_folder_that_all_may_write_to_is_read_and_not_changed(
    tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("faces")
    root = fill_cache(tmp_path / "root")
    root.chmod(0o777)
    before = contents(root)
    settings = CacheSettings(root, cap_bytes=1, max_age=0.0)
    with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
        assert cache.store.get(KEYS[0]) is not None
        cache.store.put(KEYS[30], arrays(30))
        (warning,) = cache.warnings
        assert "everybody may write" in warning
        assert cache.folder.evict() is None
        assert cache.folder.purge() == 0
    for command in (["gc", "--cap", "1K"], ["purge", "--all"]):
        assert main(["cache", *command, "--cache-dir", str(root)]) == 1
    assert main(["cache", "stats", "--cache-dir", str(root)]) == 0
    assert contents(root) == before
    assert stat.S_IMODE(root.stat().st_mode) == 0o777


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="gives a folder to another user")
@pytest.mark.parametrize("trusted", [False, True])
def test_v12_another_users_folder_is_read_and_not_changed_unless_it_is_trusted(
    trusted: bool, tmp_path: Path, dashboard: Dashboard
) -> None:
    dashboard("faces")
    root = fill_cache(tmp_path / "root")
    for path in (root, *root.iterdir()):
        os.chown(path, OTHER_USER, OTHER_USER)
    before = contents(root)
    settings = CacheSettings(root, trusted=(tmp_path,) if trusted else ())
    with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
        assert cache.store.get(KEYS[0]) is not None
        cache.store.put(KEYS[30], arrays(30))
        warnings = cache.warnings
    if trusted:
        assert warnings == ()
        assert hits(root, 31) == 11
    else:
        assert len(warnings) == 1
        assert "UNDERSTUDY_TRUST" in warnings[0]
        assert contents(root) == before


def test_v12_a_shared_folder_that_is_only_read_gets_nothing(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("faces")
    share = fill_cache(tmp_path / "share")
    before = contents(share)
    settings = CacheSettings(tmp_path / "local", memory_bytes=0, shared_folder=share, shared_read_only=True)
    with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
        assert cache.flight.get_or_compute(cache.store, KEYS[0], dict)[1]
        assert not cache.flight.get_or_compute(cache.store, KEYS[30], lambda: arrays(30))[1]
        assert cache.tiers.flush(10)
        assert cache.warnings == ()
    assert contents(share) == before
    assert hits(tmp_path / "local", 40) == 2


def test_v12_a_purge_changes_nothing_in_a_share_that_this_machine_only_reads(
    tmp_path: Path, dashboard: Dashboard, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard("inputs")
    here, share = fill_cache(tmp_path / "here"), fill_cache(tmp_path / "share")
    monkeypatch.setenv("UNDERSTUDY_SHARED_READ_ONLY", "1")
    before = contents(share)
    assert main(["cache", "purge", "--all", "--cache-dir", str(here), "--shared-dir", str(share)]) == 1
    assert "UNDERSTUDY_SHARED_READ_ONLY" in capsys.readouterr().err
    assert (contents(share), hits(here)) == (before, 0)
