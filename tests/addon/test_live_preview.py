# SPDX-License-Identifier: GPL-3.0-or-later
"""The live preview: the visible frame follows every change, and no model runs and no frame is decoded for it."""

import shutil

import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT = 12


def is_light(facts):
    ran = {stage: counts["run"] for stage, counts in facts["stages"].items() if stage != "fuse"}
    return facts["models_loaded"] == facts["frames_decoded"] == 0 and not any(ran.values())


def test_a_tweak_changes_the_frame_that_is_shown(drive, prepared):
    answers = drive(
        ["load", {"path": prepared}],
        ["live_begin", {}],
        ["live_frame", {"frame": 3}],
        ["viewed", {"out": drive.out("before"), "frame": 3}],
        ["tune", {"settings": {"fusion.blend": 0.35}}],
        ["live_frame", {"frame": 3}],
        ["viewed", {"out": drive.out("after"), "frame": 3}],
        ["live_end", {}],
        ["render", {"out": drive.out("render"), "report": str(drive.folder / "tweak.json")}],
    )
    first, second, render = answers[2], answers[5], answers[8]
    assert first["facts"]["stages"]["fuse"]["run"] == 0
    assert second["facts"]["stages"]["fuse"]["run"] == 1
    assert second["shows"] == first["shows"] + 1 == 1
    assert first["key"] != second["key"]
    assert is_light(second["facts"])
    assert second["notice"] == ""
    before, after = drive.pictures("before", 1)[3], drive.pictures("after", 1)[3]
    assert np.abs(before.astype(int) - after).max() > 20
    # What was seen is what is rendered, and the render does not make it again.
    assert (drive.pictures("render", 8)[3] == after).all()
    assert render["stages"]["fuse"] == {**render["stages"]["fuse"], "run": 7, "hit": 1}


def test_a_drag_fuses_at_most_once_a_tick(drive, prepared):
    values = [round(0.2 + 0.01 * number, 2) for number in range(60)]
    answers = drive(
        ["load", {"path": prepared}],
        ["live_begin", {}],
        ["live_frame", {"frame": 5}],
        ["live_drag", {"path": "fusion.mask_blur", "values": values, "updates_a_tick": 6}],
        ["live_settle", {}],
        ["tune", {"settings": {"fusion.mask_blur": values[-1]}}],
        ["live_frame", {"frame": 5}],
    )
    start, drag, rest, same = answers[2], answers[3], answers[4], answers[6]
    fused = drag["facts"]["stages"]["fuse"]["run"] - start["facts"]["stages"]["fuse"]["run"]
    assert drag["ticks"] == 10
    assert 1 <= fused <= drag["ticks"]
    assert drag["shows"] <= drag["ticks"]
    assert is_light(drag["facts"])
    # The last value is the one that is seen, and looking again does nothing.
    assert rest["key"] == same["key"] == drag["key"] != start["key"]
    assert same["facts"]["stages"]["fuse"]["run"] == drag["facts"]["stages"]["fuse"]["run"]


def test_until_a_late_image_comes_the_preview_says_so(drive, prepared):
    answers = drive(
        ["load", {"path": prepared}],
        ["live_begin", {}],
        ["live_frame", {"frame": 3}],
        ["tune", {"settings": {"fusion.blend": 0.35}}],
        ["live_late_edit", {}],
        ["live_end", {}],
    )
    assert answers[4] == ["Updating…", ""]


