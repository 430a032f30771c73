# SPDX-License-Identifier: GPL-3.0-or-later
"""Farms render single frames one after the other: one process needs its models once, and reports as one."""

import json
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import pytest
from blender_driver import COUNT, TIMEOUT_SECONDS, Driver
from blenders import MissingError, find
from damaged_project import BAD, LAST, STRICT_EXIT, make_damaged_project, rendered_frames
from understudy.core.system.version import version

pytestmark = [pytest.mark.blender]

OPEN = Path(__file__).parent / "scripts" / "open_project.py"


def begin(driver, footage, name):
    folder = driver.folder / name
    folder.mkdir()
    return folder, [
        ["project", {"size": [320, 240], "frames": [1, LAST], "save": str(folder / "p.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
    ]


def render_frames(driver, footage, folder, *words):
    """Render with the arguments of Blender's own command line; returns the process and the report."""
    job, report = folder / "job.json", folder / "report.json"
    job.write_text(
        json.dumps({"project": str(folder / "p.blend"), "environment": {"UNDERSTUDY_REPORT": str(report)}})
    )
    options = ["--render-output", str(folder / "out_####"), *words]
    command = driver.blender.command(OPEN, str(job), (driver.folder, footage.folder), options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    assert report.is_file(), done.stdout[-1500:] + done.stderr[-3000:]
    return done, json.loads(report.read_text())


@pytest.fixture(scope="module")
def program(tmp_path_factory, footage):
    """The program Blender 5.2, with a folder of its own."""
    try:
        blender = find("5.2")
    except MissingError as reason:
        pytest.skip(str(reason))
    return Driver(tmp_path_factory.mktemp("blender_5.2_"), blender, (footage.folder,))


def test_stills_of_one_process_need_what_an_animation_needs(drive, footage):
    reports = []
    for name in ("stills", "animation"):
        folder, steps = begin(drive, footage, name)
        report = str(folder / "report.json")
        stills = [
            [
                "render",
                {"out": str(folder / f"out_{n:04d}.png"), "how": "still", "frame": n, "report": report},
            ]
            for n in range(1, LAST + 1)
        ]
        animation = [["render", {"out": str(folder / "out_"), "report": report}]]
        reports.append(drive(*steps, *(stills if name == "stills" else animation))[-1])
        assert rendered_frames(folder) == list(range(1, LAST + 1))
    stills, animation = reports
    for part in ("models_loaded", "frames_decoded", "frames", "faces", "pictures", "shown", "failed"):
        assert stills[part] == animation[part], part
    assert {name: counts["run"] for name, counts in stills["stages"].items()} == {
        name: counts["run"] for name, counts in animation["stages"].items()
    }
    assert stills["models_loaded"] == 2
    assert stills["result"] == animation["result"] == f"{LAST} frames, {LAST} swapped, 0 originals"
    assert (stills["renders"], animation["renders"]) == (LAST, 1)
    assert stills["range"] == animation["range"] == f"1-{LAST}"
    assert stills["host"] == platform.node()
    # The module `bpy` of this Python is 4.5 or 5.0.
    name = metadata.version("bpy")[:3] if drive.blender.name == "here" else drive.blender.name
    assert stills["blender"].startswith(name)
    assert stills["extension"] == version()
    for number in range(1, LAST + 1):
        one, other = (
            cv2.imread(str(drive.folder / name / f"out_{number:04d}.png")) for name in ("stills", "animation")
        )
        assert np.array_equal(one, other)


def test_a_purge_reaches_what_renders_keep_in_memory(drive, footage):
    folder, steps = begin(drive, footage, "purged")
    still = {"out": str(folder / "out.png"), "how": "still", "frame": 1}
    first, again, _, after = drive(
        *steps,
        ["render", {**still, "report": str(folder / "first.json")}],
        ["render", {**still, "report": str(folder / "again.json")}],
        ["op", {"name": "understudy.purge", "active": "clip", "what": "ALL"}],
        ["render", {**still, "report": str(folder / "after.json")}],
    )[-4:]
    assert first["models_loaded"] == after["models_loaded"] == 2
    assert first["stages"]["detect"]["run"] == after["stages"]["detect"]["run"] > 0
    assert again["models_loaded"] == again["stages"]["detect"]["run"] == 0


def test_frames_of_the_command_line_share_models_and_report_as_one(program, footage):
    folder, steps = begin(program, footage, "frames")
    program(*steps, ["save", {}])
    done, report = render_frames(program, footage, folder, "--render-frame", f"1..{LAST}")
    assert done.returncode == 0, done.stderr[-2000:]
    assert rendered_frames(folder) == list(range(1, LAST + 1))
    assert (report["renders"], report["range"], report["models_loaded"]) == (LAST, f"1-{LAST}", 2)
    assert (
        report["frames_decoded"] <= COUNT + LAST
    )  # all of the clip for the shapes, and each frame for its swap


def test_strict_frames_of_the_command_line_end_with_the_documented_code(program, footage):
    folder, steps = make_damaged_project(program, footage, "strict frames")
    cv2.imwrite(str(folder / "picture_001.png"), np.zeros((90, 160, 3), np.uint8))
    program(*steps, ["setup", {"understudy__strict": True}], ["save", {}])
    done, report = render_frames(program, footage, folder, "--render-frame", f"1..{LAST}")
    assert done.returncode == STRICT_EXIT, done.stderr[-2000:]
    assert report["failed"] == [2, BAD]
    assert rendered_frames(folder) == [frame for frame in range(1, LAST + 1) if frame not in (2, BAD)]
