# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases: one has it, the others wait; a dead holder, a skewed clock, a dead place cost only time."""

import os
import stat
import threading
import time

import pytest
from understudy.core.cache.shared.circuit_breaker import CircuitBreaker
from understudy.core.cache.shared.lease import NO_LEASE, GuardedLease, SingleFlight
from understudy.core.cache.shared.lease_folder import FolderLease, remove_stale_leases
from understudy.core.cache.shared.redis_lease import RedisLease
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.filesystem import Access

from tests.core.lease_records import Clock, arrays, key
from tests.core.shared_places import PATIENT_SECONDS, wait_until


@pytest.fixture(params=["folder", "redis"])
def lease(request, tmp_path):
    if request.param == "folder":
        return FolderLease(tmp_path / "leases")
    return redis_lease(request.getfixturevalue("redis_server"))


def redis_lease(server):
    """A lease on a server that answers at once, unless the machine is busy."""
    lease = RedisLease(server.url)
    lease.set_timeout(PATIENT_SECONDS)
    return lease


def test_one_has_it_until_it_is_given_back(lease):
    token = lease.try_acquire(key(1), 30)
    assert token
    assert lease.try_acquire(key(1), 30) is None
    assert lease.try_acquire(key(2), 30)
    lease.release(key(1), "somebody else's")
    assert lease.try_acquire(key(1), 30) is None
    lease.release(key(1), token)
    again = lease.try_acquire(key(1), 30)
    assert again
    assert again != token
    lease.release(key(1), token)  # too late: it is another's now
    assert lease.try_acquire(key(1), 30) is None


def test_of_many_threads_one_gets_it(lease):
    start, got = threading.Barrier(8), []

    def work():
        for number in range(20):
            start.wait()
            if lease.try_acquire(key(number), 30):
                got.append(number)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(20))


def test_redis_lets_a_lease_expire(redis_server):
    lease = redis_lease(redis_server)
    assert lease.try_acquire(key(1), 0.05)
    wait_until(lambda: lease.try_acquire(key(1), 30) is not None)


@pytest.mark.parametrize("skew", [-1e6, 0.0, 1e6])
def test_a_lease_file_expires_by_the_watchers_own_clock(tmp_path, skew):
    holder = FolderLease(tmp_path, clock=Clock(100 + skew))
    held = holder.try_acquire(key(1), 10)
    # Whatever the machines' clocks stamp on the file, it does not matter.
    (path,) = tmp_path.iterdir()
    os.utime(path, (time.time() + skew, time.time() + skew))
    clock = Clock()
    watcher = FolderLease(tmp_path, clock=clock)
    assert watcher.try_acquire(key(1), 30) is None
    clock.now += 9.9
    assert watcher.try_acquire(key(1), 30) is None
    clock.now += 0.2
    taken = watcher.try_acquire(key(1), 30)
    assert taken
    holder.release(key(1), held)
    assert FolderLease(tmp_path).try_acquire(key(1), 30) is None
    watcher.release(key(1), taken)
    assert list(tmp_path.iterdir()) == []


def test_a_lease_that_was_renewed_meanwhile_starts_anew(tmp_path):
    clock = Clock()
    holder, watcher = FolderLease(tmp_path), FolderLease(tmp_path, clock=clock)
    first = holder.try_acquire(key(1), 10)
    assert watcher.try_acquire(key(1), 10) is None
    clock.now += 9
    holder.release(key(1), first)
    holder.try_acquire(key(1), 10)
    clock.now += 9
    assert watcher.try_acquire(key(1), 10) is None
    clock.now += 10.1
    assert watcher.try_acquire(key(1), 10)


