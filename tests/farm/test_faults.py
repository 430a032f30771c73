# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to places while tasks run: a share that stalls, a server that is started anew."""

import os
import shutil
import signal
import subprocess
import time

import pytest
from farm.rendered import assert_equal_images, reports_in
from network_folder import mount_folder, skip_without_sshfs

TRY_AGAIN = 75
STALL_SECONDS = 8


@pytest.fixture
def share(farm, tmp_path_factory):
    """A network file system below the farm's folder, and the project in it."""
    skip_without_sshfs()
    folder = farm.folder / f"share_{time.monotonic_ns()}"
    (folder / "served").mkdir(parents=True)
    with mount_folder(folder, "mount") as machine:
        shutil.copytree(farm.project.parent, machine.mount / "show")
        yield machine


def start(farm, project, **changes):
    reports = project.parent / "out" / "reports"
    command = [farm.understudy, "farm", "run-task", project, "-s", "1", "-e", "6",
               f"--output={project.parent}/out/shot_####", "--report-dir", reports]  # fmt: skip
    environment = farm.environment(UNDERSTUDY_BLENDER=str(farm.slow_blender), **changes)
    return subprocess.Popen(
        [str(word) for word in command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_image(folder, number):
    end = time.monotonic() + 90
    while not (folder / f"shot_{number:04d}.png").exists():
        assert time.monotonic() < end, "the image did not come"
        time.sleep(0.05)


def test_a_share_that_stalls_in_the_middle_and_returns_costs_time_alone(farm, share, single):
    project = share.mount / "show" / "shot.blend"
    task = start(farm, project)
    wait_for_image(project.parent / "out", 2)
    os.kill(share.server, signal.SIGSTOP)
    time.sleep(STALL_SECONDS)
    os.kill(share.server, signal.SIGCONT)
    output = task.communicate(timeout=120)[0]
    assert task.returncode == 0, output
    assert_equal_images(project.parent / "out", single.parent / "out")


def test_a_share_that_does_not_answer_is_tried_again(farm, share):
    project = share.mount / "show" / "shot.blend"
    os.kill(share.server, signal.SIGSTOP)
    try:
        task = start(farm, project)
        output = task.communicate(timeout=120)[0]
    finally:
        os.kill(share.server, signal.SIGCONT)
    assert task.returncode == TRY_AGAIN, output
    assert "does not answer" in output


def test_a_redis_server_that_is_started_anew_costs_no_frame(farm, single, redis_server):
    project = farm.copy_project("redis again")
    task = start(farm, project, UNDERSTUDY_REDIS=redis_server.url)
    wait_for_image(project.parent / "out", 2)
    redis_server.kill()
    time.sleep(1)
    redis_server.start()
    output = task.communicate(timeout=120)[0]
    assert task.returncode == 0, output
    assert_equal_images(project.parent / "out", single.parent / "out")
    (report,) = reports_in(project.parent / "out" / "reports")
    assert (report["render"]["failed"], report["render"]["shown"]["swapped"]) == ([], 6)
