# SPDX-License-Identifier: GPL-3.0-or-later
"""Nesting: what is selected, locked and connected stays so; where it fails on the way, the timeline is as it was."""

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]


def test_what_a_clip_feeds_is_put_back_where_no_meta_strip_can_be_made(every_blender, footage):
    answers = every_blender(
        ["project", {"size": [320, 240], "frames": [1, 12]}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": None}],
        [
            "effect",
            {"name": "blur", "kind": "GAUSSIAN_BLUR", "channel": 6, "start": 1, "length": 12, "of": "clip"},
        ],
        ["nest_refused", {"name": "clip"}],
    )
    raised, before, after = answers[-1]
    assert raised == "refused"
    assert before["blur"] == "clip"
    assert after == before


def _begin(footage):
    return [
        ["project", {"size": [320, 240], "frames": [1, 12]}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": None}],
    ]


@pytest.mark.parametrize(
    ("connects", "connected"),
    [([], "CANCELLED"), ([["by_operator", {"name": "connect", "strips": ["clip", "sound"]}]], "FINISHED")],
    ids=["alone", "connected"],
)
def test_a_sound_that_was_connected_is_so_to_the_meta_strip(every_blender, footage, connects, connected):
    answers = every_blender(
        *_begin(footage),
        ["sound_of", {"name": "sound", "file": footage.movie}],
        *connects,
        ["adjust", {"name": "clip", "blend_alpha": 0.5}],
        ["op", {"name": "understudy.refresh"}],
        ["timeline", {}],
        # Blender does so only to what is connected.
        ["by_operator", {"name": "disconnect", "strips": ["sound"]}],
    )
    assert "clip Face Swap" in answers[-2]
    assert answers[-1] == [connected]


def test_the_meta_strip_is_active_selected_and_locked_in_its_clips_place(every_blender, footage):
    answers = every_blender(
        *_begin(footage),
        ["colour", {"name": "other", "channel": 8, "start": 1, "end": 13}],
        ["set_properties", {"clip": {"blend_alpha": 0.5, "lock": True, "color_tag": "COLOR_03"}}],
        ["selection", {"selects": ["clip", "other"], "active": "clip"}],
        ["op", {"name": "understudy.refresh"}],
        ["selection", {}],
        ["timeline", {}],
    )
    active, selected = answers[-2]
    assert active == "clip Face Swap"
    assert {"clip Face Swap", "other"} <= set(selected)
    kind, channel, start, end, _, locked = answers[-1]["clip Face Swap"]
    assert [kind, start, end, locked] == ["META", 1, 13, True]
    assert channel == answers[-1]["clip"][1]


def test_a_nested_clip_is_cut_and_copied_as_one_strip(every_blender, footage):
    drive, count = every_blender, 12
    drive(
        ["project", {"size": [320, 240], "frames": [1, count], "save": str(drive.folder / "cut.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["adjust", {"name": "clip", "blend_alpha": 0.5}],
        ["render", {"out": drive.out("whole")}],
        [
            "by_operator",
            {
                "name": "split",
                "strips": ["clip Face Swap"],
                "frame": 5,
                "channel": 1,
                "type": "SOFT",
                "side": "BOTH",
            },
        ],
        ["render", {"out": drive.out("cut")}],
        ["by_operator", {"name": "duplicate", "strips": ["clip Face Swap"]}],
        ["set_properties", {"clip Face Swap.002": {"frame_start": 21}}],
        ["setup", {"frame_start": 21, "frame_end": 24}],
        ["render", {"out": drive.out("copy")}],
    )
    whole, cut, copy = (drive.pictures(name) for name in ("whole", "cut", "copy"))
    assert sorted(whole) == sorted(cut) == list(range(1, count + 1))
    for frame, picture in whole.items():
        assert (cut[frame] == picture).all(), frame
    assert sorted(copy) == [21, 22, 23, 24]
    for frame, picture in copy.items():
        assert (picture == whole[frame - 20]).all(), frame


def test_an_opacity_that_is_dragged_back_in_the_same_drag_is_what_it_was_dragged_to(every_blender, footage):
    values = [0.5, 0.7, 1.0, 0.9, 1.0]
    answers = every_blender(
        *_begin(footage),
        ["drag_opacity", {"name": "clip", "values": values}],
        ["settled", {}],
        ["selection", {}],
        ["drag_opacity", {"name": "clip Face Swap", "values": [0.4]}],
    )
    opaque = {"clip": 1.0, "clip Understudy": 1.0}
    assert answers[3] == [{**opaque, "clip Face Swap": value} for value in values]
    assert answers[5][0] == "clip Face Swap"
    assert answers[6] == [{**opaque, "clip Face Swap": 0.4}]


def _metas(layout):
    return [name for name, (kind, *_) in layout.items() if kind == "META"]


@pytest.mark.parametrize("collection", ["sequences_all", "strips"])
def test_a_fade_by_another_path_of_the_clip_moves_to_the_meta_strip(every_blender, footage, collection):
    """Blender before 4.4 wrote the first, and both are still evaluated."""
    answers = every_blender(
        *_begin(footage),
        ["animate", {"name": "clip", "path": "blend_alpha", "values": {"1": 0.0, "9": 1.0}}],
        ["rename_paths", {"old": "strips_all", "new": collection}],
        *[["op", {"name": "understudy.refresh"}]] * 3,
        ["timeline", {}],
        ["animated", {"name": "clip Face Swap", "path": "blend_alpha", "frames": [1, 5, 9]}],
    )
    assert _metas(answers[-2]) == ["clip Face Swap"]
    assert answers[-1] == [0.0, 0.5, 1.0]


def test_a_fade_by_the_nla_is_reported_and_nests_nothing(every_blender, footage):
    answers = every_blender(
        *_begin(footage),
        ["animate", {"name": "clip", "path": "blend_alpha", "values": {"1": 0.1, "9": 1.0}}],
        ["push_action_down", {}],
        ["setup", {"frame_current": 3}],
        ["op", {"name": "understudy.refresh"}],
        ["timeline", {}],
        ["warnings", {"name": "clip"}],
    )
    assert _metas(answers[-2]) == []
    assert any("bake the NLA strips into keyframes" in text for text in answers[-1])


def test_a_clip_that_is_faded_inside_its_meta_strip_is_reported_and_not_nested_again(every_blender, footage):
    answers = every_blender(
        *_begin(footage),
        ["adjust", {"name": "clip", "blend_alpha": 0.5}],
        ["op", {"name": "understudy.refresh"}],
        ["adjust", {"name": "clip", "blend_alpha": 0.7}],
        *[["op", {"name": "understudy.refresh"}]] * 2,
        ["timeline", {}],
        ["warnings", {"name": "clip"}],
    )
    assert _metas(answers[-2]) == ["clip Face Swap"]
    assert any("fade the meta strip instead" in text for text in answers[-1])


def test_scenes_that_share_keyframes_each_keep_their_fade(every_blender, footage):
    answers = every_blender(
        *_begin(footage),
        ["animate", {"name": "clip", "path": "blend_alpha", "values": {"1": 0.0, "9": 1.0}}],
        ["copy_scene_and_sync", {}],
        ["animated", {"name": "clip Face Swap", "path": "blend_alpha", "frames": [1, 9]}],
    )
    assert answers[-2] == [[0.0, 1.0], [0.0, 1.0]]
    assert answers[-1] == [0.0, 1.0]


def test_a_clip_that_is_muted_hides_nothing_when_it_is_nested(every_blender, footage):
    answers = every_blender(
        *_begin(footage),
        ["set_properties", {"clip": {"blend_alpha": 0.5, "blend_type": "REPLACE", "mute": True}}],
        ["op", {"name": "understudy.refresh"}],
        ["timeline", {}],
    )
    muted = {name: entry[4] for name, entry in answers[-1].items()}
    assert muted == {"clip": False, "clip Face Swap": True, "clip Understudy": False}


@pytest.mark.parametrize(
    "multiplies",
    [
        ["adjust", {"name": "clip", "color_multiply": 0.5}],
        ["animate", {"name": "clip", "path": "color_multiply", "values": {"1": 1.0, "9": 0.0}}],
    ],
    ids=["set", "animated"],
)
def test_a_clip_that_multiplies_its_alpha_is_reported(every_blender, footage, multiplies):
    answers = every_blender(
        *_begin(footage),
        ["adjust", {"name": "clip", "multiply_alpha": True}],
        ["warnings", {"name": "clip"}],
        multiplies,
        ["setup", {"frame_current": 1}],
        ["op", {"name": "understudy.refresh"}],
        ["warnings", {"name": "clip"}],
        ["timeline", {}],
    )
    assert answers[4] == []
    assert any("Multiply Alpha" in text for text in answers[-2])
    assert _metas(answers[-1]) == []
