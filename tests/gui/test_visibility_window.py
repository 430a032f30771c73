# SPDX-License-Identifier: GPL-3.0-or-later
"""A modifier's two switches in the window of real Blender 5.2: after a render the preview is what it was."""

from pathlib import Path

import pytest
from gui.test_render_modes import make

SCENARIOS = Path(__file__).parent / "scenarios"
COUNT = 4


@pytest.fixture(scope="module")
def window(installed_room, given):
    """The scenario, played once in a room of its own."""
    own = installed_room("switches")
    make(own, given, "/work/switches.blend", "prepared", COUNT)
    return {**own.window(SCENARIOS / "visibility.py", given, factory=False), "work": own.work}


def test_the_preview_is_made_again_after_a_render_that_is_not_like_it(window):
    assert f"{COUNT} shown as the original" in window["rendered"]
    assert window["after"]["4"] != window["before"]["4"]  # what the render wrote
    assert window["after"]["2"] == window["before"]["2"]  # the visible frame
