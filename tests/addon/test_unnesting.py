# SPDX-License-Identifier: GPL-3.0-or-later
"""A meta strip that nesting made goes when its reason is gone, if no pixel and nobody else's strip changes by that."""

import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]

LAYER, META = "clip Understudy", "clip Face Swap"
REFRESH = ["op", {"name": "understudy.refresh"}]
REMOVE = ["op", {"name": "understudy.modifier_remove", "active": "clip"}]
TIMELINE = ["timeline", {}]
FADE = ["animate", {"name": "clip", "path": "blend_alpha", "values": {"1": 0.2, "9": 1.0}}]
BELOW = ["colour", {"name": "below", "channel": 1, "start": 1, "end": 13}]
BRIGHT = ["strip_modifier", {"name": "clip", "kind": "BRIGHT_CONTRAST", "bright": 20.0}]
CROSS = ["cross", {"name": "over", "kind": "ALPHA_OVER", "channel": 6, "first": "below", "second": "clip"}]
CROSS[1].update(start=1, end=13)
TRIM = ["set_properties", {META: {"frame_final_start": 3, "frame_final_end": 10}}]


def _begin(footage, drive, picture=None, save=None):
    save = {"save": str(drive.folder / save)} if save else {}
    return [
        ["project", {"size": [320, 240], "frames": [1, 12], **save}],
        BELOW,
        ["movie", {"name": "clip", "file": footage.movie, "channel": 3}],
        ["cast", {"name": "clip", "picture": picture}],
    ]


def _adjust(name, **properties):
    return ["adjust", {"name": name, **properties}]


def _places(timeline):
    return {name: entry[:4] for name, entry in timeline.items()}


def _same(pictures, others):
    assert sorted(pictures) == sorted(others) != []
    return all(np.array_equal(picture, others[frame]) for frame, picture in pictures.items())


@pytest.mark.parametrize(
    "edits",
    [
        [_adjust("clip", blend_alpha=0.5)],
        [FADE],
        [BRIGHT, _adjust("clip", blend_type="ADD")],
        [CROSS],
        [_adjust("clip", transform__offset_x=20, blend_alpha=0.5)],
    ],
    ids=["opacity", "fade", "modifier and blend mode", "effect", "transform"],
)
def test_with_its_last_modifier_a_clip_leaves_its_meta_strip_as_it_was_edited(every_blender, footage, edits):
    drive = every_blender
    begin = _begin(footage, drive)
    plain = drive(
        *begin,
        REMOVE,
        *edits,
        ["setup", {"frame_step": 4}],
        TIMELINE,
        ["render", {"out": drive.out("plain")}],
    )
    answers = drive(
        *begin,
        *edits,
        REFRESH,
        TIMELINE,
        REMOVE,
        TIMELINE,
        ["setup", {"frame_step": 4}],
        ["render", {"out": drive.out("removed")}],
    )
    assert META in answers[-5]
    assert answers[-3] == plain[-2]
    assert _same(drive.pictures("removed"), drive.pictures("plain"))


def test_fades_go_back_to_the_clip_with_their_keyframes(every_blender, footage):
    answers = every_blender(
        *_begin(footage, every_blender),
        FADE,
        REFRESH,
        REMOVE,
        ["animated", {"name": "clip", "path": "blend_alpha", "frames": [1, 5, 9]}],
        ["selection", {}],
    )
    assert answers[-2] == pytest.approx([0.2, 0.6, 1.0])
    assert answers[-1][0] == "clip"


def test_a_clip_that_is_opaque_again_leaves_its_meta_strip_at_the_next_save(every_blender, footage):
    drive = every_blender
    answers = drive(
        *_begin(footage, drive, footage.person, "opaque.blend"),
        TIMELINE,
        ["setup", {"frame_step": 4}],
        ["render", {"out": drive.out("before")}],
        _adjust("clip", blend_alpha=0.5),
        ["settled", {}],
        _adjust(META, blend_alpha=1.0),
        ["settled", {}],
        TIMELINE,
        ["undo", {"push": "opaque", "times": 0}],
        ["save", {}],
        TIMELINE,
        ["render", {"out": drive.out("after")}],
        ["undo", {"push": "saved", "times": 1}],
        TIMELINE,
        ["undo", {"times": 0, "redo": 1}],
        TIMELINE,
    )
    before, nested, unnested, undone, redone = (answers[number] for number in (4, 11, 14, 17, 19))
    assert META in nested
    assert unnested == redone == before
    assert undone == nested
    assert _same(drive.pictures("after"), drive.pictures("before"))


