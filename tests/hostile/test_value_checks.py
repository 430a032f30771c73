# SPDX-License-Identifier: GPL-3.0-or-later
"""V5: the checks of values, each alone: nothing unchecked is held, no quick look lets a wrong value by."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.base.key import key_line_value, stage_key
from understudy.core.cache.base.payload import decode, encode
from understudy.core.cache.base.schema import ArraySpec, Schema
from understudy.core.cache.stores.checked_store import CheckedStore, FilteringStore
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS


def test_memory_holds_nothing_that_was_not_checked(tmp_path: Path) -> None:
    key = stage_key("clip", 1, {"stamp": bytes(32)})
    with closing(PackStore(tmp_path)) as folder:
        folder.put(key, {"id": np.zeros(31, np.uint8)})
        memory = MemoryStore(1 << 20, CheckedStore(folder, STAGE_SCHEMAS))
        assert memory.get(key) is None
        assert memory.held_bytes == 0
        memory.put(key, {"id": np.zeros(32, np.uint8)})
        memory.clear()
        assert memory.get(key)["id"].nbytes == 32
        # Its caller may know more.
        assert FilteringStore(memory, lambda arrays: False).get(key) is None
        assert memory.held_bytes == 0
        assert memory.get(key) is None


def test_a_good_copy_behind_bad_ones_is_read(tmp_path: Path) -> None:
    key = stage_key("clip", 1, {"stamp": bytes(32)})
    for size in (31, 33, 32):
        with closing(PackStore(tmp_path)) as folder:
            while folder.get(key) is not None:
                folder.skip_copy(key)
            folder.put(key, {"id": np.zeros(size, np.uint8)})
    with closing(PackStore(tmp_path)) as folder:
        store = CheckedStore(folder, STAGE_SCHEMAS)
        assert store.get(key)["id"].nbytes == 32
        assert store.rejection_count == 1
        assert len(store.warnings) == 1


def test_no_line_of_a_key_is_mistaken_for_another() -> None:
    text = stage_key("embed", 1, {"a": "stage=x", "recogniser": "", "z_stage": 1}).text
    assert [key_line_value(text, name) for name in ("stage", "a", "recogniser", "z_stage", "version", "age", "q")] == [
        "embed", "stage=x", "", "1", "1", None, None,
    ]  # fmt: skip
    assert key_line_value("stage=facts\nstamp=0\n", "stage") == "facts"
    assert key_line_value("a=1", "a") == "1"


@pytest.mark.parametrize(
    ("values", "sound"),
    [
        (np.zeros((0, 3)), True),
        (np.full((100, 3), 4.9), True),
        (np.full((100, 3), 5.1), False),
        (np.full((2, 3), 5.1), False),
        (np.full((100, 3), 3e38), False),
        (np.where(np.arange(300).reshape(100, 3) == 7, np.nan, 1), False),
        (np.where(np.arange(300).reshape(100, 3) == 7, -np.inf, 1), False),
        (np.where(np.arange(6).reshape(2, 3) == 5, np.nan, 1), False),
    ],
)
def test_ranges_of_floats(values: np.ndarray, sound: bool) -> None:
    schema = Schema((ArraySpec("a", "float32", ("n", 3), -5, 5),), {"n": range(200)})
    assert (schema.fault({"a": values.astype(np.float32)}) == "") == sound
    with pytest.raises(ValueError, match="say what they lie within"):
        ArraySpec("a", "float32", (3,))


@pytest.mark.parametrize(
    ("low", "high"),
    [(-1.001, 1.001), (0.0, 8.0), (-262144.0, 262144.0), (-360.0, 360.0), (-2.0, 1.0), (0.5, 3.0)],
)
@pytest.mark.parametrize("shape", [(1,), (3,), (5, 4), (1, 512), (3, 478)])
def test_no_quick_look_lets_a_wrong_value_by(low: float, high: float, shape: tuple[int, ...]) -> None:
    """Wherever it stands, in arrays just read and in others: verdicts are those of looking at each value."""
    schema = Schema((ArraySpec("a", "float32", shape, low, high), ArraySpec("b", "uint8", (3,))))
    middle, top, bottom = np.float32((low + high) / 2), np.float32(high), np.float32(low)
    values = [middle, top, bottom, np.float32(0), np.float32(-0.0), np.float32(1e-40), np.float32(-1e-40)]
    values += [np.nextafter(top, np.float32(np.inf)), np.nextafter(bottom, np.float32(-np.inf))]
    values += [np.float32(text) for text in ("nan", "-nan", "inf", "-inf", "3e38", "-3e38")]
    count = int(np.prod(shape))
    for value in values:
        for place in {0, count // 2, count - 1}:
            array = np.full(count, middle, np.float32)
            array[place] = value
            arrays = {"a": array.reshape(shape), "b": np.full(3, 255, np.uint8)}
            chunks, _ = encode(arrays)
            read = decode(b"".join(bytes(chunk) for chunk in chunks), 0)
            sound = bool(low <= float(value) <= high)
            assert (schema.fault(arrays) == "") == sound, (value, place)
            assert (schema.fault(read) == "") == sound, (value, place)
