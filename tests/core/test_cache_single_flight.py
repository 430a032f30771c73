# SPDX-License-Identifier: GPL-3.0-or-later
"""Single flight: of those who miss a key at once, in one process or several, one computes it."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.base.compute import Uncoordinated
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.shared.lease import SingleFlight
from understudy.core.cache.shared.lease_folder import FolderLease
from understudy.core.cache.shared.redis_lease import RedisLease
from understudy.core.cache.stores.local import REFRESH_SECONDS, PackStore
from understudy.core.cache.stores.memory import MemoryStore

from tests.core.lease_records import Clock, arrays, key
from tests.core.shared_places import PATIENT_SECONDS, redis_store


def test_a_dead_holder_blocks_nobody_for_longer_than_the_lease(tmp_path):
    FolderLease(tmp_path).try_acquire(key(1), 1e9)
    clock = Clock()
    flight = SingleFlight(
        FolderLease(tmp_path, clock=clock), lease_seconds=30, poll_seconds=1, clock=clock, sleep=clock.sleep
    )
    store = MemoryStore(1 << 20)
    assert flight.get_or_compute(store, key(1), lambda: arrays(1))[1] is False
    assert clock.now - 100 <= 30
    assert store.get(key(1)) is not None


def test_a_fault_while_computing_gives_the_lease_back(tmp_path):
    flight = SingleFlight(FolderLease(tmp_path))
    with pytest.raises(ZeroDivisionError):
        flight.get_or_compute(MemoryStore(1 << 20), key(1), lambda: {"a": np.array([1 // 0])})
    assert list(tmp_path.iterdir()) == []


def test_alone_computes_once_and_then_knows():
    store = MemoryStore(1 << 20)
    assert [Uncoordinated().get_or_compute(store, key(1), lambda: arrays(1))[1] for _ in range(2)] == [
        False,
        True,
    ]


def _compute_all(folder, log, redis_url, numbers, start):
    lease = FolderLease(folder / ".leases")
    if redis_url:
        lease = RedisLease(redis_url)
        lease.set_timeout(PATIENT_SECONDS)
    # No holder is given up because the machine is busy.
    flight = SingleFlight(
        lease,
        lease_seconds=PATIENT_SECONDS,
        holder_timeout_seconds=PATIENT_SECONDS,
        visibility_delay_seconds=0 if redis_url else REFRESH_SECONDS + 0.1,
        poll_seconds=0.005,
    )
    store = redis_store(redis_url) if redis_url else PackStore(folder)
    start.wait(300)
    for number in numbers:

        def compute(number=number):
            fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(fd, f"{number}\n".encode())
            os.close(fd)
            time.sleep(0.02)
            return arrays(number)

        got, _ = flight.get_or_compute(store, key(number), compute)
        assert got["a"].tobytes() == arrays(number)["a"].tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("place", ["folder", "redis"])
def test_processes_that_miss_the_same_keys_compute_each_once(tmp_path, request, place):
    url = request.getfixturevalue("redis_server").url if place == "redis" else ""
    numbers, log = range(20 if url else 2), tmp_path / "log"
    spawn = multiprocessing.get_context("spawn")
    arguments = tmp_path / "cache", log, url, numbers, spawn.Barrier(3)
    processes = [spawn.Process(target=_compute_all, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert sorted(map(int, log.read_text().split())) == list(numbers)


def _compute_in_folder(folder, log, start, numbers):
    """Compute what is missing in a project's own cache folder, as a render does; log what that was."""

    def compute(number):
        with log.open("a") as file:
            file.write(f"{number}\n")
        time.sleep(0.02)
        return arrays(number)

    with open_cache(CacheSettings(folder)) as cache:
        start.wait(60)
        for number in numbers:
            cache.get_or_compute(key(number), lambda number=number: compute(number))


