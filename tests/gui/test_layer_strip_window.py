# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer strip is its clip's shadow under the editor's hand: what is done to one is done to both."""

from pathlib import Path

import pytest
from gui.test_render_modes import make

from tools.blender_window.window import Room

SCENARIO = Path(__file__).parent / "scenarios" / "layer_strip.py"
CLIP, LAYER = "Clip", "Clip Understudy"


@pytest.fixture(scope="module")
def shadow(room, given, tmp_path_factory):
    """The scenario, played in a room of its own."""
    own = Room(room.folder, tmp_path_factory.mktemp("layer_strip"))
    install = ["--command", "extension", "install-file", "-r", "user_default", "-e", "/given/understudy.zip"]
    assert own.blender(install, given).status == 0
    make(own, given, "/work/layer_strip.blend", "prepared")
    facts = own.window(SCENARIO, given, factory=False)
    assert "fault" not in facts, facts["fault"]
    return facts


def _column(strips, number):
    return {name: values[number] for name, values in strips.items()}


def test_a_click_on_the_layer_selects_its_clip(shadow):
    assert _column(shadow["clicked"], 3) == {CLIP: True, LAYER: False}


def test_h_mutes_both(shadow):
    assert _column(shadow["muted"], 2) == {CLIP: True, LAYER: True}
    assert _column(shadow["unmuted"], 2) == {CLIP: False, LAYER: False}


def test_ctrl_h_locks_both(shadow):
    assert _column(shadow["locked"], 4) == {CLIP: True, LAYER: True}
    assert _column(shadow["unlocked"], 4) == {CLIP: False, LAYER: False}


def test_delete_deletes_both_and_undo_brings_them_back(shadow):
    assert shadow["deleted"] == {}
    assert _column(shadow["undone"], 0) == {CLIP: 1, LAYER: 2}


@pytest.mark.parametrize(("name", "channel"), [("up", 2), ("high", 5), ("by_layer", 3), ("down", 1)])
def test_a_fast_drag_puts_the_clip_where_it_is_dropped(shadow, name, channel):
    begin = shadow["clicked"][CLIP][1]
    assert [values[:2] for values in (shadow[name][CLIP], shadow[name][LAYER])] == [
        [channel, begin],
        [channel + 1, begin],
    ]


def test_the_drags_were_drags(shadow):
    assert shadow["going_on"] == ["TRANSFORM_OT_seq_slide"] * 5


def test_a_clip_that_is_dragged_under_a_title_stays_there_and_the_title_makes_room(shadow):
    strips = shadow["under_title"]
    assert {name: values[:2] for name, values in strips.items()} == {
        CLIP: [2, 1],
        LAYER: [3, 1],
        "Title": [4, 1],
    }


def test_a_layer_that_is_deleted_alone_comes_back(shadow):
    assert {name: values[:2] for name, values in shadow["back"].items()} == {
        CLIP: [2, 1],
        LAYER: [3, 1],
        "Title": [4, 1],
    }


def test_blender_prints_no_fault_of_ours(shadow):
    assert shadow["status"] == 0
    assert "Traceback" not in shadow["output"]
