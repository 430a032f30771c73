# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed effects over a recast movie show what they show of a movie whose frames were swapped beforehand.

Nothing is prepared: each render makes the layers that its Speed effect asks for.
"""

import shutil
from fractions import Fraction

import av
import numpy as np
import pytest
from shared_result import shared_result
from timeline_steps import adjust, effect

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]

COUNT = 12
TRIMS = ["set_properties", {"clip": {"frame_final_start": 4, "frame_final_end": 11}}]


def speed(mode, start=1, end=13, **properties):
    return effect("SPEED", start=start, end=end, speed_control=mode, **properties)


# What is done to the movie named clip, and the frames that are looked at.
SPEEDS = {
    "twice": (speed("MULTIPLY", speed_factor=2.0), (1, 7)),
    "half": (speed("MULTIPLY", speed_factor=0.5), (1, 12)),
    "0.7, where halves decide": (speed("MULTIPLY", speed_factor=0.7), (1, 12)),
    "half, interpolated": (speed("MULTIPLY", speed_factor=0.5, use_frame_interpolate=True), (1, 6)),
    "twice, trimmed": ([TRIMS, *speed("MULTIPLY", 4, 11, speed_factor=2.0)], (4, 10)),
    "stretched": (speed("STRETCH"), (3, 4)),
    "stretched, trimmed": ([TRIMS, *speed("STRETCH", 4, 11)], (4, 10)),
    "stretched, trimmed, interpolated": (
        [TRIMS, *speed("STRETCH", 4, 11, use_frame_interpolate=True)],
        (4, 10),
    ),
    "length": (speed("LENGTH", speed_length=37.0), (2, 3)),
    "length, trimmed": ([TRIMS, *speed("LENGTH", 4, 11, speed_length=62.0)], (5, 6)),
    "frame number": (speed("FRAME_NUMBER", speed_frame_number=6), (2, 3)),
    "frame number by keyframes": (
        [
            *speed("FRAME_NUMBER"),
            ["animate", {"name": "effect", "path": "speed_frame_number", "values": {"1": 9, "5": 3}}],
        ],
        (1, 5),
    ),
    "faster and faster": (
        [
            *speed("MULTIPLY"),
            ["animate", {"name": "effect", "path": "speed_factor", "values": {"1": 0.3, "9": 1.9}}],
        ],
        (1, 9),
    ),
    "half of a blurred one": (
        [
            *effect("GAUSSIAN_BLUR"),
            [
                "cross",
                {
                    "name": "slow",
                    "kind": "SPEED",
                    "channel": 8,
                    "first": "effect",
                    "second": None,
                    "start": 1,
                    "end": 13,
                },
            ],
            ["set_properties", {"slow": {"speed_control": "MULTIPLY", "speed_factor": 0.5}}],
        ],
        (1, 6),
    ),
    "half of a meta strip": (
        [
            ["into_meta", {"names": ["clip"]}],
            *effect("SPEED", "MetaStrip", speed_control="MULTIPLY", speed_factor=0.5),
        ],
        (1, 6),
    ),
    "half of a scene strip": (
        [
            ["scene_strip", {"name": "played", "resolution": [320, 240], "frames": [1, 6]}],
            *effect("SPEED", "played", speed_control="MULTIPLY", speed_factor=0.5),
        ],
        (1, 6),
    ),
    "half, transparent": (
        [*speed("MULTIPLY", speed_factor=0.5), ["set_properties", {"effect": {"blend_alpha": 0.5}}]],
        (1, 6),
    ),
}
# Blender rounds to whole frames after these, we before: a movie and its face may be a frame apart from the finished
# one, never from each other.
NEAR = {
    "reversed, half": ([*adjust(use_reverse_frames=True), *speed("MULTIPLY", speed_factor=0.5)], (1, 8)),
    "strobed, half": ([*adjust(strobe=2.0), *speed("MULTIPLY", speed_factor=0.5)], (1, 8)),
    "retimed, half": (
        [["retime", {"name": "clip", "keys": [5], "moves": [[1, 9]]}], *speed("MULTIPLY", speed_factor=0.5)],
        (1, 8),
    ),
}
EDITS = {**SPEEDS, **NEAR}


@pytest.fixture(scope="module")
def shown(every_blender, footage, tmp_path_factory):
    """Return what each Speed effect shows of the recast movie and of the finished one, by name."""
    name = f"speeds_{every_blender.blender.name}"
    return shared_result(tmp_path_factory, name, lambda _: render_speeds(every_blender, footage))


def render_speeds(drive, footage):
    begin = {"size": [320, 240], "frames": [1, COUNT]}
    folder = drive.folder / "recast"
    folder.mkdir()
    recast, finished = str(folder / "recast.blend"), str(drive.folder / "finished.blend")
    drive(
        ["project", {**begin, "save": recast}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["save", {}],
    )
    shutil.copytree(folder, drive.folder / "whole")
    drive(
        ["load", {"path": str(drive.folder / "whole" / "recast.blend")}],
        ["render", {"out": drive.out("whole")}],
    )
    movie = _encode(drive.pictures("whole", COUNT), drive.folder / "finished.mkv")
    drive(
        ["project", {**begin, "save": finished}],
        ["movie", {"name": "clip", "file": str(movie)}],
        ["save", {}],
    )
    for kind, blend, steps in (
        ("recast", recast, []),
        ("finished", finished, [["draw_every_frame_anew", {}]]),
    ):
        for number, (change, (first, last)) in enumerate(EDITS.values()):
            steps += [["load", {"path": blend}], *change]
            steps += [["setup", {"frame_start": first, "frame_end": last}]]
            steps += [["render", {"out": drive.out(f"{kind}-{number}")}]]
        drive(*steps)
    return {
        name: [drive.pictures(f"{kind}-{number}") for kind in ("recast", "finished")]
        for number, name in enumerate(EDITS)
    } | {"whole": drive.pictures("whole")}


def _encode(pictures, path):
    """Encode pictures as a movie that loses nothing."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.height, stream.width = pictures[1].shape[:2]
        stream.pix_fmt = "bgr0"
        for number, pixels in enumerate(pictures.values()):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24").reformat(format="bgr0")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", SPEEDS)
