# SPDX-License-Identifier: GPL-3.0-or-later
"""A mask drawn with the pointer in the window of real Blender 5.2 shows the hand before the face."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from gui.conftest import keep_for_docs
from gui.painted_clip import write_painted_clip
from gui.screen import FRAMES, crop_to_frame, difference, read
from understudy.core.media.open import open_clip

SCENARIO = Path(__file__).parent / "scenarios" / "masks.py"
SHOWN = 5
"""The clip's frame that the scenario draws over."""
FINGERS = (((250, 300), (352, 196)), ((262, 326), (362, 214)), ((276, 350), (368, 232)))
OUTLINE = [[236, 300], [344, 184], [364, 186], [376, 206], [382, 236], [372, 248], [290, 354], [240, 354]]
SKIN = (224, 172, 148)


def draw_hand(_number, image):
    """Lay three fingers on the cheek, in the color of skin: what tells skin from what covers it, keeps no hand."""
    for start, end in FINGERS:
        for width, shade in ((22, 0.72), (18, 0.9), (12, 1.0)):
            colour = tuple(int(level * shade) for level in SKIN)
            cv2.line(image, start, end, colour, width, cv2.LINE_AA)


@pytest.fixture(scope="module")
def made(material, tmp_path_factory):
    """The clip with a hand on the face, and an outline around the hand."""
    folder = tmp_path_factory.mktemp("hand")
    write_painted_clip(material / "clip.mp4", folder / "hand.mp4", FRAMES, draw_hand)
    (folder / "outline.json").write_text(json.dumps(OUTLINE))
    return {name: folder / name for name in ("hand.mp4", "outline.json")}


@pytest.fixture(scope="module")
def played(installed_room, given, made):
    """The scenario, played once in a room of its own."""
    own = installed_room("masks")
    facts = own.window(SCENARIO, given | made, factory=False)
    keep_for_docs(own.work, "3[01]_*.png")
    return {**facts, "work": own.work}


def test_an_outline_is_drawn_by_clicks_and_closed_by_return(played):
    assert "understudy.mask_draw" in played["listed"]
    assert played["masks"] == [["SUBTRACT", "SIMILARITY", [len(OUTLINE)]]]
    assert {"mask", "mode", "follow", "feather", "start"} <= set(played["drawn"])


def test_the_hand_is_shown_and_the_new_face_beside_it(played, made):
    """By pictures of the screen: within the outline the preview is the clip's own frame, beside it nothing changed."""
    with open_clip(made["hand.mp4"]) as clip:
        original = np.ascontiguousarray(np.array(clip.read(SHOWN))[..., ::-1])
    before, outline, after = (
        crop_to_frame(read(played["work"] / f"{name}.png"), original)
        for name in ("before", "30_outline", "31_masked")
    )
    within = np.zeros(original.shape[:2], np.uint8)
    cv2.fillPoly(within, [np.array(OUTLINE)], 1)
    inside = cv2.erode(within, np.ones((7, 7))) > 0
    outside = cv2.dilate(within, np.ones((7, 7))) == 0
    assert (difference(before, original)[inside] > 20).sum() > 300  # the new face was over the hand
    assert (difference(after, original)[inside] > 3).mean() < 0.001
    assert (difference(after, before)[outside] > 3).mean() < 0.001
    assert (difference(after, original)[outside] > 20).sum() > 1000  # and is beside it
    assert (difference(outline, before) > 60).sum() > 200  # the line that is drawn


def test_escape_draws_nothing_and_undo_takes_the_mask_back(played):
    assert played["canceled"] == 1
    assert played["undone"] == []


def test_blender_prints_no_fault_of_ours(played):
    assert "Traceback" not in played["output"]