def test_what_a_meta_strip_was_trimmed_to_its_clip_is(every_blender, footage):
    answers = every_blender(
        *_begin(footage, every_blender),
        _adjust("clip", blend_alpha=0.5),
        REFRESH,
        TRIM,
        _adjust(META, blend_alpha=1.0, channel=5),
        REFRESH,
        TIMELINE,
    )
    assert _places(answers[-1]) == {
        "below": ["COLOR", 1, 1, 13],
        "clip": ["MOVIE", 5, 3, 10],
        LAYER: ["IMAGE", 6, 3, 10],
    }


@pytest.mark.parametrize(
    "edits",
    [
        [["colour", {"name": "title", "channel": 4, "start": 5, "end": 8}]],
        [_adjust(META, transform__offset_x=20)],
        [["set_properties", {META: {"name": "Interview"}}]],
        [["animate", {"name": META, "path": "blend_alpha", "values": {"1": 1.0}}]],
        [["cross", {**CROSS[1], "second": META}]],
        [["set_properties", {META: {"frame_final_end": 20}}]],
        [
            ["colour", {"name": "title", "channel": 9, "start": 5, "end": 8}],
            ["move_into_meta", {"name": "title", "meta": META}],
        ],
    ],
    ids=["title above", "transform", "name", "keyframe", "effect", "longer", "other strip inside"],
)
def test_a_meta_strip_that_is_needed_or_was_edited_stays(every_blender, footage, edits):
    answers = every_blender(
        *_begin(footage, every_blender),
        _adjust("clip", blend_alpha=0.5),
        REFRESH,
        _adjust(META, blend_alpha=1.0),
        *edits,
        TIMELINE,
        REFRESH,
        TIMELINE,
    )
    assert answers[-1] == answers[-3]
    assert [entry[0] for entry in answers[-1].values()].count("META") == 1


@pytest.mark.parametrize("name", ["n" * 58, "ü" * 29, "n" * 61], ids=["long", "two bytes each", "longest"])
@pytest.mark.parametrize("is_cut", [False, True], ids=["now", "as Blender cut it"])
def test_a_clip_with_a_long_name_leaves_its_meta_strip_too(every_blender, footage, name, is_cut):
    answers = every_blender(
        *_begin(footage, every_blender),
        ["set_properties", {"clip": {"name": name}}],
        _adjust(name, blend_alpha=0.5),
        REFRESH,
        TIMELINE,
        [
            "set_opacity_of_meta",
            {"clip": name, "opacity": 1.0, "name": f"{name} Face Swap" if is_cut else None},
        ],
        REFRESH,
        TIMELINE,
    )
    assert [entry[0] for entry in answers[-4].values()].count("META") == 1
    assert sorted(answers[-1]) == sorted(["below", name, LAYER])


def test_curves_of_a_strip_modifier_that_is_gone_keep_no_meta_strip(every_blender, footage):
    bright = 'modifiers["Bright_Contrast"].bright'
    answers = every_blender(
        *_begin(footage, every_blender),
        BRIGHT,
        ["animate", {"name": "clip", "path": bright, "values": {"1": 0.0, "9": 20.0}}],
        REFRESH,
        TIMELINE,
        ["remove_strip_modifiers", {"name": META}],
        REFRESH,
        TIMELINE,
    )
    assert META in answers[-4]
    assert sorted(answers[-1]) == sorted(["below", "clip", LAYER])


def test_a_clip_that_the_editor_nested_stays_nested(every_blender, footage):
    answers = every_blender(*_begin(footage, every_blender), ["nest", {"name": "clip"}], REFRESH, TIMELINE)
    assert META in answers[-1]
