# SPDX-License-Identifier: GPL-3.0-or-later
"""run-task with real Blender: right frames, or an exit code that says whose fault it is."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from farm.blender_program import run
from farm.rendered import images_of, reports_in

UNFIT, FAILED, TRY_AGAIN = 4, 3, 75


def outcome(farm, project, *words, **environment):
    """Run a task of two frames; returns its exit code and what it printed."""
    done = farm.task(project, "--frames", "1-2", f"--output={project.parent}/out/shot_####", *words,
                     environment=farm.environment(**environment))  # fmt: skip
    return done.returncode, done.stdout


def test_frames_are_rendered_with_new_faces_and_reported(farm, single):
    images = images_of(single.parent / "out")
    assert len(images) == 6
    clip = cv2.VideoCapture(str(single.parent / "clip.mp4"))
    for name in sorted(images):
        assert (np.abs(images[name].astype(int) - clip.read()[1]).max(2) > 20).sum() > 500
    (report,) = reports_in(single.parent / "reports")
    task, render = report["task"], report["render"]
    assert (task["first"], task["last"], task["exit_code"], task["engine"]) == (1, 6, 0, "none")
    assert task["cpu_seconds"] > 0
    assert task["started_at_unix_seconds"] < task["ended_at_unix_seconds"]
    assert (render["range"], render["shown"]["swapped"], render["failed"]) == ("1-6", 6, [])


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("extension", "Understudy is not installed or not enabled"),
        ("version", "the job is for 9.9.9: install that version"),
        ("face.png", "image missing (face.png)"),
        ("clip.mp4", "clip missing"),
        ("shot.blend", "shot.blend is missing"),
        ("blender", "can't be started: it is not there"),
        ("models", "UNDERSTUDY_MODELS names {missing}, which is not there"),
        ("share", "UNDERSTUDY_SHARED_CACHE names {missing}, which is not there"),
        ("scene", "the project has no scene Other"),
        ("temporary", "name a folder in TMPDIR that Blender sees"),
    ],
)
def test_an_unfit_machine_renders_nothing_and_says_what_it_lacks(farm, what, words):
    project = farm.copy_project(f"unfit {what}")
    missing = project.parent / "missing"
    words = words.format(missing=missing)
    changes = {
        "extension": {"UNDERSTUDY_BLENDER": str(farm.bare_blender)},
        "blender": {"UNDERSTUDY_BLENDER": str(missing / "blender")},
        "models": {"UNDERSTUDY_MODELS": str(missing)},
        "share": {"UNDERSTUDY_SHARED_CACHE": str(missing)},
        "temporary": {"TMPDIR": "/var/tmp"},
    }.get(what, {})
    if "." in what:
        (project.parent / what).unlink()
    more = {"version": ["--expect-extension", "9.9.9"], "scene": ["--scene", "Other"]}.get(what, [])
    reports = project.parent / "reports"
    code, output = outcome(farm, project, "--report-dir", reports, "--engine", "openjd", *more, **changes)
    assert code == UNFIT, output
    assert any(line.startswith("openjd_fail: ") and words in line for line in output.splitlines())
    assert not (project.parent / "out").exists()
    (report,) = reports_in(reports)
    assert report["task"]["exit_code"] == UNFIT
    assert words in report["task"]["reason"]


def test_images_that_were_there_are_rendered_anew(farm, single):
    project = farm.copy_project("stale")
    words = "import bpy; r = bpy.context.scene.render; r.use_overwrite, r.use_placeholder = False, True"
    words += "; bpy.ops.wm.save_mainfile()"
    run([farm.blender, "-b", project, "--python-expr", words], farm.environment())
    out = project.parent / "out"
    out.mkdir()
    shutil.copy(project.parent / "face.png", out / "shot_0001.png")
    (out / "shot_0002.png").touch()
    code, output = outcome(farm, project)
    assert code == 0, output
    for name in ("shot_0001.png", "shot_0002.png"):
        assert np.array_equal(cv2.imread(str(out / name)), cv2.imread(str(single.parent / "out" / name)))


def test_a_missing_model_is_named(farm):
    project = farm.copy_project("model")
    farm.choose_missing_model(project)
    code, output = outcome(farm, project)
    assert code == UNFIT, output
    assert "model missing (" in output


def sizes_below(folder):
    """The size of each file in a folder."""
    return {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def test_an_unfit_machine_prepares_nothing(farm):
    project = farm.copy_project("unfit prepare")
    before = sizes_below(project.parent)
    code, output = outcome(farm, project, "--prepare", "--expect-extension", "9.9.9")
    assert code == UNFIT, output
    assert "prepared" not in output
    assert sizes_below(project.parent) == before


def test_a_server_that_does_not_answer_is_tried_again(farm):
    project = farm.copy_project("no redis")
    code, output = outcome(farm, project, "--env", "UNDERSTUDY_REDIS=redis://127.0.0.1:1/0")
    assert code == TRY_AGAIN, output
    assert "Redis server of UNDERSTUDY_REDIS at " in output


def test_frames_that_fail_end_with_3_and_only_they_are_missing(farm):
    project = farm.copy_project("failed")
    (project.parent / "face.png").write_bytes(b"no image")
    code, output = outcome(farm, project)
    assert code == FAILED, output
    assert "Error: " in output
    assert not (project.parent / "out").exists() or images_of(project.parent / "out") == {}


def test_images_that_can_not_be_written_fail(farm):
    project = farm.copy_project("unwritable")
    (project.parent / "out").write_text("a file in the folder's place")
    code, output = outcome(farm, project)
    assert code in (FAILED, 1), output
    assert "Understudy: Error: Blender " in output


def start(farm, project, *words):
    command = [farm.understudy, "farm", "run-task", project, "-s", "1", "-e", "6", *words]
    return subprocess.Popen(
        [str(word) for word in command],
        env=farm.environment(UNDERSTUDY_BLENDER=str(farm.slow_blender)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def words_of(number):
    """The command line of a process."""
    return Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")


def blenders_of(project):
    """The processes that render a project, by their ids outside."""
    process_ids = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"blender") and str(project).encode() in words:
            process_ids.append(int(entry.name))
    return process_ids


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_handed_on_and_nothing_is_left_behind(farm, number):
    project = farm.copy_project(f"stopped {number.name}")
    task = start(farm, project, "--report-dir", project.parent / "reports")
    wait_for(lambda: blenders_of(project))
    task.send_signal(number)
    output = task.communicate(timeout=60)[0]
    assert task.returncode == 128 + number, output
    assert "the task was stopped" in output
    assert blenders_of(project) == []
    (report,) = reports_in(project.parent / "reports")
    assert report["task"]["exit_code"] == 128 + number


def test_a_task_within_blender_hands_a_signal_on_too(farm):
    project = farm.copy_project("stopped within")
    words = ["--command", "understudy", "farm", "run-task", project, "-s", "1", "-e", "6"]
    task = subprocess.Popen(
        [str(word) for word in (farm.blender, *words)],
        env=farm.environment(UNDERSTUDY_BLENDER=None),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for(lambda: len(blenders_of(project)) == 2)
    outer = [number for number in blenders_of(project) if b"--command" in words_of(number)]
    os.kill(outer[0], signal.SIGTERM)
    output = task.communicate(timeout=60)[0]
    assert task.returncode == 128 + signal.SIGTERM, output
    assert "the task was stopped" in output
    assert blenders_of(project) == []


def test_blender_does_not_outlive_a_task_that_was_killed(farm):
    project = farm.copy_project("killed task")
    task = start(farm, project, f"--output={project.parent}/out/shot_####")
    wait_for((project.parent / "out" / "shot_0001.png").exists)
    task.kill()
    task.wait()
    task.stdout.close()
    wait_for(lambda: not blenders_of(project))
    assert not (project.parent / "out" / "shot_0006.png").exists()


def test_a_killed_blender_is_tried_again_and_then_all_is_there(farm, single):
    project = farm.copy_project("killed blender")
    task = start(
        farm, project, f"--output={project.parent}/out/shot_####", "--report-dir", project.parent / "r"
    )
    wait_for((project.parent / "out" / "shot_0001.png").exists)
    for process in blenders_of(project):
        os.kill(process, signal.SIGKILL)
    output = task.communicate(timeout=60)[0]
    assert task.returncode == TRY_AGAIN, output
    assert (
        "ended by signal 9"
        in json.loads(next((project.parent / "r").glob("*.json")).read_text())["task"]["reason"]
    )