def test_two_who_take_over_one_stale_lease_do_not_both_keep_it(tmp_path):
    clock = Clock()
    FolderLease(tmp_path).try_acquire(key(1), 10)
    watchers = [FolderLease(tmp_path, clock=clock) for _ in range(8)]
    assert [watcher.try_acquire(key(1), 10) for watcher in watchers] == [None] * 8
    clock.now += 11
    start, tokens = threading.Barrier(8), []

    def work(watcher):
        start.wait()
        tokens.append(watcher.try_acquire(key(1), 10))

    threads = [threading.Thread(target=work, args=(watcher,)) for watcher in watchers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any(tokens)  # a second is rare, and costs only work
    assert [path.suffix for path in tmp_path.iterdir()] == [".lease"]


@pytest.mark.parametrize("content", [b"", b"x", b"token -5\n", b"token nan\n", b"token 1e300\n", bytes(500)])
def test_a_foreign_or_half_written_lease_blocks_no_longer_than_a_lease(tmp_path, content):
    clock = Clock()
    lease = FolderLease(tmp_path, clock=clock)
    (tmp_path / f"{key(1).hex}.lease").write_bytes(content)
    assert lease.try_acquire(key(1), 10) is None
    clock.now += 10.1
    assert lease.try_acquire(key(1), 10)


def test_lease_files_are_for_their_owner_unless_the_group_is_let_in(tmp_path):
    before = os.umask(0o077)
    try:
        for name, group in (("own", False), ("group", True)):
            FolderLease(tmp_path / name, access=Access(group)).try_acquire(key(1), 10)
    finally:
        os.umask(before)
    modes = [
        stat.S_IMODE(path.stat().st_mode)
        for name in ("own", "group")
        for path in (tmp_path / name, *(tmp_path / name).iterdir())
    ]
    assert modes == [0o700, 0o600, 0o2770, 0o660]


def test_a_place_that_is_not_there_lets_everybody_go_alone(tmp_path):
    lease = FolderLease(tmp_path / "not mounted" / "leases")
    assert lease.try_acquire(key(1), 10) == NO_LEASE
    assert not (tmp_path / "not mounted").exists()
    pytest.importorskip("redis")
    assert RedisLease("redis://127.0.0.1:1/0").try_acquire(key(1), 10) == NO_LEASE


def test_old_lease_files_can_be_swept_away(tmp_path):
    FolderLease(tmp_path).try_acquire(key(1), 10)
    FolderLease(tmp_path).try_acquire(key(2), 10)
    os.utime(tmp_path / f"{key(1).hex}.lease", (1, 1))
    assert remove_stale_leases(tmp_path, 3600) == 1
    assert [path.stem for path in tmp_path.iterdir()] == [key(2).hex]
    assert remove_stale_leases(tmp_path / "none", 3600) == 0


def test_the_waiting_one_gets_the_holders_result(lease):
    store, computed, begun, go_on = MemoryStore(1 << 20), [], threading.Event(), threading.Event()

    def slow():
        computed.append("slow")
        begun.set()
        go_on.wait()
        return arrays(1)

    flights = [
        SingleFlight(lease, holder_timeout_seconds=PATIENT_SECONDS, poll_seconds=0.005) for _ in range(2)
    ]
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(flights[0].get_or_compute(store, key(1), slow))),
        threading.Thread(target=lambda: results.append(flights[1].get_or_compute(store, key(1), slow))),
    ]
    threads[0].start()
    begun.wait()
    threads[1].start()
    time.sleep(0.03)
    go_on.set()
    for thread in threads:
        thread.join()
    assert computed == ["slow"]
    assert sorted(known for _, known in results) == [False, True]
    assert all(got["a"].tobytes() == arrays(1)["a"].tobytes() for got, _ in results)
    assert lease.try_acquire(key(1), 10)  # it was given back


def test_a_lease_that_hangs_is_left_alone_for_a_while(tmp_path):
    hang, asked, clock = threading.Event(), [], Clock()

    class Hanging(FolderLease):
        def try_acquire(self, key, seconds):
            asked.append(key)
            hang.wait()
            return super().try_acquire(key, seconds)

    lease = GuardedLease(Hanging(tmp_path), CircuitBreaker("the share", clock), timeout_seconds=0.5)
    assert [lease.try_acquire(key(n), 10) for n in range(50)] == [NO_LEASE] * 50
    # On a busy machine the background thread may begin only after its caller has given up.
    wait_until(lambda: asked)
    assert asked == [key(0)]
    hang.set()

    def is_taken():
        """Tried again in the background: nobody waits to find out."""
        clock.now += 100
        return lease.try_acquire(key(99), 10)

    wait_until(is_taken)
