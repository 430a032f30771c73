# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Redis server of the test's own, on a free port of this machine."""

import shutil
import socket
import subprocess
import time

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

    def start(self, *more: str) -> None:
        """Start the server and wait until it answers."""
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        arguments += ["--save", "", "--appendonly", "no", "--maxmemory-policy", "allkeys-lru", *more]
        log = ["--logfile", str(self._folder / "redis.log")]
        self._process = subprocess.Popen(["redis-server", *arguments, *log], stdout=subprocess.DEVNULL)
        limit = time.monotonic() + 10
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
