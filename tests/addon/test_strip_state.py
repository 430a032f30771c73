# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender: what panel, status bar, overlay, reports and JSON say of a strip is one truth, whatever is wrong."""

import cv2
import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT = 12
REFUSED_EXIT = 3


def begin(drive, footage, name, picture):
    folder = drive.folder / name
    folder.mkdir()
    return [
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": picture}],
    ]


def check_one_truth(said, text, *, can_prepare):
    """Hold every surface to one line."""
    assert text.replace(" ", "") in said["panel"].replace(" ", "")  # long lines are broken
    assert said["status_bar"] == f"clip: {text}"
    assert said["json"]["text"] == text
    assert said["report"].startswith(text)
    if said["json"]["state"] == "hidden":
        assert said["overlay"] == ""
    elif said["json"]["state"] == "ready":
        assert said["overlay"] == "Original shown: the layer is being read"
    elif said["overlay"]:
        short = text.removeprefix("Originals will be rendered: ").removeprefix("Render will be refused: ")
        assert said["overlay"] == f"Original shown: {short}"
    assert said["can_prepare"][0] is can_prepare
    assert (said["icon"] == "CHECKMARK") == (said["json"]["state"] == "ready")
    if text.startswith(("Choose", "Originals", "Render will", "Not rendered", "0 of")):
        assert said["json"]["swapped"] == 0 or said["json"]["state"] in ("hidden", "blocked")


def state_step():
    return ["strip_state_surfaces", {"name": "clip"}]


def test_a_strip_on_its_way_from_nothing_to_ready(drive, footage):
    answers = drive(
        *begin(drive, footage, "way", None),
        state_step(),
        ["op", {"name": "understudy.picture_add", "filepath": footage.person}],
        state_step(),
        ["work_and_cancel", {"after": 3}],
        state_step(),
        ["stop_preparing", {"name": "clip"}],
        state_step(),
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        state_step(),
        ["tune", {"settings": {"fusion.opacity": 0.5}}],
        state_step(),
        ["adjust", {"name": "clip", "mute": True}],
        state_step(),
    )
    empty, chosen, part, stopped, ready, outdated, muted = (
        answers[place] for place in (3, 5, 7, 9, 11, 13, 15)
    )
    check_one_truth(empty, "Choose a face image", can_prepare=False)
    assert empty["can_prepare"] == [False, False]
    assert "understudy.picture_add" in empty["panel"].split()[0]
    check_one_truth(chosen, f"0 of {COUNT} ready", can_prepare=True)
    done = part["json"]["swapped"]
    assert 3 <= done < COUNT
    check_one_truth(part, f"{done} of {COUNT} ready", can_prepare=True)
    check_one_truth(stopped, f"Stopped: {done} of {COUNT} ready", can_prepare=True)
    check_one_truth(ready, f"All {COUNT} ready", can_prepare=True)
    assert f"All {COUNT} ready, " in drive.output
    check_one_truth(outdated, f"0 of {COUNT} ready, {COUNT} outdated", can_prepare=True)
    check_one_truth(muted, "Not rendered: strip is muted", can_prepare=False)


def test_the_line_says_what_a_render_will_do_about_a_missing_image(drive, footage, tmp_path):
    second = ["movie", {"name": "second", "file": footage.movie, "channel": 5}]
    answers = drive(
        *begin(drive, footage, "refused", footage.person),
        ["recast", {"picture": str(tmp_path / "gone.png")}],
        state_step(),
        ["prefer", {"originals": "RENDER"}],
        state_step(),
        ["prefer", {"originals": "REFUSE"}],
        state_step(),
        ["prefer", {"originals": "ASK"}],
        second,
        ["cast", {"name": "second", "picture": footage.person}],
        state_step(),
    )
    refused, rendered, refused_anyway, beside_another = (answers[place] for place in (4, 6, 8, 12))
    for said in (refused, refused_anyway):
        check_one_truth(said, "Render will be refused: image missing (gone.png)", can_prepare=False)
    check_one_truth(rendered, "Originals will be rendered: image missing (gone.png)", can_prepare=False)
    # The other strip has its face, so that a render begins.
    assert beside_another["json"]["text"] == "Originals will be rendered: image missing (gone.png)"


