# SPDX-License-Identifier: GPL-3.0-or-later
"""Protobuf's wire format, read without trust: every length is checked against what is there.

Source: Protocol Buffers' published description of its encoding. `path` is for messages alone.
"""

from collections.abc import Iterator
from pathlib import Path

from ..errors import ModelError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""The wire types: what follows a field's number."""


def text(view: memoryview) -> str:
    """Return a name; of a longer one its beginning."""
    return bytes(view[:512]).decode(errors="replace")


def integers(wire: int, value: int | memoryview, path: Path) -> list[int]:
    """Return the values of a repeated int64 field, packed or not; at most a few hundred are believed."""
    if isinstance(value, int):
        return [value - (1 << 64) if value >> 63 else value]
    if wire != BYTES or len(value) > 10 * 256:
        raise ModelError(f"{path} is damaged: a list of sizes in it is {len(value)} bytes long")
    numbers, at = [], 0
    while at < len(value):
        number, at = varint(value, at, path)
        numbers.append(number - (1 << 64) if number >> 63 else number)
    return numbers


def fields(view: memoryview, path: Path) -> Iterator[tuple[int, int, int | memoryview]]:
    """List a protobuf message's fields as (number, wire type, value), every length checked.

    ModelError where one has the number 0, which no field has: bytes of zeros would be a field for every two of them.
    """
    at, end = 0, len(view)
    while at < end:
        tag, at = varint(view, at, path)
        wire = tag & 7
        if tag < 8:
            raise ModelError(f"{path} is not a model ONNX Runtime can run: it is no ONNX file, or is damaged")
        value: int | memoryview
        if wire == VARINT:
            value, at = varint(view, at, path)
        else:
            length = {FIXED64: 8, FIXED32: 4}.get(wire, 0)
            if wire == BYTES:
                length, at = varint(view, at, path)
            elif not length:
                raise ModelError(
                    f"{path} is not a model ONNX Runtime can run: it is no ONNX file, or is damaged"
                )
            if length > end - at:
                raise ModelError(
                    f"{path} is not a model ONNX Runtime can run: it is no ONNX file, or is cut off"
                )
            value = view[at : at + length]
            at += length
        yield tag >> 3, wire, value


def varint(view: memoryview, at: int, path: Path) -> tuple[int, int]:
    """Read the number that begins at a place: itself and where the next begins. ModelError if it never ends."""
    number = shift = 0
    while at < len(view) and shift < 70:
        byte = view[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & (1 << 64) - 1, at
        shift += 7
    raise ModelError(f"{path} is not a model ONNX Runtime can run: it is no ONNX file, or is cut off")
