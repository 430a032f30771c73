# SPDX-License-Identifier: GPL-3.0-or-later
"""Wherever and however a clip lies on the timeline, its layer shows the right source frame at the right place."""

import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

# What is done to the strip, and the source frame then seen at each timeline frame.
TIMING = {
    "moved": (["adjust", {"name": "clip", "frame_start": 3}], {3: 0, 4: 1, 10: 7}),
    "trimmed": (
        ["adjust", {"name": "clip", "frame_offset_start": 4, "frame_offset_end": 2}],
        {5: 4, 6: 5, 10: 9},
    ),
    "slipped": (
        ["adjust", {"name": "clip", "frame_start": -2, "frame_offset_start": 5, "frame_offset_end": 1}],
        {3: 5, 4: 6, 8: 10},
    ),
    "skipped": (["adjust", {"name": "clip", "animation_offset_start": 3}], {1: 3, 2: 4, 9: 11}),
    "reversed": (["adjust", {"name": "clip", "use_reverse_frames": True}], {1: 11, 2: 10, 12: 0}),
    "strobed": (["adjust", {"name": "clip", "strobe": 3.0}], {1: 0, 2: 0, 3: 0, 4: 3, 12: 9}),
    "raised": (["adjust", {"name": "clip", "channel": 5}], {1: 0, 12: 11}),
    "held": (
        ["adjust", {"name": "clip", "frame_start": 4, "frame_offset_start": -3, "frame_offset_end": -1}],
        {1: 0, 4: 0, 5: 1, 15: 11, 16: 11},
    ),
    "in_meta": (["into_meta", {"names": ["clip", "clip Understudy"]}], {1: 0, 7: 6, 12: 11}),
    "in_meta_alone": (["into_meta", {"names": ["clip"]}], {1: 0, 7: 6, 12: 11}),
}


@pytest.fixture(scope="module")
def shown(drive, footage):
    """Every timing of a movie, rendered in one Blender; returns the pictures by name."""
    blend = str(drive.folder / "base.blend")
    steps = [
        ["project", {"size": [320, 240], "frames": [1, 12], "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["render", {"out": drive.out("plain")}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["save", {}],
        ["render", {"out": drive.out("base")}],
    ]
    for name, (change, source_frames) in TIMING.items():
        frames = {"frame_start": min(source_frames), "frame_end": max(source_frames)}
        steps += [["load", {"path": blend}], change, ["setup", frames]]
        steps += [["render", {"out": drive.out(name), "report": str(drive.folder / f"{name}.json")}]]
    answers = drive(*steps)
    return {name: drive.pictures(name) for name in ("base", "plain", *TIMING)}, answers


@pytest.mark.parametrize("name", TIMING)
def test_the_layer_follows_the_clip(shown, footage, name):
    pictures = shown[0]
    base = {footage.number_in(picture): picture for picture in pictures["base"].values()}
    plain = {footage.number_in(picture): picture for picture in pictures["plain"].values()}
    assert sorted(base) == sorted(plain) == list(range(12))
    for frame, number in TIMING[name][1].items():
        picture = pictures[name][frame]
        assert footage.number_in(picture) == number
        assert (picture != plain[number]).any()
        assert (picture == base[number]).all(), frame


def test_no_timing_runs_a_stage_again(shown):
    reports = [entry for entry in shown[1] if isinstance(entry, dict) and "stages" in entry]
    assert len(reports) == len(TIMING)
    for report in reports:
        assert report["warnings"] == []
        assert [counts["run"] for counts in report["stages"].values()] == [0] * 5
        assert report["models_loaded"] == report["frames_decoded"] == 0


PLACES = {
    "offset": ({"transform__offset_x": 7, "transform__offset_y": -5}, [320, 240]),
    "flipped": ({"use_flip_x": True, "use_flip_y": True}, [320, 240]),
    "cropped": ({"crop__min_x": 60, "crop__max_y": 30}, [320, 240]),
    "larger_frame": ({"transform__offset_x": 31}, [400, 300]),
    "smaller_frame": ({"transform__offset_y": 12}, [256, 200]),
    "doubled": (
        {"transform__scale_x": 2.0, "transform__scale_y": 2.0, "transform__filter": "NEAREST"},
        [640, 480],
    ),
    "turned": ({"transform__rotation": 1.5707963, "transform__filter": "NEAREST"}, [320, 320]),
}
ANIMATIONS = {
    "panned": [["animate", {"name": "clip", "path": "transform.offset_x", "values": {"1": 0, "3": 40}}]]
}
# Interpolating a layer and then laying it over is not quite interpolating what was laid over.
STRIP_SCALES = {"halved": ({"transform__scale_x": 0.5, "transform__scale_y": 0.5}, [320, 240])}


@pytest.fixture(scope="module")
def placed(drive, footage):
    """Render a stacked image sequence in every place, and there too a sequence that was really processed."""
    blends = {kind: str(drive.folder / f"{kind}.blend") for kind in ("stacked", "processed")}
    processed = [str(drive.folder / f"whole_{frame:04d}.png") for frame in (1, 2, 3)]
    steps = [
        ["project", {"size": [320, 240], "frames": [1, 3], "save": blends["stacked"]}],
        ["pictures", {"name": "clip", "files": footage.files}],
        ["adjust", {"name": "clip", "transform__scale_x": 1, "transform__scale_y": 1}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["save", {}],
        ["render", {"out": drive.out("whole")}],
        ["remove", {"name": "clip Understudy"}],
        ["remove", {"name": "clip"}],
        ["pictures", {"name": "clip", "files": processed}],
        ["adjust", {"name": "clip", "transform__scale_x": 1, "transform__scale_y": 1}],
        ["save", {"path": blends["processed"]}],
    ]
    changes = {
        name: [
            ["setup", {"render__resolution_x": size[0], "render__resolution_y": size[1]}],
            ["adjust", {"name": "clip", **change}],
        ]
        for name, (change, size) in {**PLACES, **STRIP_SCALES}.items()
    } | ANIMATIONS
    for name, change in changes.items():
        for kind, blend in blends.items():
            steps += [["load", {"path": blend}], *change, ["render", {"out": drive.out(f"{name}-{kind}")}]]
    drive(*steps)
    return {name: [drive.pictures(f"{name}-{kind}", 3) for kind in blends] for name in changes}


@pytest.mark.parametrize("name", [*PLACES, *ANIMATIONS])
def test_the_layer_lands_on_the_exact_pixel(placed, name):
    stacked, processed = placed[name]
    for frame, picture in stacked.items():
        assert (picture == processed[frame]).all()
    if name in ANIMATIONS:
        assert (stacked[1] != stacked[3]).any()


@pytest.mark.parametrize("name", STRIP_SCALES)
def test_a_scaled_layer_lands_in_place(placed, name):
    stacked, processed = placed[name]
    for frame, picture in stacked.items():
        difference = np.abs(picture.astype(int) - processed[frame])
        assert difference.max() <= 24
        assert (difference.max(2) > 8).mean() < 0.001


def test_a_still_stands_as_long_as_its_strip(drive, footage):
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 4]}],
        ["still", {"name": "clip", "file": footage.files[5], "length": 4}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["render", {"out": drive.out("still"), "report": str(drive.folder / "still.json")}],
    )
    pictures = drive.pictures("still", 4)
    assert [footage.number_in(picture) for picture in pictures.values()] == [5, 5, 5, 5]
    assert all((picture == pictures[1]).all() for picture in pictures.values())
    assert np.abs(pictures[1].astype(int) - footage.frames[5]).max() > 20
    assert answers[3]["stages"]["fuse"] == {**answers[3]["stages"]["fuse"], "run": 1, "hit": 3}