def test_the_line_and_the_render_agree_about_images_without_a_face(drive, footage, tmp_path):
    render = ["render", {"out": drive.out("faceless_"), "report": str(tmp_path / "faceless.json")}]
    check = ["op", {"name": "understudy.picture_check", "index": 0}]
    drive.status = REFUSED_EXIT
    try:
        answers = drive(
            *begin(drive, footage, "faceless", footage.person),
            ["recast", {"picture": footage.nobody}],
            check,
            ["movie", {"name": "second", "file": footage.movie, "channel": 5}],
            ["cast", {"name": "second", "picture": footage.person}],
            state_step(),
            ["setup", {"frame_end": 1}],
            render,
            ["recast", {"picture": footage.nobody, "index": 1}],
            check,
            state_step(),
            ["mute_channel", {"number": 2}],
            state_step(),
            render,
        )
    finally:
        drive.status = 0
    beside_another, rendered, alone, layer_muted, refused = (answers[place] for place in (7, 9, 12, 14, 15))
    fault = "no face was found in nobody.png"
    check_one_truth(beside_another, f"Originals will be rendered: {fault}", can_prepare=False)
    assert rendered["refused"] == ""
    check_one_truth(alone, f"Render will be refused: {fault}", can_prepare=False)
    # A muted layer is no reason to refuse a render, so it is not named as one.
    check_one_truth(layer_muted, f"Render will be refused: {fault}", can_prepare=False)
    assert fault in refused["refused"]


def test_what_is_in_the_way_is_said_and_nothing_is_called_ready(drive, footage, two_faces, tmp_path):
    gone = str(tmp_path / "gone.png")
    answers = drive(
        ["environment", {"UNDERSTUDY_MODELS": str(tmp_path)}],
        *begin(drive, footage, "wrong", footage.person),
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        ["recast", {"picture": gone}],
        state_step(),
        ["work", {}],
        ["recast", {"picture": footage.nobody}],
        ["op", {"name": "understudy.picture_check", "index": 0}],
        state_step(),
        ["recast", {"picture": two_faces}],
        ["op", {"name": "understudy.picture_check", "index": 0}],
        state_step(),
        ["recast", {"picture": footage.person}],
        ["tune", {"settings": {"swap.swapper": "inswapper"}}],
        state_step(),
        ["tune", {"settings": {"swap.swapper": "mesh", "select.gender": "female"}}],
        state_step(),
        ["work", {}],
        ["tune", {"settings": {"select.gender": "any"}}],
        ["adjust", {"name": "clip", "mute": False}],
        ["mute_channel", {"number": 2}],
        state_step(),
    )
    missing, worked, nobody, two, model, gender, gender_worked, hidden = (
        answers[place] for place in (6, 7, 10, 13, 16, 18, 19, 23)
    )
    check_one_truth(missing, "Render will be refused: image missing (gone.png)", can_prepare=False)
    assert worked["state"]["text"].startswith("Originals will be rendered: can't use the image")
    check_one_truth(nobody, "Render will be refused: no face was found in nobody.png", can_prepare=False)
    check_one_truth(two, "Render will be refused: two.png shows 2 faces", can_prepare=False)
    assert model["json"]["text"].startswith("Render will be refused: model missing (")
    check_one_truth(model, model["json"]["text"], can_prepare=False)
    assert gender["json"]["text"].startswith("Render will be refused: model missing (")
    check_one_truth(gender, gender["json"]["text"], can_prepare=False)
    assert gender_worked["state"]["state"] == "blocked"
    assert gender_worked["state"]["swapped"] == 0
    check_one_truth(hidden, "Originals will be rendered: channel of the layer is muted", can_prepare=False)


def test_frames_that_failed_are_counted_and_named(drive, footage):
    files = []
    folder = drive.folder / "failed"
    folder.mkdir()
    for number in range(4):
        files.append(str(folder / f"{number:03d}.png"))
        cv2.imwrite(files[-1], cv2.imread(footage.files[number]))
    cv2.imwrite(files[2], np.zeros((90, 160, 3), np.uint8))
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 4], "save": str(folder / "p.blend")}],
        ["pictures", {"name": "clip", "files": files}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        state_step(),
    )
    text = answers[-1]["json"]["text"]
    assert text.startswith("Ready, but 1 frame shows the original (")
    assert "002.png" in text
    check_one_truth(answers[-1], text, can_prepare=True)
    assert text in drive.output


