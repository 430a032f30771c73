# SPDX-License-Identifier: GPL-3.0-or-later
"""`blender -b project.blend -- --understudy-prepare`: what a render then finds, its lines, and its exit codes."""

import json
import os
import signal
import subprocess
import time

import pytest
from farm.blender_program import run

REFUSED, FRAMES_FAILED = 1, 3


def prepare(farm, project, *words, before=(), **environment):
    """Prepare in Blender; returns its exit code and our own lines."""
    command = [farm.blender, "-b", project, *before, "--", "--understudy-prepare", *words]
    done = run(command, farm.environment(**environment))
    return done.returncode, [line for line in done.stdout.splitlines() if line.startswith("Understudy: ")]


def test_a_prepared_range_is_rendered_without_decoding_anything(farm):
    project = farm.copy_project("prepared")
    report = project.parent / "report.json"
    stamp = project.stat().st_mtime_ns
    code, lines = prepare(farm, project, "-s", "2", "-e", "5", UNDERSTUDY_REPORT=str(report))
    assert code == 0
    assert [line for line in lines if " of 4" in line] == [
        f"Understudy: prepared {n} of 4" for n in range(1, 5)
    ]
    assert lines[-1].startswith("Understudy: prepared 4 frames: 4 faces swapped in 4 layers, ")
    prepared = json.loads(report.read_text())
    assert (prepared["range"], prepared["prepared"], prepared["renders"]) == ("", "2-5", 0)
    assert (prepared["shown"]["swapped"], prepared["failed"], prepared["refused"]) == (4, [], "")
    assert project.stat().st_mtime_ns == stamp
    assert not (project.parent / "out").exists()
    # The frames that are there already cost nothing.
    code, lines = prepare(farm, project, "-s", "2", "-e", "5")
    assert (code, "; 0 written, 0 decoded, 0 models loaded" in lines[-1]) == (0, True)

    report.unlink()
    render = [
        farm.blender,
        "-b",
        project,
        "-o",
        f"{project.parent}/out/shot_####",
        "-s",
        "2",
        "-e",
        "5",
        "-a",
    ]
    done = run(render, farm.environment(UNDERSTUDY_REPORT=str(report)))
    assert done.returncode == 0, done.stdout[-2000:]
    rendered = json.loads(report.read_text())
    assert (rendered["range"], rendered["prepared"]) == ("2-5", "")
    assert (rendered["frames_decoded"], rendered["models_loaded"], rendered["shown"]["swapped"]) == (0, 0, 4)


def test_blender_s_own_range_holds_where_none_is_given_and_scripts_come_first(farm):
    project = farm.copy_project("own range")
    code, lines = prepare(farm, project, before=("-s", "3", "-e", "4"))
    assert (code, lines[-1].startswith("Understudy: prepared 2 frames: 2 faces")) == (0, True)
    script = ("--python-expr", "import bpy; bpy.context.scene.frame_end = 1")
    code, lines = prepare(farm, project, before=script)
    assert (code, lines[-1].startswith("Understudy: prepared 1 frame: 1 face")) == (0, True)
    code, lines = prepare(farm, project, before=("--python-expr", "import sys; sys.exit(4)"))
    assert (code, lines) == (4, [])
    failing = ("--python-exit-code", "9", "--python-expr", "1 / 0")
    code, lines = prepare(farm, project, before=failing)
    assert (code, lines) == (REFUSED, ["Understudy: Error: nothing is prepared, since a script failed"])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("-s", "x"), "nothing is prepared: argument -s: invalid int value: 'x'"),
        (("-s", "5", "-e", "2"), "nothing is prepared: the last frame, 2, is before the first, 5"),
        (("--frames", "1-2"), "nothing is prepared: unrecognized arguments: --frames 1-2"),
    ],
)
def test_what_can_not_be_understood_prepares_nothing(farm, words, text):
    code, lines = prepare(farm, farm.project, *words)
    assert (code, lines) == (REFUSED, [f"Understudy: Error: {text}"])


def test_without_a_project_nothing_is_prepared(farm):
    done = run([farm.blender, "-b", "--", "--understudy-prepare"], farm.environment())
    assert done.returncode == REFUSED
    assert "Understudy: Error: nothing is prepared, since no project was opened" in done.stdout


def test_where_no_face_can_be_replaced_it_is_refused_as_a_render_is(farm):
    project = farm.copy_project("refused")
    (project.parent / "face.png").unlink()
    report = project.parent / "report.json"
    code, lines = prepare(farm, project, UNDERSTUDY_REPORT=str(report))
    assert code == REFUSED
    (error,) = [line for line in lines if "Error: " in line]
    assert error.startswith("Understudy: Error: nothing is prepared, since original faces would be shown (")
    assert "image missing (face.png)" in error
    assert json.loads(report.read_text())["refused"]


@pytest.mark.parametrize(("word", "code"), [("--understudy-strict", FRAMES_FAILED), (None, 0)])
def test_frames_that_fail_are_named_and_fail_it_where_it_is_strict(farm, word, code):
    project = farm.copy_project(f"failed {code}")
    # The image is there and shows a face, but the clip is cut off.
    clip = project.parent / "clip.mp4"
    clip.write_bytes(clip.read_bytes()[:-20000])
    report = project.parent / "report.json"
    ended, lines = prepare(farm, project, *([word] if word else []), UNDERSTUDY_REPORT=str(report))
    assert ended == code, lines
    failed = json.loads(report.read_text())["failed"]
    errors = [line for line in lines if line.startswith("Understudy: Error: frame ")]
    assert bool(failed) == bool(errors) == bool(word)
    assert any("Warning: Clip, frame " in line for line in lines), lines


def test_a_signal_ends_it_with_one_line_and_keeps_what_is_done(farm):
    project = farm.copy_project("signalled")
    command = [str(farm.blender), "-b", str(project), "--", "--understudy-prepare"]
    process = subprocess.Popen(
        command, env=farm.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("Understudy: prepared 1 of"):
            os.kill(blender_below(process.pid), signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    ours = [line for line in lines if line.startswith("Understudy: ")]
    assert ours[-1].startswith("Understudy: Error: the preparation is ended by SIGTERM after ")
    _, lines = prepare(farm, project)
    assert "6 faces swapped in 6 layers" in lines[-1]
    assert "; 6 written" not in lines[-1]


def blender_below(pid):
    """The process of Blender itself below the one that was started: the last of the line."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        children = subprocess.run(
            ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if not children.strip():
            return pid
        pid = int(children.split()[0])
    raise AssertionError("no process without children")
