# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles on a face in the window of real Blender 5.2: a drag changes the picture where it should, and is undone."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from gui.conftest import keep_for_docs
from gui.screen import difference, read
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.open import open_clip

SCENARIO = Path(__file__).parent / "scenarios" / "landmarks.py"
FRAME, DOWN, LENGTH, HIDDEN = 6, 16, 12, (8, 9)
HANDLES = 15


@pytest.fixture(scope="module")
def hidden(material, tmp_path_factory):
    """The clip with two frames in which a board hides the face."""
    path = tmp_path_factory.mktemp("hidden") / "hidden.mp4"
    with open_clip(material / "clip.mp4") as clip, VideoWriter(path, 640, 360, Fraction(24)) as writer:
        for number in range(LENGTH):
            image = np.array(clip.read(number), np.uint8)
            if number in HIDDEN:
                image[104:244, 298:424] = (150, 110, 90)  # a larger one would be a cut
            writer.write(image)
    return path


@pytest.fixture(scope="module")
def played(installed_room, given, hidden):
    """The scenario, played once in a room of its own."""
    own = installed_room("landmarks")
    facts = own.window(SCENARIO, given | {"hidden.mp4": hidden}, factory=False)
    keep_for_docs(own.work, "21_landmarks.png")
    return {**facts, "work": own.work}


@pytest.fixture(scope="module")
def preview(played):
    """What is seen of the preview in a picture of the screen, but for its edges and texts, and where that begins."""
    left, low, width, height = played["size"]

    def cut(name):
        screen = read(played["work"] / f"{name}.png")
        top = screen.shape[0] - low - height
        return screen[top + 60 : top + height - 100, left + 8 : left + width - 8], (left + 8, top + 60)

    return cut


def test_a_drag_corrects_one_frame_by_one_handle(played):
    ((first, last, (key,)),) = played["dragged"]
    assert first == last == key[0] == FRAME - 1
    moved = np.reshape(key[5:], (HANDLES, 2))
    (number,) = np.flatnonzero(np.abs(moved).max(1) > 1e-6)
    assert number == 5  # the chin
    assert moved[5, 1] > 0.03
    assert key[1:5] == [0, 0, 0, 1]
    # The handle is where the pointer let it go.
    assert played["reached"] == pytest.approx([played["chin"][0], played["chin"][1] - DOWN], abs=1.5)


def test_the_picture_changes_at_the_chin_and_nowhere_far_from_the_face(played, preview):
    (before, (left, top)), (after, _) = (preview(f"landmarks_{name}") for name in ("before", "after"))
    changed = difference(before, after)
    screen_height = read(played["work"] / "landmarks_before.png").shape[0]

    def place(point):
        return round(point[0] - left), round(screen_height - point[1] - top)

    chin, forehead = place(played["chin"]), place(played["forehead"])
    eyes = [place(eye) for eye in played["eyes"]]
    height = chin[1] - forehead[1]
    assert height > 60
    rows, columns = np.nonzero(changed > 2)
    assert len(rows) > 100
    # All that changes is on the face, most of it in the lower half.
    assert abs(columns - chin[0]).max() < 0.8 * height
    assert rows.min() > forehead[1] - 0.3 * height
    assert rows.max() < chin[1] + 0.5 * height
    middle = (chin[1] + forehead[1]) // 2
    assert changed[middle:].sum() > 2 * changed[:middle].sum()
    for x, y in eyes:
        assert changed[y - 4 : y + 5, x - 4 : x + 5].mean() < 4


def test_undo_and_redo_take_a_drag_back_and_bring_it_again(played, preview):
    assert played["undone"] == []
    assert played["redone"] == played["dragged"]
    assert difference(preview("landmarks_before")[0], preview("landmarks_undone")[0]).max() == 0


def test_a_knob_turns_the_face_and_escape_gives_a_drag_up(played):
    ((_, _, (key,)),) = played["turned"]
    assert key[3] > 3
    assert played["on_the_way"] != played["turned"] == played["given_up"]


def test_a_click_places_a_face_and_a_drag_moves_its_eye(played, preview):
    count, text = played["nobody"]
    assert (count, text[:16]) == (0, "No face is found")
    ((frame, *before),), ((again, *after),) = played["placed"], played["eye"]
    assert frame == again == HIDDEN[1]
    assert np.subtract(after, before) == pytest.approx([-12, -5, 0, 0, 0, 0], abs=1.2)
    none, placed = (preview(f"landmarks_{name}")[0] for name in ("none", "placed"))
    assert (difference(none, placed) > 40).sum() > 500


def test_blender_prints_no_fault_of_ours(played):
    assert "Traceback" not in played["output"]
