# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared places that fail or hang, each in its way, and how long a run waits for one."""

import os
import socket
import threading
import time
from contextlib import ExitStack

import numpy as np
import pytest
from garbage_server import GarbageServer, drip_reply, empty_reply
from understudy.core.cache import factory
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.shared.circuit_breaker import CircuitBreaker
from understudy.core.cache.shared.lease import GuardedLease, SingleFlight
from understudy.core.cache.shared.lease_folder import FolderLease
from understudy.core.cache.shared.shared_tier import SharedTier
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cache.tiers import TieredStore
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

pytest.importorskip("redis", reason="the Redis client is not installed: the extra 'redis'")

WORK_SECONDS = 5.0

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
        arrays, _ = flight.get_or_compute(store, key(number), lambda number=number: compute(number))
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
