# SPDX-License-Identifier: GPL-3.0-or-later
"""The part Repair in the window of real Blender 5.2: scan, keys, a range, undo."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from gui.conftest import keep_for_docs
from gui.screen import FRAMES, difference, read
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.open import open_clip

SCENARIO = Path(__file__).parent / "scenarios" / "repair.py"
HIDDEN = range(10, 13)


@pytest.fixture(scope="module")
def faulty(material, tmp_path_factory):
    """The clip with three frames in which a board hides the face."""
    path = tmp_path_factory.mktemp("faulty") / "faulty.mp4"
    with open_clip(material / "clip.mp4") as clip, VideoWriter(path, 640, 360, Fraction(24)) as writer:
        for number in range(FRAMES):
            image = np.array(clip.read(number), np.uint8)
            if number in HIDDEN:
                image[104:244, 298:424] = (
                    150,
                    110,
                    90,
                )  # of the size of the face: a larger one would be a cut
            writer.write(image)
    return path


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


def test_a_click_excludes_the_problem_and_undo_takes_that_back(played):
    ((first, last, fade),) = played["ranges"]
    assert (first <= HIDDEN[0], last >= HIDDEN[-1], fade) == (True, True, 4)
    assert played["undone"] == []
    plot, marks = (read(played["work"] / f"{name}.png") for name in ("18_repair", "19_excluded"))
    assert (np.abs(plot[:, 1150:].astype(int) - (40, 46, 126)).max(2) < 12).sum() > 300  # flagged frames
    again = read(played["work"] / "19_detect_again.png")[740:840, 230:1580].astype(int)
    assert (np.abs(again - (255, 128, 204)).max(2) < 25).sum(
        1
    ).max() > 60  # a range of another kind has its own color
    timeline = marks[740:840, 230:1580].astype(int)
    excluded = np.abs(timeline - (242, 230, 77)).max(2) < 25
    assert excluded.sum(1).max() > 60  # the range, over the frames of the strip that it covers
    changed = difference(*(read(played["work"] / f"{name}.png") for name in ("18_repair", "19_excluded")))
    assert (changed[:, 1100:] > 40).sum() > 500  # the range is in the panel


def test_blender_prints_no_fault_of_ours(played):
    assert "Traceback" not in played["output"]
