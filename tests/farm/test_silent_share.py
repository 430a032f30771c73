# SPDX-License-Identifier: GPL-3.0-or-later
"""A share that does not answer when a task begins: it is tried again elsewhere or later, and keeps no machine."""

import os
import shutil
import signal

from network_folder import mount_folder, skip_without_sshfs

TRY_AGAIN = 75


def test_a_share_that_does_not_answer_is_tried_again(farm):
    skip_without_sshfs()
    folder = farm.folder / "silent"
    (folder / "served").mkdir(parents=True)
    with mount_folder(folder, "mount") as share:
        project = shutil.copytree(farm.project.parent, share.mount / "show") / farm.project.name
        os.kill(share.server, signal.SIGSTOP)
        reports = project.parent / "reports"
        done = farm.task(project, "--frames", "1-6", "--report-dir", reports)
        os.kill(share.server, signal.SIGCONT)
    assert done.returncode == TRY_AGAIN, done.stdout
    assert "does not answer" in done.stdout
    assert "can't write the task's report" in done.stdout
