# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender: the timeline marks ranges where the strips show their frames."""

import pytest
from timeline_edits import EDITS

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT = 12


def test_the_timeline_marks_ranges_wherever_an_edit_takes_their_frames(drive, footage):
    """Every edit there is: what is marked is where the strips show these frames of the clip, and nothing else."""
    path, wanted = (
        str(drive.folder / "marked.blend"),
        {"EXCLUDE": (3, 5), "HOLD": (7, 7), "REDETECT": (9, 10)},
    )
    add = [["op", {"name": "understudy.range_add", "active": "clip", "kind": kind}] for kind in wanted]
    ends = {f"ranges.{place}.last": span[1] for place, span in enumerate(wanted.values())}
    ends |= {f"ranges.{place}.first": span[0] for place, span in enumerate(wanted.values())}
    drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": path}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["op", {"name": "understudy.refresh"}],
        *add,
        ["tune", {"settings": ends}],
        ["save", {}],
    )
    steps = []
    for change, _ in EDITS.values():
        steps += [["load", {"path": path}], *change, ["op", {"name": "understudy.refresh"}]]
        steps += [["timeline_marks", {"first": -50, "end": 200}], ["shown_by_clips", {}]]
    answers = iter(drive(*steps))
    for name, (change, _) in EDITS.items():
        *_, marks, shown = (next(answers) for _ in range(len(change) + 4))
        expected = {
            kind: sorted(frame for frame, number in shown if first <= number <= last)
            for kind, (first, last) in wanted.items()
        }
        assert marks == {kind: frames for kind, frames in expected.items() if frames}, name
