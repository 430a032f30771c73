# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks of real Blenders wrote, merged: `understudy farm report`."""

import json

from farm.blender_program import run


def report(farm, folder, *words):
    """Run the command; returns its exit code and the values that it prints."""
    done = run([farm.understudy, "farm", "report", folder, "--json", *words], farm.environment())
    return done.returncode, json.loads(done.stdout)


def test_tasks_that_prepare_render_and_fail_are_one_job(farm):
    project = farm.copy_project("merged")
    reports, page = project.parent / "reports", project.parent / "report.html"
    output = f"--output={project.parent}/out/shot_####"
    words = ["--report-dir", reports]
    assert farm.task(project, "--frames", "1-3", "--prepare", *words).returncode == 0
    assert farm.task(project, "--frames", "1-3", output, *words).returncode == 0
    lost = farm.environment(UNDERSTUDY_BLENDER=str(farm.bare_blender))
    assert farm.task(project, "--frames", "4-6", output, *words, environment=lost).returncode == 4
    code, job = report(farm, reports, "-s", "1", "-e", "6")
    assert (code, job["right"], job["missing"], job["doubled"]) == (3, "1-3", "4-6", "")
    assert any("exit code 4 (the machine is unfit)" in note for note in job["notes"])
    assert farm.task(project, "--frames", "4-6", output, *words).returncode == 0
    code, job = report(farm, reports, "-s", "1", "-e", "6", "--html", page)
    assert (code, job["result"]) == (0, "6 frames: 6 right")
    assert (job["missing"], job["failed"], job["skipped"]) == ("", "", [])
    assert [stage["again"] for stage in job["stages"].values()] == [0] * len(job["stages"])
    assert [task["frames_prepared"] for task in job["tasks"]].count("1-3") == 1
    (host,) = job["hosts"]
    assert (host["task_count"], host["frame_count"]) == (4, 6)
    assert host["cpu_seconds"] > 0
    assert page.read_text().count("<rect") > 4
