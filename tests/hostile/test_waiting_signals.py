# SPDX-License-Identifier: GPL-3.0-or-later
"""V6, V7: one signal ends every wait: of a render, a purge, a download and a worker."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from garbage_server import GarbageServer, drip_reply, empty_reply
from hostile.bad_places import NEVER_SET
from understudy.core.cache.packs.folder_lock import folder_lock
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.filesystem import Location

pytest.importorskip("redis", reason="the Redis client is not installed: the extra 'redis'")

PROGRAM = [sys.executable, "-m", "understudy.core.cli"]


@pytest.fixture(scope="module")
def face(tmp_path_factory):
    """A face picture that nobody needs to find a face in, as a picture and as a clip of one frame each."""
    import cv2

    folder = tmp_path_factory.mktemp("face")
    picture = np.random.default_rng(1).integers(0, 255, (128, 128, 3), np.uint8)
    cv2.imwrite(str(folder / "face.png"), picture)
    (folder / "clip").mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / "clip" / f"{number:04d}.png"), picture)
    return folder


def render(face, output):
    clip = ["render", str(face / "clip"), "--fps", "25", "--face", str(face / "face.png")]
    return [*clip, "--consent", "It is me.", "--output", str(output / "out.mp4")]


# While a render waits for a lease it asks 20 times a second, for 4.6 s: one that goes on waiting asks more than this.
MAX_LATE_COMMANDS = 10


def stop_program(command, environment, has_started, count=lambda: 0):
    """Start a program, wait until it `has_started`, send one SIGTERM; return code, words, and what was counted since.

    How long it takes to end says how busy the machine is.
    """
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert has_started(process)
        time.sleep(0.2)
        assert process.poll() is None
        before = count()
        process.send_signal(signal.SIGTERM)
        _, output = process.communicate(timeout=120)
        return process.returncode, output, count() - before
    finally:
        process.kill()


REPLIES = {
    "drips": drip_reply(b"$4000\r\n", 0.2),
    "never answers": lambda _connection, _command: NEVER_SET.wait(),
    "holds every lease": empty_reply(leased=True),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
@pytest.mark.parametrize("name", REPLIES)
def test_one_signal_ends_a_render_that_waits_for_redis(face, tmp_path, name, dashboard):
    dashboard("inputs")
    with GarbageServer(REPLIES[name]) as server:
        command = [*PROGRAM, *render(face, tmp_path)]
        code, output, late_commands = stop_program(
            command,
            {"UNDERSTUDY_REDIS": server.url},
            lambda _process: server.asked.wait(300),
            lambda: server.command_count,
        )
    assert code == 143
    assert output.startswith("understudy: stopped")
    assert output.count("\n") == 1
    assert late_commands <= MAX_LATE_COMMANDS
    assert {path.name for path in tmp_path.iterdir()} <= {"understudy_cache"}


HANGING_PROGRAM = """if True:
    import sys, time
    from understudy.core.cache import shared_places as opening
    from understudy.core.cli.main import main
    def hang(*_, **__):
        print("hangs", flush=True)
        time.sleep(1000)
    {patch} = hang
    sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
@pytest.mark.parametrize(
    "patch", ["opening.open_shared_folder", "opening.PackStore.put", "opening.FolderLease.try_acquire"]
)
def test_one_signal_ends_a_render_whose_share_hangs(face, tmp_path, patch, dashboard):
    dashboard("inputs")
    (tmp_path / "share").mkdir()
    command = [
        sys.executable,
        "-c",
        HANGING_PROGRAM.format(patch=patch),
        *render(face, tmp_path),
        "--no-cache",
    ][:-1]
    if patch.endswith("put"):  # of the share alone
        command[2] = command[2].replace(
            "def hang(*_, **__):\n", "put = opening.PackStore.put\n    def hang(self, *more):\n"
            "        if self.root.name != 'share':\n            return put(self, *more)\n",
        )  # fmt: skip
    code, output, _ = stop_program(
        command,
        {"UNDERSTUDY_SHARED_CACHE": str(tmp_path / "share")},
        lambda process: process.stdout.readline() == "hangs\n",
    )
    assert code == 143
    assert output.startswith("understudy: stopped")
    assert {path.name for path in tmp_path.iterdir()} <= {"understudy_cache", "share"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
def test_one_signal_ends_a_purge_that_waits_for_its_turn(tmp_path, dashboard):
    dashboard("inputs")
    PackStore(tmp_path / "cache").close()
    command = [*PROGRAM, "cache", "purge", "--all", "--cache-dir", str(tmp_path / "cache")]
    with folder_lock(Location(tmp_path / "cache")):
        code, output, _ = stop_program(command, {}, waits_in_a_handler)
    assert code == 143
    assert output.startswith("understudy: stopped")


def waits_in_a_handler(process):
    """Wait until the program listens to SIGTERM and had time to come to its waiting."""
    status = Path(f"/proc/{process.pid}/status")
    end = time.monotonic() + 300
    while time.monotonic() < end:
        caught = next(
            line.split()[1] for line in status.read_text().splitlines() if line.startswith("SigCgt")
        )
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            time.sleep(1.5)
            return True
        time.sleep(0.01)
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
def test_one_signal_ends_a_list_of_a_server_that_drips(tmp_path, dashboard):
    dashboard("inputs")
    PackStore(tmp_path / "cache").close()
    with GarbageServer(empty_then_endless()) as server:
        command = [*PROGRAM, "cache", "stats", "--cache-dir", str(tmp_path / "cache"), "--redis", server.url]
        code, output, late_commands = stop_program(
            command, {}, lambda _process: server.asked.wait(300), lambda: server.command_count
        )
    assert code == 143
    assert output.startswith("understudy: stopped")
    assert late_commands <= MAX_LATE_COMMANDS


def empty_then_endless():
    """A server that says that there is more, for ever."""

    def reply(connection, command):
        said = {b"SCAN": b"*2\r\n$1\r\n7\r\n*0\r\n"}
        connection.sendall(said.get(command[0], b":0\r\n"))

    return reply


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
def test_one_signal_ends_a_worker(tmp_path, dashboard):
    dashboard("inputs")
    from understudy.core.sessions.settings import RunSettings, settings_values

    with GarbageServer(REPLIES["drips"]) as server:
        settings = RunSettings(CacheSettings(tmp_path / "cache", redis_url=server.url))
        process = subprocess.Popen(
            [sys.executable, "-m", "understudy.core.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            process.stdin.write(json.dumps({"begin": settings_values(settings)}) + "\n")
            process.stdin.flush()
            assert "ready" in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == -signal.SIGTERM
        finally:
            process.kill()
            process.communicate()
