# SPDX-License-Identifier: GPL-3.0-or-later
"""Flamenco's job type, evaluated by an interpreter of its language; its commands, run in Blender as a worker does."""

import json
import re
from pathlib import Path

import pytest
from blenders import ROOT
from farm.blender_program import run
from farm.rendered import assert_equal_images, reports_in
from farm_plans import make_plan
from understudy.core.farm.writers import JobOptions, write_job

_SCRIPTS = Path(__file__).parent / "scripts"
_GOJA = ROOT / "build" / "compile_in_goja"
# How a worker counts steps in what Blender prints.
_SAVED = re.compile("Saved: '(.*)'")
_TYPES = {"string": str, "int32": int, "bool": bool}


@pytest.fixture(params=["QuickJS", "goja"])
def compiler(request, engines):
    """The command that compiles a job in an interpreter; goja is that of Flamenco's manager."""
    return make_compiler(request.param, engines)


def make_compiler(name, engines):
    """Return the command for an interpreter; skips where it is not on this machine."""
    if name == "QuickJS":
        return [engines / "python", _SCRIPTS / "compile_in_quickjs.py"]
    if not _GOJA.is_file():
        pytest.skip("goja is not built: run `make window`, then `make test-farm`")
    return [_GOJA]


def compile_job(compiler, folder):
    """Compile the job in a folder; returns the declaration of its type, its tasks by name, and the job."""
    job = folder / "job.json"
    scripts = _SCRIPTS / "manager.js", folder / "understudy_render.js"
    done = run([*compiler, *scripts, job], {"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stdout
    values = json.loads(done.stdout)
    tasks = {task["name"]: task for task in values["tasks"]}
    return values["jobType"], tasks, json.loads(job.read_text())


def write_plan(folder, plan):
    for name, text in write_job(plan, "flamenco", JobOptions()).items():
        (folder / name).write_text(text)


def test_the_job_has_the_settings_of_its_type_and_the_chunks_of_the_plan(compiler, tmp_path):
    plan = make_plan(step=2, last=20)
    write_plan(tmp_path, plan)
    job_type, tasks, job = compile_job(compiler, tmp_path)
    settings = {setting["key"]: setting for setting in job_type["settings"]}
    assert job["type"] == "understudy-render"
    for name, value in job["settings"].items():
        assert isinstance(value, _TYPES[settings[name]["type"]]), name
    renders = [task for name, task in tasks.items() if name.startswith("render-")]
    prepares = [name for name in tasks if name.startswith("prepare-")]
    assert len(renders) == len(prepares) == len(plan.chunks)
    for task, chunk in zip(renders, plan.chunks, strict=True):
        (command,) = task["commands"]
        assert command["totalStepCount"] == len(range(chunk.first_frame, chunk.last_frame + 1, 2))
        assert task["dependencies"] == prepares


def test_both_interpreters_make_the_same_tasks(engines, tmp_path):
    write_plan(tmp_path, make_plan("/x/it's $HOME & <b>/shöt one.blend", "Scène"))
    quickjs, goja = (compile_job(make_compiler(name, engines), tmp_path) for name in ("QuickJS", "goja"))
    assert quickjs == goja


@pytest.mark.parametrize("frames", ["1-10,20", "10-1", "x"])
def test_other_frames_than_one_range_are_refused(compiler, tmp_path, frames):
    write_plan(tmp_path, make_plan())
    path = tmp_path / "job.json"
    job = json.loads(path.read_text())
    job["settings"]["frames"] = frames
    path.write_text(json.dumps(job))
    with pytest.raises(AssertionError, match=json.dumps(frames)):
        compile_job(compiler, tmp_path)


def test_the_commands_render_and_give_the_steps_that_a_worker_counts(farm, engines, single):
    project = farm.copy_project("flamenco")
    words = ["--engine", "flamenco", "--output", project.parent / "job", "--chunk", "4", "--prepare-first",
             "--images", f"{project.parent}/out/shot_####"]  # fmt: skip
    done = run([farm.understudy, "farm", "write", project, *words], farm.environment())
    assert done.returncode == 0, done.stdout
    _, tasks, _ = compile_job(make_compiler("QuickJS", engines), project.parent / "job")
    for name, task in tasks.items():
        (command,) = task["commands"]
        parameters = command["parameters"]
        assert parameters["exe"] == "{blender}"
        line = [farm.blender, *parameters["argsBefore"], parameters["blendfile"], *parameters["args"]]
        # The launcher's own Blender renders; a worker of Flamenco has no variable for it.
        done = run(line, farm.environment(UNDERSTUDY_BLENDER=None, PATH="/usr/sbin:/usr/bin:/bin"))
        assert done.returncode == 0, done.stdout[-3000:]
        if name.startswith("render-"):
            assert len(_SAVED.findall(done.stdout)) == command["totalStepCount"]
    assert_equal_images(project.parent / "out", single.parent / "out")
    reports = reports_in(project.parent / "out" / "understudy_reports")
    assert len(reports) == len(tasks) == 4
    line[0] = farm.bare_blender
    assert run(line, farm.environment()).returncode != 0
