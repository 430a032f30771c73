# SPDX-License-Identifier: GPL-3.0-or-later
"""The turnover of a strip in every Blender: the files of the command line, of the frames that the strip shows."""

import json

import numpy as np
import pytest
from exr_files import write_exr
from exr_layers import read_exr_channels
from understudy.core.provenance.verify import INTACT, verify_file

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT = 2


@pytest.fixture(scope="module")
def clip(footage, tmp_path_factory):
    """A folder of OpenEXR images with a highlight."""
    folder = tmp_path_factory.mktemp("turnover") / "clip"
    folder.mkdir()
    for number in range(COUNT):
        light = (footage.frames[3 + number].astype(np.float32) / 255) ** 2.2
        light[:, 120:122] = 8.0
        write_exr(folder / f"shot_{number}.exr", light)
    return folder


def manifest_of(folder):
    values = json.loads((folder / "manifest.json").read_text())
    (swap,) = values["ids"]
    return {
        **values,
        "created": "",
        "ids": {name: swap[name] for name in ("settings", "models", "source_images")},
    }


def require_same_turnover(folder, expected):
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in expected.iterdir())
    for path in expected.glob("*.exr"):
        own, others = read_exr_channels(folder / path.name), read_exr_channels(path)
        assert sorted(own) == sorted(others)
        assert all(np.array_equal(own[name], others[name]) for name in own), path.name
        assert own["A"].any()
        assert verify_file(folder / path.name).state == INTACT
    assert manifest_of(folder) == manifest_of(expected)


def test_the_files_are_those_of_the_command_line(every_blender, footage, clip):
    folder = every_blender.folder
    files = [str(path) for path in sorted(clip.iterdir())]
    arguments = [str(clip), "--face", footage.person, "--colorspace", "ACEScg", "--fps", "24"]
    *_, written, again, refused, by_worker, status = every_blender(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": str(folder / "turnover.blend")}],
        ["pictures", {"name": "clip", "files": files}],
        ["adjust", {"name": "clip", "colorspace_settings__name": "ACEScg"}],
        ["cast_by_script", {"name": "clip", "picture": footage.person}],
        ["op", {"name": "understudy.turnover_write", "active": "clip", "directory": str(folder / "own")}],
        ["op", {"name": "understudy.turnover_write", "active": "clip", "directory": files[0]}],
        ["op", {"name": "understudy.turnover_write", "active": "clip", "directory": ""}],
        ["turnover_by_worker", {"name": "clip", "folder": str(folder / "worker")}],
        ["turnover_by_command", {"arguments": [*arguments, "--output", str(folder / "expected"), "--quiet"]}],
    )
    assert written == ["FINISHED"]
    assert "is not a folder" in again
    assert "No folder" in refused
    outcome = {"written": COUNT, "changed": COUNT, "failed": 0, "reason": ""}
    assert by_worker == [*(["frames", [count, COUNT]] for count in range(COUNT + 1)), ["outcome", outcome]]
    assert status == 0
    expected = folder / "expected"
    require_same_turnover(folder / "own", expected)
    require_same_turnover(folder / "worker", expected)


def test_the_frames_are_those_of_the_clip_that_the_strip_shows(drive, footage):
    *_, shown, _, fast = drive(
        ["project", {"size": [320, 240], "frames": [1, 8], "save": str(drive.folder / "frames.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["shorten", {"name": "clip", "length": 6}],
        ["cast_by_script", {"name": "clip", "picture": footage.person}],
        ["keyframe", {"path": "fusion.blend", "values": {"1": 0.0, "6": 1.0}}],
        ["turnover_frames", {"name": "clip"}],
        ["retime", {"name": "clip", "operators": {"retiming_segment_speed_set": {"speed": 200.0}}}],
        ["turnover_frames", {"name": "clip"}],
    )
    first, last, blends = shown
    assert (first, last) == (0, 5)
    assert blends == sorted(blends)
    assert len(set(blends)) == 6
    first, last, doubled = fast
    assert (first, last) in (
        (0, 4),
        (0, 7),
    )  # twice as fast, 5.0 shows frames that the shorter strip had cut off
    assert doubled[:5] == [blends[number] for number in (0, 0, 1, 1, 2)]


def test_a_condition_refuses_a_turnover_as_it_does_a_render(drive, footage):
    folder = drive.folder / "refused"
    *_, said = drive(
        ["project", {"size": [320, 240], "frames": [1, 2], "save": str(drive.folder / "refused.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["prefer", {"require_consent": True}],
        ["op", {"name": "understudy.turnover_write", "active": "clip", "directory": str(folder)}],
    )
    assert "not written: Face Swap of clip: no consent of its source person is recorded" in said
    assert not folder.exists()
