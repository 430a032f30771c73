# SPDX-License-Identifier: GPL-3.0-or-later
"""What `Clip.read` returns is what Blender's own sequencer shows, frame by frame."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.core.media.open import open_clip, open_sequence

FOOTAGE = Path(__file__).parents[1] / "footage"
_spec = importlib.util.spec_from_file_location("make_clips", FOOTAGE / "make_clips.py")
make_clips = importlib.util.module_from_spec(_spec)
sys.modules.setdefault("make_clips", make_clips)
_spec.loader.exec_module(make_clips)

pytestmark = pytest.mark.blender

# Largest difference allowed, in steps of 1/255. Made clips and footage measure 0 at 8 bits and 0.004 above.
MAX_DIFFERENCE_BY_BITS = {8: 1.0, 16: 2.0}
FOOTAGE_CLIPS = {
    "02_single_calm_movingcam_720p.mp4": (0, 1, 90, 179),
    "24_stage_cuts_mic_crowd_540p.mp4": (0, 19, 20, 82, 211, 274),
    "30_two_people_sbs_1080p.mp4": (0, 1, 101, 179),
}


def show(folder, clips):
    """Have Blender render the clips' frames; returns its facts and a reader of its pictures."""
    job = folder / "job.json"
    job.write_text(json.dumps({"out": str(folder), "clips": clips}))
    done = subprocess.run(
        [sys.executable, FOOTAGE / "show_strips.py", job],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    facts = json.loads((folder / "facts.json").read_text())

    def picture(name, frame):
        pixels = cv2.imread(str(folder / f"{name}_{frame}.png"), cv2.IMREAD_UNCHANGED)
        assert pixels is not None, f"Blender wrote no frame {frame} of {name}"
        return pixels[..., ::-1]

    return facts, picture


def request_for(name, files, clip, frames):
    info = clip.info
    return {
        "name": name,
        "files": [str(file) for file in files],
        "frames": list(frames),
        "depth": info.bit_depth,
        "size": [info.width, info.height],
    }


def largest_difference(ours, theirs):
    """In steps of 1/255."""
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    return np.abs(ours.astype(np.float64) - theirs).max() * 255 / np.iinfo(ours.dtype).max


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Every made movie shown by Blender in one process: its file, Blender's facts and pictures."""
    folder = tmp_path_factory.mktemp("made")
    clips = []
    for recipe in make_clips.MOVIES:
        path = make_clips.make_movie(folder, recipe)
        with open_clip(path) as clip:
            clips.append(request_for(recipe.name, [path], clip, range(clip.info.frame_count)))
    return folder, *show(folder, clips)


@pytest.mark.parametrize("recipe", make_clips.MOVIES, ids=lambda recipe: recipe.name)
def test_every_frame_of_a_movie_is_blenders(made, recipe):
    folder, facts, picture = made
    with open_clip(folder / recipe.name) as clip:
        fact = facts[recipe.name]
        assert clip.info.frame_count == fact["frames"] == fact["final"]
        assert float(clip.info.fps) == pytest.approx(fact["fps"], rel=1e-6)
        assert [clip.info.width, clip.info.height] == fact["size"]
        assert clip.info.bit_depth == recipe.depth
        for frame in range(clip.info.frame_count):
            ours, theirs = clip.read(frame), picture(recipe.name, frame)
            assert largest_difference(ours, theirs) <= MAX_DIFFERENCE_BY_BITS[recipe.depth], frame
            turns = -recipe.rotation // 90
            assert make_clips.number_in(np.rot90(ours, turns)) == make_clips.number_in(
                np.rot90(theirs, turns)
            )


@pytest.fixture(scope="module")
def footage(tmp_path_factory, shared):
    """A few frames of real clips shown by Blender."""
    folder = tmp_path_factory.mktemp("footage")
    clips = []
    for name, frames in FOOTAGE_CLIPS.items():
        path = shared / "footage" / name
        with open_clip(path) as clip:
            clips.append(request_for(name, [path], clip, frames))
    return shared / "footage", *show(folder, clips)


@pytest.mark.long
@pytest.mark.parametrize("name", FOOTAGE_CLIPS)
def test_real_footage_is_blenders(footage, name):
    folder, facts, picture = footage
    with open_clip(folder / name) as clip:
        assert clip.info.frame_count == facts[name]["frames"]
        for frame in reversed(FOOTAGE_CLIPS[name]):
            assert largest_difference(clip.read(frame), picture(name, frame)) <= MAX_DIFFERENCE_BY_BITS[8], (
                frame
            )


@pytest.fixture(scope="module")
def stills(tmp_path_factory):
    """Image sequences of several kinds, and a picture whose EXIF data asks for a turn, shown by Blender."""
    folder = tmp_path_factory.mktemp("stills")
    kinds = {
        "png": {"suffix": ".png"},
        "png16": {"suffix": ".png", "deep": True},
        "jpeg": {"suffix": ".jpg"},
        "tiff": {"suffix": ".tif"},
        "tiff16": {"suffix": ".tif", "deep": True},
        "bmp": {"suffix": ".bmp"},
        "webp": {"suffix": ".webp"},
    }
    files = {}
    for kind, how in kinds.items():
        (folder / kind).mkdir()
        files[kind] = make_clips.make_pictures(folder / kind, 4, **how)
    files["turned"] = [make_clips.turned_jpeg(folder / "turned.jpg")]
    clips = []
    for kind, paths in files.items():
        with open_sequence(paths) as clip:
            clips.append(request_for(kind, paths, clip, range(len(paths))))
    return files, *show(folder, clips)


@pytest.mark.parametrize("kind", ["png", "png16", "jpeg", "tiff", "tiff16", "bmp", "webp", "turned"])
def test_every_picture_of_a_sequence_is_blenders(stills, kind):
    files, facts, picture = stills
    with open_sequence(files[kind]) as clip:
        assert clip.info.frame_count == facts[kind]["final"]
        for frame in range(clip.info.frame_count):
            ours, theirs = clip.read(frame), picture(kind, frame)
            assert largest_difference(ours, theirs) <= MAX_DIFFERENCE_BY_BITS[clip.info.bit_depth], frame
            assert make_clips.number_in(ours) == make_clips.number_in(theirs) == frame
