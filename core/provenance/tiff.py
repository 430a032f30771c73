# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in a TIFF file: tags of its first directory. Its content stays the same where a program moves its parts."""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .scan import FormatError, MarkScan

_XMP, _MANIFEST = 700, 52_545
_DATA_SIZES = {273: 279, 324: 325, 513: 514, 288: 289}
"""Tags that say where data lie, and those that say how much it is."""
_DIRECTORIES = (330, 34_665, 34_853, 40_965)
"""Tags that point to directories."""
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_MAX_DIRECTORIES = 1000
_MAX_BYTES = (1 << 32) - 1
_MAX_READS = 2
"""Whole files name each of their bytes once."""


@dataclass(frozen=True)
class _Entry:
    tag: int
    raw: bytes
    """As it is in the directory."""
    kind: int
    count: int
    value: memoryview


def scan_tiff(data: bytes) -> MarkScan:
    """Return the marks of a TIFF file. FormatError where it is none of those that are known."""
    order = _byte_order(data)
    digest, packet, has_manifest = hashlib.sha256(data[:4]), b"", False
    places, done, read_bytes = [_number(order, data[4:8])], 0, 0
    while places:
        entries, following = _directory(data, order, places.pop())
        done, read_bytes = done + 1, read_bytes + 12 * len(entries)
        if done > _MAX_DIRECTORIES:
            raise FormatError("its directories form a circle")
        by_tag = {entry.tag: entry for entry in entries}
        if following:
            places.append(following)
        for tag, entry in sorted(by_tag.items()):
            if tag == _XMP:
                packet = packet or bytes(entry.value)
            elif tag == _MANIFEST:
                has_manifest = True
            elif tag in _DIRECTORIES:
                digest.update(struct.pack("<H", tag))
                places.extend(reversed(_numbers(order, entry)))
            else:
                digest.update(struct.pack("<HHI", tag, entry.kind, entry.count))
                sizes = by_tag.get(_DATA_SIZES.get(tag, 0))
                for piece in [entry.value] if sizes is None else _data(data, order, entry, sizes):
                    digest.update(piece)
                    read_bytes += len(piece)
                    if read_bytes > _MAX_READS * len(data):
                        raise FormatError("its directories name the same data again and again")
    return MarkScan(packet, has_manifest, digest.hexdigest())


def with_tiff_packet(data: bytes, packet: bytes) -> bytes:
    """Return a TIFF file with a packet in place of the one it had, and a new directory, at its end.

    All else stays where it is. FormatError where it is none of those that are known.
    """
    order = _byte_order(data)
    entries, following = _directory(data, order, _number(order, data[4:8]))
    padding = b"\0" * (len(data) % 2)
    place = len(data) + len(padding)
    kept = {entry.tag: entry.raw for entry in entries}
    kept[_XMP] = struct.pack(order + "HHII", _XMP, 1, len(packet), place)
    body = packet + b"\0" * (len(packet) % 2)
    directory = struct.pack(order + "H", len(kept)) + b"".join(raw for _, raw in sorted(kept.items()))
    directory += struct.pack(order + "I", following)
    if place + len(body) + len(directory) > _MAX_BYTES:
        raise FormatError("it has 4 GB already")
    start = struct.pack(order + "I", place + len(body))
    return data[:4] + start + data[8:] + padding + body + directory


def _byte_order(data: bytes) -> str:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 14:
        raise FormatError("it is no TIFF file of at most 4 GB")
    return order


def _directory(data: bytes, order: str, place: int) -> tuple[list[_Entry], int]:
    """Return the entries of a directory and the place of the next one, 0 for none."""
    try:
        (count,) = struct.unpack_from(order + "H", data, place)
        (following,) = struct.unpack_from(order + "I", data, place + 2 + 12 * count)
    except struct.error as error:
        raise FormatError("it is cut off") from error
    return [_entry(data, order, place + 2 + 12 * index) for index in range(count)], following


def _entry(data: bytes, order: str, place: int) -> _Entry:
    raw = data[place : place + 12]
    tag, kind, count = struct.unpack(order + "HHI", raw[:8])
    size = _TYPE_BYTES.get(kind, 0) * count
    start = place + 8 if size <= 4 else _number(order, raw[8:])
    if start + size > len(data):
        raise FormatError("it is cut off")
    return _Entry(tag, raw, kind, count, memoryview(data)[start : start + size])


def _data(data: bytes, order: str, places: _Entry, sizes: _Entry) -> Iterator[bytes]:
    """Yield the pieces of data that a pair of entries names."""
    starts, lengths = _numbers(order, places), _numbers(order, sizes)
    if len(starts) != len(lengths):
        raise FormatError("it names pieces of data without their sizes")
    if sum(lengths) > len(data):
        raise FormatError("it names more data than it has")
    for start, length in zip(starts, lengths, strict=True):
        if start + length > len(data):
            raise FormatError("it is cut off")
        yield data[start : start + length]


def _numbers(order: str, entry: _Entry) -> list[int]:
    letter = {3: "H", 4: "I", 13: "I"}.get(entry.kind)
    if letter is None:
        raise FormatError("a place in it is no number")
    return list(struct.unpack(f"{order}{entry.count}{letter}", entry.value))


def _number(order: str, raw: bytes) -> int:
    (number,) = struct.unpack(order + "I", raw)
    return int(number)
