# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that is full cuts images off, and Blender goes on as if all were well: a strict render fails."""

import json

import pytest
from damaged_project import STRICT_EXIT, rendered_frames
from small_disk import mount_small_disk

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]


@pytest.mark.parametrize("strict", [True, False])
def test_an_image_that_is_cut_off_is_no_frame(drive, footage, strict):
    drive.status = STRICT_EXIT if strict else 0
    project = drive.folder / f"strict {strict}"
    project.mkdir()
    with mount_small_disk(project / "small", "size=500k") as small:
        drive(
            ["project", {"size": [320, 240], "frames": [1, 3], "save": str(project / "p.blend")}],
            ["movie", {"name": "clip", "file": str(footage.movie)}],
            ["cast", {"name": "clip", "picture": footage.person}],
            ["setup", {"understudy__strict": strict, "render__image_settings__compression": 0}],
            ["render", {"out": str(small / "out_"), "report": str(project / "report.json")}],
        )
        rendered = rendered_frames(small)
    report = json.loads((project / "report.json").read_text())
    assert "small/out_0003.png is cut off after" in drive.output
    assert report["failed"] == ([3] if strict else [])
    assert rendered == ([1, 2] if strict else [1, 2, 3])
