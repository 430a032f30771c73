# SPDX-License-Identifier: GPL-3.0-or-later
"""The part Repair in the window of real Blender 5.2: scan, keys, a range, undo."""

from pathlib import Path

import numpy as np
import pytest
from gui.conftest import keep_for_docs
from gui.painted_clip import write_hidden_clip
from gui.screen import FRAMES, difference, read

SCENARIO = Path(__file__).parent / "scenarios" / "repair.py"
HIDDEN = range(10, 13)


@pytest.fixture(scope="module")
def faulty(material, tmp_path_factory):
    """The clip with three frames in which a board hides the face."""
    path = tmp_path_factory.mktemp("faulty") / "faulty.mp4"
    return write_hidden_clip(material / "clip.mp4", path, FRAMES, HIDDEN)


@pytest.fixture(scope="module")
def played(installed_room, given, faulty):
    """The scenario, played once in a room of its own."""
    own = installed_room("repair")
    facts = own.window(SCENARIO, given | {"faulty.mp4": faulty}, factory=False)
    keep_for_docs(own.work, "1[89]_*.png")
    return {**facts, "work": own.work}


def test_the_keys_are_nobody_elses(played):
    # That one is for a text strip whose text is edited, and ours for a strip with a modifier: never both.
    assert {name for _, name in played["collisions"]} <= {"sequencer.text_cursor_move"}


def test_a_click_scans_and_the_list_shows_what_was_found(played):
    assert {
        "understudy.problem_scan", "understudy.problem_previous", "understudy.problem_go",
        "understudy.problem_markers", "understudy.range_add",
    } <= set(played["listed"])  # fmt: skip


def test_keys_go_to_the_problem_over_preview_and_timeline(played):
    """From frame 2 to the first hidden frame; there is no other, so it stays; back to it from the end."""
    first = HIDDEN[0] + 1
    assert played["reached"] == [first, first, first]


def pixels_on_timeline(screen, color):
    """How many pixels of a row of the timeline have a color, BGR, at most."""
    near = np.abs(screen[740:840, 230:1580].astype(int) - color).max(2) < 25
    return near.sum(1).max()


def test_a_click_excludes_the_problem_and_undo_takes_that_back(played):
    ((first, last, fade),) = played["ranges"]
    assert (first <= HIDDEN[0], last >= HIDDEN[-1], fade) == (True, True, 4)
    assert played["undone"] == []
    plot, marks = (read(played["work"] / f"{name}.png") for name in ("18_repair", "19_excluded"))
    assert (np.abs(plot[:, 1150:].astype(int) - (40, 46, 126)).max(2) < 12).sum() > 300  # flagged frames
    # The range, over the frames of the strip that it covers; one of another kind has a color of its own.
    assert pixels_on_timeline(marks, (242, 230, 77)) > 60
    assert pixels_on_timeline(read(played["work"] / "19_detect_again.png"), (255, 128, 204)) > 60
    # The timeline marks a problem in red, until it is dismissed.
    dismissed = read(played["work"] / "19_dismissed.png")
    assert [pixels_on_timeline(screen, (56, 64, 242)) > 60 for screen in (plot, dismissed)] == [True, False]
    changed = difference(plot, marks)
    assert (changed[:, 1100:] > 40).sum() > 500  # the range is in the panel


def test_blender_prints_no_fault_of_ours(played):
    assert "Traceback" not in played["output"]
