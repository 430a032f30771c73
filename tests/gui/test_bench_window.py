# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's slider in the window of real Blender 5.2: what it takes for a visible move is one."""

import json

import pytest

from tools.bench_render.window import SCENARIO, SCREEN_WATCH
from tools.blender_window.window import Room

MOVES = 3


@pytest.fixture(scope="module")
def told(room, given, tmp_path_factory):
    """What the bench's scenario tells of a few moves, played in a room of its own."""
    own = Room(room.folder, tmp_path_factory.mktemp("bench"))
    (own.work / "asked.json").write_text(json.dumps({"moves": MOVES}))
    return own.window(SCENARIO, {**given, SCREEN_WATCH.name: SCREEN_WATCH}, factory=False)


def test_a_move_is_seen_after_its_layer_was_written_and_drawn(told):
    assert len(told["moves"]) == MOVES
    for move in told["moves"]:
        assert 0 < move["written"] < move["drawn"] <= move["visible"]
        assert move["draws"] >= 1
    assert told["notice"] == ""


def test_blenders_own_redraws_are_timed_in_turn_with_the_moves(told):
    assert sorted(told["redraws"]) == ["changed", "invalidated", "plain"]
    assert all(len(entries) == MOVES and min(entries) > 0 for entries in told["redraws"].values())
