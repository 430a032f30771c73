# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases that nobody gives back, or that are no leases (V7, V3, V8): they cost seconds, and no file of anybody's."""

import os
from pathlib import Path

import numpy as np
import pytest
from garbage_server import GarbageServer, empty_reply
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.shared.circuit_breaker import WAIT_BUDGET_SECONDS, CircuitBreaker, WaitBudget
from understudy.core.cache.shared.lease import (
    HOLDER_TIMEOUT_SECONDS,
    MAX_TIMEOUTS,
    NO_LEASE,
    POLL_SECONDS,
    GuardedLease,
    SingleFlight,
)
from understudy.core.cache.shared.lease_folder import FolderLease, remove_stale_leases
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.filesystem import Access


def key(number):
    return stage_key("test", 1, {"number": number})


def arrays(number):
    return {"a": np.full(100, number % 256, np.uint8)}


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class HeldLeases:
    """Leases of which every one is somebody else's."""

    def __init__(self):
        self.asked = 0

    def try_acquire(self, key, seconds):
        self.asked += 1

    def release(self, key, token):
        raise AssertionError


def flight_on(lease, clock, **more):
    return SingleFlight(lease, clock=clock, sleep=clock.sleep, **more)


def test_v7_leases_that_are_never_given_back_cost_two_time_outs_in_all(dashboard):
    dashboard("wait")
    clock, allowance, store = Clock(), WaitBudget(), MemoryStore(1 << 20)
    flight = flight_on(HeldLeases(), clock, wait_budget=allowance)
    for number in range(200):
        assert flight.get_or_compute(store, key(number), lambda number=number: arrays(number))[1] is False
    assert clock.now - 100 <= MAX_TIMEOUTS * HOLDER_TIMEOUT_SECONDS + 0.15 < WAIT_BUDGET_SECONDS
    assert flight.warning is not None
    assert flight.warning.count("\n") == 0
    flight.close()
    assert clock.now - 100 <= 5


def test_v7_a_slow_holder_whose_results_come_is_waited_for_all_along(dashboard):
    dashboard("wait")
    clock, allowance, store = Clock(), WaitBudget(), MemoryStore(1 << 20)

    class Slow(HeldLeases):
        """Its holder takes 2 s for each result."""

        def __init__(self):
            self.begun = {}

        def try_acquire(self, key, seconds):
            if clock.now - self.begun.setdefault(key, clock.now) >= 1.95:
                store.put(key, arrays(1))

    flight = flight_on(Slow(), clock, wait_budget=allowance)
    for number in range(50):
        assert flight.get_or_compute(store, key(number), dict)[1] is True
    assert flight.warning is None
    assert allowance.remaining_seconds == pytest.approx(WAIT_BUDGET_SECONDS)


def test_v7_a_time_out_between_results_does_not_end_the_sharing(dashboard):
    dashboard("wait")
    clock, store = Clock(), MemoryStore(1 << 20)

    class Mixed(HeldLeases):
        def try_acquire(self, key, seconds):
            if "number=0\n" not in key.text:
                store.put(key, arrays(1))

    flight = flight_on(Mixed(), clock)
    assert flight.get_or_compute(store, key(0), lambda: arrays(0))[1] is False
    assert flight.get_or_compute(store, key(1), dict)[1] is True
    assert flight.warning is None


def test_v7_leases_given_back_without_a_result_are_counted_too(dashboard):
    dashboard("wait")
    clock, store = Clock(), MemoryStore(1 << 20)

    class GivenBack:
        """Every lease is free after 2 s, and nothing came of it."""

        def __init__(self):
            self.begun = {}

        def try_acquire(self, key, seconds):
            return "token" if clock.now - self.begun.setdefault(key, clock.now) >= 2 else None

        def release(self, key, token):
            pass

    flight = flight_on(GivenBack(), clock)
    for number in range(50):
        assert flight.get_or_compute(store, key(number), lambda number=number: arrays(number))[1] is False
    assert clock.now - 100 <= 5


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _dangling(path: Path) -> None:
    path.symlink_to(path.parent.parent / "made_by_us")


