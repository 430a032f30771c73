# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad shared places: however one fails, a run waits for it 5 s at most, and one signal ends every wait."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
from garbage import GarbageServer, drip_reply, empty_reply
from understudy.core.cache import factory
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.factory import CacheSettings, open_cache
from understudy.core.cache.packs.folder_lock import folder_lock
from understudy.core.cache.shared.circuit_breaker import WAIT_BUDGET_SECONDS, CircuitBreaker
from understudy.core.cache.shared.lease import GuardedLease, SingleFlight
from understudy.core.cache.shared.lease_folder import FolderLease
from understudy.core.cache.shared.shared_tier import SharedTier
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cache.tiers import TieredStore
from understudy.core.filesystem import Location
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

pytest.importorskip("redis", reason="the Redis client is not installed: the extra 'redis'")

PROGRAM = [sys.executable, "-m", "understudy.core.cli"]
WORK_SECONDS = 5.0
PROMISED_SECONDS = 5.0
SLACK_SECONDS = 0.5  # of a busy machine
COMPUTE_SECONDS = 0.04
NEVER_SET = threading.Event()


def key(number):
    return stage_key("test", 1, {"number": number})


def added_wait_seconds(store, flight, close):
    """Run a render's worth of results; return the seconds that were spent on anything but computing them."""
    busy = [0.0]
    began = time.monotonic()

    def compute(number):
        since = time.monotonic()
        time.sleep(COMPUTE_SECONDS)
        busy[0] += time.monotonic() - since
        return {"a": np.full(5000, number % 256, np.uint8)}

    number = 0
    while busy[0] < WORK_SECONDS:
        arrays, _ = flight.result(store, key(number), lambda number=number: compute(number))
        assert (arrays["a"] == number % 256).all()
        number += 1
    close()
    return time.monotonic() - began - busy[0]


class Place(MemoryStore):
    """A store that takes as long as it is told to."""

    def __init__(self, get=0.0, put=0.0, close=0.0):
        super().__init__(1 << 24)
        self._seconds = get, put, close

    def get(self, key):
        NEVER_SET.wait(self._seconds[0])
        return

    def put(self, key, arrays):
        NEVER_SET.wait(self._seconds[1])

    def __contains__(self, key):
        NEVER_SET.wait(self._seconds[0])
        return False

    def close(self):
        NEVER_SET.wait(self._seconds[2])


def cache_with_store(lease=None, opened=None, faults=lambda _store: 0, **seconds):
    """A cache whose shared place is a store of the test's, with leases if it is given any."""

    def run(folder):
        place = Place(**seconds)
        tier = SharedTier("the share", opened or (lambda: place), faults)
        tiers = TieredStore([PackStore(folder / "near")], [tier])
        leases = lease or FolderLease(folder / ".leases")
        guarded = GuardedLease(
            leases,
            CircuitBreaker("leases"),
            wait_budget=tier.wait_budget,
            is_ready=lambda: tier.store is not None,
        )
        flight = SingleFlight(
            guarded,
            run_after_writes=tiers.run_after_writes,
            visibility_delay_seconds=1.1,
            wait_budget=tier.wait_budget,
        )

        def close():
            tiers.close()
            flight.close()

        return added_wait_seconds(tiers, flight, close)

    return run


def cache_with_settings(change):
    """A cache as the settings open it."""

    def run(folder):
        with ExitStack() as stack:
            settings = change(CacheSettings(folder / "near"), folder, stack)
            cache = open_cache(settings, schemas=STAGE_SCHEMAS)
            return added_wait_seconds(cache.store, cache.flight, cache.close)

    return run


def use_redis_reply(reply):
    def change(settings, _folder, stack):
        return factory.replace(settings, redis_url=stack.enter_context(GarbageServer(reply)).url)

    return cache_with_settings(change)


def use_port_without_accept(settings, _folder, stack):
    listener = stack.enter_context(socket.socket())
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    for _ in range(8):  # until the queue is full
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(listener.getsockname())
    return factory.replace(settings, redis_url=f"redis://127.0.0.1:{listener.getsockname()[1]}/0")


def use_share(settings, folder, _stack):
    PackStore(folder / "share").close()
    (folder / "share" / ".leases").mkdir(exist_ok=True, mode=0o700)
    return factory.replace(settings, shared_folder=folder / "share")


def make_dead_leases(settings, folder, stack):
    settings = use_share(settings, folder, stack)
    for number in range(400):
        (folder / "share" / ".leases" / f"{key(number).hex}.lease").write_text(f"{number:032x} 600\n")
    return settings


def make_pipe_leases(settings, folder, stack):
    settings = use_share(settings, folder, stack)
    for number in range(400):
        os.mkfifo(folder / "share" / ".leases" / f"{key(number).hex}.lease")
    return settings


def make_file_for_leases(settings, folder, stack):
    settings = use_share(settings, folder, stack)
    (folder / "share" / ".leases").rmdir()
    (folder / "share" / ".leases").write_text("")
    return settings


class SlowLeases:
    """Gives everybody every lease, after a while."""

    def try_acquire(self, key, seconds):
        NEVER_SET.wait(0.45)
        return "token"

    def release(self, key, token):
        NEVER_SET.wait(0.45)


class FailingStore:
    """Counts a fault for every other question."""

    def __init__(self):
        self.count = 0

    def __call__(self, _store):
        self.count += 1
        return self.count // 3


def wait_forever():
    NEVER_SET.wait()


