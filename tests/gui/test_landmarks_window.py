# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles on a face in the window of real Blender 5.2: a drag changes the picture where it should, and is undone."""

from pathlib import Path

import numpy as np
import pytest
from gui.conftest import keep_for_docs
from gui.painted_clip import write_hidden_clip
from gui.screen import crop_to_region, difference, read

SCENARIO = Path(__file__).parent / "scenarios" / "landmarks.py"
FRAME, DOWN, LENGTH, HIDDEN = 6, 16, 12, (8, 9)
HANDLES = 15
_ABOVE, _BESIDE = 60, 8
"""Within how many pixels of the preview's top and sides there is something else."""


@pytest.fixture(scope="module")
def hidden(material, tmp_path_factory):
    """The clip with two frames in which a board hides the face."""
    path = tmp_path_factory.mktemp("hidden") / "hidden.mp4"
    return write_hidden_clip(material / "clip.mp4", path, LENGTH, HIDDEN)


@pytest.fixture(scope="module")
def played(installed_room, given, hidden):
    """The scenario, played once in a room of its own."""
    own = installed_room("landmarks")
    facts = own.window(SCENARIO, given | {"hidden.mp4": hidden}, factory=False)
    keep_for_docs(own.work, "21_landmarks.png")
    return {**facts, "work": own.work}


@pytest.fixture(scope="module")
def preview(played):
    """What is seen of the preview in a picture of the screen, but for its edges and texts."""

    def cut(name):
        screen = read(played["work"] / f"{name}.png")
        return crop_to_region(screen, played["region"], above=_ABOVE, below=100, beside=_BESIDE)

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
    changed = difference(preview("landmarks_before"), preview("landmarks_after"))
    left, low, _, height = played["region"]

    def place(point):
        return round(point[0] - left - _BESIDE), round(low + height - point[1] - _ABOVE)

    chin, forehead = place(played["chin"]), place(played["forehead"])
    eyes = [place(eye) for eye in played["eyes"]]
    face_height = chin[1] - forehead[1]
    assert face_height > 60
    rows, columns = np.nonzero(changed > 2)
    assert len(rows) > 100
    # All that changes is on the face, most of it in the lower half.
    assert abs(columns - chin[0]).max() < 0.8 * face_height
    assert rows.min() > forehead[1] - 0.3 * face_height
    assert rows.max() < chin[1] + 0.5 * face_height
    middle = (chin[1] + forehead[1]) // 2
    assert changed[middle:].sum() > 2 * changed[:middle].sum()
    for x, y in eyes:
        assert changed[y - 4 : y + 5, x - 4 : x + 5].mean() < 4


def test_undo_and_redo_take_a_drag_back_and_bring_it_again(played, preview):
    assert played["undone"] == []
    assert played["redone"] == played["dragged"]
    assert difference(preview("landmarks_before"), preview("landmarks_undone")).max() == 0


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
    none, placed = (preview(f"landmarks_{name}") for name in ("none", "placed"))
    assert (difference(none, placed) > 40).sum() > 500


def test_blender_prints_no_fault_of_ours(played):
    assert "Traceback" not in played["output"]
