# SPDX-License-Identifier: GPL-3.0-or-later
"""V10: engines are code: only the user's own are run."""

import os
import pwd
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hostile.model_folders import OTHER_USER_ID, Count, folder, time_limit
from models import stand_ins
from understudy.core.cache.settings import CacheSettings
from understudy.core.errors import ModelError, OutputError
from understudy.core.filesystem import Location
from understudy.core.models.engine_folder import make_engine_folder
from understudy.core.models.library import ModelLibrary
from understudy.core.models.model_file import ModelFile
from understudy.core.models.processor import Processor
from understudy.core.models.session import ModelPool
from understudy.core.sessions.settings import RunSettings, resolve_settings
from understudy.core.system.trust import trust_folder

__all__ = ["folder"]


def test_v10_engines_of_a_project_are_never_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dashboard: Count
) -> None:
    dashboard("inputs")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    (tmp_path / "project" / "engines").mkdir(parents=True)
    (tmp_path / "project" / "engines" / "m.engine").write_bytes(b"a stranger's code")
    engines = RunSettings(CacheSettings(tmp_path / "project")).engine_folder
    assert engines is not None
    for name in ("tensorrt", "openvino"):
        for exact in (True, False):
            chain = Processor(name).options(engines.path, exact=exact)
            assert str(tmp_path / "project") not in str(chain)
            assert str(engines.path) in str(chain)


def _replace_parent_by_link(path: Path) -> None:
    (path.parent / "strange").mkdir(exist_ok=True)
    path.rename(path.with_name("away"))
    path.symlink_to(path.parent / "strange")


UNSAFE: dict[str, Callable[[Path], object]] = {
    "a link": _replace_parent_by_link,
    "below a link": lambda path: _replace_parent_by_link(path.parent),
    "writable by all": lambda path: path.chmod(0o777),
    "writable by a group": lambda path: path.chmod(0o770),
    "below a folder writable by all": lambda path: path.parent.chmod(0o777),
    "below a base writable by all": lambda path: path.parent.parent.chmod(0o777),
    "another user's": lambda path: os.chown(path, OTHER_USER_ID, OTHER_USER_ID),
    "below another user's folder": lambda path: os.chown(path.parent, OTHER_USER_ID, OTHER_USER_ID),
    "below another user's base": lambda path: os.chown(path.parent.parent, OTHER_USER_ID, OTHER_USER_ID),
    "with another user's file": lambda path: os.chown(path / "m.engine", OTHER_USER_ID, OTHER_USER_ID),
    "with another user's file deeper": lambda path: os.chown(
        path / "d" / "m.engine", OTHER_USER_ID, OTHER_USER_ID
    ),
    "with a link": lambda path: (path / "n.engine").symlink_to("/etc/passwd"),
    "with a pipe": lambda path: os.mkfifo(path / "n.engine"),
    "a file": lambda path: (path.rename(path.with_name("away")), path.write_bytes(b"")),
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_v10_a_folder_for_engines_that_others_can_fill_is_not_used(
    kind: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dashboard: Count
) -> None:
    dashboard("inputs")
    if "another user" in kind and os.geteuid() != 0:
        pytest.skip("giving files to another user takes root")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    place = RunSettings(CacheSettings(tmp_path / "cache")).engine_folder
    assert place is not None
    assert make_engine_folder(place) == ""
    (place.path / "d").mkdir()
    for path in (place.path / "m.engine", place.path / "d" / "m.engine"):
        path.write_bytes(b"built")
    assert make_engine_folder(place) == ""
    UNSAFE[kind](place.path)
    before = _modes(tmp_path)
    with time_limit():
        assert make_engine_folder(place) != ""
    assert _modes(tmp_path) == before
    assert _warnings_of(place, folder, tmp_path) == 1


def _modes(folder: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mode for path in folder.rglob("*")}


def _warnings_of(place: Location, folder: Path, tmp_path: Path) -> int:
    """Open two models on a processor that keeps engines; return how many lines say that it does not."""
    pool = ModelPool(1, engine_folder=place)
    vars(pool)["processor"] = Processor("tensorrt")  # this machine has none: what opens then is refused
    files = folder / "good.onnx", stand_ins.write_recogniser(tmp_path / "b.onnx", "arcface")
    for file in files:
        with suppress(ModelError), warnings.catch_warnings(action="ignore"):
            pool.run_all(ModelFile(file), np.zeros((1, 3, 112, 112), np.float32))
    return sum("builds from models is not kept" in line for line in pool.warnings)


def test_a_user_without_a_home_has_no_memory_and_no_engines(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dashboard: Count
) -> None:
    """As in a container that runs under a number."""
    dashboard("inputs")

    def no_entry(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", no_entry)
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    settings = resolve_settings(RunSettings(CacheSettings(tmp_path / "cache"), model_folder=folder), {})
    assert settings.engine_folder is None
    assert settings.library.has("embed", "sface")
    assert ModelLibrary().has("detect", "blaze")
    with pytest.raises(OutputError, match="set HOME"):
        trust_folder(tmp_path)


def test_a_relative_cache_folder_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    engines = RunSettings(CacheSettings(tmp_path / "cache")).engine_folder
    assert engines is not None
    assert engines.path == tmp_path / ".cache" / "understudy" / "engines"
