# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of a strip is true: in the timeline's bar, in the state that is drawn, and before a render."""

from pathlib import Path

import pytest
from gui.screen import read
from gui.test_render_modes import make

from tools.blender_window.window import Room

SCENARIO = Path(__file__).parent / "scenarios" / "state_in_window.py"
PREPARED = 12


@pytest.fixture(scope="module")
def shown(room, given, tmp_path_factory):
    """The scenario, played in a room of its own."""
    own = Room(room.folder, tmp_path_factory.mktemp("state"))
    install = ["--command", "extension", "install-file", "-r", "user_default", "-e", "/given/understudy.zip"]
    assert own.blender(install, given).status == 0
    make(own, given, "/work/state.blend", "prepared", PREPARED)
    return own.window(SCENARIO, given, factory=False, timeout=200), own.work


def bar_share(picture, bar):
    """What share of the clip's width is drawn as ready, in the row of the timeline that has most of it."""
    rows = picture[bar["bottom"] - 12 : bar["bottom"], bar["first"] : bar["end"]].astype(int)
    ready = (rows[..., 1] > rows[..., 0] + 60) & (rows[..., 1] > rows[..., 2] + 60)
    return ready.mean(1).max()


def test_the_timeline_shows_what_is_ready(shown):
    facts, work = shown
    share = PREPARED / facts["bar"]["frames"]
    assert bar_share(read(work / "bar_part.png"), facts["bar"]) == pytest.approx(share, abs=0.02)
    # Once a setting is changed that decides how a face is made only the visible frame is; until it is set back.
    only_one = pytest.approx(1 / facts["bar"]["frames"], abs=0.02)
    assert bar_share(read(work / "bar_changed.png"), facts["bar"]) == only_one
    assert bar_share(read(work / "bar_back.png"), facts["bar"]) == pytest.approx(share, abs=0.02)


def test_after_a_change_the_visible_frame_is_made_and_keeps_its_face_until_then(shown):
    remade = shown[0]["remade"]
    assert remade["changed"]
    assert remade["kept"]
    assert remade["said"]
    assert remade["is_face"]


def test_an_old_face_is_dimmed_until_the_new_one_is_made(shown):
    facts, work = shown
    if not facts["remade"]["is_dimmed"]:
        pytest.skip("the new face was made before a picture was taken")
    x, y, width, height = facts["preview"]
    middle = slice(y + height // 3, y + 2 * height // 3), slice(x + width // 3, x + 2 * width // 3)
    bright, dimmed = (read(work / f"{name}.png")[middle].mean() for name in ("bar_part", "preview_dimmed"))
    assert 0.6 * bright < dimmed < 0.9 * bright
    assert read(work / "bar_changed.png")[middle].mean() == pytest.approx(bright, rel=0.05)


def test_the_state_that_is_drawn_is_true_and_computed_once_per_redraw(shown):
    pairs, computed = shown[0]["drawn"]["pairs"], shown[0]["drawn"]["computed"]
    assert len({fresh for _, fresh in pairs}) > 1
    assert all(drawn == [fresh] for drawn, fresh in pairs)
    # Each redraw asks four times here, and panel and status bar besides.
    assert len(pairs) <= computed < 2 * len(pairs)


def test_a_render_that_can_swap_nothing_is_refused_by_the_dialog(shown):
    facts, _ = shown
    assert facts["refused"] == {
        "files": ["asked_0001.png"],
        "earlier": "an earlier image",
        "path": "/work/asked_",
        "percentage": 100,
    }


def test_a_refused_still_or_movie_writes_nothing(shown):
    facts, _ = shown
    assert facts["asks_of_nobody"]
    assert max(facts["refused_still"]) < 10
    assert facts["refused_movie"] == ["/work/asked_", "asked_0001.png"]


def test_or_renders_the_originals_where_the_dialog_is_told_so(shown):
    facts, _ = shown
    assert facts["asked"] == [f"asked_{frame:04d}.png" for frame in (1, 2, 3)]
    assert "3 shown as the original" in facts["result"]
    assert "Traceback" not in facts["output"]
