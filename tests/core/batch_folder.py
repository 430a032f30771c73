# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips that show different frames and a cast of five, for batches, and what becomes of them."""

import json
from contextlib import suppress

import numpy as np
import pytest
from understudy.core.cli.main import main
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.open import open_clip

from tests.core import face_clip

FRAME_COUNTS = {"one": 5, "two": 4}
CAST = {"red": (230, 20, 20), "blue": (20, 20, 230), "green": (20, 200, 20), "pink": (230, 90, 160)}
OUTPUT = "{clip_stem}_{face_stem}.mkv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two clips of different frames in `shots`, five people in `cast`, one of them with two images."""
    made = tmp_path_factory.mktemp("batch")
    for name in ("shots", "cast", "cast/both"):
        (made / name).mkdir()
    write_clip(made / "shots" / "one.mp4", range(FRAME_COUNTS["one"]))
    write_clip(made / "shots" / "two.mp4", range(10, 10 + FRAME_COUNTS["two"]))
    for name, colour in CAST.items():
        face_clip.write_picture(made / "cast" / f"{name}.png", face_clip.make_up_portrait(colour))
    for name in ("red", "blue"):
        (made / "cast" / "both" / f"{name}.png").write_bytes((made / "cast" / f"{name}.png").read_bytes())
    return made


def write_clip(path, numbers, frame=face_clip.frame):
    """Write the frames of these numbers as a movie."""
    height, width = frame(0).shape[:2]
    with VideoWriter(path, width, height, face_clip.FPS) as writer:
        for number in numbers:
            writer.write(frame(number))
    return path


def two_people(number):
    """A frame of the portrait at the left, and of its mirror image at the right."""
    picture = np.full((360, 720, 3), 90 + number, np.uint8)
    portrait = face_clip.portrait()
    picture[20:340, 20:340] = portrait
    picture[20:340, 380:700] = portrait[:, ::-1]
    return picture


def frames(path):
    """Return what a movie's frames decode to."""
    with open_clip(path) as clip:
        return [clip.read(number) for number in range(clip.info.frame_count)]


def run_batch(place, *arguments, code=0):
    """Run a batch and return its report; outputs are without loss, so that equal frames are equal bytes."""
    report = place / "report.json"
    with suppress(FileNotFoundError):
        report.unlink()
    assert main(["batch", *map(str, arguments), "--codec", "ffv1", "--report", str(report)]) == code
    return json.loads(report.read_text())


def states(report):
    """Return what became of each row."""
    return [row["state"] for row in report["rows"]]


def stage_runs(report, stage):
    """Return how often a stage ran for all rows."""
    return sum(row["stages"].get(stage, {}).get("run", 0) for row in report["rows"])
