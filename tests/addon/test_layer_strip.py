# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer strip in the timeline behaves as its clip's shadow: where it lies, what is done to it or to its clip."""

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]

LAYER = "clip Understudy"
SETTLED = ["settled", {}]
TIMELINE = ["timeline", {}]
REPORTS = ["reports", {}]


def _begin(footage, *others):
    return [
        ["project", {"size": [320, 240], "frames": [1, 12]}],
        ["movie", {"name": "clip", "file": footage.movie}],
        *others,
        ["cast", {"name": "clip", "picture": None}],
        SETTLED,
    ]


def _by(name, *strips, **arguments):
    return ["by_operator", {"name": name, "strips": strips, **arguments}]


def _colour(name, channel, start=1, end=13):
    return ["colour", {"name": name, "channel": channel, "start": start, "end": end}]


def _places(timeline):
    """Return channel, start and end of each strip."""
    return {name: [channel, start, end] for name, (_, channel, start, end, *_) in timeline.items()}


def test_adding_a_modifier_leaves_the_clip_selected_and_active(every_blender, footage):
    answers = every_blender(
        ["project", {"size": [320, 240], "frames": [1, 12]}],
        ["movie", {"name": "clip", "file": footage.movie}],
        _colour("other", 5),
        ["selection", {"selects": ["clip"], "active": "clip"}],
        ["cast", {"name": "clip", "picture": None}],
        ["selection", {}],
    )
    assert answers[-1] == ["clip", ["clip"]]


def test_a_selected_layer_hands_its_selection_to_its_clip_and_to_nobody_else(every_blender, footage):
    answers = every_blender(
        *_begin(footage, _colour("other", 5)),
        ["selection", {"selects": [LAYER, "other"], "active": LAYER}],
        ["hand_over_selection", {}],
        ["selection", {}],
        ["hand_over_selection", {}],
        ["selection", {}],
    )
    assert answers[-4:] == [True, ["clip", ["clip", "other"]], False, ["clip", ["clip", "other"]]]


def test_a_layer_that_is_deleted_alone_comes_back_and_a_line_says_how_to_remove_it(every_blender, footage):
    answers = every_blender(*_begin(footage), ["delete", {"names": [LAYER]}], SETTLED, TIMELINE, REPORTS)
    assert _places(answers[-2]) == {"clip": [1, 1, 13], LAYER: [2, 1, 13]}
    assert answers[-1] == [
        [
            "WARNING",
            "The layer strip of clip was removed and made again: to remove it, remove the Face Swap modifiers of clip",
        ]
    ]


def test_a_clip_that_is_deleted_takes_its_layer_along_and_undo_brings_both_back(every_blender, footage):
    answers = every_blender(
        *_begin(footage),
        ["undo", {"push": "before", "times": 0}],
        ["delete", {"names": ["clip"]}],
        SETTLED,
        TIMELINE,
        ["undo", {"push": "deleted", "times": 1}],
        SETTLED,
        TIMELINE,
        REPORTS,
    )
    assert answers[-5] == {}
    assert _places(answers[-2]) == {"clip": [1, 1, 13], LAYER: [2, 1, 13]}
    assert answers[-1] == []


def _muted(timeline):
    return {name: muted for name, (*_, muted, _) in timeline.items()}


def test_a_layer_that_is_muted_alone_stays_and_a_line_names_the_eye_icon(every_blender, footage):
    answers = every_blender(*_begin(footage), _by("mute", LAYER), SETTLED, TIMELINE, REPORTS)
    assert _muted(answers[-2]) == {"clip": False, LAYER: False}
    ((level, text),) = answers[-1]
    assert level == "WARNING"
    assert "use the eye icon of the Face Swap modifier" in text


@pytest.mark.parametrize("strips", [["clip"], ["clip", LAYER]], ids=["clip alone", "both"])
def test_a_clip_is_muted_and_locked_with_its_layer(every_blender, footage, strips):
    answers = every_blender(
        *_begin(footage),
        _by("mute", *strips),
        _by("lock", *strips),
        ["op", {"name": "understudy.refresh"}],
        TIMELINE,
        _by("unlock", *strips),
        _by("unmute", *strips),
        ["op", {"name": "understudy.refresh"}],
        TIMELINE,
        SETTLED,
        REPORTS,
    )
    assert [entry[4:] for entry in answers[-7].values()] == [[True, True], [True, True]]
    assert [entry[4:] for entry in answers[-3].values()] == [[False, False], [False, False]]
    assert answers[-1] == []


def test_a_layer_lies_on_the_lowest_free_channel_and_comes_down_with_its_clip(every_blender, footage):
    answers = every_blender(
        *_begin(footage),
        *(
            step
            for channel in (7, 3, 1)
            for step in (["adjust", {"name": "clip", "channel": channel}], SETTLED, TIMELINE)
        ),
    )
    channels = [(_places(places)["clip"][0], _places(places)[LAYER][0]) for places in answers[-7::3]]
    assert channels == [(7, 8), (3, 4), (1, 2)]


def test_a_layer_that_was_dragged_away_comes_back(every_blender, footage):
    answers = every_blender(
        *_begin(footage), ["adjust", {"name": LAYER, "channel": 9, "frame_start": 30}], SETTLED, TIMELINE
    )
    assert _places(answers[-1]) == {"clip": [1, 1, 13], LAYER: [2, 1, 13]}


