# SPDX-License-Identifier: GPL-3.0-or-later
"""From the zip to the rendered film, by pointer and keyboard, in the window of real Blender 5.2."""

import shutil
from pathlib import Path

from gui.screen import FRAMES, crop_to_frame, difference, off, read

SCENARIOS = Path(__file__).parent / "scenarios"
LOOKED_AT = (1, 10, 20)


def test_every_step_of_the_path_is_done(newcomer):
    assert any(name.endswith(".understudy") for name in newcomer["addons"])
    assert newcomer["modifiers"] == 1
    assert "understudy.picture_add" in newcomer["controls"]
    assert newcomer["offered_image"] == ""  # not the project's own name
    assert newcomer["folds"] == [False, True]
    assert newcomer["made"] == [FRAMES, FRAMES]  # by Prepare, and again after the change of Blend
    assert 0.3 < newcomer["blend"] < 0.8  # dragged from 1
    assert newcomer["rendered"]
    assert newcomer["status"] == 0


def test_blender_prints_no_fault_of_ours(newcomer):
    lines = newcomer["output"].splitlines()
    assert not [line for line in lines if "Traceback" in line or ("understudy" in line and "Warning" in line)]


def test_unprepared_frames_show_the_original(room, frames):
    plain = frames("plain")
    for number in LOOKED_AT:
        assert off(read(room.work / f"unprepared_{number:04d}.png"), plain[number - 1]) == 0


def test_prepared_frames_show_the_new_face(room, frames):
    plain = frames("plain")
    for number in LOOKED_AT:
        picture = crop_to_frame(read(room.work / f"prepared_{number:04d}.png"), plain[number - 1])
        changed = difference(picture, plain[number - 1])[1:-1] > 1
        # A face and what moves along with it, and nothing else.
        assert 2000 < changed.sum() < 0.15 * changed.size


def test_a_dragged_slider_shows_in_the_frame_at_hand_before_anything_is_prepared(room, frames):
    picture, window = read(room.work / "08_blend.png"), frames("window")
    assert off(picture, window[LOOKED_AT[-1] - 1]) == 0


def test_the_preview_shows_what_is_rendered(room, frames):
    window, preview = frames("window"), frames("preview")
    assert [int(difference(*pair).max()) for pair in zip(window, preview, strict=True)] == [0] * FRAMES
    for number in LOOKED_AT:
        assert off(read(room.work / f"tweaked_{number:04d}.png"), window[number - 1]) == 0


def test_the_window_renders_what_is_rendered_without_one(frames):
    pairs = zip(frames("window"), frames("headless"), strict=True)
    assert [int(difference(*pair).max()) for pair in pairs] == [0] * FRAMES
    pairs = zip(frames("window"), frames("plain"), strict=True)
    assert all((difference(*pair) > 8).sum() > 500 for pair in pairs)


def test_a_render_in_the_window_makes_what_is_missing(room, given, frames):
    headless = frames("headless")
    shutil.rmtree(room.work / "understudy_cache")
    facts = room.window(SCENARIOS / "cold_render.py", given, factory=False)
    assert facts["rendered"]
    assert facts["threads"] == ["render"]  # the window went on meanwhile
    assert facts["ticks"] > 3
    assert "Traceback" not in facts["output"]
    assert [int(difference(*pair).max()) for pair in zip(frames("cold"), headless, strict=True)] == [
        0
    ] * FRAMES
