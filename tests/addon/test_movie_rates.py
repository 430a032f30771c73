# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever frame rate a movie has, and however it is played on a timeline of another, its layer shows its frames."""

import shutil
from fractions import Fraction
from importlib.metadata import version

import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]


@pytest.mark.skipif(version("bpy") == "5.0.1", reason="bpy 5.0.1 crashes in sequencer.movie_strip_add")
@pytest.mark.parametrize("fps", [25, 30, 12])
def test_a_movie_that_keeps_its_own_rate(drive, footage, fps):
    movie = str(footage.movie_at(fps))
    name = f"rate_{fps}"
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 12]}],
        ["movie", {"name": "clip", "file": movie, "own_rate": True}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["facts", {}],
        ["shown_images", {"name": "clip", "frames": list(range(1, 10))}],
        ["setup", {"frame_end": 9}],
        ["render", {"out": drive.out(name), "report": str(drive.folder / "rate.json")}],
        ["adjust", {"name": "clip", "use_reverse_frames": True}],
        ["render", {"out": drive.out(f"reversed_{fps}")}],
        ["shown_images", {"name": "clip", "frames": list(range(1, 10))}],
    )
    assert answers[1][0] == 12 * 24 // fps
    assert answers[6]["warnings"] == []
    for out, listed in ((name, answers[4]), (f"reversed_{fps}", answers[9])):
        read = [int(file.removesuffix(".tif")) for file in listed]
        numbers = [footage.number_in(picture) for _, picture in sorted(drive.pictures(out, 9).items())]
        assert read == numbers
    assert numbers != sorted(numbers)


@pytest.mark.parametrize(
    "own_rate",
    [
        pytest.param(
            True, marks=pytest.mark.skipif(version("bpy") == "5.0.1", reason="movie_strip_add crashes in it")
        ),
        False,
    ],
    ids=["own rate", "by frames"],
)
@pytest.mark.parametrize("fps", [24, 25, 30])
def test_a_retimed_movie_at_another_frame_rate(drive, footage, own_rate, fps):
    """The movie has 30 frames a second; it is played at these, or each of its frames is one of the timeline."""
    name = f"retimed_{fps}_{own_rate}"
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 12]}],
        ["movie", {"name": "clip", "file": str(footage.movie_at(30)), "own_rate": own_rate}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["retime", {"name": "clip", "operators": {"retiming_segment_speed_set": {"speed": 200.0}}}],
        ["setup", {"render__fps": fps, "frame_end": 4}],
        ["render", {"out": drive.out(name), "report": str(drive.folder / "rate.json")}],
        ["shown_images", {"name": "clip", "frames": [1, 2, 3, 4]}],
    )
    assert answers[5]["warnings"] == []
    shown = [int(file.removesuffix(".tif")) for file in answers[6]]
    assert shown == [footage.number_in(drive.pictures(name, 4)[frame]) for frame in (1, 2, 3, 4)]


@pytest.mark.skipif(version("bpy") == "5.0.1", reason="bpy 5.0.1 crashes in sequencer.movie_strip_add")
def test_a_rate_that_the_length_does_not_give(drive, footage):
    # 12 frames at 22.5 a second last 12.8 frames at 24, so the strip is 12 long at its own rate as well.
    movie = str(footage.movie_at(Fraction(45, 2)))
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 12], "save": str(drive.folder / "rate.blend")}],
        ["sound", {"name": "sound", "file": str(drive.folder / "quiet.wav"), "start": 40, "trimmed": 13.25}],
        ["movie", {"name": "own", "file": movie, "own_rate": True}],
        ["movie", {"name": "frames", "file": movie, "start": 20}],
        ["timing", {"name": "sound"}],
        ["cast", {"name": "own", "picture": footage.person}],
        ["cast", {"name": "frames", "picture": footage.person}],
        ["shown_images", {"name": "own", "frames": [1, 8, 9, 10, 11, 12]}],
        ["shown_images", {"name": "frames", "frames": [20, 27, 28, 29, 30, 31]}],
        ["timing", {"name": "sound"}],
        ["render", {"out": drive.out("own")}],
    )
    assert answers[2][0] == answers[3][0] == 12
    own, frames = ([int(name.removesuffix(".tif")) for name in listed] for listed in answers[7:9])
    assert frames == [0, 7, 8, 9, 10, 11]
    assert own == [footage.number_in(drive.pictures("own", 12)[frame]) for frame in (1, 8, 9, 10, 11, 12)]
    assert own != frames
    assert answers[4] == answers[9], "nothing else on the timeline may move"


