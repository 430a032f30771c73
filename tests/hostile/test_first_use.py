# SPDX-License-Identifier: GPL-3.0-or-later
"""What a newcomer met: switches, keys, shares and folders that are not what they were thought to be."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.cli.main import main
from understudy.core.errors import CacheError
from understudy.core.filesystem import Access
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.sessions.settings import RunSettings, resolve_settings

Dashboard = Callable[[str], None]
VALUES = {"numbers": np.arange(64, dtype=np.float32)}


def key(number: int) -> Key:
    return stage_key("trial", 1, {"number": number})


def fill(root: Path) -> None:
    folder = PackStore(root)
    for number in range(3):
        folder.put(key(number), VALUES)
    folder.close()


def entries(root: Path) -> int:
    folder = PackStore(root, read_only=True)
    try:
        return len(list(folder.entries()))
    finally:
        folder.close()


@pytest.mark.parametrize("text", ["1", "true", "Yes", "ON"])
def test_a_switch_is_on_however_that_is_written(text: str) -> None:
    names = "UNDERSTUDY_SHARED_READ_ONLY", "UNDERSTUDY_SHARED_WITH_GROUP", "UNDERSTUDY_NO_CACHE"
    cache = resolve_settings(RunSettings(CacheSettings(Path("c"))), dict.fromkeys(names, text)).cache
    assert (cache.shared_read_only, cache.shared_with_group, cache.keep) == (True, True, False)
    off = resolve_settings(RunSettings(CacheSettings(Path("c"))), dict.fromkeys(names, "off")).cache
    assert (off.shared_read_only, off.shared_with_group, off.keep) == (False, False, True)


@pytest.mark.parametrize("name", ["UNDERSTUDY_SHARED_READ_ONLY", "UNDERSTUDY_NO_CACHE"])
def test_a_switch_that_can_not_be_read_keeps_what_it_is_there_to_keep(
    name: str, dashboard: Dashboard
) -> None:
    dashboard("inputs")
    with pytest.raises(CacheError, match=name):
        resolve_settings(RunSettings(CacheSettings(Path("c"))), {name: "perhaps"})
    settings = resolve_settings(RunSettings(CacheSettings(Path("c"))), {name: "perhaps"}, strict=False)
    assert settings.cache.shared_read_only or not settings.cache.keep
    assert [line for line in settings.ignored if name in line]


def test_a_relative_folder_in_the_list_of_trust_is_said(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    environment = {"UNDERSTUDY_TRUST": f"{tmp_path}{os.pathsep}renders"}
    with pytest.raises(CacheError, match="renders is no absolute folder"):
        resolve_settings(RunSettings(CacheSettings(Path("c"))), environment)
    settings = resolve_settings(RunSettings(CacheSettings(Path("c"))), environment, strict=False)
    assert settings.cache.trusted == (tmp_path,)
    assert len(settings.ignored) == 1


def test_a_purge_reaches_what_it_can_where_a_share_is_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dashboard: Dashboard
) -> None:
    dashboard("faces")
    fill(tmp_path / "cache")
    away = ["--shared-dir", str(tmp_path / "nas" / "cache")]
    assert main(["cache", "stats", "--cache-dir", str(tmp_path / "cache"), *away]) == 1
    assert "trial" in capsys.readouterr().out
    assert main(["cache", "purge", "--all", "--cache-dir", str(tmp_path / "cache"), *away]) == 1
    assert f"there is no folder {tmp_path / 'nas'}" in capsys.readouterr().err
    assert entries(tmp_path / "cache") == 0


def test_a_cache_that_lost_its_tag_is_said_to_be_one(tmp_path: Path) -> None:
    fill(tmp_path / "cache")
    (tmp_path / "cache" / "CACHEDIR.TAG").unlink()
    with pytest.raises(CacheError, match=r"lost its CACHEDIR\.TAG"):
        PackStore(tmp_path / "cache")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_write_protected_cache_of_ones_own_stays_so(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("projects")
    root = tmp_path / "cache"
    fill(root)
    before = sorted(path.name for path in root.iterdir())
    root.chmod(0o500)
    folder = PackStore(root)
    folder.put(key(9), VALUES)
    assert folder.get(key(1)) is not None
    assert len(folder.warnings) == 1
    assert "write-protected" in folder.warnings[0]
    folder.close()
    assert stat.S_IMODE(root.stat().st_mode) == 0o500
    assert sorted(path.name for path in root.iterdir()) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_group_is_pointed_to_the_setting_for_groups(tmp_path: Path) -> None:
    status = tmp_path.stat()
    shared = os.stat_result((status.st_mode | 0o020, *status[1:4], status.st_uid + 1, *status[5:]))
    assert "UNDERSTUDY_SHARED_WITH_GROUP" in Access().write_fault(shared, tmp_path)


@pytest.mark.parametrize("name", ["secret", "signing_key"])
def test_results_from_before_a_key_are_said_once_and_not_again(name: str, tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="encryption needs the extra 'encrypt'")
    fill(tmp_path / "cache")
    settings = CacheSettings(tmp_path / "cache", **{name: bytes(range(32))})  # type: ignore[arg-type]
    said = []
    for _ in range(3):
        cache = open_cache(settings, schemas=STAGE_SCHEMAS)
        for number in range(3):
            if cache.store.get(key(number)) is None:
                cache.store.put(key(number), VALUES)
        said.append(len(cache.warnings))
        cache.close()
    assert said == [1, 0, 0]


def test_a_cache_folder_that_nobody_named_is_no_reason_to_fail(tmp_path: Path, dashboard: Dashboard) -> None:
    dashboard("inputs")
    (tmp_path / "understudy_cache").mkdir()
    (tmp_path / "understudy_cache" / "notes.txt").write_text("mine")
    cache = open_cache(CacheSettings(tmp_path / "understudy_cache"), required=False, schemas=STAGE_SCHEMAS)
    cache.store.put(key(1), VALUES)
    assert cache.store.get(key(1)) is not None
    assert len(cache.warnings) == 1
    cache.close()
    with pytest.raises(CacheError, match="holds other files"):
        open_cache(CacheSettings(tmp_path / "understudy_cache"), schemas=STAGE_SCHEMAS)
    assert [path.name for path in (tmp_path / "understudy_cache").iterdir()] == ["notes.txt"]
