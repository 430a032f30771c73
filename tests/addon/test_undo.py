# SPDX-License-Identifier: GPL-3.0-or-later
"""Undo and redo of every edit of a timeline, told by what is rendered: in one Blender each, or, long, in every one.

Undone, the clip looks as it did before the edit; done again, as it did after it. That the edited clip looks right
is what `test_timeline_edits` tells.
"""

import numpy as np
import pytest
from blenders import NAMES
from timeline_edits import EDITS

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]

LAST = 20
# Those that go back and forth by themselves are no single edit.
UNDO_EDITS = {name: edit for name, edit in EDITS.items() if not name.startswith("undone")}


def undo_edits(drive, footage, edits):
    """Make edits, undo them and do them again; returns what was rendered at first and, of each edit, the three."""
    blend = str(drive.folder / "recast.blend")
    drive(
        ["project", {"size": [320, 240], "frames": [1, LAST], "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["render", {"out": drive.out("first")}],
        ["save", {}],
    )
    steps = []
    for number, (change, (first, last)) in enumerate(edits.values()):
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
        for number, name in enumerate(edits)
    }


def check(rendered):
    first, edits = rendered
    for name, (edited, undone, redone) in edits.items():
        assert sorted(edited) == sorted(undone) == sorted(redone) != [], name
        for frame in edited:
            assert np.array_equal(undone[frame], first[frame]), (name, frame)
            assert np.array_equal(redone[frame], edited[frame]), (name, frame)


def test_an_edit_undone_and_done_again_shows_what_it_did(every_blender, footage):
    place = NAMES.index(every_blender.blender.name)
    share = dict(list(UNDO_EDITS.items())[place :: len(NAMES)])
    check(undo_edits(every_blender, footage, share))


@pytest.mark.long
def test_each_edit_can_be_undone_in_each_blender(every_blender, footage):
    check(undo_edits(every_blender, footage, UNDO_EDITS))