@pytest.mark.skipif(version("bpy") == "5.0.1", reason="bpy 5.0.1 crashes in sequencer.movie_strip_add")
@pytest.mark.parametrize(("first", "second"), [(12, 24), (24, 12)])
def test_a_movie_that_was_replaced_by_one_of_another_rate(drive, footage, first, second):
    file, name = drive.folder / f"replaced_{first}.mp4", f"replaced_{first}"
    blend = str(drive.folder / f"{name}.blend")
    shutil.copy(footage.movie_at(first), file)
    drive(
        ["project", {"size": [320, 240], "frames": [1, 12], "save": blend}],
        ["movie", {"name": "clip", "file": str(file), "own_rate": True}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["save", {}],
    )
    shutil.copy(footage.movie_at(second), file)
    answers = drive(
        ["load", {"path": blend}],
        ["render", {"out": drive.out(name)}],
        ["shown_images", {"name": "clip", "frames": list(range(1, 13))}],
    )
    read = [int(picture.removesuffix(".tif")) for picture in answers[2]]
    assert read == [footage.number_in(picture) for _, picture in sorted(drive.pictures(name, 12).items())]


@pytest.mark.skipif(version("bpy") == "5.0.1", reason="bpy 5.0.1 crashes in sequencer.movie_strip_add")
@pytest.mark.parametrize(
    "edits", [{}, {"frame_final_start": 3, "frame_final_end": 10}], ids=["whole", "trimmed"]
)
def test_a_meta_strip_is_as_long_as_its_clip_at_every_frame_rate(drive, footage, edits):
    begin = (
        ["project", {"size": [320, 240], "frames": [1, 16]}],
        ["movie", {"name": "clip", "file": footage.movie, "channel": 3, "own_rate": True}],
    )
    refresh = ["op", {"name": "understudy.refresh"}]
    rates = [["setup", {"render__fps": fps}] for fps in (30, 12, 24)]
    plain = drive(
        *begin,
        ["set_properties", {"clip": edits}],
        ["adjust", {"name": "clip", "blend_alpha": 0.5}],
        *(step for rate in rates for step in (rate, ["timeline", {}])),
        rates[0],
        ["render", {"out": drive.out("plain_rate")}],
    )
    nested = drive(
        *begin,
        ["cast", {"name": "clip", "picture": None}],
        ["adjust", {"name": "clip", "blend_alpha": 0.5}],
        refresh,
        ["set_properties", {"clip Face Swap": edits}],
        refresh,
        *(step for rate in rates for step in (rate, refresh, ["timeline", {}])),
        rates[0],
        ["prefer", {"originals": "RENDER"}],
        ["render", {"out": drive.out("nested_rate")}],
        ["prefer", {"originals": "ASK"}],
    )
    expected = [timeline["clip"][1:4] for timeline in plain if isinstance(timeline, dict)]
    timelines = [
        timeline for timeline in nested if isinstance(timeline, dict) and "clip Face Swap" in timeline
    ]
    assert len(expected) == len(timelines) == 3
    assert [timeline["clip Face Swap"][1:4] for timeline in timelines] == expected
    plain_frames, nested_frames = (drive.pictures(name, 16) for name in ("plain_rate", "nested_rate"))
    for frame, pixels in plain_frames.items():
        np.testing.assert_array_equal(nested_frames[frame], pixels)