def test_the_timeline_tells_which_frames_are_ready_of_the_strips_in_sight(drive, footage):
    answers = drive(
        *begin(drive, footage, "bars", footage.person),
        ["movie", {"name": "other", "file": footage.movie, "channel": 5, "start": 101}],
        ["cast", {"name": "other", "picture": footage.person}],
        ["setup", {"frame_end": 5}],
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        ["timeline_bars", {"first": 0, "end": 50, "least_frames": 1}],
        ["timeline_bars", {"first": 0, "end": 500, "least_frames": 1}],
        ["timeline_bars", {"first": 0, "end": 500, "least_frames": 2 * COUNT}],
    )
    near, both, narrow = answers[-3:]
    clip = [[1, 6, "SWAPPED"], [6, 1 + COUNT, "MISSING"]]
    assert [runs for _, runs in near] == [clip]
    assert [runs for _, runs in both] == [clip, [[101, 101 + COUNT, "MISSING"]]]
    assert narrow == []


def test_the_modifier_at_fault_is_named_on_every_surface(drive, footage, two_faces):
    second = ["op", {"name": "understudy.modifier_add", "active": "clip"}]
    answers = drive(
        *begin(drive, footage, "second", footage.person),
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        second,
        state_step(),
        ["op", {"name": "understudy.picture_add", "filepath": two_faces}],
        ["op", {"name": "understudy.picture_check", "index": 0}],
        state_step(),
        ["work", {}],
        state_step(),
        ["timeline_bars", {"first": 0, "end": 50, "least_frames": 1}],
        ["tune", {"settings": {"enabled": False, "show_render": False}, "index": 1}],
        state_step(),
    )
    sourceless, two, worked, made, bars, one = (answers[place] for place in (5, 8, 9, 10, 11, 13))
    check_one_truth(sourceless, "Choose a face image for Face Swap 2", can_prepare=False)
    fault = "Face Swap 2: two.png shows 2 faces: choose one by its number from the left, 1 to 2"
    check_one_truth(two, f"Render will be refused: {fault}", can_prepare=False)
    # The first one's faces are swapped: but none of these images is called ready, anywhere.
    assert worked["state"]["text"] == f"Originals will be rendered: {fault}"
    check_one_truth(made, f"Render will be refused: {fault}", can_prepare=False)
    assert made["json"]["swapped"] == 0
    assert [runs for _, runs in bars] == [[[1, 1 + COUNT, "MISSING"]]]
    check_one_truth(one, f"0 of {COUNT} ready", can_prepare=True)


@pytest.mark.parametrize("frame", [1, 6])
def test_a_strip_that_keyframes_mute_at_some_frames_is_not_called_muted(drive, footage, frame):
    answers = drive(
        *begin(drive, footage, f"keyed_{frame}", footage.person),
        ["animate", {"name": "clip", "path": "mute", "values": {"1": False, "5": True}}],
        ["op", {"name": "understudy.refresh"}],
        ["setup", {"frame_current": frame}],
        state_step(),
    )
    check_one_truth(answers[-1], f"0 of {COUNT} ready", can_prepare=True)


def test_a_muted_channel_of_the_layer_is_told_by_preview_timeline_and_render_too(drive, footage, tmp_path):
    answers = drive(
        *begin(drive, footage, "channel", footage.person),
        ["setup", {"frame_end": 3}],
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        ["live_begin", {}],
        ["live_frame", {"frame": 2}],
        ["mute_channel", {"number": 2}],
        ["live_frame", {"frame": 2}],
        ["live_end", {}],
        ["timeline_bars", {"first": 0, "end": 50, "least_frames": 1}],
        ["render", {"out": drive.out("channel_"), "report": str(tmp_path / "channel.json")}],
    )
    face, muted, bars, report = answers[6], answers[8], answers[10], answers[11]
    assert face["original_shown"] is False
    assert muted["original_shown"] is True
    assert [runs for _, runs in bars] == [[]]
    assert "3 shown as the original (channel of the layer is muted: 3)" in drive.output
    assert report["warnings"][0] == "clip, frame 1: channel of the layer is muted"


def test_the_panel_tells_whose_preparation_goes_on(drive, footage):
    answers = drive(
        *begin(drive, footage, "whose", footage.person),
        ["movie", {"name": "other", "file": footage.movie, "channel": 5}],
        ["cast", {"name": "other", "picture": footage.person}],
        ["prepare_as_window", {"name": "clip", "done": 3, "total": COUNT}],
        ["drawn", {"active": "clip"}],
        ["drawn", {"active": "other"}],
        ["end_preparation", {}],
    )
    own, other = (" ".join(said[""]) for said in answers[6:8])
    progress = f"Preparing 3 of {COUNT}"
    assert progress in own
    assert "ready" not in own
    assert f"clip {progress}" in other
    assert f"0 of {COUNT} ready" in other
