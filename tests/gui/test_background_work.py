# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on beside the editor in the window of real Blender 5.2: the worker process, and the live preview."""

from pathlib import Path

import pytest
from gui.screen import FRAMES, crop_to_frame, difference, off, read

SCENARIO = Path(__file__).parent / "scenarios" / "background_work.py"


@pytest.fixture(scope="module")
def beside(room, given, newcomer):
    """The scenario, played once after the newcomer's path."""
    assert newcomer["rendered"]
    return room.window(SCENARIO, given, factory=False)


def test_a_worker_prepares_and_esc_stops_it_at_once(beside):
    working, stopped = beside["working"], beside["stopped"]
    assert working["running"]
    assert len(working["children"]) == 1
    assert "Preparing " in working["status"]
    assert "left" in working["status"]
    assert not stopped["running"]
    assert stopped["children"] == []
    assert 3 <= stopped["made"] < FRAMES
    assert stopped["trouble"] == ""


def test_requests_queue_and_are_finished(beside):
    assert len(beside["waiting"]) >= 1
    assert beside["done"]["made"] == FRAMES
    assert beside["done"]["children"] == []
    assert not beside["done"]["running"]


def test_the_notice_comes_and_goes(beside, room, frames):
    assert beside["prepared"]["notice"] == beside["viewed"]["notice"] == ""
    assert "not prepared yet" in beside["changed"]["notice"]
    assert not beside["changed"]["key"]
    assert off(read(room.work / "beside_unprepared_0011.png"), frames("plain")[10]) == 0


def test_a_dragged_slider_shows_at_once(beside, room, frames):
    assert beside["rewritten"] >= 2  # followed on the way, not only at the end
    assert beside["tweaked"]["notice"] == ""
    plain = frames("plain")[9]
    picture = crop_to_frame(read(room.work / "beside_tweaked_0010.png"), plain)
    assert (difference(picture, plain)[1:-1] > 1).sum() > 1000


def test_blender_leaves_without_a_fault_while_a_worker_works(beside):
    assert len(beside["last"]) == 1
    assert beside["status"] == 0
    lines = beside["output"].splitlines()
    assert not [line for line in lines if "Traceback" in line or ("understudy" in line and "Warning" in line)]
