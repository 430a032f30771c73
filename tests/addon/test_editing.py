# SPDX-License-Identifier: GPL-3.0-or-later
"""What an editor does: add, move and remove modifiers, copy and cut strips, save elsewhere, look at the panels."""

from pathlib import Path

import pytest
from understudy.core.recipe import Recipe, parameters

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]


@pytest.fixture(scope="module")
def stacked(drive, footage):
    """A saved project with one cast and rendered clip."""
    blend = str(drive.folder / "project.blend")
    drive(
        ["project", {"size": [320, 240], "frames": [1, 8], "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        [
            "cast",
            {
                "name": "clip",
                "picture": footage.person,
                "settings": {"fusion.mask_blur": 41.5, "name": "Lead"},
            },
        ],
        ["render", {"out": drive.out("base")}],
        ["save", {}],
    )
    return blend


def clips(facts):
    return {name: strip for name, strip in facts["strips"].items() if strip["id"]}


def layer_of(facts, clip):
    layers = [strip for strip in facts["strips"].values() if strip["layer_of"] == facts["strips"][clip]["id"]]
    assert len(layers) == 1
    return layers[0]


def test_it_registers_and_unregisters_cleanly(drive):
    off, on, off_again, on_again = drive(["register_again", {"times": 2}])[0]
    assert off == off_again == {"handlers": 0, "classes": 0, "scene": False, "strip": False}
    assert on == on_again
    assert on["handlers"] > 10
    assert on["classes"] > 20
    assert on["scene"]
    assert on["strip"]


def test_a_stack_is_built_moved_and_taken_down(drive, footage):
    folder = drive.folder / "stack"
    folder.mkdir()
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 2], "save": str(folder / "p.blend")}],
        ["movie", {"name": "other", "file": footage.movie, "channel": 6}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person, "settings": {"name": "A"}}],
        ["cast", {"name": "other", "picture": footage.person, "settings": {"name": "X"}}],
        ["cast", {"name": "clip", "picture": footage.second_person, "settings": {"name": "B"}}],
        ["cast", {"name": "clip", "picture": footage.person, "settings": {"name": "C"}}],
        ["op", {"name": "understudy.modifier_move", "direction": "UP", "active": "clip"}],
        ["op", {"name": "understudy.modifier_move", "direction": "UP"}],
        ["op", {"name": "understudy.modifier_move", "direction": "UP"}],
        ["facts", {}],
        ["op", {"name": "understudy.modifier_move", "direction": "DOWN"}],
        ["op", {"name": "understudy.modifier_remove"}],
        ["render", {"out": drive.out("stack")}],
        ["op", {"name": "understudy.modifier_remove", "active": "clip Understudy"}],
        ["op", {"name": "understudy.modifier_remove"}],
        ["facts", {}],
        ["allowed", {"name": "understudy.modifier_remove", "active": "clip"}],
    )
    before, after = answers[10], answers[16]
    clip_id = before["strips"]["clip"]["id"]
    assert answers[7:10] == [["FINISHED"], ["FINISHED"], ["CANCELLED"]]
    assert [name for name, owner in before["modifiers"] if owner == clip_id] == ["C", "A", "B"]
    assert [name for name, _ in after["modifiers"]] == ["X"]
    assert sorted(after["strips"]) == ["clip", "other", "other Understudy"]
    assert after["strips"]["clip"]["id"] == ""
    assert answers[17] is False
    left = {path.name for path in (folder / "understudy_cache" / "layers").iterdir()}
    assert left == {before["strips"]["other"]["id"]}


def test_a_modifier_keeps_what_was_set(drive, stacked, footage):
    facts = drive(["load", {"path": stacked}], ["facts", {}])[1]
    expected = {entry.path: entry.initial for entry in parameters()} | {"fusion.mask_blur": 41.5}
    assert facts["recipes"] == [expected]
    assert facts["recipes"][0]["fusion.colour_match"] == Recipe().fusion.colour_match
    assert facts["modifiers"][0][0] == "Lead"
    # As Blender's own paths: from where the project is saved.
    ((path,),) = facts["pictures"]
    assert path.startswith("//")
    assert (Path(stacked).parent / path[2:]).resolve() == Path(footage.person)


def test_a_copied_strip_gets_a_stack_of_its_own(drive, stacked):
    answers = drive(
        ["load", {"path": stacked}],
        ["duplicate", {"names": ["clip", "clip Understudy"], "by": 40}],
        ["duplicate", {"names": ["clip"], "by": 80}],
        ["op", {"name": "understudy.refresh"}],
        ["facts", {}],
        ["setup", {"frame_start": 41, "frame_end": 48}],
        ["render", {"out": drive.out("copy"), "report": str(drive.folder / "copy.json")}],
    )
    facts = answers[4]
    assert len(clips(facts)) == 3
    assert len({strip["id"] for strip in clips(facts).values()}) == 3
    assert sorted(owner for _, owner in facts["modifiers"]) == sorted(
        strip["id"] for strip in clips(facts).values()
    )
    assert [name for name, _ in facts["modifiers"]] == ["Lead"] * 3
    assert facts["recipes"][0] == facts["recipes"][1] == facts["recipes"][2]
    for name, clip in clips(facts).items():
        layer = layer_of(facts, name)
        assert (layer["start"], layer["end"]) == (clip["start"], clip["end"])
        assert layer["channel"] > clip["channel"]
    assert len(facts["strips"]) == 6
    # The copy shows what the original shows, and nothing is computed for it.
    assert [counts["run"] for counts in answers[6]["stages"].values()] == [0] * 5
    base, copy = drive.pictures("base", 8), drive.pictures("copy", 8)
    assert all((base[frame] == copy[frame + 40]).all() for frame in base)


