# SPDX-License-Identifier: GPL-3.0-or-later
"""A turnover in the window of real Blender 5.2: written beside the editor, with progress, and stopped."""

from pathlib import Path

SCENARIO = Path(__file__).parent / "scenarios" / "turnover.py"
LENGTH = 30


def test_a_turnover_is_written_beside_the_editor_and_can_be_stopped(installed_room, given):
    facts = installed_room("turnover").window(SCENARIO, given, factory=False, timeout=900)
    assert facts["proposed"] == ["/work/", "clip_mp4_turnover"]
    assert facts["accepted"]
    count, *rest = facts["stopped"]
    assert 0 < count < LENGTH
    assert rest == [False, ""]
    assert facts["stopped_status"].endswith(f"of {LENGTH} frames")
    assert "A turnover of clip.mp4 is being written already: wait for its end" in facts["second"]
    assert facts["whole"] == [LENGTH, True, ""]
    assert 0 < facts["left"][0] <= LENGTH
    assert not facts["left_process"]
