# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad shot of the footage is repaired in the window of real Blender 5.2, with a few actions of two hands."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from gui.conftest import keep_for_docs
from gui.screen import crop_to_frame, difference, read
from understudy.core.media.open import open_clip

SCENARIO = Path(__file__).parent / "scenarios" / "bad_shot.py"
SHOT = Path(__file__).parents[2].parent / "shared" / "footage" / "33_occluders_over_face_720p.mp4"
MASKED = 110
"""The clip's frame that the scenario draws a mask in."""
PACE_SECONDS = {"clicks": 3, "keys": 2, "drags": 4}
"""What a person takes for one of each, looking for its place included."""
LIMIT_SECONDS = 120


@pytest.fixture(scope="module")
def played(installed_room, given):
    """The scenario, played once in a room of its own."""
    if not SHOT.is_file():
        pytest.skip(f"there is no ../shared/footage/{SHOT.name}")
    own = installed_room("bad_shot")
    facts = own.window(SCENARIO, given | {"shot.mp4": SHOT}, factory=False)
    keep_for_docs(own.work, "3[2-5]_bad_shot*.png")
    return {**facts, "work": own.work}


def test_no_flagged_frame_is_left_after_what_a_person_does_in_two_minutes(played):
    assert [run[:2] for run in played["before"]] == [[104, 104], [108, 108], [116, 139]]
    assert played["after"] == []
    ranges, corrections, masks = played["repairs"]
    assert ranges == [["HOLD", 104, 104], ["HOLD", 108, 108], ["EXCLUDE", 117, 139]]
    assert corrections == [[116, 116]]
    assert masks == [["SUBTRACT", "SIMILARITY"]]
    assert sum(PACE_SECONDS[kind] * count for kind, count in played["hands"].items()) < LIMIT_SECONDS
    assert played["played_from"] != played["played_to"]


def test_the_mask_brings_the_box_in_front_of_the_new_face(played):
    with open_clip(SHOT) as clip:
        frame = np.ascontiguousarray(np.array(clip.read(MASKED))[..., ::-1])
    original = cv2.resize(frame, (640, 360), interpolation=cv2.INTER_AREA)
    before, after = (
        crop_to_frame(read(played["work"] / f"{name}.png"), original)
        for name in ("bad_shot_unmasked", "34_bad_shot_masked")
    )
    within = np.zeros(original.shape[:2], bool)
    within[114:200, 338:454] = True  # the outline, but for its edge
    assert (difference(before, original)[within] > 20).sum() > 500
    assert difference(after, original)[within].max() < 12
    assert (difference(after, original)[~within] > 30).sum() > 300  # the new face is around the eyes


def test_undo_takes_back_what_was_mended_and_leaves_the_scan(played):
    assert played["ctrl+z"] == [[[], [], []], played["before"]]
    assert played["ctrl+shift+z"] == [played["repairs"], []]


def test_blender_prints_no_fault_of_ours(played):
    assert "Traceback" not in played["output"]