SLOW_PLACES = {
    "Redis that drips": use_redis_reply(drip_reply(b"$4000\r\n", 0.2)),
    "Redis that never answers": use_redis_reply(lambda _connection, _command: NEVER_SET.wait()),
    "Redis that has nothing, slowly": use_redis_reply(empty_reply(0.4)),
    "Redis whose leases are never given back": use_redis_reply(empty_reply(leased=True)),
    "Redis that drips after each answer": use_redis_reply(drip_reply(b"$-1\r\n", 0.2)),
    "a port that never accepts": cache_with_settings(use_port_without_accept),
    "a share whose leases are never given back": cache_with_settings(make_dead_leases),
    "a share with pipes for leases": cache_with_settings(make_pipe_leases),
    "a share with a file for its leases": cache_with_settings(make_file_for_leases),
    "a share that hangs": cache_with_store(get=600),
    "a share whose opening hangs": cache_with_store(opened=wait_forever),
    "a share whose writes hang": cache_with_store(put=600),
    "a share whose end hangs": cache_with_store(close=600),
    "a share that has nothing, slowly": cache_with_store(get=0.45),
    "a share that has nothing, a little slowly": cache_with_store(get=0.1),
    "a share whose leases are slow": cache_with_store(lease=SlowLeases()),
    "a share that fails, slowly": cache_with_store(get=0.2, faults=FailingStore()),
}


@pytest.fixture(scope="module")
def waits(tmp_path_factory):
    """The wait that each bad place added; all at once, since they only wait."""
    waits, threads = {}, []
    for number, (name, run) in enumerate(SLOW_PLACES.items()):
        folder = tmp_path_factory.mktemp(f"place{number}")
        thread = threading.Thread(
            target=lambda name=name, run=run, to=folder: waits.update({name: run(to)}), daemon=True
        )
        threads.append(thread)
        thread.start()
    end = time.monotonic() + 60
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    return waits


@pytest.mark.parametrize("name", SLOW_PLACES)
def test_v6_v7_a_bad_place_adds_five_seconds_at_most(waits, name, dashboard):
    dashboard("wait")
    assert name in waits, "it did not come to an end"
    print(f"{name}: {waits[name]:.2f} s")
    assert waits[name] <= PROMISED_SECONDS + SLACK_SECONDS


def test_a_slow_share_that_has_what_is_needed_stays_in_use():
    place = MemoryStore(1 << 24)
    for number in range(40):
        place.put(key(number), {"a": np.zeros(10, np.uint8)})

    class Slow:
        def get(self, key):
            time.sleep(0.05)
            return place.get(key)

    tier = SharedTier("the share", Slow, lambda _store: 0)
    tier.wait_budget.charge_miss(WAIT_BUDGET_SECONDS / 2)
    assert all(tier.get(key(number)) is not None for number in range(40))
    assert tier.get(key(99)) is None
    assert tier.breaker.allows_calls
    assert tier.wait_budget.remaining_seconds > WAIT_BUDGET_SECONDS - 1


def test_read_only_places_get_nothing(tmp_path, redis_server, dashboard):
    dashboard("inputs")
    import redis

    PackStore(tmp_path / "share").close()
    before = sorted(path.name for path in (tmp_path / "share").iterdir())
    settings = CacheSettings(
        tmp_path / "near", shared_folder=tmp_path / "share", redis_url=redis_server.url, shared_read_only=True
    )
    with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
        for number in range(5):
            cache.flight.get_or_compute(cache.store, key(number), lambda: {"a": np.zeros(10, np.uint8)})
        assert cache.tiers.flush(10)
        assert cache.warnings == ()
    assert redis.Redis.from_url(redis_server.url).keys("*") == []
    assert sorted(path.name for path in (tmp_path / "share").iterdir()) == before


# One signal


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


def stop_program(command, environment, has_started):
    """Start a program, wait until `begun`, send one SIGTERM; return code, words and how long it took to end."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert has_started(process)
        time.sleep(0.2)
        assert process.poll() is None
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, output = process.communicate(timeout=30)
        return process.returncode, output, time.monotonic() - began
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
        code, output, seconds = stop_program(
            command, {"UNDERSTUDY_REDIS": server.url}, lambda _process: server.asked.wait(60)
        )
    assert code == 143
    assert output.startswith("understudy: stopped")
    assert output.count("\n") == 1
    assert seconds < 5
    assert {path.name for path in tmp_path.iterdir()} <= {"understudy_cache"}


HANGING_PROGRAM = """if True:
    import sys, time
    from understudy.core.cache import factory as opening
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
    code, output, seconds = stop_program(
        command,
        {"UNDERSTUDY_SHARED_CACHE": str(tmp_path / "share")},
        lambda process: process.stdout.readline() == "hangs\n",
    )
    assert code == 143
    assert output.startswith("understudy: stopped")
    assert seconds < 5
    assert {path.name for path in tmp_path.iterdir()} <= {"understudy_cache", "share"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
def test_one_signal_ends_a_purge_that_waits_for_its_turn(tmp_path, dashboard):
    dashboard("inputs")
    PackStore(tmp_path / "cache").close()
    command = [*PROGRAM, "cache", "purge", "--all", "--cache-dir", str(tmp_path / "cache")]
    with folder_lock(Location(tmp_path / "cache")):
        code, output, seconds = stop_program(command, {}, waits_in_a_handler)
    assert code == 143
    assert output.startswith("understudy: stopped")
    assert seconds < 5


def waits_in_a_handler(process):
    """Wait until the program listens to SIGTERM and had time to come to its waiting."""
    status = Path(f"/proc/{process.pid}/status")
    end = time.monotonic() + 60
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
        code, output, seconds = stop_program(command, {}, lambda _process: server.asked.wait(60))
    assert code == 143
    assert output.startswith("understudy: stopped")
    assert seconds < 5


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
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == -signal.SIGTERM
            assert time.monotonic() - began < 5
        finally:
            process.kill()
            process.communicate()