def test_a_clip_inside_a_scene_strip(drive, footage):
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 12], "save": str(drive.folder / "scenes.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["scene_strip", {"name": "played", "resolution": [320, 240], "frames": [3, 4]}],
        ["render", {"out": drive.out("played"), "report": str(drive.folder / "played.json")}],
    )
    for frame, picture in drive.pictures("played", 2).items():
        assert footage.number_in(picture) == frame - 1
        assert np.abs(picture.astype(int) - footage.frames[frame - 1]).max() > 20
    assert answers[4]["frames"] == answers[4]["faces"] == 2


def test_a_fade_of_the_clip_fades_its_face_without_a_driver(drive, footage):
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 5], "save": str(drive.folder / "fade.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["animate", {"name": "clip", "path": "blend_alpha", "values": {"1": 0.0, "5": 1.0}}],
        ["render", {"out": drive.out("fade")}],
        ["drivers", {"name": "clip Understudy"}],
        ["timeline", {}],
    )
    faded = drive.pictures("fade", 5)
    assert faded[1].max() == 0
    assert faded[5].max() > 100
    assert answers[5] == []
    assert sorted(answers[6]) == ["clip", "clip Face Swap", "clip Understudy"]


def test_an_animated_clip_moves_its_layer_until_it_is_not_animated(drive, footage):
    path = "transform.offset_x"
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 5], "save": str(drive.folder / "moved.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["animate", {"name": "clip", "path": path, "values": {"1": 0.0, "5": 8.0}}],
        ["op", {"name": "understudy.refresh"}],
        ["animated", {"name": "clip Understudy", "path": path, "frames": [1, 3, 5]}],
        ["animate", {"name": "clip", "path": path, "values": {"5": 4.0}}],
        ["op", {"name": "understudy.refresh"}],
        ["animated", {"name": "clip Understudy", "path": path, "frames": [1, 5]}],
        ["drivers", {"name": "clip Understudy"}],
        ["animate_no_more", {"name": "clip", "path": path, "frames": [1, 5]}],
        ["op", {"name": "understudy.refresh"}],
        ["animated", {"name": "clip Understudy", "path": path, "frames": [1]}],
    )
    assert answers[5] == [0.0, 4.0, 8.0]
    assert answers[8] == [0.0, 4.0]
    assert answers[9] == []
    assert answers[12] == []
