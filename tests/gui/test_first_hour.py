# SPDX-License-Identifier: GPL-3.0-or-later
"""From the installed extension to the first swapped frames in a window of 1280 x 720, by six clicks."""

from pathlib import Path

import pytest
from gui.conftest import keep_for_docs
from gui.screen import difference, read

from tools.blender_window.window import Room

SCENARIO = Path(__file__).parent / "scenarios" / "first_hour.py"
SIZE = (1280, 720)
MOST_CLICKS = 6
STEPS = ("install", "clip", "menu", "modifier", "picture", "chosen", "ready")
PREVIEW = slice(56, 300), slice(428, 944)


@pytest.fixture(scope="module")
def first_hour(room, given, tmp_path_factory):
    """The scenario, played by somebody who never used the extension."""
    own = Room(room.folder, tmp_path_factory.mktemp("first_hour"))
    facts = own.window(SCENARIO, given, size=SIZE)
    keep_for_docs(own.work, "first_hour_*.png")
    return facts, own.work


def test_six_clicks_lead_from_a_clip_to_its_new_face(first_hour):
    facts, _ = first_hour
    assert facts["tab"] == "STRIP_MODIFIER"
    assert facts["modifiers"] == 1
    assert facts["pictures"] == ["face.png"]
    assert facts["clicks"][-1] == "Prepare Clip"
    assert len(facts["clicks"]) <= MOST_CLICKS
    assert facts["states"][-1][0] == "All 30 ready"


def test_nothing_warns_on_the_way(first_hour):
    facts, _ = first_hour
    assert [state for state, is_warning in facts["states"] if is_warning] == []
    lines = facts["output"].splitlines()
    assert not [line for line in lines if "Traceback" in line or line.startswith(("Warning:", "Error:"))]


def test_the_preview_shows_the_new_face_at_the_end(first_hour):
    _, work = first_hour
    before, after = (read(work / f"first_hour_{name}.png")[PREVIEW] for name in ("4_modifier", "7_ready"))
    changed = difference(before, after) > 8
    assert 500 < changed.sum() < 0.1 * changed.size  # a face, and nothing but a face


def test_every_step_has_its_image(first_hour):
    _, work = first_hour
    names = [f"first_hour_{number}_{step}.png" for number, step in enumerate(STEPS, 1)]
    assert sorted(path.name for path in work.glob("first_hour_*.png")) == names
    assert all(read(work / name).shape == (SIZE[1], SIZE[0], 3) for name in names)
