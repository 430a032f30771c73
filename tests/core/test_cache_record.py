# SPDX-License-Identifier: GPL-3.0-or-later
"""Records whose checksums are right and whose contents lie: the work of someone, not of a bad disk."""

import hashlib
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.folder import PackFolder
from understudy.core.cache.key import Key
from understudy.core.cache.payload import encode
from understudy.core.cache.record import MAGIC, build, find_payload, parse_header

KEY = Key("stage=test\n")
NAME = "0123456789abcdef-1-00000000.pack"


def forged(
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
        zlib.crc32(body),
    )
    return fields + struct.pack("<I", zlib.crc32(fields)) + body


def payload_of(**arrays: np.ndarray) -> bytes:
    return b"".join(encode(arrays)[0])


def test_a_record_is_what_its_description_says() -> None:
    arrays = {"a": np.arange(5, dtype=np.int64)}
    chunks, size = build(KEY, *encode(arrays), written=1_700_000_000)
    raw = b"".join(chunks)
    assert raw == forged(payload=payload_of(**arrays))
    assert len(raw) == size
    assert find_payload(raw, KEY) == 64 + 16
    header = parse_header(raw)
    assert (header.digest, header.written, header.size) == (KEY.digest, 1_700_000_000, size)


GOOD = payload_of(a=np.ones(3, np.uint8))
LIES = {
    "another version": forged(payload=GOOD, version=1),
    "text without end": forged(payload=GOOD, text_bytes=0xFFFFFFFF),
    "payload without end": forged(payload=GOOD, payload_bytes=0xFFFFFFFF),
    "payload as large as allowed": forged(payload=GOOD, payload_bytes=1 << 28),
    "payload one byte too long": forged(payload=GOOD, payload_bytes=len(GOOD) + 1),
    "payload one byte too short": forged(payload=GOOD, payload_bytes=len(GOOD) - 1),
    "text longer than it is": forged(payload=GOOD, text_bytes=40),
    "text of another key": forged(text=b"stage=else\n", payload=GOOD, digest=KEY.digest),
    "text that is not UTF-8": forged(text=b"\xff\xfe", payload=GOOD, digest=KEY.digest),
    "no payload": forged(),
    "payload of nothing but a length": forged(payload=b"\xff" * 8),
    "payload that reaches out": forged(
        payload=(64).to_bytes(8, "little")
        + json.dumps({"a": {"dtype": "U8", "shape": [99], "data_offsets": [0, 99]}}).encode().ljust(64)
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_a_miss_and_the_next_put_is_kept(tmp_path: Path, name: str) -> None:
    PackFolder(tmp_path)
    (tmp_path / NAME).write_bytes(LIES[name])
    store = PackFolder(tmp_path)
    assert store.get(KEY) is None
    assert all(entry.text == KEY.text for entry in store.entries())
    store.put(KEY, {"a": np.ones(3, np.uint8)})
    for reader in (store, PackFolder(tmp_path)):
        assert reader.get(KEY)["a"].tolist() == [1, 1, 1]
    assert store.warnings == ()


def test_a_pack_of_nothing_is_passed_over(tmp_path: Path) -> None:
    PackFolder(tmp_path)
    with (tmp_path / NAME).open("wb") as file:
        file.truncate(1 << 36)  # sparse: 64 GiB that would take minutes to search
    store = PackFolder(tmp_path)
    assert (store.get(KEY), store.counts.corrupt) == (None, 1)
    store.put(KEY, {"a": np.ones(3, np.uint8)})
    assert PackFolder(tmp_path).get(KEY)["a"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", ["another version", "text without end", "payload without end"])
def test_a_length_beyond_the_bounds_does_not_hide_what_follows(tmp_path: Path, name: str) -> None:
    PackFolder(tmp_path)
    (tmp_path / NAME).write_bytes(LIES[name] + forged(payload=GOOD))
    store = PackFolder(tmp_path)
    assert store.get(KEY)["a"].tolist() == [1, 1, 1]
    assert store.counts.corrupt == 1


def test_a_header_is_found_wherever_the_search_reads_in_pieces(tmp_path: Path) -> None:
    PackFolder(tmp_path)
    for length in range((1 << 20) - 70, (1 << 20) + 10):
        (tmp_path / NAME).write_bytes(bytes(length) + forged(payload=GOOD))
        store = PackFolder(tmp_path)
        assert store.get(KEY)["a"].tolist() == [1, 1, 1]
        store.close()