def test_a_cut_strip_keeps_both_halves_faces(drive, stacked):
    answers = drive(
        ["load", {"path": stacked}],
        ["split", {"name": "clip", "frame": 4}],
        ["render", {"out": drive.out("cut"), "report": str(drive.folder / "cut.json")}],
        ["facts", {}],
    )
    facts = answers[3]
    assert len(clips(facts)) == 2
    assert len({strip["id"] for strip in clips(facts).values()}) == 2
    assert [counts["run"] for counts in answers[2]["stages"].values()] == [0] * 5
    assert answers[2]["warnings"] == []
    base, cut = drive.pictures("base", 8), drive.pictures("cut", 8)
    assert all((base[frame] == cut[frame]).all() for frame in base)


def test_a_project_that_is_saved_elsewhere_takes_its_layers_along(drive, stacked):
    elsewhere = drive.folder / "elsewhere"
    elsewhere.mkdir()
    answers = drive(
        ["load", {"path": stacked}],
        ["save", {"path": str(elsewhere / "moved.blend")}],
        ["render", {"out": drive.out("moved"), "report": str(drive.folder / "moved.json")}],
        ["save", {}],
        ["facts", {}],
    )
    strip_id = answers[4]["strips"]["clip"]["id"]
    assert answers[2]["warnings"] == []
    assert answers[4]["strips"]["clip Understudy"]["directory"] == f"//understudy_cache/layers/{strip_id}/"
    assert len(list((elsewhere / "understudy_cache" / "layers" / strip_id).glob("*.tif"))) == 12
    base, moved = drive.pictures("base", 8), drive.pictures("moved", 8)
    assert all((base[frame] == moved[frame]).all() for frame in base)


def test_a_project_that_was_never_saved(drive, footage):
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 2]}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["render", {"out": drive.out("unsaved"), "report": str(drive.folder / "unsaved.json")}],
        ["save", {"path": str(drive.folder / "at_last.blend")}],
        ["render", {"out": drive.out("at_last"), "report": str(drive.folder / "at_last.json")}],
        ["facts", {}],
    )
    assert answers[3]["faces"] == answers[5]["faces"] == 2
    assert answers[3]["warnings"] == answers[5]["warnings"] == []
    strip_id = answers[6]["strips"]["clip"]["id"]
    assert answers[6]["strips"]["clip Understudy"]["directory"] == f"//understudy_cache/layers/{strip_id}/"
    unsaved, at_last = drive.pictures("unsaved", 2), drive.pictures("at_last", 2)
    assert all((unsaved[frame] == at_last[frame]).all() for frame in unsaved)


def test_prepare_makes_what_the_render_shows(drive, footage):
    folder = drive.folder / "prepared"
    folder.mkdir()
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 5], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie, "start": 3}],
        ["allowed", {"name": "understudy.prepare"}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["keyframe", {"path": "fusion.opacity", "values": {"1": 0.2, "5": 1.0}}],
        ["op", {"name": "understudy.prepare"}],
        ["render", {"out": drive.out("prepared"), "report": str(drive.folder / "prepared.json")}],
    )
    assert answers[2] is False
    assert answers[5] == ["FINISHED"]
    assert "All 3 ready, 3 new" in drive.output
    assert answers[6]["stages"]["fuse"] == {**answers[6]["stages"]["fuse"], "run": 0, "hit": 3}


def test_only_clips_can_be_recast(drive, stacked):
    answers = drive(
        ["load", {"path": stacked}],
        ["effect", {"name": "title", "kind": "COLOR", "channel": 8, "start": 1, "length": 5}],
        ["allowed", {"name": "understudy.modifier_add", "active": "title"}],
        ["allowed", {"name": "understudy.modifier_add", "active": "clip"}],
        ["allowed", {"name": "understudy.modifier_add"}],
    )
    assert answers[2:5] == [False, True, False]


def test_a_movies_active_sound_means_the_movie(drive, footage):
    """Adding a movie with sound leaves its sound active: Add Face Swap recasts the picture that goes with it."""
    folder = drive.folder / "with_sound"
    folder.mkdir()
    facts = drive(
        ["project", {"size": [320, 240], "frames": [1, 2], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["sound_of", {"name": "its sound", "file": footage.movie}],
        ["op", {"name": "understudy.modifier_add", "active": "its sound"}],
        ["facts", {}],
    )[-1]
    assert list(clips(facts)) == ["clip"]
