# SPDX-License-Identifier: GPL-3.0-or-later
"""Records whose checksums are right and whose contents lie: the work of someone, not of a bad disk."""

import hashlib
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.cache.base.key import Key
from understudy.core.cache.base.payload import encode
from understudy.core.cache.packs.checksum import checksum
from understudy.core.cache.packs.record import MAGIC, build_record, find_payload, parse_header, parse_record
from understudy.core.cache.stores.local import PackStore

KEY = Key("stage=test\n")
NAME = "0123456789abcdef-1-00000000.pack"


def checksum_by_description(body: bytes) -> int:
    """Sum up a record's body as the description of the checksum says, a number at a time."""
    if len(body) < 16 * 1024:
        return zlib.crc32(body)
    weights = hashlib.shake_128(b"weights of the words").digest(1368)
    sums, rows = b"", len(body) // 1368
    for row in range(rows):
        total = 0
        for word in range(171):
            (weight,) = struct.unpack_from("<Q", weights, 8 * word)
            (value,) = struct.unpack_from("<Q", body, 1368 * row + 8 * word)
            total += (weight | 1) * value
        sums += (total % 2**64).to_bytes(8, "little")
    return zlib.crc32(sums + body[1368 * rows :])


def make_record(
    text: bytes = b"stage=test\n",
    payload: bytes = b"",
    digest: bytes | None = None,
    version: int = 2,
    text_bytes: int | None = None,
    payload_bytes: int | None = None,
) -> bytes:
    """Write a record from its description in the format's documentation, with any field a lie."""
    body = text + bytes(-len(text) % 16) + payload
    fields = struct.pack(
        "<8sHHI32sIII",
        MAGIC,
        version,
        0,
        1_700_000_000,
        hashlib.sha256(text).digest() if digest is None else digest,
        len(text) if text_bytes is None else text_bytes,
        len(payload) if payload_bytes is None else payload_bytes,
        checksum_by_description(body),
    )
    return fields + struct.pack("<I", zlib.crc32(fields)) + body


def payload_of(**arrays: np.ndarray) -> bytes:
    return b"".join(encode(arrays)[0])


def test_a_record_is_what_its_description_says() -> None:
    arrays = {"a": np.arange(5, dtype=np.int64)}
    chunks, size = build_record(KEY, *encode(arrays), written_at=1_700_000_000)
    raw = b"".join(chunks)
    assert raw == make_record(payload=payload_of(**arrays))
    assert len(raw) == size
    assert find_payload(raw, KEY) == 64 + 16
    header = parse_header(raw)
    assert (header.digest, header.written_at, header.size) == (KEY.digest, 1_700_000_000, size)


@pytest.mark.parametrize("size", [16_000, 16_384, 20_000, 49_152])
def test_a_long_record_is_what_its_description_says(size: int) -> None:
    arrays = {"a": np.random.default_rng(size).integers(0, 255, size, np.uint8)}
    raw = b"".join(build_record(KEY, *encode(arrays), written_at=1_700_000_000)[0])
    assert raw == make_record(payload=payload_of(**arrays))
    assert find_payload(raw, KEY) == 64 + 16
    assert parse_record(raw) is not None


