# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's slider in the window of real Blender 5.2: what it takes for a move that was drawn, or seen, is one."""

from dataclasses import astuple

import pytest
from gui.screen import read
from understudy.core.errors import OutputError

from tools.bench_render.redraw_phases import Drawing, draw_moments, phases
from tools.bench_render.window import WATCHES, play_scenario
from tools.bench_render.window_figures import on_screen, without_opengl
from tools.blender_window.window import Room

MOVES = 3


@pytest.fixture(scope="module")
def screen_facts(room, given, tmp_path_factory):
    """What the bench's scenario tells of a few moves that are waited for on the screen."""
    own = Room(room.folder, tmp_path_factory.mktemp("screen"))
    facts = play_scenario(own, {**given, **WATCHES}, MOVES, screen=True, frames=4)
    return {**facts, "shot": read(own.work / "live.png")}


@pytest.fixture(scope="module")
def noop_facts(room, given, tmp_path_factory):
    """What it tells of as many where OpenGL does nothing."""
    own = Room(room.folder, tmp_path_factory.mktemp("nothing"))
    facts = play_scenario(own, {**given, **WATCHES}, MOVES, screen=False, frames=4)
    return {**facts, "shot": read(own.work / "live.png")}


def drawings(change):
    return [Drawing(*entry) for entry in change["drawings"]]


def test_a_move_shows_after_its_layer_was_written_and_drawn(screen_facts):
    assert len(screen_facts["moves"]) == MOVES
    for move in screen_facts["moves"]:
        assert 0 < move["written"] < max(at for at in draw_moments(drawings(move)) if at <= move["visible"])
    assert screen_facts["notice"] == ""


def test_a_move_that_was_waited_for_shows_with_the_first_redraw(screen_facts):
    """So that where nothing can be seen the first redraw after it counts."""
    for move in screen_facts["moves"]:
        if all(end - begin < screen_facts["waits"] for begin, end in move["updates"]):
            assert [at for at in draw_moments(drawings(move)) if at <= move["visible"]][1:] == []


def test_blenders_own_redraws_are_timed_in_turn_with_the_moves(screen_facts, noop_facts):
    for one in (screen_facts, noop_facts):
        assert sorted(one["redraws"]) == ["changed", "invalidated", "plain"]
        for entries in one["redraws"].values():
            assert len(entries) == MOVES
            assert all(draw_moments(drawings(entry)) for entry in entries)


def test_the_phases_of_a_move_follow_each_other_and_leave_nothing_out(screen_facts, noop_facts):
    changes = [
        entry for entries in (screen_facts["moves"], *screen_facts["redraws"].values()) for entry in entries
    ]
    ends = [(entry, entry["visible"]) for entry in changes]
    ends += [(entry, draw_moments(drawings(entry))[0]) for entry in noop_facts["moves"]]
    for entry, end in ends:
        parts = astuple(phases(drawings(entry), end))
        assert all(part > 0 for part in parts)
        assert sum(parts) == pytest.approx(end)


def test_the_slider_is_drawn_again_with_a_move_and_left_alone_by_a_redraw_of_the_preview(
    screen_facts, noop_facts
):
    """What is called the drawing of other regions is that, with OpenGL and without."""

    def regions(entries):
        """Those drawn every time: Blender may draw the timeline between, to show what it has in its cache."""
        return set.intersection(*({drawing.number for drawing in drawings(entry)} for entry in entries))

    for one in (screen_facts, noop_facts):
        assert regions(one["redraws"]["plain"]) < regions(one["moves"])


def test_without_opengl_blenders_calls_come_to_nothing(screen_facts, noop_facts):
    """The moves are fused and written all the same."""
    assert noop_facts["shot"].max() == 0
    assert screen_facts["shot"].std() > 10
    assert noop_facts["notice"] == ""
    facts = without_opengl(noop_facts) | on_screen(screen_facts)
    assert facts["live_moves"] == MOVES
    with pytest.raises(OutputError, match="where it should draw nothing"):
        without_opengl(screen_facts)
