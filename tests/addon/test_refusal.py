# SPDX-License-Identifier: GPL-3.0-or-later
"""A render in which no face can be swapped is refused without a window, unless somebody wants it."""

import pytest

pytestmark = pytest.mark.blender

LAST = 3
REFUSED_EXIT = 3
EARLIER = b"\x89PNG\r\n\x1a\n of an earlier render"


def begin(driver, footage, name, picture):
    folder = driver.folder / name
    folder.mkdir()
    return folder, [
        ["project", {"size": [320, 240], "frames": [1, LAST], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": picture}],
    ]


def render(folder, name="out"):
    return ["render", {"out": str(folder / f"{name}_"), "report": str(folder / f"{name}.json")}]


def errors(driver):
    return [line for line in driver.output.splitlines() if line.startswith("Understudy: Error: ")]


REASONS = {
    "no picture": "no source face yet: choose a face image",
    "missing picture": "image missing (gone.png): put it back, or choose another",
    "missing model": "model missing (",
    "no face": "no face was found in nobody.png: use an image that shows one face clearly",
    "two faces": "two.png shows 2 faces: choose one by its number from the left, 1 to 2",
    "no image": "can't use the image damaged.png: ",
}


# How Blender is ended is its own; why is not: the other reasons are shown in one Blender.
_SHOWN_IN_EVERY_BLENDER = "no face"


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(trouble, marks=[] if trouble == _SHOWN_IN_EVERY_BLENDER else [pytest.mark.long])
        for trouble in REASONS
    ],
)
def test_what_can_swap_nothing_is_refused_in_one_line(every_blender, footage, two_faces, trouble):
    assert_refused(every_blender, footage, two_faces, trouble)


@pytest.mark.parametrize("trouble", [trouble for trouble in REASONS if trouble != _SHOWN_IN_EVERY_BLENDER])
def test_every_reason_is_said_in_one_line(drive, footage, two_faces, trouble):
    assert_refused(drive, footage, two_faces, trouble)


