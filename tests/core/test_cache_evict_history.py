# SPDX-License-Identifier: GPL-3.0-or-later
"""Eviction after any history of writes, reads, purges and restarts: nothing wrong is read, the cap holds."""

import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from understudy.core.cache.stores.local import PackStore

from tests.core.eviction_folders import RECORD, arrays, bytes_on_disk, is_intact, key


class EvictionStateMachine(RuleBasedStateMachine):
    """Whatever two stores on one folder do, in any order: sizes agree with the disk, values with the puts."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(os.environ["HISTORY_ROOT"]) / str(time.time_ns())
        self.now = 0.0
        self.stores = [self.open_store(), self.open_store()]
        self.used: list[set[int]] = [set(), set()]
        self.gone: set[int] = set()

    def open_store(self) -> PackStore:
        return PackStore(self.root, pack_bytes=60_000, clock=lambda: self.now)

    def stored_numbers(self) -> set[int]:
        raw = b"".join(path.read_bytes() for path in self.root.glob("*.pack"))
        return {number for number in range(41) if key(number).text.encode() in raw}

    @rule(who=st.integers(0, 1), number=st.integers(0, 40))
    def put(self, who: int, number: int) -> None:
        self.stores[who].put(key(number), arrays(number))
        # Not put where it is believed known, though the other one has taken it away since the last look.
        if number in self.stored_numbers():
            self.used[who].add(number)
            self.gone.discard(number)

    @rule(who=st.integers(0, 1), number=st.integers(0, 40))
    def get(self, who: int, number: int) -> None:
        got = self.stores[who].get(key(number))
        assert got is None or got["a"].tobytes() == arrays(number)["a"].tobytes()
        if got is not None:
            self.used[who].add(number)

    @rule(who=st.integers(0, 1), cap=st.integers(0, 500_000))
    def evict_to_cap(self, who: int, cap: int) -> None:
        done = self.stores[who].evict(cap)
        assert done.bytes_after == bytes_on_disk(self.root)
        assert all(is_intact(self.stores[who], number) for number in self.used[who])
        # What the other one used may be gone, and is not its own again before it uses it again.
        self.used[1 - who] &= self.stored_numbers()
        if done.bytes_after > cap:
            assert done.bytes_after <= max(cap, 1.2 * RECORD * len(self.used[who]) + 65_000 + 50_000)

    @rule(who=st.integers(0, 1), number=st.integers(0, 40))
    def purge(self, who: int, number: int) -> None:
        before = bytes_on_disk(self.root)
        freed = self.stores[who].purge(lambda text: f"number={number}\n" in text)
        lock = 0  # the lock file is empty
        assert before - freed + lock == bytes_on_disk(self.root)
        self.gone.add(number)
        for used in self.used:
            used.discard(number)

    @rule(who=st.integers(0, 1))
    def reopen(self, who: int) -> None:
        self.stores[who].close()
        self.stores[who] = self.open_store()
        self.used[who] = set()

    @rule(seconds=st.sampled_from([0.5, 1.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.gone)
    @invariant()
    def purge_is_complete(self) -> None:
        assert not self.gone & self.stored_numbers()

    @invariant()
    def sizes_agree(self) -> None:
        assert all(store.size_on_disk() == bytes_on_disk(self.root) for store in self.stores)

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
            assert store.counts.corrupt == 0
        shutil.rmtree(self.root)


@pytest.mark.slow
def test_any_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTORY_ROOT", str(tmp_path))
    case = EvictionStateMachine.TestCase
    case.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
    case("runTest").runTest()
