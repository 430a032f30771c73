# SPDX-License-Identifier: GPL-3.0-or-later
"""A project that is saved in another folder, and a copy of it, take their layers along, in every Blender."""

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]
COUNT = 6


def images_equal(drive, name, base):
    """Return whether every rendered frame is the same."""
    pictures = drive.pictures(name, COUNT)
    return sorted(pictures) == sorted(base) and all((pictures[frame] == base[frame]).all() for frame in base)


def layer_bytes(folder):
    return {path.name: path.read_bytes() for path in folder.glob("understudy_cache/layers/*/*.tif")}


def test_saved_in_another_folder_a_project_takes_its_layers_along(every_blender, footage):
    drive = every_blender
    first, second = drive.folder / "home", drive.folder / "away"
    first.mkdir()
    second.mkdir()
    directory = ["directory_of", {"name": "clip Understudy"}]
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": str(first / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["render", {"out": drive.out("at_home")}],
        ["save", {}],
        directory,
        ["save_a_copy", {"path": str(second / "copy.blend")}],
        directory,
        ["save", {"path": str(second / "p.blend")}],
        directory,
        ["render", {"out": drive.out("away"), "report": str(second / "away.json")}],
        ["rename_file", {"path": str(first), "new": str(drive.folder / "gone")}],
        ["load", {"path": str(second / "copy.blend")}],
        directory,
        ["render", {"out": drive.out("copy"), "report": str(second / "copy.json")}],
        ["rename_file", {"path": str(drive.folder / "gone"), "new": str(first)}],
        ["load", {"path": str(first / "p.blend")}],
        directory,
        ["render", {"out": drive.out("home"), "report": str(first / "home.json")}],
        # Saved over another project that has other layers of the same strip.
        ["setup", {"understudy__modifiers__0__fusion__blend": 0.5}],
        ["render", {"out": drive.out("changed")}],
        ["save", {"path": str(second / "p.blend")}],
        directory,
        ["render", {"out": drive.out("over"), "report": str(second / "over.json")}],
    )
    base = drive.pictures("at_home", COUNT)
    directories = {answers[index] for index in (5, 7, 9, 13, 17, 22)}
    assert len(directories) == 1
    assert directories.pop().startswith("//understudy_cache")
    for name in ("away", "copy", "home"):
        assert images_equal(drive, name, base), name
    assert images_equal(drive, "over", drive.pictures("changed", COUNT))
    # The layers themselves came along, and nothing has to be computed for what is ready.
    assert layer_bytes(first) == layer_bytes(second) != {}
    for report in (answers[index] for index in (10, 14, 18, 23)):
        assert [report["frames_decoded"], report["models_loaded"]] == [0, 0]
