# SPDX-License-Identifier: GPL-3.0-or-later
"""Chunks of a project that are rendered by processes of their own while something goes wrong, and what came of it."""

import contextlib
import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from blender_driver import TIMEOUT_SECONDS
from farm.rendered import images_of

SCRIPT = Path(__file__).parent / "scripts" / "chunk.py"
PAUSE_FRAME = 3
HALVES = (1, 6), (7, 12)


class Chunk:
    """One chunk, rendered by one process."""

    def __init__(
        self,
        farm,
        project,
        frames,
        *,
        name="",
        setup="",
        wrapper="",
        pauses=False,
        skew_seconds=None,
        **environment,
    ):
        """Start it. A shell does `setup` before, with mounts of its own; `wrapper` is a command that runs it."""
        name = name or f"{frames[0]}"
        self.report = farm.folder / f"{name}.report.json"
        self._reached, self._go = (farm.folder / f"{name}.{kind}" for kind in ("reached", "go"))
        job = {
            "project": str(project),
            "frames": frames,
            "output": str(farm.images / "frame_"),
            "log": str(farm.log),
            "environment": {"UNDERSTUDY_REPORT": str(self.report), **environment},
        }
        if skew_seconds is not None:
            job["skew_seconds"] = skew_seconds
        if pauses:
            frame = frames[0] + PAUSE_FRAME - 1
            job["pause"] = {"frame": frame, "reached": str(self._reached), "go": str(self._go)}
        file = farm.folder / f"{name}.job.json"
        file.write_text(json.dumps(job))
        self._output = (farm.folder / f"{name}.log").open("w+")
        command = [sys.executable, str(SCRIPT), str(file)]
        if setup:
            shell = f"{setup} && exec {wrapper} {shlex.join(command)}"
            command = ["unshare", "--mount", "sh", "-c", shell]
        self.process = subprocess.Popen(command, stdout=self._output, stderr=subprocess.STDOUT)

    def wait_for_pause(self):
        """Wait until it has rendered some frames, and waits itself."""
        limit = time.monotonic() + TIMEOUT_SECONDS
        while not self._reached.exists():
            assert self.process.poll() is None, self.text
            assert time.monotonic() < limit
            time.sleep(0.02)

    def go_on(self):
        self._go.touch()

    def end(self, code=0):
        """Wait for its end; returns its report, None where a signal ended it before it wrote one."""
        assert self.process.wait(TIMEOUT_SECONDS) == code, self.text
        return json.loads(self.report.read_text()) if self.report.is_file() else None

    def end_by(self, number):
        """End it by a signal."""
        self.process.send_signal(number)
        if number != signal.SIGKILL:
            self.go_on()
        self.process.wait(TIMEOUT_SECONDS)

    @property
    def text(self):
        """What it printed."""
        self._output.seek(0)
        return self._output.read()


class FaultFarm:
    """A folder that any account may look into, with a copy of a project of which nothing is computed."""

    def __init__(self, folder, original):
        self.folder = folder
        self.project = shutil.copytree(original, folder / "project") / "shot.blend"
        self.images, self.log = folder / "images", folder / "computed.txt"
        self.images.mkdir()
        self.log.touch()
        for path in (self.images, self.log):
            path.chmod(0o777 if path.is_dir() else 0o666)
        self._wanted = folder.parent / "wanted"

    def chunk(self, frames, project=None, **more):
        return Chunk(self, project or self.project, frames, **more)

    def own_places(self, frames):
        """Return the variables of a machine that keeps its cache and its layers on a disk of its own."""
        own = str(self.folder / f"own {frames[0]}")
        return {"UNDERSTUDY_CACHE_DIR": own, "UNDERSTUDY_LAYERS_DIR": own}

    def render(self, project=None, **more):
        """Render both halves at once; returns their reports."""
        chunks = [self.chunk(frames, project, **more) for frames in HALVES]
        return [chunk.end() for chunk in chunks]

    @property
    def computed_twice(self):
        """How many results were computed more often than once, and once counted."""
        counts = Counter(self.log.read_text().split("\n")[:-1])
        return sum(counts.values()) - len(counts)

    @property
    def computed(self):
        return len(set(self.log.read_text().split("\n")[:-1]))

    def equal_frames(self, wanted):
        """How many frames are there and equal to those wanted."""
        there = images_of(self.images)
        return sum(name in there and (there[name] == pixels).all() for name, pixels in wanted.items())


@contextlib.contextmanager
def served_folder(folder, *options):
    """Mount a folder as a share of SFTP, served by this machine; gives the mount and the server's process id."""
    served, mount, pid_file, ssh = (folder / name for name in ("served", "mount", "server.pid", "ssh"))
    served.mkdir(exist_ok=True)
    mount.mkdir()
    ssh.write_text(f"#!/bin/sh\necho $$ > {pid_file}\nexec /usr/lib/openssh/sftp-server\n")
    ssh.chmod(0o700)
    words = [word for option in (f"ssh_command={ssh}", *options) for word in ("-o", option)]
    subprocess.run(["sshfs", *words, f"here:{served}", str(mount)], check=True, capture_output=True)
    try:
        yield mount, int(pid_file.read_text())
    finally:
        if mount.is_mount():  # sshfs goes with its server
            subprocess.run(["fusermount3", "-u", "-z", str(mount)], check=True)
