# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frame a retimed strip shows, as we compute it, against what Blender tells of an image strip."""

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.every_blender]


def test_retimed_frames_are_blenders(every_blender, footage):
    drive = every_blender
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 12]}],
        ["retimed_at_random", {"file": footage.files[0], "trials": 40, "seed": 7}],
    )[1]
    assert {done for done, _, _ in answers} == {"keys", "freeze", "transition"}
    assert sum(len(theirs) for _, _, theirs in answers) > 2000
    assert [ours for _, ours, _ in answers] == [theirs for _, _, theirs in answers]
