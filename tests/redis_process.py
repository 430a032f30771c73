# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Redis server of the test's own, on a free port of this machine."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest


class RedisServer:
    """A redis-server that keeps nothing on disk; the test may kill it and start it again."""

    def __init__(self, folder) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process = None

    @property
    def command(self) -> list[str]:
        """The command that starts it."""
        place = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        bounds = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "allkeys-lru"]
        return ["redis-server", *place, *bounds, "--logfile", str(self._folder / "redis.log")]

    @property
    def pid(self) -> int:
        """The process's id, while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self, *more: str) -> None:
        """Start the server and wait until it answers."""
        self._process = subprocess.Popen([*self.command, *more], stdout=subprocess.DEVNULL)
        limit = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if time.monotonic() > limit or self._process.poll() is not None:
                    raise
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """End the server at once (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @staticmethod
    def kill_by_pid_file(pid_file: Path) -> None:
        """End a server that somebody else started and wrote the id of to a file."""
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(pid_file.read_text()), signal.SIGKILL)


@pytest.fixture
def redis_server(tmp_path_factory):
    """A running Redis server; skips the test where there is none to start."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    pytest.importorskip("redis", reason="the Redis client is not installed: the extra 'redis'")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()
