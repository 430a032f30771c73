# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes in the window of real Blender 5.2: the screen shows the take that is chosen, and a flip writes nothing."""

from pathlib import Path

import pytest
from gui.screen import difference, read

SCENARIO = Path(__file__).parent / "scenarios" / "takes.py"
PREVIEW = slice(60, 600), slice(330, 1160)
FRAMES = (5, 15, 25)


@pytest.fixture(scope="module")
def takes(installed_room, given):
    """The scenario, played once in a room of its own; returns its facts and how to read its pictures."""
    own = installed_room("takes")
    facts = own.window(SCENARIO, given, factory=False)
    return {**facts, "read": lambda name: read(own.work / f"takes_{name}.png")[PREVIEW]}


def test_a_flip_shows_the_other_take_and_writes_nothing(takes):
    assert takes["prepared"] == takes["end"] == ["", ""]
    assert (takes["flipped"], takes["undone"]) == (0, 1)
    first, second, undone = (takes["read"](name) for name in ("first", "second", "undone"))
    assert (difference(first, second) > 8).sum() > 2000
    assert (difference(second, undone) > 1).sum() == 0
    assert takes["later_files"] == takes["files"]
    assert len(takes["files"]) == 60


def test_keyframes_show_each_take_in_its_frames(takes):
    for frame, place in zip(FRAMES, (0, 1, 0), strict=True):
        keyed = takes["read"](f"keyed_{frame}")
        assert (difference(keyed, takes["read"](f"{place}_{frame}")) > 1).sum() == 0, frame
        assert (difference(keyed, takes["read"](f"{1 - place}_{frame}")) > 8).sum() > 2000, frame
