# SPDX-License-Identifier: GPL-3.0-or-later
"""Undo and redo of every edit of a timeline, in every Blender, told by what is rendered.

Undone, the clip looks as it did before the edit; done again, as it did after it. That the edited clip looks right
is what `test_addon_edits` tells.
"""

import numpy as np
import pytest
from timeline_edits import EDITS

pytestmark = [pytest.mark.blender, pytest.mark.every_blender]

LAST = 20
# Those that go back and forth by themselves are no single edit.
UNDONE = {name: edit for name, edit in EDITS.items() if not name.startswith("undone")}


@pytest.fixture(scope="module")
def rendered(every_blender, footage):
    """Make every edit, undo it and do it again; returns what was rendered at first and, of each edit, the three."""
    drive = every_blender
    blend = str(drive.folder / "recast.blend")
    drive(
        ["project", {"size": [320, 240], "frames": [1, LAST], "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["render", {"out": drive.out("first")}],
        ["save", {}],
    )
    steps = []
    for number, (change, (first, last)) in enumerate(UNDONE.values()):
        looked = ["setup", {"frame_start": first, "frame_end": last, "frame_step": max(last - first, 1)}]
        steps += [
            ["load", {"path": blend}],
            looked,
            ["undo", {"push": "before", "times": 0}],
            *change,
            looked,
            ["undo", {"push": "edited", "times": 0}],
            ["render", {"out": drive.out(f"edited-{number}")}],
            ["undo", {"times": 1}],
            ["render", {"out": drive.out(f"undone-{number}")}],
            ["undo", {"times": 0, "redo": 1}],
            ["render", {"out": drive.out(f"redone-{number}")}],
        ]
    drive(*steps)
    return drive.pictures("first", LAST), {
        name: [drive.pictures(f"{state}-{number}") for state in ("edited", "undone", "redone")]
        for number, name in enumerate(UNDONE)
    }


@pytest.mark.parametrize("name", UNDONE)
def test_an_edit_undone_and_done_again_shows_what_it_did(rendered, name):
    first, (edited, undone, redone) = rendered[0], rendered[1][name]
    assert sorted(edited) == sorted(undone) == sorted(redone) != []
    for frame in edited:
        assert np.array_equal(undone[frame], first[frame]), frame
        assert np.array_equal(redone[frame], edited[frame]), frame
