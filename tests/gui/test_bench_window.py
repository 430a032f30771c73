# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's slider in the window of real Blender 5.2: what it takes for a visible move is one."""

import json
from dataclasses import astuple

import pytest

from tools.bench_render.redraw_phases import Drawing, phases
from tools.bench_render.window import SCENARIO, WATCHES, summed_up
from tools.blender_window.window import Room

MOVES = 3


@pytest.fixture(scope="module")
def told(room, given, tmp_path_factory):
    """What the bench's scenario tells of a few moves, played in a room of its own."""
    own = Room(room.folder, tmp_path_factory.mktemp("bench"))
    (own.work / "asked.json").write_text(json.dumps({"moves": MOVES}))
    return own.window(SCENARIO, {**given, **WATCHES}, factory=False)


def test_a_move_is_seen_after_its_layer_was_written_and_drawn(told):
    assert len(told["moves"]) == MOVES
    for move in told["moves"]:
        made = [
            at for at, region, _, event in move["drawings"] if (region, event) == ("PREVIEW", "POST_VIEW")
        ]
        assert 0 < move["written"] < max(at for at in made if at <= move["visible"])
    assert told["notice"] == ""


def test_blenders_own_redraws_are_timed_in_turn_with_the_moves(told):
    assert sorted(told["redraws"]) == ["changed", "invalidated", "plain"]
    for entries in told["redraws"].values():
        assert len(entries) == MOVES
        assert all(entry["visible"] > 0 for entry in entries)


def test_the_phases_of_a_move_follow_each_other_and_leave_nothing_out(told):
    for change in (told["moves"], *told["redraws"].values()):
        for entry in change:
            parted = phases([Drawing(*drawing) for drawing in entry["drawings"]], entry["visible"])
            parts = astuple(parted)
            assert all(part > 0 for part in parts)
            assert sum(parts) == pytest.approx(entry["visible"])
    assert summed_up(told)["live_ms"]["p95"] < summed_up(told)["live_window_ms"]["p95"]


def test_the_slider_is_drawn_again_with_a_move_and_left_alone_by_a_redraw_of_the_preview(told):
    """What is called the drawing of other regions is that."""

    def regions(entry):
        return {(region, number) for _, region, number, _ in entry["drawings"]}

    for move, plain in zip(told["moves"], told["redraws"]["plain"], strict=True):
        assert regions(plain) < regions(move)