BODY = np.random.default_rng(8).integers(0, 255, 40_000, np.uint8).tobytes() + bytes(9_000) + b"\xff" * 9_000


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(
    damage=st.sampled_from(["bits", "zeros", "exchange", "move", "cut", "fill", "copy"]),
    first=st.integers(0, len(BODY) - 1),
    second=st.integers(0, len(BODY) - 1),
    length=st.sampled_from([1, 8, 64, 512, 1368, 4096]) | st.integers(1, 9_000),
    bit=st.integers(0, 7),
)
def test_a_damaged_body_has_another_checksum(damage, first, second, length, bit) -> None:
    raw = bytearray(BODY)
    match damage:
        case "bits":
            raw[first] ^= 1 << bit
            if second != first and not (first % 8 == second % 8 >= 6 and first // 1368 == second // 1368):
                raw[second] ^= 1 << bit
        case "zeros":
            raw[first : first + length] = bytes(len(raw[first : first + length]))
        case "exchange":  # as when a disk or a program confuses two blocks
            one, other = sorted((first, second))
            length = min(length, other - one, len(raw) - other)
            raw[one : one + length], raw[other : other + length] = (
                raw[other : other + length],
                raw[one : one + length],
            )
        case "move":
            stretch = raw[first : first + length]
            del raw[first : first + length]
            raw[second:second] = stretch
        case "cut":
            del raw[first:]
        case "fill":
            raw[first : first + length] = BODY[second : second + 1] * len(raw[first : first + length])
        case "copy":
            stretch = BODY[second : second + length]
            raw[first : first + len(stretch)] = stretch
    assert (checksum(bytes(raw), 0) == checksum(BODY, 0)) == (raw == BODY)


@pytest.mark.parametrize("bit", range(0, 64, 3))
def test_two_flips_of_one_bit_in_a_row_are_noticed_below_the_upper_sixteen(bit: int) -> None:
    places = np.arange(171)
    row = np.random.default_rng(bit).integers(0, 1 << 63, 171, np.uint64)
    body = row.tobytes() * 12  # long enough for sums of rows
    whole, missed = checksum(body, 0), 0
    for one in places[::7]:
        for other in places[one + 1 :]:
            words = row.copy()
            words[[one, other]] ^= np.uint64(1) << np.uint64(bit)
            missed += checksum(words.tobytes() + body[1368:], 0) == whole
    assert missed == 0 or bit >= 48
    assert missed < 0.15 * len(places[::7]) * len(places) / 2 or bit >= 60


def test_rows_and_words_that_change_places_change_the_checksum() -> None:
    """Where a plain sum would be blind: the same words in another order."""
    random = np.random.default_rng(9)
    words = np.frombuffer(BODY, np.uint64)[: 171 * 20].copy()
    whole = checksum(words.tobytes(), 0)
    for _ in range(500):
        one, other = random.choice(len(words), 2, replace=False)
        changed = words.copy()
        changed[[one, other]] = changed[[other, one]]
        assert checksum(changed.tobytes(), 0) != whole
        rows = words.reshape(20, 171)[random.permutation(20)]
        assert checksum(rows.tobytes(), 0) != whole or (rows.ravel() == words).all()


def test_a_line_of_memory_that_fails_is_noticed() -> None:
    """The topmost bit of words at regular distances: what sums modulo a power of two see worst."""
    for stride in (8, 16, 32, 64, 128, 256, 512):
        for start in range(0, stride, 3):
            words = np.frombuffer(BODY, np.uint64).copy()
            words[start::stride] ^= np.uint64(1 << 63)
            assert checksum(words.tobytes(), 0) != checksum(BODY, 0), (stride, start)


GOOD = payload_of(a=np.ones(3, np.uint8))
FORGED_RECORDS = {
    "another version": make_record(payload=GOOD, version=1),
    "text without end": make_record(payload=GOOD, text_bytes=0xFFFFFFFF),
    "payload without end": make_record(payload=GOOD, payload_bytes=0xFFFFFFFF),
    "payload as large as allowed": make_record(payload=GOOD, payload_bytes=1 << 28),
    "payload one byte too long": make_record(payload=GOOD, payload_bytes=len(GOOD) + 1),
    "payload one byte too short": make_record(payload=GOOD, payload_bytes=len(GOOD) - 1),
    "text longer than it is": make_record(payload=GOOD, text_bytes=40),
    "text of another key": make_record(text=b"stage=else\n", payload=GOOD, digest=KEY.digest),
    "text that is not UTF-8": make_record(text=b"\xff\xfe", payload=GOOD, digest=KEY.digest),
    "no payload": make_record(),
    "payload of nothing but a length": make_record(payload=b"\xff" * 8),
    "payload that reaches out": make_record(
        payload=(64).to_bytes(8, "little")
        + json.dumps({"a": {"dtype": "U8", "shape": [99], "data_offsets": [0, 99]}}).encode().ljust(64)
    ),
}


@pytest.mark.parametrize("name", FORGED_RECORDS)
def test_a_lie_is_a_miss_and_the_next_put_is_kept(tmp_path: Path, name: str) -> None:
    PackStore(tmp_path)
    (tmp_path / NAME).write_bytes(FORGED_RECORDS[name])
    store = PackStore(tmp_path)
    assert store.get(KEY) is None
    assert all(entry.text == KEY.text for entry in store.entries())
    store.put(KEY, {"a": np.ones(3, np.uint8)})
    for reader in (store, PackStore(tmp_path)):
        assert reader.get(KEY)["a"].tolist() == [1, 1, 1]
    assert store.warnings == ()


def test_a_pack_of_nothing_is_passed_over(tmp_path: Path) -> None:
    PackStore(tmp_path)
    with (tmp_path / NAME).open("wb") as file:
        file.truncate(1 << 36)  # sparse: 64 GiB that would take minutes to search
    store = PackStore(tmp_path)
    assert (store.get(KEY), store.counts.corrupt) == (None, 1)
    store.put(KEY, {"a": np.ones(3, np.uint8)})
    assert PackStore(tmp_path).get(KEY)["a"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", ["another version", "text without end", "payload without end"])
def test_a_length_beyond_the_bounds_does_not_hide_what_follows(tmp_path: Path, name: str) -> None:
    PackStore(tmp_path)
    (tmp_path / NAME).write_bytes(FORGED_RECORDS[name] + make_record(payload=GOOD))
    store = PackStore(tmp_path)
    assert store.get(KEY)["a"].tolist() == [1, 1, 1]
    assert store.counts.corrupt == 1


def test_a_header_is_located_wherever_the_search_reads_in_pieces(tmp_path: Path) -> None:
    PackStore(tmp_path)
    for length in range((1 << 20) - 70, (1 << 20) + 10):
        (tmp_path / NAME).write_bytes(bytes(length) + make_record(payload=GOOD))
        store = PackStore(tmp_path)
        assert store.get(KEY)["a"].tolist() == [1, 1, 1]
        store.close()
