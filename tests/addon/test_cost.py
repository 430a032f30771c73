# SPDX-License-Identifier: GPL-3.0-or-later
"""What Understudy costs an editor who waits for nothing: libraries, files and models that are not touched.

What that takes in processor time is printed, not asserted: `pytest -s`.
"""

import pytest
from blender_driver import Driver

from tools.demo.portrait import load_portrait
from tools.demo.synthetic_clip import write_clip

pytestmark = [pytest.mark.blender]

LENGTH = 3000
HEAVY = ["av", "cv2", "onnxruntime"]


@pytest.fixture
def make(running, tmp_path):
    """Return a driver for what is not looked at: it needs no process of its own."""
    return Driver(tmp_path, running=running)


def test_opening_a_project_and_editing_loads_nothing_that_computes(every_blender, running, footage, tmp_path):
    folder = every_blender.folder
    Driver(tmp_path, every_blender.blender, running=running)(
        ["project", {"size": [320, 240], "frames": [1, 8], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["save", {}],
    )
    answers = every_blender(
        ["libraries", {"names": HEAVY}],
        ["load", {"path": str(folder / "p.blend")}],
        ["adjust", {"name": "clip", "frame_start": 3}],
        ["setup", {"frame_current": 5}],
        ["save", {}],
        ["libraries", {"names": HEAVY}],
    )
    assert answers[0] == answers[-1] == []


def test_looking_at_frames_that_are_not_prepared_loads_no_model(drive, prepared):
    answers = drive(
        ["load", {"path": prepared}],
        ["setup", {"frame_end": 12}],
        ["live_begin", {}],
        *[["live_frame", {"frame": frame}] for frame in (9, 10, 11, 12)],
        ["tune", {"settings": {"swap.mirror": 0.5}}],
        ["live_frame", {"frame": 2}],
        ["libraries", {"names": HEAVY}],
    )
    states = [*answers[3:7], answers[8]]
    assert all("not prepared" in entry["notice"] for entry in states)
    assert all(entry["facts"]["models_loaded"] == entry["facts"]["frames_decoded"] == 0 for entry in states)
    assert "onnxruntime" not in answers[-1]


def test_an_untouched_render_opens_neither_cache_nor_clip(drive, make, prepared):
    make(["load", {"path": prepared}], ["render", {"out": drive.out("first")}])
    answers = drive(
        ["load", {"path": prepared}],
        ["render", {"out": drive.out("again"), "report": str(drive.folder / "again.json")}],
        ["libraries", {"names": HEAVY}],
        ["render_cost", {"frames": [1, 8], "rounds": 5}],
    )
    report, libraries, cost = answers[1:]
    assert report["stages"]["fuse"] == {**report["stages"]["fuse"], "run": 0, "hit": 8}
    assert libraries == []
    assert cost["opened"] is False
    print(
        f"\nhandler of an unchanged frame: p50 {cost['p50']:.2f} ms, p95 {cost['p95']:.2f} ms of processor time"
    )


def test_at_1080p_a_drag_fuses_once_a_move_and_playing_fuses_nothing(drive, footage, tmp_path):
    write_clip(load_portrait(), tmp_path / "large.mp4", 2)
    values = [round(0.3 + 0.01 * number, 2) for number in range(12)]
    answers = drive(
        ["project", {"size": [1920, 1080], "frames": [1, 2], "save": str(drive.folder / "large.blend")}],
        ["movie", {"name": "clip", "file": str(tmp_path / "large.mp4")}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["work", {}],
        ["playback_cost", {"frames": [1, 2], "rounds": 4}],
        ["drag_cost", {"path": "fusion.blend", "values": values}],
    )
    playing, drag = answers[4], answers[5]
    assert drag["fused"] == len(values)
    assert playing["stages"]["fuse"]["run"] == 0
    for facts in (playing, drag):
        assert facts["models_loaded"] == facts["frames_decoded"] == 0
        assert not any(counts["run"] for stage, counts in facts["stages"].items() if stage != "fuse")
    print(f"\n1080p drag, ms of the main thread: {drag['own']}, of all threads: {drag['whole']}")
    print(f"1080p playing, ms of the main thread: {playing['own']}")


def test_a_long_clip_costs_in_proportion_when_it_is_opened_saved_and_walked(drive, footage):
    answers = drive(
        ["project", {"size": [64, 48], "frames": [1, LENGTH], "save": str(drive.folder / "long.blend")}],
        ["long_movie", {"name": "clip", "file": str(drive.folder / "long.mp4"), "count": LENGTH}],
        ["op", {"name": "understudy.modifier_add", "active": "clip"}],
        ["save", {}],
        ["long_costs", {"name": "clip"}],
    )[-1]
    assert answers["elements"] == LENGTH
    # What is read of Blender at a frame is the same at any length: no element but the one shown.
    # At the first look that a render takes at a clip, the links of its folder are followed as well.
    assert answers["calls_at_a_frame"] < 1700 < LENGTH
    assert answers["sequence"] == [f"{7:05d}.png", f"{7:05d}.png", f"{8:05d}.png"]
    # An image strip's files are listed once, not at every frame; another file at its end is noticed.
    first, second, changed = answers["calls_for_a_sequence"]
    assert second < 1000 < LENGTH < first
    assert changed > LENGTH
    assert answers["again"] is False  # a second look finds nothing to do
    print(f"\n{LENGTH} frames: {answers['milliseconds']}")