@pytest.mark.slow
def test_processes_in_one_cache_folder_compute_each_result_once(tmp_path):
    numbers, log = range(15), tmp_path / "log"
    spawn = multiprocessing.get_context("spawn")
    arguments = tmp_path / "cache", log, spawn.Barrier(3), numbers
    processes = [spawn.Process(target=_compute_in_folder, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert sorted(map(int, log.read_text().split())) == list(numbers)


def _acquire(folder):
    FolderLease(folder).try_acquire(key(1), 60)


def test_the_lease_of_a_process_that_ended_on_this_machine_is_over_at_once(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=_acquire, args=(tmp_path,))
    process.start()
    process.join(60)
    assert len(list(tmp_path.iterdir())) == 1
    lease = FolderLease(tmp_path, clock=Clock())
    token = lease.try_acquire(key(1), 60)
    assert token
    assert FolderLease(tmp_path, clock=Clock()).try_acquire(key(1), 60) is None  # ours has not ended
    lease.release(key(1), token)
    assert list(tmp_path.iterdir()) == []


def test_the_lease_of_another_machines_process_lasts(tmp_path):
    name = tmp_path / f"{key(1).hex}.lease"
    for text in (
        "0" * 32 + " 60.000 0123456789abcdef 1\n",
        "0" * 32 + " 60.000\n",
        "0" * 32 + " 60 x 99999999999\n",
    ):
        name.write_text(text)
        assert FolderLease(tmp_path, clock=Clock()).try_acquire(key(1), 60) is None


def _member(root, clock):
    """One of those who share a folder: its flight and its view of the folder."""
    lease = FolderLease(root / ".leases", clock=clock)
    flight = SingleFlight(
        lease, visibility_delay_seconds=REFRESH_SECONDS + 0.1, clock=clock, sleep=clock.sleep
    )
    return flight, PackStore(root, clock=clock)


def test_a_result_that_others_can_not_see_yet_is_waited_for(tmp_path):
    clock = Clock()
    (one, theirs), (two, ours) = _member(tmp_path, clock), _member(tmp_path, clock)
    assert ours.get(key(1)) is None  # looked just now: what comes later is seen at the next look
    assert one.get_or_compute(theirs, key(1), lambda: arrays(1))[1] is False
    assert ours.get(key(1)) is None
    clock.sleep(REFRESH_SECONDS / 2)
    assert two.get_or_compute(ours, key(1), dict)[1] is True
    # The lease is given back when a later one is, or at the end.
    assert len(list((tmp_path / ".leases").iterdir())) == 1
    clock.sleep(REFRESH_SECONDS)
    one.get_or_compute(theirs, key(2), lambda: arrays(2))
    assert [path.stem for path in (tmp_path / ".leases").iterdir()] == [key(2).hex]
    one.close()
    assert list((tmp_path / ".leases").iterdir()) == []


def test_a_result_is_not_computed_again_by_who_asks_just_after_its_maker_has_gone(tmp_path):
    clock = Clock()
    (one, theirs), (two, ours) = _member(tmp_path, clock), _member(tmp_path, clock)
    assert ours.get(key(1)) is None  # looked just now
    assert one.get_or_compute(theirs, key(1), lambda: arrays(1))[1] is False
    one.close()
    assert two.get_or_compute(ours, key(1), dict)[1] is True


def test_a_lease_of_a_failure_is_given_back_at_once(tmp_path):
    flight = SingleFlight(FolderLease(tmp_path / ".leases"), visibility_delay_seconds=60)

    def fail():
        raise KeyError

    with pytest.raises(KeyError):
        flight.get_or_compute(MemoryStore(1 << 20), key(1), fail)
    assert list((tmp_path / ".leases").iterdir()) == []


def _hold(folder: Path, ready):
    FolderLease(folder).try_acquire(key(1), 0.3)
    ready.set()
    time.sleep(600)


def test_a_killed_holders_lease_ends(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    holder = spawn.Process(target=_hold, args=(tmp_path, ready))
    holder.start()
    assert ready.wait(300)
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    flight = SingleFlight(FolderLease(tmp_path), lease_seconds=60, poll_seconds=0.01)
    got, known = flight.get_or_compute(MemoryStore(1 << 20), key(1), lambda: arrays(1))
    assert not known
    assert got["a"].tobytes() == arrays(1)["a"].tobytes()
