# SPDX-License-Identifier: GPL-3.0-or-later
"""Many processes that want the same results at once, and sleep where a real one computes: what leases cost and hold."""

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.base.store import Store
from understudy.core.cache.shared.circuit_breaker import WaitBudget
from understudy.core.cache.shared.lease import Lease, SingleFlight
from understudy.core.cache.shared.lease_folder import LEASE_FOLDER, FolderLease
from understudy.core.cache.shared.redis_lease import RedisLease
from understudy.core.cache.shared.redis_store import RedisStore
from understudy.core.cache.stores.local import REFRESH_SECONDS, PackStore

_PATIENCE_SECONDS = 120.0
_VALUES = 1000
_VISIBILITY_MARGIN_SECONDS = 0.1


@dataclass(frozen=True)
class Contention:
    """Processes, the results that all of them want, and the leases of dead holders among these."""

    folder: Path
    """For the log, and for the cache and the leases where no server is named."""
    process_count: int = 100
    key_count: int = 100
    work_seconds: float = 0.02
    """How long one sleeps for a result."""
    lost_keys: Sequence[int] = ()
    """Results whose lease somebody holds who has gone: each is computed once it expires."""
    lost_lease_seconds: float = 5.0
    redis_url: str = ""
    start_timeout_seconds: float = 120.0

    @property
    def log(self) -> Path:
        """A line for each result that was computed."""
        return self.folder / "computed.txt"


@dataclass(frozen=True)
class ContentionFigures:
    """What came of it."""

    seconds: float
    computed: dict[int, int]
    """How often each result was computed."""
    polls: int
    """How often a lease was asked for, by all processes."""
    wrong_values: int

    @property
    def polls_per_second(self) -> float:
        """By all processes together."""
        return self.polls / self.seconds

    @property
    def computed_again(self) -> int:
        """Computations beyond the first of each result."""
        return sum(self.computed.values()) - len(self.computed)


class CountingLease:
    """A lease that counts how often it is asked for."""

    def __init__(self, lease: Lease) -> None:
        """Ask `lease`."""
        self._lease = lease
        self.polls = 0

    def try_acquire(self, key: Key, seconds: float) -> str | None:
        """See `Lease.try_acquire`."""
        self.polls += 1
        return self._lease.try_acquire(key, seconds)

    def release(self, key: Key, token: str) -> None:
        """See `Lease.release`."""
        self._lease.release(key, token)


def contend(contention: Contention) -> ContentionFigures:
    """Let all processes get all results, each beginning with another one.

    Raises
    ------
    RuntimeError
        A process failed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # or each would import everything anew
    start, results = context.Barrier(contention.process_count + 1), context.Queue()
    processes = [
        context.Process(target=_get_all, args=(contention, number, start, results))
        for number in range(contention.process_count)
    ]
    with _store(contention):  # made once, before its leases
        for number in contention.lost_keys:
            _hold(contention, number)
    try:
        for process in processes:
            process.start()
        start.wait(contention.start_timeout_seconds)
        began = time.perf_counter()
        answers = [results.get(timeout=contention.start_timeout_seconds) for _ in processes]
        seconds = time.perf_counter() - began
        for process in processes:
            process.join(_PATIENCE_SECONDS)
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
    if any(process.exitcode for process in processes):
        raise RuntimeError(f"a process that contends failed: {[process.exitcode for process in processes]}")
    computed = [int(line) for line in contention.log.read_text(encoding="ascii").split()]
    return ContentionFigures(
        seconds,
        {number: computed.count(number) for number in sorted(set(computed))},
        sum(polls for polls, _ in answers),
        sum(wrong for _, wrong in answers),
    )


def _hold(contention: Contention, number: int) -> None:
    """Take a lease as a machine that is gone would have: nobody here can tell that its process has ended."""
    lease, key = _lease(contention), _key(number)
    lease.try_acquire(key, contention.lost_lease_seconds)
    path = contention.folder / "cache" / LEASE_FOLDER / f"{key.hex}.lease"
    if not contention.redis_url:
        token, seconds, _ = path.read_text(encoding="ascii").split(" ", 2)
        path.write_text(f"{token} {seconds} elsewhere\n", encoding="ascii")


def _get_all(contention: Contention, place: int, start: Any, results: Any) -> None:
    lease = CountingLease(_lease(contention))
    with _store(contention) as store:
        flight = SingleFlight(
            lease,
            lease_seconds=_PATIENCE_SECONDS,
            holder_timeout_seconds=_PATIENCE_SECONDS,
            visibility_delay_seconds=0.0
            if contention.redis_url
            else REFRESH_SECONDS + _VISIBILITY_MARGIN_SECONDS,
            wait_budget=WaitBudget(_PATIENCE_SECONDS),
        )
        wrong = 0
        start.wait(contention.start_timeout_seconds)
        for step in range(contention.key_count):
            number = (place + step) % contention.key_count
            arrays, _ = flight.get_or_compute(store, _key(number), partial(_compute, contention, number))
            wrong += arrays["a"].tobytes() != _value(number)["a"].tobytes()
        flight.close()
    results.put((lease.polls, wrong))


def _compute(contention: Contention, number: int) -> dict[str, Any]:
    with contention.log.open("ab", buffering=0) as log:
        log.write(f"{number}\n".encode())
    time.sleep(contention.work_seconds)
    return _value(number)


def _key(number: int) -> Key:
    return stage_key("contention", 1, {"number": number})


def _value(number: int) -> dict[str, Any]:
    return {"a": np.full(_VALUES, number, np.int32)}


def _lease(contention: Contention) -> Lease:
    if contention.redis_url:
        server = RedisLease(contention.redis_url)
        server.set_timeout(_PATIENCE_SECONDS)
        return server
    return FolderLease(contention.folder / "cache" / LEASE_FOLDER)


@contextmanager
def _store(contention: Contention) -> Iterator[Store]:
    store: PackStore | RedisStore
    if contention.redis_url:
        store = RedisStore(
            contention.redis_url,
            reply_timeout_seconds=_PATIENCE_SECONDS,
            write_timeout_seconds=_PATIENCE_SECONDS,
        )
    else:
        store = PackStore(contention.folder / "cache")
    try:
        yield store
    finally:
        store.close()


def core_count() -> int:
    """Cores that this process may use: figures mean little without it."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