def _folder(path: Path) -> None:
    path.mkdir()


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.skipif(os.name == "nt", reason="POSIX files")
@pytest.mark.parametrize("make", [_pipe, _link, _dangling, _folder, _endless])
def test_v8_what_lies_in_a_leases_place_and_is_none_is_not_waited_for(tmp_path, make, dashboard):
    dashboard("inputs")
    folder = tmp_path / ".leases"
    folder.mkdir()
    make(folder / f"{key(1).hex}.lease")
    lease = FolderLease(folder)
    assert lease.try_acquire(key(1), 10) == NO_LEASE
    lease.release(key(1), "token")
    assert [path.name for path in tmp_path.iterdir()] == [".leases"]
    assert len(list(folder.iterdir())) == 1


@pytest.mark.skipif(os.name == "nt", reason="POSIX files")
def test_v3_a_link_in_the_place_of_the_leases_is_not_followed(tmp_path, dashboard):
    dashboard("inputs")
    home, root = tmp_path / "home", tmp_path / "root"
    home.mkdir()
    root.mkdir()
    (home / f"{key(1).hex}.lease").write_text("theirs")
    (home / "letter.txt").write_text("dear")
    for path in home.iterdir():
        os.utime(path, (1, 1))
    (root / ".leases").symlink_to(home)
    lease = FolderLease(root / ".leases")
    assert lease.try_acquire(key(2), 10) == NO_LEASE
    lease.release(key(1), "theirs")
    assert remove_stale_leases(root / ".leases", 60) == 0
    assert sorted(path.name for path in home.iterdir()) == sorted([f"{key(1).hex}.lease", "letter.txt"])


@pytest.mark.skipif(os.name == "nt", reason="POSIX files")
def test_v3_only_leases_are_swept(tmp_path, dashboard):
    dashboard("inputs")
    kept = [
        "letter.txt",
        "x.lease",
        f"{key(1).hex}.txt",
        f"{key(1).hex}.lease.bak",
        f"{key(2).hex.upper()}.lease",
    ]
    for name in [*kept, f"{key(3).hex}.lease", f"{key(3).hex}.{'0' * 32}"]:
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (1, 1))
    (tmp_path / f"{key(4).hex}.lease").symlink_to(tmp_path / "letter.txt")
    os.utime(tmp_path / f"{key(4).hex}.lease", (1, 1), follow_symlinks=False)
    (tmp_path / f"{key(5).hex}.lease").mkdir()
    os.utime(tmp_path / f"{key(5).hex}.lease", (1, 1))
    assert remove_stale_leases(tmp_path, 60) == 2
    kept += [f"{key(4).hex}.lease", f"{key(5).hex}.lease"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_v12_leases_are_private_whatever_the_umask_and_not_written_where_all_may_write(tmp_path, dashboard):
    dashboard("inputs")
    before = os.umask(0)
    try:
        for name, access, modes in (
            ("own", Access(), (0o700, 0o600)),
            ("group", Access(shared_with_group=True), (0o2770, 0o660)),
        ):
            assert FolderLease(tmp_path / name, access).try_acquire(key(1), 10)
            paths = [tmp_path / name, *(tmp_path / name).iterdir()]
            assert tuple(path.stat().st_mode & 0o7777 for path in paths) == modes
        (tmp_path / "all").mkdir(mode=0o777)
    finally:
        os.umask(before)
    assert FolderLease(tmp_path / "all").try_acquire(key(1), 10) == NO_LEASE
    assert list((tmp_path / "all").iterdir()) == []


def test_a_place_that_is_not_open_is_not_asked_for_leases(tmp_path):
    lease = GuardedLease(FolderLease(tmp_path / ".leases"), CircuitBreaker("it"), is_ready=lambda: False)
    assert lease.try_acquire(key(1), 10) == NO_LEASE
    assert list(tmp_path.iterdir()) == []


def test_v7_redis_leases_that_are_never_given_back(dashboard):
    pytest.importorskip("redis")
    from understudy.core.cache.shared.redis_lease import RedisLease

    dashboard("inputs")
    with GarbageServer(empty_reply(leased=True)) as server:
        clock, store, lease = Clock(), MemoryStore(1 << 20), RedisLease(server.url)
        lease.set_timeout(60)  # it answers at once, unless the machine is busy
        flight = flight_on(lease, clock, holder_timeout_seconds=0.3)
        for number in range(30):
            assert flight.get_or_compute(store, key(number), lambda number=number: arrays(number))[1] is False
        assert 0.6 <= clock.now - 100 <= MAX_TIMEOUTS * (0.3 + POLL_SECONDS)
        assert flight.warning is not None
