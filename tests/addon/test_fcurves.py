# SPDX-License-Identifier: GPL-3.0-or-later
"""What animates a Face Swap modifier stays with it when stacks change, in every Blender: by values at frames."""

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]

PATH = "fusion.blend"
FIRST, SECOND, THIRD = [0.0, 0.4, 0.8], [1.0, 0.75, 0.5], [0.2, 0.3, 0.4]
NAMES = ("Face Swap", "Face Swap 2", "Face Swap 3")


def _keyframe_steps(footage, values):
    """A clip with a modifier for each list of values, which it has at the frames 1, 5 and 9."""
    return [
        ["project", {"size": [320, 240], "frames": [1, 12]}],
        ["movie", {"name": "clip", "file": footage.movie}],
        *[["cast", {"name": "clip", "picture": None}] for _ in values],
        *[
            ["keyframe", {"path": PATH, "index": index, "values": {"1": ends[0], "9": ends[-1]}}]
            for index, ends in enumerate(values)
        ],
        ["straight", {}],
    ]


def approximate(curves):
    return {name: pytest.approx(values, abs=1e-3) for name, values in curves.items()}


LOOK = ["at_frames", {"path": PATH, "frames": [1, 5, 9]}]


def test_keyframes_stay_with_their_modifier_when_another_is_removed(every_blender, footage):
    answers = every_blender(
        *_keyframe_steps(footage, [FIRST, SECOND, THIRD]),
        LOOK,
        ["drop", {"index": 1}],
        LOOK,
        ["curve_paths", {}],
    )
    assert answers[-4] == approximate(dict(zip(NAMES, (FIRST, SECOND, THIRD), strict=True)))
    assert answers[-2] == approximate({NAMES[0]: FIRST, NAMES[2]: THIRD})
    assert answers[-1] == [f"understudy.modifiers[{place}].fusion.blend" for place in (0, 1)]


@pytest.mark.parametrize(("index", "steps"), [(0, 2), (2, -2), (1, 1), (1, -1)])
def test_keyframes_stay_with_a_modifier_that_moves(every_blender, footage, index, steps):
    answers = every_blender(
        *_keyframe_steps(footage, [FIRST, SECOND, THIRD]), ["move", {"index": index, "steps": steps}], LOOK
    )
    assert answers[-2] is True
    assert answers[-1] == approximate(dict(zip(NAMES, (FIRST, SECOND, THIRD), strict=True)))


def test_drivers_follow_their_modifier_and_the_one_they_read(every_blender, footage):
    answers = every_blender(
        *_keyframe_steps(footage, [FIRST, SECOND]),
        ["cast", {"name": "clip", "picture": None}],
        ["drive_modifier", {"path": PATH, "index": 2, "of": 1, "times": 0.5}],
        ["drop", {"index": 0}],
        LOOK,
    )
    assert answers[-1] == approximate({NAMES[1]: SECOND, NAMES[2]: [value / 2 for value in SECOND]})


def test_a_copied_clip_takes_keyframes_and_drivers_along(every_blender, footage):
    """After frame 9 the keys repeat; a driver of the copy reads the copy, also once the original is gone."""
    of_copy = ["at_frames", {"path": PATH, "frames": [1, 5, 9, 13], "name": "clip.001"}]
    answers = every_blender(
        *_keyframe_steps(footage, [FIRST]),
        ["repeat", {"path": PATH, "index": 0}],
        ["cast", {"name": "clip", "picture": None}],
        ["drive_modifier", {"path": PATH, "index": 1, "of": 0, "times": 0.5}],
        ["duplicate", {"names": ["clip"], "by": 12}],
        ["op", {"name": "understudy.refresh"}],
        of_copy,
        ["curve_paths", {}],
        ["drop", {"index": 0}],
        of_copy,
    )
    expected = approximate({NAMES[0]: [*FIRST, 0.4], NAMES[1]: [0.0, 0.2, 0.4, 0.2]})
    assert answers[-4] == expected
    assert answers[-3] == [f"understudy.modifiers[{place}].fusion.blend" for place in range(4)]
    assert answers[-1] == expected


def test_a_split_clip_and_one_pasted_into_another_scene_keep_their_keyframes(every_blender, footage):
    answers = every_blender(
        *_keyframe_steps(footage, [FIRST]),
        ["by_operator", {"name": "split", "strips": ["clip"], "frame": 5, "channel": 1, "type": "SOFT"}],
        ["op", {"name": "understudy.refresh"}],
        ["at_frames", {"path": PATH, "frames": [1, 5, 9], "name": "clip.001"}],
        ["paste_into_new_scene", {"names": ["clip"]}],
        ["op", {"name": "understudy.refresh"}],
        LOOK,
    )
    assert answers[-4] == approximate({NAMES[0]: FIRST})
    assert answers[-1] == approximate({NAMES[0]: FIRST})


def test_a_copied_scene_that_shares_keyframes_is_left_alone(every_blender, footage):
    answers = every_blender(
        *_keyframe_steps(footage, [FIRST, SECOND]),
        ["copy_scene_by_script", {}],
        ["drop", {"index": 0}],
        LOOK,
        ["at_frames", {"path": PATH, "frames": [1, 5, 9], "scene": "Scene.001"}],
    )
    assert answers[-4] == "Scene.001"
    assert answers[-2] == approximate({NAMES[1]: SECOND})
    assert answers[-1] == approximate(dict(zip(NAMES, (FIRST, SECOND), strict=False)))
