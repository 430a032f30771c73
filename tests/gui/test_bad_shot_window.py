# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad shots of the footage are repaired in the window of real Blender 5.2, with a few actions of two hands."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from gui.conftest import keep_for_docs
from gui.screen import crop_to_frame, difference, read
from understudy.core.media.open import open_clip

SCENARIO = Path(__file__).parent / "scenarios" / "bad_shot.py"
FOOTAGE = Path(__file__).parents[2].parent / "shared" / "footage"
CLIPS = {"box": "33_occluders_over_face_720p.mp4", "crossing": "31_crossing_ids_720p.mp4"}
PROBLEMS = {"box": [[104, 104], [108, 108], [116, 139]], "crossing": [[56, 90]]}
REPAIRS = {
    "box": [
        [["HOLD", 104, 104], ["HOLD", 108, 108], ["EXCLUDE", 117, 139]],
        [[116, 116]],
        [["SUBTRACT", "SIMILARITY"]],
    ],
    "crossing": [[["EXCLUDE", 56, 98]], [], []],
}
PACE_SECONDS = {"clicks": 3, "keys": 2, "drags": 4}
"""What a person takes for one of each, looking for its place included."""
LIMIT_SECONDS = 120


@pytest.fixture(scope="module", params=["box", pytest.param("crossing", marks=pytest.mark.long)])
def played(request, installed_room, given):
    """The scenario with one shot, played once in a room of its own."""
    clip = FOOTAGE / CLIPS[request.param]
    if not clip.is_file():
        pytest.skip(f"there is no ../shared/footage/{clip.name}")
    own = installed_room(request.param)
    files = given | {f"{request.param}.mp4": clip}
    facts = own.window(SCENARIO, files, factory=False)
    lists = {"35_bad_shot_lists": "box_lists"} if request.param == "box" else {}
    keep_for_docs(own.work, "3[2-9]_*.png", **lists)
    return {**facts, "shot": request.param, "work": own.work, "clip": clip}


def screen_and_original(played, name, number):
    """Return a picture of the preview, and the clip's frame that it shows, both BGR and 640 pixels wide."""
    with open_clip(played["clip"]) as clip:
        frame = np.ascontiguousarray(np.array(clip.read(number))[..., ::-1])
    original = cv2.resize(frame, (640, 360), interpolation=cv2.INTER_AREA)
    return crop_to_frame(read(played["work"] / f"{name}.png"), original), original


def test_no_flagged_frame_is_left_after_what_a_person_does_in_two_minutes(played):
    assert [run[:2] for run in played["before"]] == PROBLEMS[played["shot"]]
    assert played["after"] == []
    assert played["repairs"] == REPAIRS[played["shot"]]
    assert sum(PACE_SECONDS[kind] * count for kind, count in played["hands"].items()) < LIMIT_SECONDS
    assert played["played_from"] != played["played_to"]


@pytest.mark.parametrize("played", ["box"], indirect=True)
def test_the_mask_brings_the_box_in_front_of_the_new_face(played):
    before, original = screen_and_original(played, "bad_shot_unmasked", 110)
    after, _ = screen_and_original(played, "34_bad_shot_masked", 110)
    within = np.zeros(original.shape[:2], bool)
    within[114:200, 338:454] = True  # the outline, but for its edge
    assert (difference(before, original)[within] > 20).sum() > 500
    assert difference(after, original)[within].max() < 12
    assert (difference(after, original)[~within] > 30).sum() > 300  # the new face is around the eyes


@pytest.mark.long
@pytest.mark.parametrize("played", ["crossing"], indirect=True)
def test_half_hidden_the_one_behind_keeps_her_face_and_the_one_in_front_always(played):
    fringe, original = screen_and_original(played, "37_crossing_fringe", 96)
    assert (
        difference(fringe, original)[:, 283:310] > 30
    ).sum() > 100  # the new face lies over the one in front
    shown, original = screen_and_original(played, "38_crossing_excluded", 98)
    assert difference(shown, original)[1:].max() < 12  # the window cuts off the uppermost row
    shown, original = screen_and_original(played, "crossing_lists", 105)
    changed = difference(shown, original)[1:] > 30
    assert changed[:, :300].sum() > 1000
    assert not changed[:, 345:].any()  # where his face is


def test_nothing_is_red_in_the_plots_when_all_is_mended(played):
    panel = np.s_[300:700, 1200:1580]
    shown = read(played["work"] / f"{played['shot']}_lists.png")[panel].astype(int)
    assert (np.abs(shown - (240, 178, 127)).max(2) < 12).any()  # a curve
    assert not (np.abs(shown - (40, 46, 126)).max(2) < 12).any()


def test_undo_takes_back_what_was_mended_and_leaves_the_scan(played):
    assert played["ctrl+z"] == [[[], [], []], played["before"]]
    assert played["ctrl+shift+z"] == [played["repairs"], []]


def test_blender_prints_no_fault_of_ours(played):
    assert "Traceback" not in played["output"]