def assert_refused(driver, footage, two_faces, trouble):
    """Render a project in which no face can be swapped: it is refused for one reason, and writes nothing."""
    name = trouble.replace(" ", "_")
    folder, steps = begin(driver, footage, name, None if trouble == "no picture" else footage.person)
    if trouble == "missing picture":
        steps.append(["recast", {"picture": str(folder / "gone.png")}])
    elif trouble == "no face":
        steps.append(["recast", {"picture": footage.nobody}])
    elif trouble == "two faces":
        steps.append(["recast", {"picture": two_faces}])
    elif trouble == "no image":
        (folder / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
        steps.append(["recast", {"picture": str(folder / "damaged.png")}])
    elif trouble == "missing model":
        steps.insert(0, ["environment", {"UNDERSTUDY_MODELS": str(folder)}])
        steps.append(["tune", {"settings": {"swap.swapper": "inswapper"}}])
    stale = folder / "out_0001.png"
    stale.write_bytes(EARLIER)
    driver.status = REFUSED_EXIT
    try:
        report = driver(*steps, render(folder))[-1]
    finally:
        driver.status = 0
    reason = REASONS[trouble]
    assert len(errors(driver)) == 1
    assert (
        f"render refused, since original faces would be shown (Face Swap of clip: {reason}"
        in errors(driver)[0]
    )
    assert "UNDERSTUDY_ORIGINALS=render" in errors(driver)[0]
    # Nothing is written, and what an earlier render wrote stays.
    assert list(folder.glob("out_*")) == [stale]
    assert stale.read_bytes() == EARLIER
    assert reason in report["refused"]
    assert report["shown"]["swapped"] == report["faces"] == 0
    # Nothing is looked for in an image but where one is there.
    assert bool(report["models_loaded"]) == (trouble in ("no face", "two faces"))


@pytest.mark.parametrize("how", ["still", "movie"])
def test_a_refused_still_or_movie_leaves_the_earlier_file(every_blender, footage, how):
    folder, steps = begin(every_blender, footage, f"refused_{how}", None)
    out, earlier = folder / "out_", folder / ("out_.png" if how == "still" else "out_0001-0003.mp4")
    earlier.write_bytes(EARLIER)
    if how == "movie":
        steps.append(["movie_output", {}])
    every_blender.status = REFUSED_EXIT
    try:
        arguments = {"how": "still", "frame": 2} if how == "still" else {}
        every_blender(*steps, ["render", {"out": str(out), **arguments}])
    finally:
        every_blender.status = 0
    assert "render refused" in errors(every_blender)[0]
    assert list(folder.glob("out_*")) == [earlier]
    assert earlier.read_bytes() == EARLIER


def test_a_choice_renders_the_originals_and_counts_them(drive, footage, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_ORIGINALS", "render")
    folder, steps = begin(drive, footage, "chosen", None)
    report = drive(*steps, render(folder))[-1]
    assert sorted(path.name for path in folder.glob("out_*.png")) == [f"out_{n:04d}.png" for n in (1, 2, 3)]
    assert report["refused"] == ""
    assert report["result"] == f"{LAST} frames, 0 swapped, {LAST} originals"
    assert report["state"]["text"].startswith("Originals will be rendered: no source face yet")


def test_the_preference_decides_where_the_environment_does_not(drive, footage):
    folder, steps = begin(drive, footage, "preferred", None)
    report = drive(["prefer", {"originals": "RENDER"}], *steps, render(folder))[-1]
    assert report["refused"] == ""
    assert len(list(folder.glob("out_*.png"))) == LAST


def test_where_some_faces_can_be_swapped_the_others_are_counted(drive, footage):
    folder, steps = begin(drive, footage, "some", footage.person)
    report = drive(
        *steps,
        ["adjust", {"name": "clip", "frame_offset_end": 10}],
        ["movie", {"name": "other", "file": footage.movie, "channel": 4, "start": 3}],
        ["cast", {"name": "other", "picture": None}],
        render(folder),
    )[-1]
    assert report["refused"] == ""
    assert report["result"] == f"{LAST} frames, 2 swapped, 1 original"
    assert len(list(folder.glob("out_*.png"))) == LAST


def test_what_asks_for_no_face_is_rendered(drive, footage):
    folder, steps = begin(drive, footage, "off", None)
    report = drive(
        *steps,
        # Where nothing of the sequencer is seen Blender renders the scene instead.
        ["effect", {"name": "title", "kind": "COLOR", "channel": 8, "start": 1, "length": LAST}],
        ["tune", {"settings": {"enabled": False, "show_render": False}}],
        render(folder),
        ["tune", {"settings": {"show_render": True}}],
        ["adjust", {"name": "clip", "mute": True}],
        render(folder, "muted"),
    )
    assert report[5]["refused"] == report[-1]["refused"] == ""
    assert len(list(folder.glob("out_*.png"))) == len(list(folder.glob("muted_*.png"))) == LAST


def test_a_clip_outside_the_range_decides_nothing_wherever_the_playhead_is(drive, footage):
    folder, steps = begin(drive, footage, "outside", None)
    answers = drive(
        *steps,
        ["adjust", {"name": "clip", "frame_start": 40}],
        ["colour", {"name": "colour", "channel": 8, "start": 1, "end": 13}],
        ["setup", {"frame_current": 41}],
        render(folder),
    )
    assert answers[-1]["refused"] == ""
    assert len(list(folder.glob("out_*.png"))) == LAST


def test_a_good_clip_under_the_playhead_lets_no_originals_through(drive, footage):
    folder, steps = begin(drive, footage, "playhead", footage.person)
    drive.status = REFUSED_EXIT
    try:
        report = drive(
            *steps,
            ["movie", {"name": "other", "file": footage.movie, "start": 20}],
            ["cast", {"name": "other", "picture": None}],
            ["setup", {"frame_start": 20, "frame_end": 21, "frame_current": 2}],
            render(folder),
        )[-1]
    finally:
        drive.status = 0
    assert "Face Swap of other: no source face yet" in report["refused"]


def test_images_are_looked_into_once_and_never_where_a_layer_proves_them(drive, footage):
    folder, steps = begin(drive, footage, "warm", footage.person)
    tune = ["tune", {"settings": {"fusion.opacity": 0.5}}]
    cold, warm = drive(*steps, render(folder), tune, render(folder, "again"))[3::2]
    assert cold["models_loaded"]
    assert not warm["models_loaded"]
    assert warm["shown"]["swapped"] == LAST


def test_a_refusal_that_was_found_out_before_loads_no_model(drive, footage):
    folder, steps = begin(drive, footage, "asked_before", footage.person)
    drive.status = REFUSED_EXIT
    try:
        first, second = drive(
            *steps, ["recast", {"picture": footage.nobody}], render(folder), render(folder, "again")
        )[-2:]
    finally:
        drive.status = 0
    assert first["refused"] == second["refused"]
    assert first["models_loaded"]
    assert not second["models_loaded"]


def test_one_modifier_at_fault_is_named_and_the_others_face_is_swapped(drive, footage, monkeypatch):
    folder, steps = begin(drive, footage, "two", footage.person)
    steps += [
        ["cast", {"name": "clip", "picture": footage.second_person}],
        ["recast", {"picture": footage.nobody, "index": 1}],
    ]
    fault = "Face Swap 2: no face was found in nobody.png: use an image that shows one face clearly"
    drive.status = REFUSED_EXIT
    try:
        refused = drive(*steps, render(folder))[-1]
    finally:
        drive.status = 0
    assert refused["refused"].startswith(
        "render refused, since original faces would be shown (Face Swap 2 of clip: no face was found in nobody.png"
    )
    monkeypatch.setenv("UNDERSTUDY_ORIGINALS", "render")
    report = drive(*steps, render(folder))[-1]
    assert report["result"] == f"{LAST} frames, 0 swapped, {LAST} originals"
    assert report["shown"]["original"] == {fault: LAST}
    assert report["faces"] == LAST
    assert report["state"]["text"] == f"Originals will be rendered: {fault}"
