# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts to a shared tier: written behind the render's back, in order, within bounds."""

import threading

from understudy.core.cache.shared.shared_tier import SharedTier
from understudy.core.cache.shared.write_behind import WriteBehind
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.tiers import TieredStore

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


def test_what_one_machine_puts_another_finds_and_keeps_nearer(tmp_path, redis_server) -> None:
    def machine(name: str) -> tuple[TieredStore, PackStore]:
        local = PackStore(tmp_path / name)
        return TieredStore([local], [folder_tier(tmp_path / "share"), redis_tier(redis_server.url)]), local

    (first, _), (second, local) = machine("one"), machine("two")
    first.put(key(1), arrays(1))
    assert first.flush(PATIENT_SECONDS)
    assert key(1) in second
    assert second.get(key(1))["a"].tobytes() == arrays(1)["a"].tobytes()
    assert key(1) in local
    # What only the farther place has goes to the nearer ones too.
    redis_store(redis_server.url).put(key(2), arrays(2))
    assert second.get(key(2)) is not None
    assert second.flush(PATIENT_SECONDS)
    assert key(2) in local
    assert key(2) in PackStore(tmp_path / "share")
    for tiers in (first, second):
        tiers.close()
        assert tiers.warnings == ()
        assert tiers.unshared_count == 0


def test_puts_do_not_wait_for_a_hanging_place_and_what_does_not_fit_is_counted(tmp_path) -> None:
    place = Gate()
    place.open.clear()
    local = PackStore(tmp_path)
    tiers = TieredStore(
        [local],
        [SharedTier("it", lambda: place, lambda store: 0, **patient_limits())],
        backlog_bytes=50_000,
        flush_timeout_seconds=0.05,
    )
    for n in range(20):
        tiers.put(key(n), arrays(n))
    assert all(key(n) in local for n in range(20))
    assert not tiers.flush(0.05)
    assert tiers.unshared_count == 16  # four of 10,000 bytes fit
    place.open.set()
    assert tiers.flush(PATIENT_SECONDS)
    assert [n for n in range(20) if key(n) in place.kept] == [0, 1, 2, 3]
    place.open.clear()
    asked = place.asked
    tiers.put(key(20), arrays(20))
    wait_until(lambda: place.asked > asked)
    tiers.put(key(21), arrays(21))  # waits behind the one that hangs
    tiers.close()
    assert tiers.unshared_count == 17
    assert any("could not share 17 results: " in line for line in tiers.warnings)
    place.open.set()


def test_what_the_caller_changes_later_is_not_what_is_shared(tmp_path) -> None:
    place = Gate()
    place.open.clear()
    tiers = TieredStore([], [SharedTier("it", lambda: place, lambda store: 0, **patient_limits())])
    value = arrays(1)
    tiers.put(key(1), value)
    value["a"][:] = 99
    place.open.set()
    assert tiers.flush(PATIENT_SECONDS)
    assert place.kept.get(key(1))["a"].tobytes() == arrays(1)["a"].tobytes()
    tiers.close()


def test_actions_run_after_the_writes_before_them() -> None:
    order = []
    release = threading.Event()

    def write(items):
        release.wait()
        order.append(f"{len(items)} written")

    behind = WriteBehind(write)
    for n in range(5):
        behind.put(key(n), arrays(n))
    behind.run_after(lambda: order.append("action"))
    behind.put(key(9), arrays(9))
    assert order == []
    release.set()
    assert behind.flush(PATIENT_SECONDS)
    action = order.index("action")
    written = [
        [int(line.split()[0]) for line in part if "written" in line] for part in (order[:action], order)
    ]
    assert [sum(counts) for counts in written] == [5, 6]
    behind.close(1)
    behind.run_after(lambda: order.append("late"))
    behind.put(key(10), arrays(10))
    assert order[-1] == "late"
    assert behind.dropped_count == 1
