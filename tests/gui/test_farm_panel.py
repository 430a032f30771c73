# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Farm in the window: it is folded at first, checks a job and writes it."""

from pathlib import Path

import pytest

SCENARIO = Path(__file__).parent / "scenarios" / "farm.py"


@pytest.fixture(scope="module")
def played(installed_room, given):
    """The scenario, played in a window."""
    own = installed_room("farm")
    return own.window(SCENARIO, given, factory=False, size=(1600, 900))


def test_it_is_folded_until_somebody_opens_it(played):
    assert not [name for name in played["folded"] if "farm" in name]
    settings = {"engine", "use_automatic_chunk", "workers", "prepare_first", "strict"}
    assert settings <= {name.rpartition(".")[2] for name in played["unfolded"]}


def test_a_check_is_shown_and_a_job_written(played):
    texts = [text for text, level in played["lines"] if level == "INFO"]
    # Blender's layout for editing writes one movie, so one task has all frames.
    assert texts[:2] == ["Frames 1 to 30: 0 of 30 ready", "1 task of 30 frames at most"]
    assert not [text for text, level in played["lines"] if level == "ERROR"]
    assert any(name.endswith(".js") for name in played["files"])


def test_what_would_fail_is_shown(played):
    (fault,) = [text for text, level in played["faults"] if level == "ERROR"]
    assert "image missing (face.png)" in fault


def test_blender_prints_no_fault_of_ours(played):
    assert "Traceback" not in played["output"]