def test_after_an_edit_the_visible_frame_is_made_and_shows_its_last_face_until_then(drive, prepared, footage):
    answers = drive(
        ["load", {"path": prepared}],
        ["live_begin", {}],
        ["live_frame", {"frame": 3}],
        ["tune", {"settings": {"swap.crop_size": 768}}],
        ["live_remake", {}],
        ["viewed", {"out": drive.out("remade"), "frame": 3}],
        ["tune", {"settings": {"swap.crop_size": 896}}],
        ["live_remake", {}],
        ["recast", {"picture": footage.nobody}],
        ["live_remake", {}],
        ["live_end", {}],
        ["recast", {"picture": footage.person}],
        ["render", {"out": drive.out("remade_render"), "report": str(drive.folder / "remade.json")}],
    )
    first, (until, made), (until_next, made_next), (until_failed, failed) = (
        answers[place] for place in (2, 4, 7, 9)
    )
    assert until["key"] == first["key"]
    assert until["overlay"] == until_next["overlay"] == until_failed["overlay"] == "Updating…"
    assert made["key"] not in (None, first["key"])
    assert until_next["key"] == made["key"] != made_next["key"] is not None
    assert made["overlay"] == made_next["overlay"] == made["notice"] == ""
    assert made["shows"] > until["shows"]
    # It was made by another process: here no model ran.
    assert is_light(made["facts"])
    # Where that is impossible the original is shown, and said to be.
    assert until_failed["key"] == made_next["key"]
    assert failed["key"] is None
    assert failed["overlay"].startswith("Original shown")
    assert answers[12]["stages"]["swap"]["hit"] >= 1


def test_an_edit_without_a_possible_face_shows_the_original(drive, prepared, tmp_path):
    answers = drive(
        ["load", {"path": prepared}],
        ["live_begin", {}],
        ["live_frame", {"frame": 5}],
        ["recast", {"picture": str(tmp_path / "gone.png")}],
        ["live_remake", {}],
        ["live_again", {}],
        ["live_end", {}],
    )
    assert answers[2]["key"] is not None
    assert "gone.png" in answers[5]["notice"]
    assert answers[5]["key"] is None


def test_a_frame_that_never_had_a_new_face_is_not_made_by_an_edit(drive, prepared):
    answers = drive(
        ["load", {"path": prepared}],
        ["live_begin", {}],
        ["live_frame", {"frame": 10}],
        ["tune", {"settings": {"swap.crop_size": 768}}],
        ["live_remake", {}],
        ["live_frame", {"frame": 4}],
        ["live_end", {}],
    )
    edited, rested = answers[4]
    assert edited["key"] is rested["key"] is None
    assert edited["overlay"] == rested["overlay"] != "Updating…"
    # Nor is one that is only gone to.
    assert answers[5]["key"] is None


def test_the_way_is_cleared_before_an_edit_is_shown_and_only_where_one_changes_the_image(drive, prepared):
    """Clearing it takes Blender's own cache: not for a new frame, and not for an edit of something else."""
    answers = drive(
        ["load", {"path": prepared}],
        ["live_begin", {}],
        ["live_frame", {"frame": 3}],
        ["live_frame", {"frame": 4}],
        ["live_edit", {}],
        ["tune", {"settings": {"fusion.blend": 0.35}}],
        ["live_edit", {}],
        ["live_edit", {}],
        ["live_end", {}],
    )
    same, edited, again = answers[4], answers[6], answers[7]
    assert same["cleared"] == []
    assert edited["cleared"] == again["cleared"] == [same["shows"]]
    assert edited["shows"] == again["shows"] == same["shows"] + 1


def test_playing_prepared_frames_writes_and_shows_nothing_anew(drive, prepared):
    answers = drive(
        ["load", {"path": prepared}],
        ["tune", {"settings": {"fusion.blend": 0.9}}],
        ["work", {}],
        ["live_begin", {}],
        *[["live_frame", {"frame": frame}] for frame in range(1, 9)],
    )
    last = answers[-1]
    assert last["shows"] == 0
    assert last["facts"]["stages"]["fuse"] == {**last["facts"]["stages"]["fuse"], "run": 0, "hit": 8}
    assert is_light(last["facts"])