def test_neighbours_and_what_lies_higher_stay_where_they_are(every_blender, footage):
    others = {"before": [4, -20, 1], "after": [4, 13, 30], "above": [5, 1, 13], "sound": [9, 1, 13]}
    colours = [_colour(name, *place) for name, place in others.items()]
    answers = every_blender(
        *_begin(footage, *colours), ["adjust", {"name": "clip", "channel": 3}], SETTLED, TIMELINE
    )
    assert _places(answers[-1]) == {"clip": [3, 1, 13], LAYER: [4, 1, 13], **others}


def test_a_title_right_above_makes_room_and_nothing_else_moves(every_blender, footage):
    others = {"title": [4, 6, 10], "far": [8, 1, 13], "late": [4, 13, 20]}
    colours = [_colour(name, *place) for name, place in others.items()]
    answers = every_blender(
        *_begin(footage, *colours), ["adjust", {"name": "clip", "channel": 3}], SETTLED, TIMELINE
    )
    assert _places(answers[-1]) == {"clip": [3, 1, 13], LAYER: [4, 1, 13], **others, "title": [5, 6, 10]}


def _visit(*channels):
    """Steps that move the clip to channels in turn, and let its layer follow to the last."""
    return *(["adjust", {"name": "clip", "channel": channel}] for channel in channels), SETTLED, TIMELINE


def _channels(answers, *names):
    """Return the channels of strips, each time that they were asked for."""
    timelines = [answer for answer in answers if isinstance(answer, dict) and "title" in answer]
    return [tuple(timeline[name][1] for name in names) for timeline in timelines]


def test_a_title_that_made_room_comes_back_when_the_layer_goes(every_blender, footage):
    titles = _colour("title", 4, 6, 10), _colour("upper", 5, 8, 12)
    answers = every_blender(
        *_begin(footage, *titles),
        *_visit(3),
        *_visit(1),
        *_visit(3),
        *_visit(1, 4),  # by now it moved up twice
        *_visit(1),
        *_visit(3),
        ["delete", {"names": ["clip", LAYER]}],
        SETTLED,
        TIMELINE,
    )
    expected = [(5, 6), (4, 5), (5, 6), (6, 7), (4, 5), (5, 6), (4, 5)]
    assert _channels(answers, "title", "upper") == expected


def test_what_made_room_stays_where_somebody_put_it_and_above_what_it_is_above(every_blender, footage):
    titles = _colour("title", 4, 6, 10), _colour("moved", 4, 1, 4)
    answers = every_blender(
        *_begin(footage, *titles),
        *_visit(3),
        ["adjust", {"name": "moved", "channel": 9}],
        ["adjust", {"name": "clip", "channel": 1}],
        _colour("blocker", 4, 9, 12),
        SETTLED,
        TIMELINE,
        ["remove", {"name": "blocker"}],
        SETTLED,
        TIMELINE,
        *_visit(3),
    )
    assert _channels(answers, "title", "moved") == [(5, 5), (5, 9), (4, 9), (5, 9)]


def test_a_full_stack_of_channels_moves_nothing_and_is_reported(every_blender, footage):
    answers = every_blender(
        *_begin(footage),
        *[_colour(f"title {channel}", channel, 3, 6) for channel in range(122, 129)],
        ["adjust", {"name": "clip", "channel": 121}],
        TIMELINE,
        SETTLED,
        TIMELINE,
        ["warnings", {"name": "clip"}],
        ["adjust", {"name": "clip", "channel": 1}],
        SETTLED,
        TIMELINE,
    )
    before, (_, trouble), after, warnings, _, (_, later), down = answers[-7:]
    titles = {name: places for name, places in _places(before).items() if name.startswith("title")}
    assert len(titles) == 7
    assert titles.items() <= _places(after).items()
    assert trouble == "clip: no channel is free above the strip for its layer: move the strip down"
    assert any("has no free channel above it" in text for text in warnings)
    assert later == ""
    assert _places(down) == {"clip": [1, 1, 13], LAYER: [2, 1, 13], **titles}


OPAQUE = ["ALPHA_OVER", 1.0, "STRAIGHT", []]


def test_what_a_script_does_to_a_layer_does_not_let_the_original_through(every_blender, footage):
    answers = every_blender(
        *_begin(footage),
        ["adjust", {"name": LAYER, "blend_alpha": 0.3, "blend_type": "ADD", "alpha_mode": "PREMUL"}],
        SETTLED,
        ["own_look", {"name": LAYER}],
        ["animate", {"name": LAYER, "path": "blend_alpha", "values": {1: 0.0, 9: 1.0}}],
        ["own_look", {"name": LAYER}],
        ["op", {"name": "understudy.refresh"}],
        ["own_look", {"name": LAYER}],
        ["warnings", {"name": "clip"}],
    )
    assert answers[-6] == OPAQUE
    assert answers[-4][3] == [[1, 9]]
    assert answers[-2] == OPAQUE
    assert answers[-1] == []


def test_a_modifier_on_the_layer_alone_is_said(every_blender, footage):
    answers = every_blender(
        *_begin(footage),
        ["strip_modifier", {"name": LAYER, "kind": "BRIGHT_CONTRAST"}],
        SETTLED,
        ["warnings", {"name": "clip"}],
        ["strip_state_surfaces", {"name": "clip"}],
    )
    assert answers[-2] == [f"has strip modifiers on its layer alone: remove them from {LAYER}"]
    assert answers[-1]["icon"] != "CHECKMARK"
