# SPDX-License-Identifier: GPL-3.0-or-later
"""Every edit of a timeline, undone and done again: the frames are those of before, and then those of the edit."""

import pytest
from shared_result import shared_result
from timeline_edits import EDITS

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]

COUNT = 4
# These undo by themselves, or go on in another scene, or have renders forget what they read.
UNDOABLE = [
    name
    for name in EDITS
    if name not in ("undone", "undone and done again", "in a scene strip", "sped up by an effect")
]


@pytest.fixture(scope="module")
def undone(every_blender, footage, tmp_path_factory):
    """Make each edit, undo it and do it again; returns by edit whether the frames were those, and what was said."""
    name = f"undone_{every_blender.blender.name}"
    return shared_result(tmp_path_factory, name, lambda _: _undo_edits(every_blender, footage))


def _undo_edits(drive, footage):
    recast = str(drive.folder / "recast.blend")
    drive(
        ["project", {"size": [320, 240], "frames": [1, 12], "save": recast}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["work", {}],
        ["save", {}],
        *_render(drive, "before", 1, COUNT),
    )
    steps = []
    for number, name in enumerate(UNDOABLE):
        change, (first, last) = EDITS[name]
        steps += [["load", {"path": recast}], ["undo", {"push": "before", "times": 0}], *change]
        steps += [["undo", {"push": "edited", "times": 0}], ["settled", {}]]
        steps += _render(drive, f"edited-{number}", first, last)
        steps += [["undo", {"times": 1}], ["settled", {}], *_render(drive, f"undone-{number}", 1, COUNT)]
        steps += [["undo", {"times": 0, "redo": 1}], ["settled", {}]]
        steps += _render(drive, f"redone-{number}", first, last)
    drive(*steps)
    before = drive.pictures("before", COUNT)
    return {
        name: (
            _are_equal(drive.pictures(f"undone-{number}"), before),
            _are_equal(drive.pictures(f"redone-{number}"), drive.pictures(f"edited-{number}")),
        )
        for number, name in enumerate(UNDOABLE)
    }


def _render(drive, prefix, first, last):
    return [
        ["setup", {"frame_start": first, "frame_end": last}],
        ["render", {"out": drive.out(prefix)}],
    ]


def _are_equal(shown, wanted):
    return sorted(shown) == sorted(wanted) != [] and all((shown[n] == wanted[n]).all() for n in wanted)


@pytest.mark.parametrize("name", UNDOABLE)
def test_an_edit_that_is_undone_and_done_again_shows_what_it_did(undone, name):
    assert undone[name] == (True, True)
