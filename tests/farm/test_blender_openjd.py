# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Deadline Cloud's own program for Blender renders our bundle, frame by frame in one Blender a session."""

import json

from farm.openjd_job import Job
from farm.rendered import assert_equal_images


def run_session(farm, engines, project, **environment):
    """Render all frames in a session; returns the job and the ended process."""
    job = Job(farm, engines, project, "--blender-openjd", "--force")
    for path in job.images.glob("*.png"):
        path.unlink()
    changes = {"BLENDER_EXECUTABLE": str(farm.blender), **environment}
    path = f"{engines}:{farm.environment()['PATH']}"
    return job, job.do("run", "--step", "Render", PATH=path, **changes)


def test_models_are_loaded_once_a_session_and_the_frames_are_those_of_one_process(farm, engines, single):
    project = farm.copy_project("adaptor")
    report = project.parent / "render.json"
    job, done = run_session(farm, engines, project, UNDERSTUDY_REPORT=str(report))
    assert done.returncode == 0, done.stdout[-5000:]
    for path in job.images.glob("_shot_*.png"):  # it puts the name of a view layer before, which is empty
        path.rename(path.with_name(path.name[1:]))
    assert_equal_images(job.images, single.parent / "out")
    facts = json.loads(report.read_text())
    assert (facts["renders"], facts["models_loaded"], facts["shown"]["swapped"]) == (6, 2, 6)


def test_a_frame_that_fails_fails_the_session(farm, engines):
    project = farm.copy_project("adaptor failed")
    (project.parent / "face.png").write_bytes(b"no image")
    job, done = run_session(farm, engines, project)
    assert done.returncode != 0
    assert "Blender Encountered an Error" in done.stdout
    assert not list(job.images.glob("*.png"))


def test_a_session_on_an_unfit_machine_renders_nothing(farm, engines):
    bare = str(farm.bare_blender)
    project = farm.copy_project("adaptor unfit")
    job, done = run_session(farm, engines, project, BLENDER_EXECUTABLE=bare, UNDERSTUDY_BLENDER=bare)
    assert done.returncode != 0
    assert "openjd_fail: Understudy is not installed or not enabled" in done.stdout
    assert not list(job.images.glob("*.png"))
