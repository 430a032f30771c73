# SPDX-License-Identifier: GPL-3.0-or-later
"""One stage result as a run of bytes: a 64-byte header, the key text, the payload.

    offset  size
         0     8  magic
         8     2  format version
        10     2  reserved, 0
        12     4  when it was written, seconds since 1970
        16    32  SHA-256 of the key text
        48     4  key text length
        52     4  payload length
        56     4  checksum of all that follows the header
        60     4  CRC-32 of the header so far
        64        key text, zeros up to the next multiple of 16, payload

All numbers are little-endian. The header has a checksum of its own so that a scan can trust the lengths
without reading what they span. The padding keeps arrays aligned when the record is read in one piece.

A read checks every byte that it hands out, each time: a bit that flipped on the disk since the last read is
a miss, as one that flipped before. The checksum (see `checksum`) is there for accidents: torn writes, bad
disks, mixed-up blocks. It is no guard against someone who can write to the folder: such a one could make a
good checksum too, and is met by the checks on every length, and by comparing the whole key text.
"""

import errno
import hashlib
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ..base.key import Key
from ..base.payload import Chunk
from .checksum import checksum

FORMAT = 2
MAGIC = b"\xf5USTUDY\n"
HEADER_BYTES = 64
MAX_TEXT_BYTES = 1 << 20
MAX_PAYLOAD_BYTES = 1 << 28
MAX_RECORD_BYTES = HEADER_BYTES + MAX_TEXT_BYTES + 16 + MAX_PAYLOAD_BYTES
"""More bytes than any record has."""
MAX_UNCHECKED_BYTES = 1 << 20
"""Bytes of a record that are read because its index says so; a larger one's own header is asked first."""
_HEAD_BYTES = 1024  # a header and most key texts
_PADDING = tuple(map(bytes, range(16)))
_FIELDS = struct.Struct("<8sHHI32sIII")
_READER_FIELDS = struct.Struct(
    "<8sH38xIIII"
)  # what a reader who knows the key looks at, and the header's checksum
_FIELDS_BYTES = _FIELDS.size
_CRC = struct.Struct("<I")


class Header(NamedTuple):
    """What a record's first 64 bytes say, once they passed their own checksum."""

    written_at: int
    digest: bytes
    text_bytes: int
    payload_bytes: int
    body_checksum: int

    @property
    def payload_start(self) -> int:
        """Where the payload starts, in bytes from the record's start."""
        return HEADER_BYTES + self.text_bytes + -self.text_bytes % 16

    @property
    def size(self) -> int:
        """The whole record's length in bytes."""
        return self.payload_start + self.payload_bytes


def build_record(
    key: Key, payload: list[Chunk], payload_bytes: int, written_at: int
) -> tuple[list[bytes], int]:
    """Return a record in two parts, header and all the rest, and its length in bytes.

    Raises ValueError where a length is beyond what the format holds.
    """
    text = key.text.encode()
    if len(text) > MAX_TEXT_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        raise ValueError(
            f"a result of {payload_bytes} bytes is too large to keep; {MAX_PAYLOAD_BYTES} is the most"
        )
    body = b"".join([text, _PADDING[-len(text) % 16], *payload])
    fields = _FIELDS.pack(
        MAGIC, FORMAT, 0, written_at & 0xFFFFFFFF, key.digest, len(text), payload_bytes, checksum(body, 0)
    )
    return [fields + _CRC.pack(zlib.crc32(fields)), body], HEADER_BYTES + len(body)


def parse_header(raw: bytes, start: int = 0) -> Header | None:
    """Read the header at `start`, or None if those bytes are not one that this version can trust."""
    if len(raw) - start < HEADER_BYTES or not raw.startswith(MAGIC, start):
        return None
    (crc,) = _CRC.unpack_from(raw, start + _FIELDS.size)
    if crc != zlib.crc32(raw[start : start + _FIELDS.size]):
        return None
    _, version, _, written, digest, text_bytes, payload_bytes, body_sum = _FIELDS.unpack_from(raw, start)
    if version != FORMAT or text_bytes > MAX_TEXT_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        return None
    return Header(written, digest, text_bytes, payload_bytes, body_sum)


def format_version(raw: bytes) -> int | None:
    """Return the format that a record's first bytes say, ours or another; None where they are no record's."""
    if len(raw) < HEADER_BYTES or not raw.startswith(MAGIC):
        return None
    version: int = _FIELDS.unpack_from(raw)[1]
    return version


def find_payload(raw: bytes, key: Key) -> int | None:
    """Return where the payload starts in `raw`, which should be one whole record of `key`.

    None where it is not that, or is damaged.
    """
    if len(raw) < HEADER_BYTES:
        return None
    magic, version, text_bytes, payload_bytes, body_sum, crc = _READER_FIELDS.unpack_from(raw)
    text = key.text.encode()
    start = HEADER_BYTES + len(text) + -len(text) % 16
    if (
        magic != MAGIC
        or version != FORMAT
        or text_bytes != len(text)
        or start + payload_bytes != len(raw)
        or zlib.crc32(raw[:_FIELDS_BYTES]) != crc
        or checksum(raw, HEADER_BYTES) != body_sum
        or not raw.startswith(text, HEADER_BYTES)  # quicker than comparing digests, and says more
    ):
        return None
    return start


def read_large_record(read: Callable[[int, int], bytes], offset: int, size: int) -> bytes:
    """Return the `size` bytes of the record at `offset`, or only its first where its header says another length.

    An index is a file of its own, and what it says may lie. Raises what `read` raises, and OSError where there is not
    enough memory.
    """
    head = read(offset, HEADER_BYTES)
    header = parse_header(head)
    if header is None or header.size != size:
        return head
    try:
        return read(offset, size)
    except MemoryError as error:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)) from error


def parse_record(raw: bytes) -> "tuple[Header, bytes] | None":
    """Return header and key text of `raw` if that is one whole and undamaged record, of whatever key."""
    header = parse_header(raw)
    if header is None or header.size != len(raw):
        return None
    if checksum(raw, HEADER_BYTES) != header.body_checksum:
        return None
    text = raw[HEADER_BYTES : HEADER_BYTES + header.text_bytes]
    return (header, text) if hashlib.sha256(text).digest() == header.digest else None


@dataclass(frozen=True)
class EntryInfo:
    """A record but for its payload: key text, payload length in bytes, when written (seconds since 1970)."""

    text: str
    payload_bytes: int
    written_at: int


def read_entry_info(read: Callable[[int, int], bytes], offset: int) -> EntryInfo | None:
    """Read the key text of the record at `offset` with `read(offset, size)`, or None if it is damaged.

    Raises what `read` raises.
    """
    raw = read(offset, _HEAD_BYTES)
    header = parse_header(raw)
    if header is None:
        return None
    end = HEADER_BYTES + header.text_bytes
    if end > len(raw):
        raw += read(offset + len(raw), end - len(raw))
    text = raw[HEADER_BYTES:end]
    if hashlib.sha256(text).digest() != header.digest:
        return None
    return EntryInfo(text.decode("utf-8", "replace"), header.payload_bytes, header.written_at)
