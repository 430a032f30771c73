# SPDX-License-Identifier: GPL-3.0-or-later
"""Job arrays of Slurm, run by its own programs."""

import os
import time

import pytest
from farm.blender_program import run
from farm.rendered import assert_equal_images, reports_in, run_counts
from farm.slurm_cluster import Cluster, missing_programs


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """A running Slurm; skips where it is not installed."""
    missing = missing_programs()
    if missing or os.geteuid() != 0:
        reason = f"{', '.join(missing)} is not installed" if missing else "it is started as root"
        pytest.skip(
            f"no Slurm on this machine ({reason}): apt-get install slurmctld slurmd slurm-client munge"
        )
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    yield cluster
    cluster.close()


def submit(farm, slurm, name, *words, chunk=2, **environment):
    """Write a job and submit it; returns the project, the environment and the ids of its render arrays."""
    project = farm.copy_project(name)
    everything = farm.environment(**slurm.environment, **environment)
    command = [farm.understudy, "farm", "write", project, "--engine", "slurm", "--output", project.parent / "job",
               "--chunk", str(chunk), "--images", f"{project.parent}/out/shot_####", "--max-tasks", "2",
               "--launcher", farm.understudy, *words]  # fmt: skip
    done = run(command, farm.environment())
    assert done.returncode == 0, done.stdout
    done = run(["sh", project.parent / "job" / "submit.sh"], everything)
    assert done.returncode == 0, done.stdout
    return project, done.stdout.split()


def reports_of(project):
    return reports_in(project.parent / "out" / "understudy_reports")


def logs_of(project):
    return "\n".join(
        path.read_text(errors="replace")[-2000:]
        for path in (project.parent / "out" / "understudy_reports").glob("slurm-*.log")
    )


def test_an_array_makes_the_frames_of_one_process_and_analyses_once(farm, slurm, single):
    project, (job,) = submit(farm, slurm, "slurm array")
    assert "ArrayTaskThrottle=2" in slurm.call("scontrol", "show", "job", job)
    slurm.wait_for_jobs()
    states = slurm.states(job)
    assert {state[:2] for state in states.values()} == {("COMPLETED", "0:0")}, logs_of(project)
    assert len(states) == 3
    assert_equal_images(project.parent / "out", single.parent / "out")
    assert run_counts(reports_of(project)) == run_counts(reports_in(single.parent / "reports"))


def test_a_task_that_is_requeued_in_the_middle_repeats_the_frame_that_was_lost_at_most(farm, slurm, single):
    project, (job,) = submit(farm, slurm, "slurm requeue", chunk=6, UNDERSTUDY_BLENDER=str(farm.slow_blender))
    images = project.parent / "out"
    end = time.monotonic() + 60
    while not (images / "shot_0003.png").exists():
        assert time.monotonic() < end, logs_of(project)
        time.sleep(0.05)
    slurm.call("scontrol", "requeue", f"{job}_0")
    slurm.wait_for_jobs()
    assert slurm.states(job) == {0: ("COMPLETED", "0:0", "1")}, logs_of(project)
    assert_equal_images(images, single.parent / "out")
    ended = [report for report in reports_of(project) if report["task"]["exit_code"] == 0]
    (report,) = ended
    # Frames 1 and 2 were whole; the third was written, and whatever came after it may be lost.
    assert report["render"]["stages"]["fuse"]["run"] <= 4
    assert report["render"]["models_loaded"] <= 2
    whole = run_counts(reports_in(single.parent / "reports"))
    assert all(count < whole[stage] for stage, count in run_counts(ended).items())


def test_frames_are_rendered_after_all_was_prepared(farm, slurm, single):
    project, (job,) = submit(farm, slurm, "slurm prepared", "--prepare-first", chunk=3)
    assert "afterok" in slurm.call("squeue", "-h", "-j", job, "-o", "%E")
    slurm.wait_for_jobs()
    assert {state[:2] for state in slurm.states(job).values()} == {("COMPLETED", "0:0")}, logs_of(project)
    assert_equal_images(project.parent / "out", single.parent / "out")
    reports = reports_of(project)
    prepared = [report for report in reports if report["task"]["prepares"]]
    rendered = [report for report in reports if not report["task"]["prepares"]]
    assert run_counts(prepared) == run_counts(reports_in(single.parent / "reports"))
    assert run_counts(rendered, ("detect", "swap", "fuse")) == {"detect": 0, "swap": 0, "fuse": 0}


def test_frames_are_not_rendered_where_the_preparation_failed(farm, slurm):
    project, (job,) = submit(
        farm, slurm, "slurm failed", "--prepare-first", UNDERSTUDY_BLENDER=str(farm.bare_blender)
    )
    slurm.wait_for_jobs()
    assert {state[0] for state in slurm.states(job).values()} <= {"CANCELLED"}, logs_of(project)
    assert not list((project.parent / "out").glob("*.png"))


def test_a_task_on_an_unfit_machine_fails_the_job(farm, slurm):
    project, (job,) = submit(farm, slurm, "slurm unfit", UNDERSTUDY_BLENDER=str(farm.bare_blender))
    slurm.wait_for_jobs()
    assert {state[:2] for state in slurm.states(job).values()} == {("FAILED", "4:0")}, logs_of(project)
    assert "Understudy is not installed" in logs_of(project)
