# SPDX-License-Identifier: GPL-3.0-or-later
"""What an editor does in the window reaches the layers by itself, a moment after it is done."""

from pathlib import Path

import pytest
from gui.test_render_modes import make

SCENARIO = Path(__file__).parent / "scenarios" / "editing.py"


@pytest.fixture(scope="module")
def editing(installed_room, given):
    """The scenario, played in a room of its own."""
    own = installed_room("editing")
    make(own, given, "/work/editing.blend", "prepared")
    return own.window(SCENARIO, given, factory=False)


def layers_by_clip(strips):
    """Which layers each clip has."""
    clips = {owner: name for name, owner, _, _, _ in strips if owner}
    return {
        name: [layer for layer, _, of, _, _ in strips if of == owner] for owner, name in clips.items()
    } | {"none": [layer for layer, _, of, _, _ in strips if of and of not in clips]}


def test_nothing_is_made_while_a_strip_is_dragged(editing):
    assert any("SEQUENCER_OT" in entry or "TRANSFORM_OT" in entry for entry in editing["going_on"])
    assert len(editing["dragged"]) == len(editing["opened"]) + 1


def test_a_copy_gets_its_layer(editing):
    layers_by_name = layers_by_clip(editing["copied"])
    assert sorted(layers_by_name) == ["Clip", "Clip.001", "none"]
    assert [len(layers) for name, layers in sorted(layers_by_name.items())] == [1, 1, 0]
    starts = {name: start for name, _, _, _, start in editing["copied"]}
    assert starts[layers_by_name["Clip.001"][0]] == starts["Clip.001"] > starts["Clip"]


def test_a_deleted_clip_takes_its_layer_along(editing):
    assert [name for name, *_ in editing["deleted"]] == [name for name, *_ in editing["opened"]]


def test_undo_brings_both_back(editing):
    assert sorted(map(len, layers_by_clip(editing["undone"]).values())) == [0, 1, 1]


def test_blender_prints_no_fault_of_ours(editing):
    assert editing["status"] == 0
    assert "Traceback" not in editing["output"]
