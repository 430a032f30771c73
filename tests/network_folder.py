# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of a network file system: SFTP by sshfs, served by this machine through a pipe, which FUSE is enough for."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

PROGRAMS = "sshfs", "fusermount3"
SERVER = Path("/usr/lib/openssh/sftp-server")
ATTRIBUTE_CACHE_SECONDS = 2


class Machine(NamedTuple):
    """One of the two: where it sees what is shared, and the process that serves it."""

    mount: Path
    server: int


def skip_without_sshfs() -> None:
    """Skip the test where this machine can't mount."""
    if (
        not all(map(shutil.which, PROGRAMS))
        or not SERVER.is_file()
        or not os.access("/dev/fuse", os.R_OK | os.W_OK)
    ):
        pytest.skip("sshfs, sftp-server or /dev/fuse is missing: apt-get install sshfs openssh-sftp-server")


@contextmanager
def mount_folder(folder: Path, name: str) -> Iterator[Machine]:
    """Mount what is served, by an "ssh" that starts the server right here and says which process it is."""
    ssh, mount, pid_file = folder / f"ssh_{name}", folder / name, folder / f"{name}.pid"
    ssh.write_text(f"#!/bin/sh\necho $$ > {pid_file}\nexec {SERVER}\n")
    ssh.chmod(0o700)
    mount.mkdir()
    options = ["-o", f"ssh_command={ssh}", "-o", f"dcache_timeout={ATTRIBUTE_CACHE_SECONDS}"]
    command = ["sshfs", *options, f"here:{folder / 'served'}", str(mount)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"sshfs can't mount here: {done.stderr.strip()}")
    machine = Machine(mount, int(pid_file.read_text()))
    try:
        yield machine
    finally:
        os.kill(machine.server, signal.SIGCONT)
        subprocess.run(["fusermount3", "-u", "-z", str(mount)], check=True)
