# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a clip is seen of its new face too, in the window and by itself, undone and done again."""

from pathlib import Path

import numpy as np
import pytest
from gui.screen import crop_to_frame, off, read
from gui.test_render_modes import make

SCENARIO = Path(__file__).parent / "scenarios" / "nesting.py"
FRAME = 2
NESTED = [
    ["Clip", "MOVIE", "Clip Face Swap"],
    ["Clip Face Swap", "META", ""],
    ["Clip Understudy", "IMAGE", "Clip Face Swap"],
]


@pytest.fixture(scope="module")
def nesting(installed_room, given):
    """The scenario, played in a room of its own, and the frame that it looks at, rendered: recast and original."""
    own = installed_room("nesting")
    make(own, given, "/work/nesting.blend", "prepared")
    words = ["-b", "/work/nesting.blend", "-o", "/work/whole_", "-f", str(FRAME)]
    assert own.blender(words, given).status == 0
    facts = own.window(SCENARIO, given, factory=False)
    assert "fault" not in facts, facts["fault"]
    return facts, own.work, read(own.work / f"whole_{FRAME:04d}.png")


@pytest.mark.parametrize("name", ["begin", "faded_undone", "grouped", "grouped_undone", "grouped_redone"])
def test_what_does_not_change_the_image_shows_the_new_face(nesting, name):
    _, work, whole = nesting
    assert off(read(work / f"{name}.png"), whole) == 0


@pytest.mark.parametrize("name", ["faded", "faded_redone"])
def test_a_dragged_opacity_fades_face_and_clip_alike(nesting, name):
    facts, work, whole = nesting
    opacity = facts["opacity"]["Clip Face Swap"]
    assert 0.1 < opacity < 0.95
    assert facts["opacity"]["Clip"] == facts["opacity"]["Clip Understudy"] == 1
    assert facts[name] == NESTED
    wanted = whole * opacity
    difference = np.abs(crop_to_frame(read(work / f"{name}.png"), wanted.astype(np.uint8)) - wanted)[1:-1]
    assert difference.max() <= 2


def test_a_drag_goes_on_though_its_clip_is_nested_meanwhile(nesting):
    facts, _, _ = nesting
    nested = [len(strips) == len(NESTED) for strips, _ in facts["while_dragged"]]
    opacities = [opacity for _, opacity in facts["while_dragged"]]
    assert nested[0] is False
    assert nested[-1] is True
    assert opacities == sorted(opacities, reverse=True)
    assert facts["opacity"]["Clip Face Swap"] <= opacities[-1] < 0.9


def test_a_drag_back_to_opaque_in_the_same_drag_is_opaque(nesting):
    facts, _, _ = nesting
    assert min(opacity for count, opacity in facts["dragged_back"] if count == len(NESTED)) < 0.9
    assert facts["dragged_back_to"] == dict.fromkeys(
        ("Black", "Clip", "Clip Face Swap", "Clip Understudy"), 1
    )


def test_blenders_own_strip_modifiers_reach_the_face(nesting):
    facts, work, whole = nesting
    assert facts["graded"] == NESTED
    shown = crop_to_frame(read(work / "graded.png"), np.minimum(whole.astype(int) + 40, 255).astype(np.uint8))
    assert (shown.astype(int) - whole)[1:-1].mean() > 20


def test_blender_prints_no_fault_of_ours(nesting):
    facts, _, _ = nesting
    assert facts["status"] == 0
    assert "Traceback" not in facts["output"]
    assert "Dependency cycle" not in facts["output"]
