# SPDX-License-Identifier: GPL-3.0-or-later
"""A render shows the new face and nothing else, and computes nothing that it need not."""

import cv2
import numpy as np
import pytest
from understudy.core.layers.label import layer_key

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

FRAMES = (1, 6)


@pytest.fixture(scope="module")
def made(drive, footage):
    """A project with one Face Swap, rendered without and with it; returns its path and the first report."""
    blend = str(drive.folder / "project.blend")
    answers = drive(
        ["project", {"size": [320, 240], "frames": FRAMES, "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["render", {"out": drive.out("plain"), "report": str(drive.folder / "none.json")}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["save", {}],
        ["render", {"out": drive.out("first"), "report": str(drive.folder / "first.json")}],
        ["facts", {}],
    )
    assert answers[2] is None, "without a stack there is nothing to report"
    assert answers[3] == [["FINISHED"], ["FINISHED"]]
    return blend, answers[5], answers[6]


def render_again(drive, blend, name, *steps):
    """Load the project in a new process, change it, render it; returns the report."""
    return drive(
        ["load", {"path": blend}],
        *steps,
        ["render", {"out": drive.out(name), "report": str(drive.folder / f"{name}.json")}],
    )[-1]


def runs(report):
    return {stage: counts["run"] for stage, counts in report["stages"].items()}


def layer_files(blend_folder):
    return sorted((blend_folder / "understudy_cache" / "layers").rglob("*.tif"))


def alpha_of(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., 3]


def test_only_the_face_changes(drive, made):
    _, report, _ = made
    plain, first = drive.pictures("plain", 6), drive.pictures("first", 6)
    files = layer_files(drive.folder)
    assert [path.name for path in files[:6]] == [f"{number:06d}.tif" for number in range(6)]
    for frame in plain:
        alpha = alpha_of(files[frame - 1])
        difference = np.abs(plain[frame].astype(int) - first[frame]).max(2)
        assert (alpha > 0).sum() > 1500
        assert difference[alpha == 0].max() == 0
        # The layer shows the picture around the face too, which moves along with its outline.
        assert difference[alpha > 128].mean() > 4
    assert report["frames"] == report["faces"] == 6
    assert report["models_loaded"] == 2
    assert report["warnings"] == []
    assert runs(report)["fuse"] == runs(report)["swap"] == 6


def test_the_layer_lies_above_its_clip_beside_the_project(made):
    strips = made[2]["strips"]
    layer = strips["clip Understudy"]
    assert layer["layer_of"] == strips["clip"]["id"] != ""
    assert layer["channel"] == strips["clip"]["channel"] + 1
    assert (layer["start"], layer["end"]) == (strips["clip"]["start"], strips["clip"]["end"])
    assert layer["directory"] == f"//understudy_cache/layers/{layer['layer_of']}/"


def test_a_second_process_computes_nothing(drive, made):
    report = render_again(drive, made[0], "second")
    assert runs(report) == dict.fromkeys(report["stages"], 0)
    assert report["models_loaded"] == report["frames_decoded"] == 0
    assert report["frames"] == report["faces"] == report["stages"]["fuse"]["hit"] == 6
    first, second = drive.pictures("first", 6), drive.pictures("second", 6)
    assert all((first[frame] == second[frame]).all() for frame in first)


def test_a_blend_only_fuses_again(drive, made):
    report = render_again(drive, made[0], "half", ["tune", {"settings": {"fusion.blend": 0.5}}])
    assert runs(report) == {"detect": 0, "landmark": 0, "embed": 0, "shape": 0, "swap": 0, "fuse": 6}
    assert report["models_loaded"] == report["frames_decoded"] == 0
    plain, first, half = (drive.pictures(name, 6) for name in ("plain", "first", "half"))
    for frame in plain:
        whole = np.abs(plain[frame].astype(int) - first[frame]).mean()
        assert np.abs(plain[frame].astype(int) - half[frame]).mean() == pytest.approx(whole / 2, rel=0.2)


def test_another_person_analyses_nothing_of_the_clip(drive, made, footage):
    report = render_again(drive, made[0], "other", ["recast", {"picture": footage.second_person}])
    assert runs(report) == {"detect": 0, "landmark": 0, "embed": 0, "shape": 6, "swap": 6, "fuse": 6}
    first, other = drive.pictures("first", 6), drive.pictures("other", 6)
    assert all((first[frame] != other[frame]).any() for frame in first)


def test_keyframed_opacity_is_rendered_frame_by_frame(drive, made):
    blend = made[0]
    render_again(
        drive, blend, "faded", ["keyframe", {"path": "fusion.opacity", "values": {"1": 0.0, "6": 1.0}}]
    )
    plain, faded = drive.pictures("plain", 6), drive.pictures("faded", 6)
    strength = [np.abs(plain[frame].astype(int) - faded[frame]).mean() for frame in sorted(plain)]
    assert strength[0] == 0
    assert strength == sorted(strength)
    assert strength[-1] > strength[2] > 0


def test_rendered_again_in_one_session_nothing_old_is_shown(drive, made):
    blend = made[0]
    drive(
        ["load", {"path": blend}],
        ["render", {"out": drive.out("whole")}],
        ["tune", {"settings": {"fusion.blend": 0.25}}],
        ["render", {"out": drive.out("quarter")}],
        ["tune", {"settings": {"show_render": False}}],
        ["render", {"out": drive.out("disabled")}],
    )
    plain, whole, quarter, disabled = (
        drive.pictures(name, 6) for name in ("plain", "whole", "quarter", "disabled")
    )
    for frame in plain:
        full = np.abs(plain[frame].astype(int) - whole[frame]).mean()
        assert np.abs(plain[frame].astype(int) - quarter[frame]).mean() == pytest.approx(full / 4, rel=0.3)
        assert (disabled[frame] == plain[frame]).all()


def test_a_still_and_a_single_frame_range_render_their_own_frame(drive, made):
    render_again(drive, made[0], "restored")
    drive(
        ["load", {"path": made[0]}],
        ["render", {"out": str(drive.folder / "still_0004.png"), "how": "still", "frame": 4}],
        # What -f 5 does: an animation of one frame, while the scene stands at another.
        ["setup", {"frame_current": 1, "frame_start": 5, "frame_end": 5}],
        ["render", {"out": drive.out("one"), "report": str(drive.folder / "one.json")}],
    )
    first = drive.pictures("first", 6)
    assert (drive.pictures("still", 1)[4] == first[4]).all()
    assert (drive.pictures("one", 1)[5] == first[5]).all()


def test_prepared_layers_show_without_the_add_on(drive, made):
    report = render_again(drive, made[0], "kept")
    keys = [layer_key(path) for path in layer_files(drive.folder)]
    assert report["stages"]["fuse"]["run"] == 0
    assert keys[:6].count(None) == 0
    drive(
        ["without_understudy", {"path": made[0]}],
        ["render", {"out": drive.out("alone")}],
    )
    first, alone = drive.pictures("first", 6), drive.pictures("alone", 6)
    assert all((first[frame] == alone[frame]).all() for frame in first)
