# SPDX-License-Identifier: GPL-3.0-or-later
"""The visible frame keeps its last face until the one that an edit asks for is made, whatever comes between."""

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]


def test_an_edit_is_made_too_where_the_cache_knows_other_frames_alone(drive, prepared, tmp_path):
    """As in a project that was saved elsewhere: its layers came along, the results of the first folder did not."""
    answers = drive(
        ["load", {"path": prepared}],
        ["work", {}],
        ["save", {"path": str(tmp_path / "elsewhere.blend")}],
        ["setup", {"frame_start": 1, "frame_end": 1}],
        ["tune", {"settings": {"swap.mirror": 0.2, "swap.shape": 0.0}}],
        ["render", {"out": drive.out("elsewhere"), "report": str(tmp_path / "elsewhere.json")}],
        ["tune", {"settings": {"swap.mirror": 1.0, "swap.shape": 1.0}}],
        ["live_begin", {}],
        ["live_frame", {"frame": 3}],
        ["tune", {"settings": {"swap.mirror": 0.4}}],
        ["live_remake", {}],
        ["live_end", {}],
    )
    until, made = answers[10]
    assert until["key"] == answers[8]["key"] is not None
    assert until["overlay"] == "Updating…"
    assert made["key"] not in (None, until["key"])


def test_what_an_edit_asks_for_is_made_after_a_preparation_that_was_stopped(drive, prepared):
    answers = drive(
        ["load", {"path": prepared}],
        ["live_begin", {}],
        ["live_frame", {"frame": 3}],
        ["tune", {"settings": {"swap.crop_size": 768}}],
        ["live_remake_after_preparation", {}],
        ["live_end", {}],
    )
    assert answers[4]["key"] not in (None, answers[2]["key"])
