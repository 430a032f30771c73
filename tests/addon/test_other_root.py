# SPDX-License-Identifier: GPL-3.0-or-later
"""A project that is rendered on one mount point and on another keeps its layers as they are."""

import shutil

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

FRAMES = 3


def stamps(folder):
    return {path.name: path.stat().st_ino for path in folder.glob("project/understudy_cache/layers/*/*.tif")}


def test_two_mount_points_leave_the_labels_alone(drive, footage):
    roots = [drive.folder / name for name in ("mount a", "mount b")]
    project = roots[0] / "project"
    project.mkdir(parents=True)
    roots[1].mkdir()
    clip, person = (shutil.copy(path, project) for path in (footage.movie, footage.person))

    def render(root, name):
        return drive(
            ["load", {"path": str(root / "project" / "p.blend")}],
            ["render", {"out": str(drive.folder / f"{name}_"), "report": str(drive.folder / f"{name}.json")}],
        )[-1]

    drive(
        ["project", {"size": [320, 240], "frames": [1, FRAMES], "save": str(project / "p.blend")}],
        ["movie", {"name": "clip", "file": clip}],
        ["cast", {"name": "clip", "picture": person}],
        ["op", {"name": "file.make_paths_relative"}],
        ["save", {}],
    )
    assert render(roots[0], "first")["shown"]["swapped"] == FRAMES
    before = stamps(roots[0])
    assert len(before) >= FRAMES
    for number, (here, there) in enumerate((roots, roots[::-1])):
        shutil.move(here / "project", there)
        report = render(there, f"again{number}")
        assert report["shown"]["swapped"] == FRAMES
        assert sum(counts["run"] for counts in report["stages"].values()) == report["frames_decoded"] == 0
        assert stamps(there) == before
