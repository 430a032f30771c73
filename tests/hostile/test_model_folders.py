# SPDX-License-Identifier: GPL-3.0-or-later
"""Model folders of others: what is used, what is said, and where models are put."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile.model_folders import (
    OTHER_USER_ID,
    Count,
    folder,
    has_good_model_only,
    memory,
    needs_root,
    time_limit,
)
from understudy.core.cli.doctor import doctor
from understudy.core.cli.main import main
from understudy.core.models.embedded import embedded_folder
from understudy.core.models.library import ModelLibrary

__all__ = ["folder", "memory"]


def test_a_model_may_lie_on_another_disk(folder: Path, tmp_path: Path, memory: Path) -> None:
    (folder / "good.onnx").rename(tmp_path / "elsewhere")
    (folder / "good.onnx").symlink_to(tmp_path / "elsewhere")
    assert has_good_model_only(folder)


@pytest.mark.parametrize("kind", ["folder", "folder in it", "file"])
def test_a_model_that_everybody_may_replace_is_used_and_said(kind: str, folder: Path, memory: Path) -> None:
    (folder / "in").mkdir()
    for name in ("good.onnx", "good.onnx.toml"):
        (folder / name).rename(folder / "in" / name)
    assert has_good_model_only(folder)
    library = ModelLibrary([folder])
    library.local_models()
    assert library.warnings == ()
    place = {"folder": folder, "folder in it": folder / "in", "file": folder / "in" / "good.onnx"}[kind]
    place.chmod(0o777)
    for _ in range(2):
        library.rescan()
        assert library.has("embed", "sface")
    assert [str(place) in line for line in library.warnings] == [True]


@needs_root
def test_a_model_folder_of_an_administrator_is_read_without_a_word(folder: Path, memory: Path) -> None:
    os.chown(folder, OTHER_USER_ID, OTHER_USER_ID)
    library = ModelLibrary([folder])
    assert library.has("embed", "sface")
    assert library.warnings == ()


def test_models_are_put_into_no_folder_that_everybody_may_write_to(
    folder: Path, tmp_path: Path, memory: Path, dashboard: Count, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("inputs")
    target = tmp_path / "target"
    target.mkdir()
    target.chmod(0o777)
    words = ["models", "add", str(folder / "good.onnx"), "--family", "sface", "--folder", str(target)]
    assert main(words) == 1
    assert "everybody may write to" in capsys.readouterr().err
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
def test_v8_no_model_is_added_but_a_file(
    make: Callable[[Path], object], tmp_path: Path, dashboard: Count, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("inputs")
    make(tmp_path / "m.onnx")
    with time_limit():
        assert main(["models", "add", str(tmp_path / "m.onnx"), "--folder", str(tmp_path / "to")]) == 1
    assert "can't find the model" in capsys.readouterr().err


def test_a_model_is_added_in_place_of_a_link_and_not_through_it(
    folder: Path, tmp_path: Path, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    target, victim = tmp_path / "target", tmp_path / "victim"
    target.mkdir()
    victim.write_bytes(b"the user's own")
    for name in ("good.onnx", "good.onnx.toml"):
        (target / name).symlink_to(victim)
    words = ["models", "add", str(folder / "good.onnx"), "--family", "sface", "--folder", str(target)]
    assert main(words) == 0
    assert victim.read_bytes() == b"the user's own"
    assert has_good_model_only(target)
    assert sorted(path.name for path in target.iterdir()) == ["good.onnx", "good.onnx.toml"]


@pytest.mark.parametrize("kind", ["a pipe", "nested deep", "a number", "endless"])
def test_v8_a_manifest_that_is_none(
    kind: str, tmp_path: Path, dashboard: Count, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("inputs")
    for path in embedded_folder().iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    manifest = tmp_path / "manifest.json"
    manifest.unlink(missing_ok=True)
    if kind == "a pipe":
        os.mkfifo(manifest)
    elif kind == "endless":
        manifest.symlink_to("/dev/zero")
    else:
        manifest.write_text("[" * 200_000 if kind == "nested deep" else "7")
    with time_limit():
        assert not doctor(tmp_path)
    assert "no manifest says what it should be" in capsys.readouterr().out
