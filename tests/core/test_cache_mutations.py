# SPDX-License-Identifier: GPL-3.0-or-later
"""Random damage to the files of a real cache: every get is the right value or a miss, and nothing raises.

200 mutations as a rule, 10,000 in `make test-long`. The seed is fixed, the figures are printed.
"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.base.payload import decode
from understudy.core.cache.packs.record import find_payload, parse_header, parse_record
from understudy.core.cache.packs.sidecar import parse_sidecar_header, read
from understudy.core.cache.stores.local import PackStore
from understudy.core.filesystem import Folder

COUNT = 40
KEYS = [stage_key("test", 1, {"number": number, "model": bytes(32)}) for number in range(COUNT)]


def arrays(number: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(number)
    return {
        "embedding": random.random(24, dtype=np.float32),
        "crop": random.integers(0, 255, (number % 5, 7, 3), np.uint8),
        "seen": random.random(6) > 0.5,
        # Some records are long enough to be summed up in rows.
        **({"picture": random.integers(0, 255, (90, 67, 3), np.uint8)} if number % 5 == 0 else {}),
    }


def comparable(arrays) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    return {name: (array.dtype.str, array.shape, array.tobytes()) for name, array in arrays.items()}


EXPECTED = [comparable(arrays(number)) for number in range(COUNT)]


def mutate(raw: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    """Damage a file as disks, crashes, other programs and people do."""
    raw = bytearray(raw)
    start, length = int(random.integers(len(raw))), int(random.integers(1, 200))
    end = start + length
    match random.integers(12):
        case 0:
            raw[start] ^= 1 << random.integers(8)
        case 1:
            raw[start:end] = random.bytes(len(raw[start:end]))
        case 2:
            raw[start:end] = bytes(len(raw[start:end]))
        case 3:
            del raw[start:]
        case 4:
            raw[start:start] = random.bytes(length)
        case 5:
            del raw[start:end]
        case 6:
            raw[start:start] = raw[end : end + length]
        case 7:
            other = others[random.integers(len(others))]
            at = int(random.integers(len(other)))
            raw[start:end] = other[at : at + length]
        case 8:  # a number that steers the reading
            width = int(random.choice([2, 4, 8]))
            value = int(random.choice([0, 1, 63, 64, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 64) - 1])) & (
                (1 << 8 * width) - 1
            )
            raw[start : start + width] = value.to_bytes(width, "little")
        case 9:  # two blocks exchanged
            size = int(random.choice([8, 64, 512, 1024, 4096]))
            one, other = (size * int(random.integers(len(raw) // size + 1)) for _ in range(2))
            raw[one : one + size], raw[other : other + size] = (
                raw[other : other + size],
                raw[one : one + size],
            )
        case 10:  # a block of nothing, or of what lies elsewhere
            size = int(random.choice([512, 4096]))
            one, other = (size * int(random.integers(len(raw) // size + 1)) for _ in range(2))
            raw[one : one + size] = (
                raw[other : other + size] if random.random() < 0.5 else bytes(len(raw[one : one + size]))
            )
        case _:
            raw += raw[: int(random.integers(len(raw)))]
    return bytes(raw)


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [200, pytest.param(10_000, marks=pytest.mark.long)])
def test_random_mutations_of_packs_and_sidecars(tmp_path: Path, rounds: int) -> None:
    store = PackStore(tmp_path, pack_bytes=40_000)
    for number, key in enumerate(KEYS):
        store.put(key, arrays(number))
    store.close()
    good = {path: path.read_bytes() for path in tmp_path.iterdir() if path.suffix in (".pack", ".idx")}
    packs = [path for path in good if path.suffix == ".pack"]
    sidecars = [path for path in good if path.suffix == ".idx"]
    assert (len(packs) >= 3, len(sidecars) >= 3) == (True, True)
    random = np.random.default_rng(20_260_730)
    hits = misses = corrupt = 0
    for step in range(rounds):
        kind = packs if random.random() < 0.6 else sidecars
        for path in random.choice(np.array(kind, object), int(random.integers(1, 3)), replace=False):
            path.write_bytes(mutate(good[path], list(good.values()), random))
        damaged = PackStore(tmp_path, clock=lambda: 0.0)
        for number in random.permutation(COUNT).tolist():
            got = damaged.get(KEYS[number])
            assert got is None or comparable(got) == EXPECTED[number]
        assert {entry.text for entry in damaged.entries()} <= {key.text for key in KEYS}
        if step % 10 == 0:
            damaged.purge(lambda text: "number=7\n" in text)
            assert damaged.get(KEYS[7]) is None
            damaged.evict(50_000)
            lost = next((n for n, key in enumerate(KEYS) if damaged.get(key) is None), 7)
            damaged.put(KEYS[lost], arrays(lost))
            assert comparable(damaged.get(KEYS[lost])) == EXPECTED[lost]
        elif kind is sidecars:
            # A damaged sidecar is found out, so that nothing is lost by it.
            assert damaged.counts.misses == 0
        counts = damaged.counts
        assert damaged.warnings == () or all("more than its cap" in warning for warning in damaged.warnings)
        hits, misses, corrupt = hits + counts.hits, misses + counts.misses, corrupt + counts.corrupt
        damaged.close()
        for path in [path for path in tmp_path.iterdir() if path.suffix in (".pack", ".idx")]:
            if path not in good:
                path.unlink()
        for path, raw in good.items():
            path.write_bytes(raw)
    print(
        f"{rounds} mutations: {hits} right values, {misses} misses, {corrupt} damaged records, 0 wrong values"
    )
    assert hits > 30 * rounds
    assert misses > rounds // 4


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=400), start=st.integers(0, 40), size=st.integers(0, 1 << 40))
def test_no_bytes_make_a_parser_raise(tmp_path_factory, raw: bytes, start: int, size: int) -> None:
    assert parse_header(raw, start) is None
    assert parse_record(raw) is None
    assert find_payload(raw, Key("a=b\n")) is None
    assert parse_sidecar_header(raw, size) is None
    arrays = decode(raw, min(start, len(raw)))
    assert arrays is None or sum(array.nbytes for array in arrays.values()) <= len(raw)
    pack = tmp_path_factory.getbasetemp() / "0123456789abcdef-1-00000000.pack"
    pack.with_suffix(".idx").write_bytes(raw)
    with Folder(pack.parent) as folder:
        assert read(folder, pack.name, size) is None
