# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to render that need the program: its command line with its exit codes, and its window."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from gui.screen import difference, read
from understudy.core.provenance.verify import INTACT, verify_file

SCENARIOS = Path(__file__).parent / "scenarios"
COUNT = 5
STRICT_EXIT = 3
PREVIEW = slice(60, 780), slice(60, 1300)
"""Where the preview is on the screen: beside it Blender shows thumbnails and its own progress, when it gets to it."""


@pytest.fixture(scope="module")
def place(installed_room, given):
    """A room of its own with the extension installed by the command line, and a project that is not prepared."""
    own = installed_room("modes")
    make(own, given, "/work/modes.blend", "bare")
    return own


def make(own, given, path, state, count=COUNT):
    """Make a project of `count` frames in a room, `bare` or `prepared`."""
    script = {**given, ".make.py": SCENARIOS / "make_project.py"}
    run = own.blender(
        ["-b", "-P", "/given/.make.py", "--python-exit-code", "1", "--", path, str(count), state], script
    )
    assert run.status == 0, run.output


def our_lines(output):
    return [line for line in output.splitlines() if line.startswith("Understudy: ")]


def file_names(own, prefix):
    return sorted(path.name for path in own.work.glob(f"{prefix}_*"))


@pytest.fixture(scope="module")
def plain(place, given):
    """What is rendered without Understudy and its layer, by frame."""
    bare = "import bpy; [setattr(s, 'mute', s.type == 'IMAGE') for s in bpy.context.scene.sequence_editor.strips]"
    words = [
        "-b",
        "--factory-startup",
        "/work/modes.blend",
        "--python-expr",
        bare,
        "-o",
        "/work/plain_",
        "-a",
    ]
    run = place.blender(words, given)
    assert run.status == 0, run.output
    return {frame: read(place.work / f"plain_{frame:04d}.png") for frame in range(1, COUNT + 1)}


@pytest.fixture(scope="module")
def whole(place, given, plain):
    """What `-a` renders, by frame, and what it says."""
    run = place.blender(["-b", "/work/modes.blend", "-o", "/work/whole_", "-a"], given)
    assert run.status == 0, run.output
    frames = {frame: read(place.work / f"whole_{frame:04d}.png") for frame in range(1, COUNT + 1)}
    assert all((difference(frames[frame], plain[frame]) > 8).sum() > 500 for frame in frames)
    return frames, our_lines(run.output)


def test_an_animation_ends_with_one_line_that_sums_it_up(whole):
    _, lines = whole
    assert len(lines) == 1
    assert lines[0].startswith(
        f"Understudy: {COUNT} frames: {COUNT} faces swapped in {COUNT} layers, 0 shown as the"
    )
    assert lines[0].endswith("; 0 warnings")


@pytest.mark.parametrize(
    ("words", "frames"),
    [
        (["-f", "4"], [4]),
        (["-f", "2,5"], [2, 5]),
        (["-s", "2", "-e", "4", "-a"], [2, 3, 4]),
        (["-j", "3", "-a"], [1, 4]),
    ],
    ids=["-f", "-f list", "range", "step"],
)
def test_what_the_command_line_asks_for_is_rendered_and_nothing_else(place, given, whole, words, frames):
    prefix = "_".join(word.strip("-").replace(",", "-") for word in words)
    run = place.blender(["-b", "/work/modes.blend", "-o", f"/work/{prefix}_", *words], given)
    assert run.status == 0, run.output
    assert file_names(place, prefix) == [f"{prefix}_{frame:04d}.png" for frame in frames]
    for frame in frames:
        assert (read(place.work / f"{prefix}_{frame:04d}.png") == whole[0][frame]).all()
    # Each frame of a list is a render of its own for Blender, and says so.
    swapped = sum(int(line.split("frame")[0].split()[-1]) for line in our_lines(run.output))
    assert swapped == len(frames)
    assert all("0 written, 0 decoded, 0 models loaded" in line for line in our_lines(run.output))


