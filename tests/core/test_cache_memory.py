# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory tier: bounded, frozen, and true to the store below. Tiers: nearest first."""

from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.base.counts import StoreCounts
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cache.tiers import TieredStore, open_local
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


def arrays(number: int, size: int = 10_000) -> dict[str, np.ndarray]:
    return {"a": np.full(size, number % 256, np.uint8)}


def test_counts_through_every_transition() -> None:
    memory = MemoryStore(50_000)
    assert memory.counts == StoreCounts()
    assert memory.get(key(1)) is None
    assert memory.counts == StoreCounts(misses=1)
    memory.put(key(1), arrays(1))
    assert memory.counts == StoreCounts(misses=1, puts=1, bytes_written=10_000)
    memory.put(key(1), arrays(1))
    assert memory.counts == StoreCounts(misses=1, puts=1, known=1, bytes_written=10_000)
    assert memory.get(key(1))["a"].tobytes() == b"\x01" * 10_000
    assert memory.counts == StoreCounts(
        hits=1, misses=1, puts=1, known=1, bytes_written=10_000, bytes_read=10_000
    )
    memory.put(key(2), arrays(2, 60_000))
    assert memory.counts.dropped == 1
    assert key(2) not in memory
    for number in range(3, 7):
        memory.put(key(number), arrays(number))
    assert memory.counts.evicted == 1
    assert key(1) not in memory


def test_the_bound_holds_at_every_step_and_the_longest_unused_goes_first() -> None:
    memory = MemoryStore(60_000)
    for number in range(5):
        memory.put(key(number), arrays(number))
    assert memory.get(key(0)) is not None
    memory.put(key(5), arrays(5))
    assert [key(number) in memory for number in range(6)] == [True, False, True, True, True, True]
    for number in range(6, 100):
        memory.put(key(number), arrays(number, 137 * number))
        assert memory.held_bytes <= 60_000
    memory.clear()
    assert memory.held_bytes == 0


def test_tiny_entries_are_bounded_too() -> None:
    memory = MemoryStore(20_000)
    for number in range(1000):
        memory.put(key(number), {"a": np.zeros(0)})
    assert sum(key(number) in memory for number in range(1000)) <= 20


def test_nothing_the_caller_does_changes_what_is_kept() -> None:
    memory = MemoryStore(100_000)
    mine = np.arange(6, dtype=np.float32).reshape(2, 3)
    given = {"a": mine, "fortran": np.asfortranarray(mine)}
    memory.put(key(1), given)
    mine[:] = -1
    given["b"] = mine
    kept = memory.get(key(1))
    assert set(kept) == {"a", "fortran"}
    assert kept["a"].tolist() == kept["fortran"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert kept["fortran"].flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        kept["a"][0, 0] = 1
    with pytest.raises(TypeError):
        kept["a"] = mine


def test_memory_of_no_bytes_keeps_nothing() -> None:
    off = MemoryStore(0)
    off.put(key(1), arrays(1))
    off.put(key(2), {})
    assert off.get(key(1)) is None
    assert key(1) not in off
    assert off.counts == StoreCounts(misses=1, dropped=2)
    off.close()


def test_memory_and_folder_agree_and_memory_spares_the_folder(tmp_path: Path) -> None:
    memory, folder = open_local(tmp_path / "cache", 1_000_000, schemas=STAGE_SCHEMAS)
    value = {"x": np.linspace(0, 1, 50), "m": np.array([[True], [False]])}
    memory.put(key(1), value)
    memory.clear()
    first, second = memory.get(key(1)), memory.get(key(1))
    assert first is not None
    for name, array in value.items():
        for got in (first[name], second[name]):
            assert (got.dtype, got.shape, got.tobytes()) == (array.dtype, array.shape, array.tobytes())
            assert not got.flags.writeable
    assert (memory.counts.hits, memory.counts.misses) == (1, 1)
    assert (folder.counts.hits, folder.counts.misses, folder.counts.puts) == (1, 0, 1)
    assert key(1) in memory
    assert key(2) not in memory
    memory.close()


def test_tiers_read_the_nearest_and_fill_the_nearer(tmp_path: Path) -> None:
    near, middle, far = MemoryStore(100_000), PackStore(tmp_path / "near"), PackStore(tmp_path / "far")
    tiers = TieredStore([near, middle, far])
    far.put(key(1), arrays(1))
    assert key(1) in tiers
    assert tiers.get(key(2)) is None
    assert tiers.get(key(1))["a"].tobytes() == b"\x01" * 10_000
    assert (near.counts.puts, middle.counts.puts, far.counts.hits) == (1, 1, 1)
    assert tiers.get(key(1)) is not None
    assert (near.counts.hits, middle.counts.hits, far.counts.hits) == (1, 0, 1)
    tiers.put(key(3), arrays(3))
    assert all(key(3) in store for store in (near, middle, far))
    tiers.close()
