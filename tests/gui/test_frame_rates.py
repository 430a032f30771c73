# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever reads a frame shows the new face of the source frame there: retimed, and at other frame rates."""

from pathlib import Path

import numpy as np
import pytest
from gui.screen import difference, off, read
from gui.test_render_modes import make

from tools.blender_window.window import Room

SCENARIO = Path(__file__).parent / "scenarios" / "frame_rates.py"
FRAMES = range(2, 9)
LOOK_FRAME = 4
CLIP_FRAMES = 30
CASES = [f"{edit}_{rate}" for edit in ("nothing", "retime", "speed_effect") for rate in (24, 25, 30)]


@pytest.fixture(scope="module")
def rates(room, given, tmp_path_factory):
    """The scenario, played in a room of its own."""
    own = Room(room.folder, tmp_path_factory.mktemp("rates"))
    install = ["--command", "extension", "install-file", "-r", "user_default", "-e", "/given/understudy.zip"]
    assert own.blender(install, given).status == 0
    make(own, given, "/work/rates.blend", "prepared", 12)
    facts = own.window(SCENARIO, given, factory=False, timeout=500)
    # The clip from end to end at its own rate, so that each of its frames is there once.
    whole = ["-b", "/work/rates.blend", "-o", "/work/whole_", "-s", "1", "-e", str(CLIP_FRAMES)]
    run = own.blender([*whole, "--python-expr", "import bpy; bpy.context.scene.render.fps = 30", "-a"], given)
    assert run.status == 0, run.output
    return facts, own.work


@pytest.mark.parametrize("case", CASES)
def test_face_and_body_are_of_one_frame(rates, case):
    facts, work = rates
    whole = [read(work / f"whole_{number:04d}.png") for number in range(1, CLIP_FRAMES + 1)]
    for frame, element in zip(FRAMES, facts[case]["elements"], strict=True):
        shown = read(work / f"{case}_render_{frame:04d}.png")
        number = int(np.argmin([difference(shown, other).mean() for other in whole]))
        assert difference(shown, whole[number]).max() <= 2, frame
        # The frame that an effect shows is known to Blender alone.
        assert case.startswith("speed_effect") or number == int(element.removesuffix(".tif"))


@pytest.mark.parametrize("case", CASES)
def test_a_render_from_the_viewport_reports_what_it_swapped(rates, case):
    facts, _ = rates
    assert facts[case]["rendered"].startswith(f"{len(FRAMES)} frames: {len(FRAMES)} faces swapped")


@pytest.mark.parametrize("case", CASES)
def test_the_viewport_renders_what_is_rendered(rates, case):
    _, work = rates
    for frame in FRAMES:
        shown, whole = (read(work / f"{case}_{how}_{frame:04d}.png") for how in ("viewport", "render"))
        assert difference(shown, whole).max() <= 2, frame


@pytest.mark.parametrize("case", CASES)
def test_scrubbing_shows_what_is_rendered(rates, case):
    _, work = rates
    assert off(read(work / f"{case}.png"), read(work / f"{case}_render_{LOOK_FRAME:04d}.png")) == 0