def test_a_strict_render_stops_at_the_frame_and_ends_with_a_code_of_its_own(place, given, whole):
    lost = (
        # Without this a render that can swap no face does not begin.
        "import bpy, os; os.environ['UNDERSTUDY_ORIGINALS'] = 'render'; "
        "bpy.context.scene.understudy.modifiers[0].identity.pictures[0].filepath = '/work/none.png'"
    )
    words = ["-b", "/work/modes.blend", "--python-expr", lost, "-o"]
    stale = place.work / "strict_0002.png"
    stale.write_bytes(b"\x89PNG\r\n\x1a\nof an earlier render")
    run = place.blender([*words, "/work/strict_", "-s", "2", "-a", "--", "--understudy-strict"], given)
    assert run.status == STRICT_EXIT, run.output
    assert file_names(place, "strict") == []
    lines = our_lines(run.output)
    assert lines[0].startswith("Understudy: Error: frame 2 failed: Clip, frame 2: ")
    assert "none.png" in lines[0]
    assert lines[-1].endswith("; failed: frame 2")
    run = place.blender([*words, "/work/lenient_", "-s", "2", "-e", "3", "-a"], given)
    assert run.status == 0
    assert len(file_names(place, "lenient")) == 2
    assert our_lines(run.output)[-1].endswith("; 2 warnings")
    # The good picture again, strictly: what was blanked is made, and nothing fails.
    run = place.blender(
        ["-b", "/work/modes.blend", "-o", "/work/good_", "-a", "--", "--understudy-strict"], given
    )
    assert run.status == 0, run.output
    assert (read(place.work / "good_0002.png") == whole[0][2]).all()


@pytest.fixture(scope="module")
def window(place, given, whole):
    """The scenario in the window, played once."""
    return place.window(SCENARIOS / "render_modes.py", given, factory=False, timeout=400)


def test_the_viewport_renders_what_is_rendered(window, place, whole, plain):
    for frame in (1, 2, 3):
        shown = read(place.work / f"viewport_{frame:04d}.png")
        face = difference(whole[0][frame], plain[frame]) > 8
        assert (difference(shown, whole[0][frame])[face] <= 2).all()
        tweaked = read(place.work / f"tweaked_{frame:04d}.png").astype(int)
        # Of the blend, 0.4 is left: no frame may still show the picture from before the change.
        share = (
            np.abs(tweaked - plain[frame])[face].mean()
            / np.abs(whole[0][frame].astype(int) - plain[frame])[face].mean()
        )
        assert share == pytest.approx(0.4, abs=0.08)
    assert window["notice"] == ""


def test_what_the_window_renders_is_marked_and_shows_the_same(window, place, whole):
    for frame in range(1, COUNT + 1):
        path = place.work / f"window_{frame:04d}.png"
        assert verify_file(path).state == INTACT
        assert (read(path) == whole[0][frame]).all()
    for path in (*place.work.glob("viewport_*.png"), *place.work.glob("film_*")):
        assert verify_file(path).state == INTACT, path
    assert len(list(place.work.glob("film_*.mp4"))) == 1
    with av.open(str(next(place.work.glob("film_*.mp4")))) as container:
        assert sum(1 for _ in container.decode(video=0)) == COUNT


def test_through_proxies_the_face_is_on_the_same_place(window, place):
    assert {"proxy_25.avi", "proxy_50.avi"} <= {name.replace(".mp4", ".avi") for name in window["proxies"]}

    def changed(size):
        pair = (read(place.work / f"{size}_{name}.png")[PREVIEW] for name in ("with", "without"))
        mask = (difference(*pair) > 12).astype(np.uint8)
        return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))

    full = changed("full")
    centre = np.argwhere(full).mean(0)
    assert full.sum() > 1500
    for size in ("proxy_50", "proxy_25"):
        mask = changed(size)
        assert np.abs(np.argwhere(mask).mean(0) - centre).max() < 4, size
        assert (full & mask).sum() / (full | mask).sum() > 0.75, size


def test_in_the_window_a_failed_frame_is_removed_and_said(window, place):
    assert file_names(place, "strict") == []
    assert "failed: frame 1" in window["strict"]["rendered"]
    assert "not_there.png" in window["strict"]["trouble"]


def test_playing_prepared_frames_writes_nothing(window):
    assert window["playing"]["rewritten"] == 0
    assert not window["playing"]["onnxruntime"]
    print(f"\n3 s of playing: {window['playing']['processor']:.2f} s of processor time")


def test_disabling_leaves_nothing_even_while_a_worker_works(window):
    before, disabled, enabled = window["before"], window["disabled"], window["enabled"]
    assert before["children"] == 1
    assert min(before[name] for name in ("handlers", "classes", "timers", "menus", "properties")) > 0
    assert disabled == dict.fromkeys(before, 0)
    assert enabled == {**before, "children": 0, "timers": enabled["timers"], "threads": enabled["threads"]}
    assert window["works"].startswith(f"All {COUNT} ready")
    lines = window["output"].splitlines()
    assert not [line for line in lines if "Traceback" in line or ("understudy" in line and "Warning" in line)]
