# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared tiers for the tests: folders, servers, and a store that waits at a gate."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.shared.redis_store import RedisStore
from understudy.core.cache.shared.shared_tier import SharedTier
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.memory import MemoryStore

PATIENT_SECONDS = 60.0
"""A time limit for a place that answers at once, unless the machine is busy."""


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


def arrays(number: int) -> dict[str, np.ndarray]:
    return {"a": np.full(10_000, number, np.uint8)}


def patient_limits() -> dict[str, float]:
    return {
        "read_timeout_seconds": PATIENT_SECONDS,
        "slow_write_seconds": PATIENT_SECONDS,
        "open_timeout_seconds": PATIENT_SECONDS,
    }


def redis_store(url: str) -> RedisStore:
    return RedisStore(url, reply_timeout_seconds=PATIENT_SECONDS, write_timeout_seconds=PATIENT_SECONDS)


def folder_tier(path: Path, **more) -> SharedTier:
    return SharedTier(
        "the share",
        lambda: PackStore(path),
        lambda store: store.counts.dropped,
        **{**patient_limits(), **more},
    )


def redis_tier(url: str, **more) -> SharedTier:
    return SharedTier(
        "Redis",
        lambda: redis_store(url),
        lambda store: store.fault_count,
        may_hang=False,
        **{**patient_limits(), **more},
    )


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for what happens in the background."""
    limit = time.monotonic() + PATIENT_SECONDS
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)


class Gate:
    """A place that hangs while `open` is not set, and counts what it is asked."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.asked = 0
        self.kept = MemoryStore(1 << 24)

    def get(self, key):
        self.asked += 1
        self.open.wait()
        return self.kept.get(key)

    def put(self, key, value):
        self.asked += 1
        self.open.wait()
        self.kept.put(key, value)

    def __contains__(self, key):
        self.asked += 1
        self.open.wait()
        return key in self.kept

    def close(self):
        pass