def test_a_frame_that_is_not_prepared_shows_the_original_and_says_so(drive, prepared, footage):
    answers = drive(
        ["load", {"path": prepared}],
        ["setup", {"frame_end": COUNT}],
        ["live_begin", {}],
        ["live_frame", {"frame": 11}],
        ["viewed", {"out": drive.out("bare"), "frame": 11}],
        ["live_frame", {"frame": 4}],
        ["live_frame", {"frame": 3}],
        ["recast", {"picture": footage.second_person}],
        ["live_frame", {"frame": 4}],
        ["viewed", {"out": drive.out("recast"), "frame": 4}],
        ["work", {}],
        ["live_again", {}],
        ["recast", {"picture": footage.person}],
        ["live_frame", {"frame": 4}],
    )
    bare, good, recast, again, back = answers[3], answers[5], answers[8], answers[11], answers[13]
    for state in (bare, recast):
        assert state["notice"].startswith("clip: ")
        assert "not prepared yet: press Prepare" in state["notice"]
        assert state["key"] is None
        assert is_light(state["facts"])
    assert good["notice"] == again["notice"] == back["notice"] == ""
    assert good["key"] == back["key"]
    assert again["key"] not in (None, good["key"])
    assert is_light(back["facts"])
    for name, frame in (("bare", 11), ("recast", 4)):
        picture = drive.pictures(name, 1)[frame]
        assert np.abs(picture.astype(int) - footage.frames[frame - 1]).mean() < 2


def test_the_state_says_when_to_look_again(drive, prepared):
    """At once where something changed, a second later where a layer was not prepared, else not at all."""
    answers = drive(
        ["load", {"path": prepared}],
        ["setup", {"frame_end": COUNT}],
        ["live_begin", {}],
        ["live_states", {"prepared": 4, "unprepared": 11}],
        ["live_end", {}],
    )
    states = answers[3]
    assert states[:5] == [["IDLE"], ["PENDING"], ["IDLE", None], ["DUE"], ["IDLE", None]]
    assert states[5:] == [["PENDING"], ["RETRY", 1.0], ["PENDING", 0.002], ["IDLE", None]]


def test_layers_are_left_where_the_cache_knows_nothing_of_the_clip(drive, footage, tmp_path):
    """A project that comes with its layers but without the cache keeps what it shows."""
    movie = tmp_path / "own.mp4"
    shutil.copy(footage.movie, movie)
    steps = ["live_begin", {}], ["live_frame", {"frame": 2}], ["live_end", {}]
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 3], "save": str(drive.folder / "travelled.blend")}],
        ["movie", {"name": "clip", "file": str(movie)}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["work", {}],
        *steps,
        ["forget_cache", {"keep": str(tmp_path / "away")}],
        *steps,
        # As after a copy to another machine: the file's time is not what it was.
        ["touch", {"path": str(movie)}],
        *steps,
    )
    known, labelled, unknown = answers[5], answers[9], answers[13]
    # Its own label says that the picture is what is asked for: no cache is needed to know.
    assert labelled["key"] == known["key"] is not None
    assert known["notice"] == labelled["notice"] == ""
    assert unknown["key"] == known["key"]
    assert "not prepared" in unknown["notice"]
    assert unknown["shows"] == 0


def test_it_leaves_no_thread_behind(drive, prepared):
    answers = drive(
        ["load", {"path": prepared}],
        ["threads", {}],
        ["live_begin", {}],
        ["live_frame", {"frame": 2}],
        ["threads", {}],
        ["live_end", {}],
        ["threads", {}],
    )
    # Blender is shared with other tests, whose calls to places that hang may not have ended.
    before, during, after = (set(answers[place]) for place in (1, 4, 6))
    assert during - before == {"understudy preview_0"}
    assert after <= before


def test_after_a_purge_nothing_is_fused_from_memory(drive, prepared):
    """Last: it purges what the other tests use."""
    answers = drive(
        ["load", {"path": prepared}],
        ["tune", {"settings": {"fusion.blend": 0.5}}],
        ["live_begin", {}],
        ["live_frame", {"frame": 3}],
        ["op", {"name": "understudy.purge", "active": "clip", "what": "ALL"}],
        ["live_let_go", {}],
        ["live_frame", {"frame": 3}],
        ["tune", {"settings": {"fusion.blend": 0.6}}],
        ["live_frame", {"frame": 3}],
        ["live_end", {}],
    )
    assert answers[3]["key"] is not None
    assert answers[4] == ["FINISHED"]
    for state in (answers[6], answers[8]):
        assert state["key"] is None
        assert "press Prepare" in state["notice"]
