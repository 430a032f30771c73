# SPDX-License-Identifier: GPL-3.0-or-later
"""V2, V13: a purge of layers leaves no face, follows no link and says what it could not remove."""

import os
import threading
import time
from pathlib import Path

import pytest
from hostile.layer_folders import (
    FACE,
    ID,
    NAMES,
    NOBODY,
    OTHER,
    Count,
    cache,
    do_everything,
    fill_layers,
    needs_root,
    posix_only,
    snapshot,
    victim,
)
from understudy.core.cli.main import main
from understudy.core.errors import OutputError
from understudy.core.layers.blanking import blank_layers
from understudy.core.layers.folder import LayerFolder
from understudy.core.layers.placeholder import PLACEHOLDER

__all__ = ["cache", "victim"]


def purge(cache: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["cache", "purge", "--cache-dir", str(cache), "--all"])
    out, error = capsys.readouterr()
    return code, out + error


@posix_only
@pytest.mark.parametrize("level", ["layers", "id", "file"])
def test_v2_a_purge_follows_no_link(
    dashboard: Count, victim: Path, cache: Path, capsys: pytest.CaptureFixture[str], level: str
) -> None:
    dashboard("projects")
    if level == "layers":
        (cache / "layers").rmdir()
        (cache / "layers").symlink_to(victim / "layers")
    elif level == "id":
        (cache / "layers" / ID).symlink_to(victim)
    else:
        (cache / "layers" / ID).mkdir()
        (cache / "layers" / ID / NAMES[0]).symlink_to(victim / NAMES[0])
    code, said = purge(cache, capsys)
    if level == "layers":
        assert code == 1
        assert "a link or a file is in its place" in said
        assert "nothing is left" not in said
    else:
        assert code == 0
        assert ("not Understudy's" if level == "id" else "1 layer images") in said


@pytest.mark.parametrize("alike", ["layers", "layers and a file", "layers and format", "layers and a tag"])
def test_v2_a_folder_that_is_no_cache_is_left_alone(
    dashboard: Count, tmp_path: Path, capsys: pytest.CaptureFixture[str], alike: str
) -> None:
    dashboard("projects")
    shot = tmp_path / "shot"
    (shot / "layers" / ID).mkdir(parents=True)
    for name in (*NAMES, ".000001.0123abcd.tif.tmp"):
        (shot / "layers" / ID / name).write_bytes(FACE)
    if alike == "layers and a file":
        (shot / "mine.blend").write_bytes(FACE)
    elif alike == "layers and format":
        (shot / "format").write_text("1\n")
    elif alike == "layers and a tag":
        (shot / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    before = snapshot(shot)
    with pytest.raises(OutputError, match="is not a cache folder"):
        blank_layers(shot)
    assert purge(shot, capsys)[0] != 0
    do_everything(lambda: LayerFolder(shot, ID))
    assert snapshot(shot) == before


def test_v2_look_alikes_among_the_layers_are_left_and_said(
    dashboard: Count, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("projects")
    folder = fill_layers(cache)
    mine = [
        cache / "layers" / "bg" / "0001.tif",
        cache / "layers" / ID.upper() / NAMES[0],
        cache / "layers" / "notes.txt",
        folder.path / "mine.tif",
        folder.path / "BL_proxy" / "50" / "1.jpg",
        folder.path / "1.tif",
    ]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FACE)
    code, said = purge(cache, capsys)
    assert code == 0
    assert "6 layer images" in said
    assert "6 files among the layer images" in said
    assert all(path.read_bytes() == FACE for path in mine)
    assert all((folder.path / name).read_bytes() == PLACEHOLDER for name in NAMES)


@pytest.mark.parametrize("name", [".000000.tif.1234-5678.tmp", ".000003.0123abcd.tif.tmp"])
def test_v13_a_purge_removes_what_a_run_that_was_just_killed_left(
    dashboard: Count, cache: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    dashboard("faces")
    folder = fill_layers(cache)
    (folder.path / name).write_bytes(FACE)
    code, said = purge(cache, capsys)
    assert code == 0
    assert "1 unfinished layer images" in said
    assert sorted(path.name for path in folder.path.iterdir()) == NAMES
    assert FACE[:18] not in b"".join(path.read_bytes() for path in cache.rglob("*") if path.is_file())


@needs_root
def test_v13_a_purge_that_can_not_remove_a_face_says_so(
    dashboard: Count, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("faces")
    folder, other = fill_layers(cache), fill_layers(cache, OTHER)
    os.chown(folder.path, NOBODY, NOBODY)
    code, said = purge(cache, capsys)
    assert code == 1
    assert "nothing is left" not in said
    assert str(folder.path) in said
    assert all((other.path / name).read_bytes() == PLACEHOLDER for name in NAMES)


def test_v13_a_purge_says_what_a_running_render_wrote_again(dashboard: Count, cache: Path) -> None:
    dashboard("faces")
    folder = fill_layers(cache)
    ended = threading.Event()

    def render() -> None:
        while not ended.is_set():
            for name in NAMES:
                folder.write(name, FACE)

    thread = threading.Thread(target=render)
    thread.start()
    try:
        end, results = time.monotonic() + 60, [blank_layers(cache)]
        while not any(result.rewrites for result in results) and time.monotonic() < end:
            results.append(blank_layers(cache))
    finally:
        ended.set()
        thread.join()
    assert any(result.rewrites for result in results)
    # Its temporary files were removed under its hands, and yet every write came to be.
    last = blank_layers(cache)
    assert (last.rewrites, last.leftovers) == (0, 0)
    assert sorted(path.name for path in folder.path.iterdir()) == NAMES
