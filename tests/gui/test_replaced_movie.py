# SPDX-License-Identifier: GPL-3.0-or-later
"""A movie that is replaced while the window has it open is opened again before a render shows it."""

from pathlib import Path

import pytest
from gui.screen import difference, read
from gui.test_render_modes import make

SCENARIO = Path(__file__).parent / "scenarios" / "replaced_movie.py"
COUNT = 3


@pytest.fixture(scope="module")
def rendered(installed_room, given):
    """What was rendered before and after, and by a Blender that never had the former movie open."""
    own = installed_room("replaced")
    make(own, given, "/work/replaced.blend", "bare", COUNT)
    facts = own.window(SCENARIO, given, factory=False, timeout=200)
    truth = own.blender(["-b", "/work/replaced.blend", "-o", "/work/truth_", "-a"], given)
    assert truth.status == 0, truth.output
    frames = {
        name: [read(own.work / f"{name}_{number:04d}.png") for number in range(1, COUNT + 1)]
        for name in ("before", "after", "truth")
    }
    return facts, frames


def test_a_render_in_the_window_shows_the_movie_that_is_there(rendered):
    facts, frames = rendered
    for before, after, truth in zip(*(frames[name] for name in ("before", "after", "truth")), strict=True):
        assert difference(after, truth).max() <= 1
        assert difference(before, truth).max() > 20
    assert "Traceback" not in facts["output"]
