# SPDX-License-Identifier: GPL-3.0-or-later
"""A modifier's two switches, for the preview and for the render: who sees it, and what becomes of old projects."""

import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

FRAME = 3
SWITCH_STATES = {
    "both": (True, True),
    "preview": (True, False),
    "render": (False, True),
    "none": (False, False),
}


@pytest.fixture(scope="module")
def switched(drive, prepared):
    """What preview, panel and render show of a prepared clip, by how its modifier is switched."""
    steps = []
    for name, (preview, render) in SWITCH_STATES.items():
        steps += [
            ["tune", {"settings": {"enabled": preview, "show_render": render}}],
            ["live_frame", {"frame": FRAME}],
            ["viewed", {"out": drive.out(f"{name}_viewed"), "frame": FRAME}],
            ["drawn", {"active": "clip"}],
            ["render", {"out": drive.out(f"{name}_rendered"), "report": str(drive.folder / f"{name}.json")}],
            ["live_let_go", {}],  # a window does this by itself after a render
        ]
    answers = drive(
        ["load", {"path": prepared}],
        ["setup", {"frame_start": FRAME, "frame_end": FRAME}],
        ["live_begin", {}],
        *steps,
        ["live_end", {}],
    )
    return {name: answers[3 + 6 * place : 9 + 6 * place] for place, name in enumerate(SWITCH_STATES)}


def max_difference(one, other):
    """How far two pictures differ where they do most, in steps of 8 bits."""
    return int(np.abs(one.astype(int) - other).max())


def test_preview_and_render_have_what_their_own_switch_says(drive, switched):
    new, plain = (drive.pictures(f"{name}_rendered", 1)[FRAME] for name in ("both", "none"))
    assert max_difference(new, plain) > 20
    for name, (preview, render) in SWITCH_STATES.items():
        viewed, rendered = (drive.pictures(f"{name}_{kind}", 1)[FRAME] for kind in ("viewed", "rendered"))
        assert (viewed == (new if preview else plain)).all(), name
        assert (rendered == (new if render else plain)).all(), name


def test_a_switch_runs_no_model_and_counts_nothing_as_missing(switched):
    for name, (_, state, _, _, report, _) in switched.items():
        assert state["notice"] == "", name
        assert state["facts"]["models_loaded"] == state["facts"]["frames_decoded"] == 0
        assert report["models_loaded"] == report["frames_decoded"] == 0
        assert report["warnings"] == report["failed"] == []
        assert report["shown"]["swapped"] == SWITCH_STATES[name][1]


def test_the_panel_says_where_the_preview_is_not_what_is_rendered(switched):
    off = "Originals will be rendered: Face Swap is switched off"
    lines = {
        "both": ["8 of 12 ready"],
        "preview": [off, "Face Swap is on in the preview only"],
        "render": ["7 of 12 ready, 1 outdated", "Face Swap is on in the render only"],
        "none": [off],
    }
    expected = {line for each in lines.values() for line in each}
    for name, (_, _, _, drawn, *_) in switched.items():
        text = " ".join(drawn[""])
        assert {line for line in expected if line in text} == set(lines[name]), name
        header = drawn["Face Swap Expanded"]
        assert [entry for entry in header if entry.endswith(("enabled", "show_render"))] == [
            "UNDERSTUDY_PG_modifier.enabled",
            "UNDERSTUDY_PG_modifier.show_render",
        ]


@pytest.mark.parametrize("on", [True, False])
def test_an_old_projects_only_switch_is_for_both_until_it_is_parted(drive, prepared, switched, on):
    assert switched
    old = str(drive.folder / f"old_{on}.blend")
    answers = drive(
        ["load", {"path": prepared}],
        ["before_two_switches", {"enabled": on}],
        ["save", {"path": old}],
        ["load", {"path": old}],
        ["switches", {}],
        ["setup", {"frame_start": FRAME, "frame_end": FRAME}],
        ["render", {"out": drive.out(f"old_{on}")}],
        ["tune", {"settings": {"enabled": not on}}],
        ["render", {"out": drive.out(f"parted_{on}")}],
    )
    assert answers[4] == [[on, on, True]]
    expected = drive.pictures("both_rendered" if on else "none_rendered", 1)[FRAME]
    assert (drive.pictures(f"old_{on}", 1)[FRAME] == expected).all()
    assert (drive.pictures(f"parted_{on}", 1)[FRAME] == expected).all()


def test_an_old_projects_keyframed_switch_is_still_followed_by_the_render(drive, prepared, switched):
    assert switched
    old = str(drive.folder / "keyed.blend")
    answers = drive(
        ["load", {"path": prepared}],
        ["before_two_switches", {"enabled": {str(FRAME): False, str(FRAME + 1): True}}],
        ["save", {"path": old}],
        ["load", {"path": old}],
        ["setup", {"frame_start": FRAME, "frame_end": FRAME + 1}],
        ["render", {"out": drive.out("keyed")}],
        ["switches", {}],
        ["before_two_switches", {"enabled": {str(FRAME): True}}],
        ["render", {"out": drive.out("on")}],
    )
    assert [unset for _, _, unset in answers[6]] == [False]
    keyed, on = drive.pictures("keyed", 2), drive.pictures("on", 2)
    assert (keyed[FRAME] == drive.pictures("none_rendered", 1)[FRAME]).all()
    assert (on[FRAME] == drive.pictures("both_rendered", 1)[FRAME]).all()
    assert (keyed[FRAME + 1] == on[FRAME + 1]).all()


def test_preparing_in_a_window_makes_what_only_the_preview_has(drive, footage):
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 2], "save": str(drive.folder / "aside.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.second_person}],
        ["tune", {"settings": {"show_render": False, "swap.mirror": 0.25}}],
        ["work", {}],
        ["live_begin", {}],
        ["live_frame", {"frame": 2}],
        ["viewed", {"out": drive.out("aside_viewed"), "frame": 2}],
        ["live_end", {}],
        ["render", {"out": drive.out("left_out")}],
    )
    assert answers[4]["done"] == 2
    assert answers[6]["notice"] == ""
    viewed, rendered = drive.pictures("aside_viewed", 1)[2], drive.pictures("left_out", 2)[2]
    assert max_difference(viewed, rendered) > 20
