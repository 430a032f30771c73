# SPDX-License-Identifier: GPL-3.0-or-later
"""A modifier's two switches in the window of real Blender 5.2: after a render the preview is what it was."""

from pathlib import Path

import pytest

from tools.blender_window.window import Room

SCENARIOS = Path(__file__).parent / "scenarios"
COUNT = 4


@pytest.fixture(scope="module")
def window(room, given, tmp_path_factory):
    """The scenario, played once in a room of its own."""
    own = Room(room.folder, tmp_path_factory.mktemp("switches"))
    for words in (
        ["--command", "extension", "install-file", "-r", "user_default", "-e", "/given/understudy.zip"],
        ["-b", "-P", "/given/.make.py", "--", "/work/switches.blend", str(COUNT), "prepared"],
    ):
        run = own.blender(words, {**given, ".make.py": SCENARIOS / "make_project.py"})
        assert run.status == 0, run.output
    return {**own.window(SCENARIOS / "visibility.py", given, factory=False), "work": own.work}


def test_the_preview_is_made_again_after_a_render_that_is_not_like_it(window):
    assert f"{COUNT} shown as the original" in window["rendered"]
    assert window["after"]["4"] != window["before"]["4"]  # what the render wrote
    assert window["after"]["2"] == window["before"]["2"]  # the visible frame
