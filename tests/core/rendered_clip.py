# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip with a real face, its sources, and `understudy render` on it."""

import json
import sys

import pytest
from report_stages import stage_runs
from understudy.core.cli.main import main
from understudy.core.media.open import open_clip

from tests.core import face_clip

FRAMES = 12
ANALYSIS = ("detect", "landmark", "embed")
PROGRAM = [sys.executable, "-m", "understudy.core.cli"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A clip with sound and two pictures of 'the source': the portrait in red and in blue make-up."""
    made = tmp_path_factory.mktemp("cli")
    face_clip.write_clip(made / "clip.mp4", FRAMES)
    face_clip.write_picture(made / "red.png", face_clip.make_up_portrait((230, 20, 20)))
    face_clip.write_picture(made / "blue.png", face_clip.make_up_portrait((20, 20, 230)))
    return made


def render(folder, output, *more):
    """Render the clip with the red person as a file of the folder; returns how often each stage ran."""
    report = folder / "report.json"
    command = ["render", folder / "clip.mp4", "--face", folder / "red.png", "--output", folder / output,
               "--report", report, "--quiet", *more]  # fmt: skip
    assert main([*map(str, command)]) == 0
    return stage_runs(json.loads(report.read_text()))


def pictures(path):
    with open_clip(path) as clip:
        return clip.info, [clip.read(number) for number in range(clip.info.frame_count)]