def test_a_speed_effect_shows_the_face_of_the_frame_it_shows(shown, name):
    recast, finished = shown[name]
    first, last = SPEEDS[name][1]
    assert sorted(recast) == sorted(finished) == list(range(first, last + 1))
    for frame, picture in recast.items():
        assert np.abs(picture.astype(int) - finished[frame]).max() <= 1, frame


@pytest.mark.parametrize("name", NEAR)
def test_a_speed_effect_shows_no_frame_with_another_frames_face(shown, name):
    recast, finished = shown[name]
    for frame, picture in recast.items():
        apart = [np.abs(picture.astype(int) - whole).max() for whole in shown["whole"].values()]
        assert min(apart) <= 1, frame
    assert sorted(recast) == sorted(finished)


def test_without_its_speed_effect_a_clip_is_as_it_was(every_blender, footage):
    answers = every_blender(
        ["project", {"size": [320, 240], "frames": [1, COUNT]}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": None}],
        TRIMS,
        ["op", {"name": "understudy.refresh"}],
        ["timeline", {}],
        *speed("STRETCH", 4, 11),
        *[["op", {"name": "understudy.refresh"}]] * 2,
        ["timeline", {}],
        ["warnings", {"name": "clip"}],
        ["delete", {"names": ["effect"]}],
        ["op", {"name": "understudy.refresh"}],
        ["timeline", {}],
    )
    before, during, after = answers[5], answers[-5], answers[-1]
    assert sorted(during) == [
        "clip", "clip Face Swap", "clip Frames", "clip Understudy", "clip Understudy Frames", "effect",
    ]  # fmt: skip
    assert during["clip Face Swap"][2:4] == before["clip"][2:4] == [4, 11]
    assert answers[-4] == []
    assert after == before


def test_the_state_of_a_clip_counts_the_frames_that_its_speed_effect_shows(drive, footage):
    folder = drive.folder / "counted"
    folder.mkdir()
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        *speed("MULTIPLY", speed_factor=3.0),
        ["op", {"name": "understudy.refresh"}],
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        ["strip_state_surfaces", {"name": "clip"}],
    )
    assert answers[-1]["json"]["text"] == "All 5 ready"


def test_a_copy_of_a_slow_clip_has_its_own_layer_and_shows_the_same(every_blender, footage):
    drive = every_blender
    folder = drive.folder / "copied"
    folder.mkdir()
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 4], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        *speed("MULTIPLY", speed_factor=0.5),
        ["render", {"out": drive.out("slow")}],
        ["duplicate", {"names": ["clip Face Swap", "effect"], "by": 12}],
        ["op", {"name": "understudy.refresh"}],
        ["timeline", {}],
        ["setup", {"frame_start": 13, "frame_end": 16}],
        ["render", {"out": drive.out("copy")}],
    )
    assert len([name for name, (kind, *_) in answers[-3].items() if kind == "SPEED"]) == 6
    slow, copy = drive.pictures("slow", 4), drive.pictures("copy", 4)
    for frame, picture in slow.items():
        assert (copy[frame + 12] == picture).all(), frame
