# SPDX-License-Identifier: GPL-3.0-or-later
"""Nesting that fails on the way: the timeline is as it was."""

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]


def test_what_a_clip_feeds_is_put_back_where_no_meta_strip_can_be_made(every_blender, footage):
    answers = every_blender(
        ["project", {"size": [320, 240], "frames": [1, 12]}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": None}],
        [
            "effect",
            {"name": "blur", "kind": "GAUSSIAN_BLUR", "channel": 6, "start": 1, "length": 12, "of": "clip"},
        ],
        ["nest_refused", {"name": "clip"}],
    )
    raised, before, after = answers[-1]
    assert raised == "refused"
    assert before["blur"] == "clip"
    assert after == before
