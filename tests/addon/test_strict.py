# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict render fails where a face can't be replaced as asked; any render says in a line what it did."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from damaged_project import BAD, LAST, STRICT_EXIT, make_damaged_project, rendered_frames

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]


def last_line(driver):
    return next(line for line in reversed(driver.output.splitlines()) if line.startswith("Understudy: "))


def test_a_failed_frame_leaves_no_image_and_the_exit_code_tells(every_blender, footage):
    folder, begin = make_damaged_project(every_blender, footage, "strict")
    stale = folder / f"out_{BAD:04d}.png"
    stale.write_bytes(b"\x89PNG\r\n\x1a\n of an earlier render")
    every_blender.status = STRICT_EXIT
    answers = every_blender(
        *begin,
        ["setup", {"understudy__strict": True}],
        ["render", {"out": str(folder / "out_"), "report": str(folder / "report.json")}],
    )
    # The program is stopped at the frame; in the module, which can't be, the others are rendered.
    stops = every_blender.blender.name == "5.2"
    good = [frame for frame in range(1, LAST + 1) if frame != BAD]
    assert rendered_frames(folder) == (good[: BAD - 1] if stops else good)
    assert answers[-1]["failed"] == [BAD]
    failure = next(line for line in every_blender.output.splitlines() if "Error: frame" in line)
    assert failure.startswith(f"Understudy: Error: frame {BAD} failed: clip, frame {BAD}: ")
    assert f"picture_{BAD - 1:03d}.png" in failure
    assert last_line(every_blender).endswith(f"failed: frame {BAD}")


def test_a_movie_with_a_failed_frame_does_not_look_finished(every_blender, footage):
    folder, begin = make_damaged_project(every_blender, footage, "movie")
    every_blender.status = STRICT_EXIT
    every_blender(
        *begin,
        ["setup", {"understudy__strict": True}],
        ["movie_output", {}],
        ["render", {"out": str(folder / "film_")}],
    )
    assert [path.name for path in folder.glob("film_*")] == [f"film_0001-{LAST:04d}.failed.mp4"]


def test_what_is_not_strict_goes_on_and_says_what_it_shows(every_blender, footage):
    folder, begin = make_damaged_project(every_blender, footage, "lenient")
    every_blender.status = 0
    answers = every_blender(
        *begin,
        ["render", {"out": str(folder / "out_"), "report": str(folder / "report.json")}],
        ["setup", {"understudy__strict": True, "frame_end": BAD - 1}],
        ["render", {"out": str(folder / "short_"), "report": str(folder / "short.json")}],
    )
    assert rendered_frames(folder) == list(range(1, LAST + 1))
    lenient, strict = answers[-3], answers[-1]
    assert lenient["failed"] == strict["failed"] == []
    assert lenient["shown"]["swapped"] == LAST - 1
    assert sum(lenient["shown"]["original"].values()) == len(lenient["warnings"]) == 1
    lines = [line for line in every_blender.output.splitlines() if line.startswith("Understudy: 6 frames")]
    assert len(lines) == 1
    assert f"{LAST - 1} faces swapped in {LAST - 1} layers, 1 shown as the original (" in lines[0]
    assert lines[0].endswith("; 1 warning")
    # Nothing is wrong with the frames before: a strict render of them is like any other.
    assert rendered_frames(folder, "short_") == [1, 2, 3]
    assert last_line(every_blender).endswith("; 0 warnings")


def test_a_clip_that_can_not_be_followed_fails_the_frames_that_show_it(drive, footage):
    folder = drive.folder / "unfollowed"
    folder.mkdir()
    drive.status = STRICT_EXIT
    report = drive(
        ["project", {"size": [320, 240], "frames": [1, 6], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie, "start": 4}],
        ["colour", {"name": "title", "channel": 2, "start": 4, "end": 9}],
        ["set_properties", {"title": {"lock": True}}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["setup", {"understudy__strict": True}],
        ["render", {"out": str(folder / "out_"), "report": str(folder / "report.json")}],
    )[-1]
    assert report["failed"] == [4, 5, 6]
    assert rendered_frames(folder) == [1, 2, 3]
    assert "clip, frame 4: clip has title between it and its layer" in drive.output


def test_what_nobody_foresaw_is_reported_and_fails_a_strict_frame(drive, footage):
    """Python's own limit on depth stands for a fault of ours: no error that Understudy raises on purpose."""
    folder = drive.folder / "unforeseen"
    folder.mkdir()
    begin = [
        ["project", {"size": [320, 240], "frames": [1, 3], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
    ]
    drive.status, drive.complains = 0, True
    report = drive(
        *begin, ["render_shallow", {"out": str(folder / "out_"), "report": str(folder / "r.json")}]
    )[-1]
    assert rendered_frames(folder) == [1, 2, 3]
    assert any(
        "frame 2: Understudy itself failed" in text and "RecursionError" in text
        for text in report["warnings"]
    )
    drive.status = STRICT_EXIT
    report = drive(
        *begin,
        ["setup", {"understudy__strict": True}],
        ["render_shallow", {"out": str(folder / "strict_"), "report": str(folder / "r.json")}],
    )[-1]
    drive.complains = False
    assert report["failed"] == [1, 2, 3]
    assert rendered_frames(folder, "strict_") == []


@pytest.mark.parametrize(
    ("flag", "value", "code"),
    [
        ("--understudy-strict", "", STRICT_EXIT),
        ("", "1", STRICT_EXIT),
        ("", "so be it", STRICT_EXIT),
        ("", "off", 0),
    ],
)
def test_the_command_line_or_the_environment_asks_for_it_too(drive, footage, flag, value, code):
    """`-- --understudy-strict`, as after the words that Blender itself reads, or `UNDERSTUDY_STRICT`."""
    folder, begin = make_damaged_project(drive, footage, f"flag {flag}{value}")
    job, result = folder / "job.json", folder / "result.json"
    steps = [*begin, ["render", {"out": str(folder / "out_"), "report": str(folder / "r.json")}]]
    job.write_text(json.dumps({"steps": steps, "result": str(result)}))
    script = Path(__file__).parent / "scripts" / "drive.py"
    words = ["--", *([flag] if flag else []), str(job)]
    done = subprocess.run(
        [sys.executable, str(script), *words],
        env={**os.environ, "UNDERSTUDY_STRICT": value},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert json.loads(result.read_text())[-1]["failed"] == ([BAD] if code else [])
