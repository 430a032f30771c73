# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared tiers: left out while they fail or hang, and tried again later."""

import threading
import time

import pytest
from understudy.core.cache.shared.circuit_breaker import CircuitBreaker
from understudy.core.cache.shared.shared_tier import SharedTier
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cache.tiers import TieredStore
from understudy.core.concurrency.timeouts import TimedThread
from understudy.core.errors import CacheError

from tests.core.shared_places import (
    PATIENT_SECONDS,
    Gate,
    arrays,
    folder_tier,
    key,
    patient_limits,
    redis_store,
    redis_tier,
    wait_until,
)

# Long enough for a thread to begin on a busy machine: what is ready is not left out.
_TIMEOUT_SECONDS = 0.5


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def wait_for_answer(tier: SharedTier, clock: Clock) -> None:
    """Wait until a place that answers gives what it has; a busy machine may have it rest for its slowness first."""

    def answers() -> bool:
        clock.now += 100
        return tier.get(key(1)) is not None

    wait_until(answers)


def test_a_place_that_hangs_costs_one_wait_then_rests_and_is_tried_again() -> None:
    place, clock = Gate(), Clock()
    place.put(key(1), arrays(1))
    tier = SharedTier(
        "the share", lambda: place, lambda store: 0, read_timeout_seconds=_TIMEOUT_SECONDS, clock=clock
    )
    wait_for_answer(tier, clock)
    place.open.clear()
    asked = place.asked + 1
    assert tier.get(key(1)) is None
    # On a busy machine its thread may begin only after the time limit.
    wait_until(lambda: place.asked == asked)
    for _ in range(100):
        assert tier.get(key(1)) is None
        assert key(1) not in tier
    assert place.asked == asked
    assert tier.breaker.warning is not None
    assert "the share" in tier.breaker.warning
    clock.now += 1.0
    assert tier.get(key(1)) is None  # the thread still hangs: nothing more is asked of the place
    assert place.asked == asked
    place.open.set()
    wait_for_answer(tier, clock)
    tier.close()


def test_what_rests_is_tried_again_without_anybody_waiting_for_it() -> None:
    place, clock = Gate(), Clock()
    place.put(key(1), arrays(1))
    tier = SharedTier(
        "the share", lambda: place, lambda store: 0, read_timeout_seconds=_TIMEOUT_SECONDS, clock=clock
    )
    place.open.clear()
    assert tier.get(key(1)) is None
    place.open.set()
    wait_until(lambda: tier._background.try_submit(int))  # the call that hung has ended
    place.open.clear()
    lost = tier.wait_budget.remaining_seconds
    for _ in range(20):
        clock.now += 100
        assert tier.get(key(1)) is None  # the first of these begins a trial, which hangs
    assert tier.wait_budget.remaining_seconds == lost
    place.open.set()
    wait_for_answer(tier, clock)
    tier.close()


def test_rests_grow_to_a_minute_and_start_anew_after_a_success() -> None:
    clock = Clock()
    health = CircuitBreaker("it", clock)
    rests = []
    for _ in range(9):
        health.record_failure("why")
        began = clock.now
        assert not health.allows_calls
        while not health.begin_probe():
            clock.now += 0.5
        assert not health.begin_probe()  # for one alone
        rests.append(clock.now - began)
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    health.record_success()
    health.record_failure("why")
    clock.now += 1
    assert health.begin_probe()
    health.record_success()
    assert health.allows_calls
    assert health.warning == "it is not used for now (why); it is tried again later"


def test_redis_that_dies_is_left_out_with_one_warning_and_taken_back(tmp_path, redis_server) -> None:
    clock = Clock()
    tier = redis_tier(redis_server.url, clock=clock)
    tiers = TieredStore([PackStore(tmp_path)], [tier])
    tiers.put(key(1), arrays(1))
    assert tiers.flush(PATIENT_SECONDS)
    redis_server.kill()
    for n in range(2, 30):
        assert tiers.get(key(n)) is None
        tiers.put(key(n), arrays(n))
        assert tiers.get(key(n)) is not None
    assert tiers.flush(PATIENT_SECONDS)
    assert tier.store.fault_count == 1
    assert len(tiers.warnings) == 2
    redis_server.start()
    clock.now += 1
    tiers.put(key(40), arrays(40))
    assert tiers.flush(PATIENT_SECONDS)
    assert key(40) in redis_store(redis_server.url)
    tiers.close()


def test_a_share_that_is_away_at_the_start_is_used_once_it_is_there(tmp_path) -> None:
    clock, share = Clock(), tmp_path / "mount" / "share"

    def open_store() -> PackStore:
        if not share.parent.is_dir():
            raise CacheError("not mounted")
        return PackStore(share)

    tier = SharedTier(
        "the share", open_store, lambda store: store.counts.dropped, clock=clock, **patient_limits()
    )
    tier.put(key(1), arrays(1))
    assert tier.get(key(1)) is None
    assert tier.skipped_puts == 1
    assert "not mounted" in tier.breaker.warning
    share.parent.mkdir()
    assert tier.get(key(1)) is None
    clock.now += 2
    tier.put(key(1), arrays(1))
    wait_until(lambda: tier.get(key(1)) is not None)
    tier.close()


def test_a_share_that_can_not_be_written_rests_after_one_fault(tmp_path) -> None:
    clock = Clock()
    tier = folder_tier(tmp_path / "share", clock=clock)
    tier.put(key(0), arrays(0))
    for pack in (tmp_path / "share").glob("*.pack"):
        pack.unlink()
    (tmp_path / "share").rename(tmp_path / "gone")
    tier.put_many([(key(n), arrays(n)) for n in range(1, 11)])
    assert tier.store.counts.dropped == 1
    assert tier.skipped_puts == 9
    (tmp_path / "gone").rename(tmp_path / "share")
    clock.now += 1
    tier.put(key(20), arrays(20))
    assert tier.get(key(20)) is not None
    tier.close()


def test_a_place_with_a_limit_of_its_own_is_asked_directly_and_rests_when_slow() -> None:
    class Slow(MemoryStore):
        def get(self, key):
            asked.append(threading.get_ident())
            time.sleep(0.02)
            return super().get(key)

    asked, clock = [], Clock()
    tier = SharedTier(
        "it", lambda: Slow(1 << 20), lambda store: 0, read_timeout_seconds=0.01, may_hang=False, clock=clock
    )
    assert [tier.get(key(1)) for _ in range(5)] == [None] * 5
    assert asked == [threading.get_ident()]
    assert "longer than 0.01 s" in tier.breaker.warning
    tier.close()


def test_a_timed_call_hands_on_results_and_faults_and_gives_up() -> None:
    thread, hang = TimedThread("test"), threading.Event()
    assert thread.call(lambda: 7, PATIENT_SECONDS) == 7
    with pytest.raises(ValueError, match="its own"):
        thread.call(lambda: int("its own"), PATIENT_SECONDS)
    with pytest.raises(TimeoutError):
        thread.call(hang.wait, 0.02)
    with pytest.raises(TimeoutError):
        thread.call(lambda: 8, 0.02)
    hang.set()
    assert thread.call(lambda: 9, PATIENT_SECONDS) == 9
    thread.close()
    assert thread.call(lambda: 10, PATIENT_SECONDS) == 10
    thread.close()
