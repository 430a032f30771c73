# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip with a real face, its sources, and `understudy render` on it."""

import importlib.util
import sys
from pathlib import Path

import pytest
from understudy.core.media.open import open_clip

_spec = importlib.util.spec_from_file_location("faces_clip", Path(__file__).with_name("faces_clip.py"))
faces_clip = importlib.util.module_from_spec(_spec)
sys.modules.setdefault("faces_clip", faces_clip)
_spec.loader.exec_module(faces_clip)

FRAMES = 12
ANALYSIS = ("detect", "landmark", "embed")
PROGRAM = [sys.executable, "-m", "understudy.core.cli"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A clip with sound and two pictures of 'the source': the portrait in red and in blue make-up."""
    made = tmp_path_factory.mktemp("cli")
    faces_clip.write_clip(made / "clip.mp4", FRAMES)
    faces_clip.write_picture(made / "red.png", faces_clip.make_up_portrait((230, 20, 20)))
    faces_clip.write_picture(made / "blue.png", faces_clip.make_up_portrait((20, 20, 230)))
    return made


def pictures(path):
    with open_clip(path) as clip:
        return clip.info, [clip.read(number) for number in range(clip.info.frame_count)]
