# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies that spoil a valid input: its bytes, its JSON, its protobuf, what lies beside it."""

import json
import struct
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from .sample import VICTIM, Sample

Draw = Callable[[st.SearchStrategy[Any]], Any]

_NUMBERS = (
    0,
    1,
    2,
    7,
    127,
    128,
    255,
    256,
    1 << 15,
    (1 << 16) - 1,
    1 << 20,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
)
_LARGE = (1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_TEXTS = (
    "",
    ".",
    "..",
    "../victim/000000.tif",
    f"{VICTIM.decode()}/000000.tif",
    VICTIM.decode(),
    "/dev/zero",
    "/proc/self/mem",
    "a\0b",
    "\x1b]0;x\x07\n",
    "\u202etxt.exe",
    "\ud800",
    "x" * 5000,
    "0123456789abcdef",
    "٠١٢٣٤٥٦٧٨٩abcdef",
    "NaN",
)
_ODD: tuple[object, ...] = (
    None,
    True,
    False,
    -1,
    0,
    1 << 63,
    10**400,
    -(1 << 70),
    1e308,
    float("nan"),
    float("inf"),
    0.5,
    [],
    {},
    [[]],
    [None] * 100,
    {"": None},
    *_TEXTS,
)


@st.composite
def spoilt(draw: Draw, samples: list[Sample], mend: Callable[[Sample], Sample]) -> Sample:
    """Return one of some valid inputs, spoilt in one file or a few places.

    `mend` makes checksums and hashes right again: now and then it is used, so that more than these is tried.
    """
    sample = draw(st.sampled_from(samples))
    if sample.files:
        name = draw(st.sampled_from(sorted(sample.files)))
        sample = sample.with_file(name, _spoilt_file(draw, name, sample.files[name]))
    elif draw(st.booleans()):
        sample = sample.with_file("spare", draw(st.binary(max_size=200)))
    if draw(st.integers(0, 2)):
        sample = mend(sample)
    if not draw(st.integers(0, 19)):
        sample = _replace_by_special_file(draw, sample)
    return sample


def _replace_by_special_file(draw: Draw, sample: Sample) -> Sample:
    """Put something that is no plain file in a file's place."""
    if not sample.files:
        return sample
    name = draw(st.sampled_from(sorted(sample.files)))
    left = {other: data for other, data in sample.files.items() if other != name}
    kind = draw(st.sampled_from(("link", "loop", "pipe", "sparse", "gone")))
    if kind == "link":
        return Sample(left, {name: f"{VICTIM.decode()}/000000.tif"})
    if kind == "loop":
        return Sample(left, {name: name.rpartition("/")[2]})
    if kind == "pipe":
        return Sample(left, pipes=(name,))
    if kind == "sparse":
        # The file as it is, and a hole behind it.
        size = draw(st.sampled_from((1 << 28, 1 << 33, 1 << 36)))
        return Sample(sample.files, sparse={name: size})
    return Sample(left)


def _spoilt_file(draw: Draw, name: str, data: bytes) -> bytes:
    by_structure = draw(st.integers(0, 3))
    if by_structure and name.endswith((".json", ".jsonl")):
        lines = data.split(b"\n") if name.endswith(".jsonl") else [data]
        place = draw(st.integers(0, len(lines) - 1))
        lines[place] = _spoilt_json(draw, lines[place])
        return b"\n".join(lines)
    if by_structure and name.endswith((".onnx", ".dfm")):
        return _spoilt_message(draw, data, 0)
    for _ in range(draw(st.integers(1, 4))):
        data = _spoilt_bytes(draw, data)
    return data


def _spoilt_bytes(draw: Draw, data: bytes) -> bytes:
    """Flip, overwrite, cut, repeat, insert: once."""
    if not data:
        return draw(st.binary(max_size=64))
    at = draw(st.integers(0, len(data) - 1))
    kind = draw(st.sampled_from(("bit", "number", "cut", "end", "repeat", "insert", "text", "hole")))
    if kind == "bit":
        return data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1 :]
    if kind == "number":
        form = draw(st.sampled_from(("<H", "<I", "<Q", ">H", ">I", ">Q")))
        number = draw(st.sampled_from((*_NUMBERS, *_LARGE, len(data), len(data) - 1, len(data) + 1)))
        raw = struct.pack(form, number & (1 << 8 * struct.calcsize(form)) - 1)
        return data[:at] + raw + data[at + len(raw) :]
    if kind == "end":
        return data[:at]
    other = min(at + draw(st.integers(1, 64)), len(data))
    if kind == "cut":
        return data[:at] + data[other:]
    if kind == "repeat":
        return data[:other] + data[at:other] * draw(st.integers(1, 20)) + data[other:]
    if kind == "insert":
        return data[:at] + draw(st.binary(min_size=1, max_size=16)) + data[at:]
    if kind == "text":
        text = draw(st.sampled_from(_TEXTS)).encode(errors="surrogatepass")
        return data[:at] + text + data[at:]
    return data[:at] + bytes(other - at) + data[other:]


def _spoilt_json(draw: Draw, data: bytes) -> bytes:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return _spoilt_bytes(draw, data)
    for _ in range(draw(st.integers(1, 3))):
        value = _spoilt_value(draw, value)
    try:
        return json.dumps(value).encode()
    except (ValueError, RecursionError):
        return data


def _spoilt_value(draw: Draw, value: Any) -> Any:
    """Change one place of a JSON value: another value, a nested one, a name gone, renamed or added."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        name = draw(st.sampled_from(sorted(value)))
        kind = draw(st.sampled_from(("inside", "inside", "inside", "gone", "renamed", "added")))
        changed = dict(value)
        if kind == "inside":
            changed[name] = _spoilt_value(draw, value[name])
        elif kind == "gone":
            del changed[name]
        elif kind == "renamed":
            changed[draw(st.sampled_from(_TEXTS))] = changed.pop(name)
        else:
            changed[draw(st.sampled_from(_TEXTS))] = draw(st.sampled_from(_ODD))
        return changed
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        place = draw(st.integers(0, len(value) - 1))
        kind = draw(st.sampled_from(("inside", "inside", "gone", "again")))
        if kind == "inside":
            return [*value[:place], _spoilt_value(draw, value[place]), *value[place + 1 :]]
        return [*value[:place], *value[place + 1 :]] if kind == "gone" else [*value, value[place]]
    if isinstance(value, str) and draw(st.booleans()):
        return _spoilt_bytes(draw, value.encode(errors="surrogatepass")).decode(errors="replace")
    if not draw(st.integers(0, 9)):
        nested: Any = value
        for _ in range(draw(st.sampled_from((3, 100, 900)))):
            nested = [nested] if draw(st.just(True)) else {"a": nested}
        return nested
    return draw(st.sampled_from(_ODD))


def _spoilt_message(draw: Draw, data: bytes, depth: int) -> bytes:
    """Change one field of a protobuf message, deep in it as a rule, the lengths around it kept right."""
    parts = _fields(data)
    if not parts:
        return _spoilt_bytes(draw, data)
    place = draw(st.integers(0, len(parts) - 1))
    number, wire, value = parts[place]
    kind = draw(st.sampled_from(("inside", "inside", "inside", "gone", "again", "number", "nested", "bytes")))
    if kind == "inside" and isinstance(value, bytes) and depth < 8:
        parts[place] = number, wire, _spoilt_message(draw, value, depth + 1)
    elif kind == "gone":
        del parts[place]
    elif kind == "again":
        parts += [parts[place]] * draw(st.sampled_from((1, 2, 300)))
    elif kind == "number":
        parts[place] = draw(st.integers(1, 30)), wire, value
    elif kind == "nested" and isinstance(value, bytes):
        for _ in range(draw(st.sampled_from((2, 20, 200)))):
            value = _message([(number, 2, value)])
        parts[place] = number, wire, value
    elif isinstance(value, bytes):
        parts[place] = number, wire, _spoilt_bytes(draw, value)
    else:
        parts[place] = number, wire, draw(st.sampled_from((*_NUMBERS, *_LARGE)))
    return _message(parts)


def _fields(data: bytes) -> list[tuple[int, int, int | bytes]]:
    """Return a message's fields, none if it is no message."""
    parts: list[tuple[int, int, int | bytes]] = []
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if at < 0 or not tag >> 3 or wire not in (0, 1, 2, 5):
            return []
        if wire == 0:
            number, at = _varint(data, at)
            if at < 0:
                return []
            parts.append((tag >> 3, wire, number))
            continue
        length = {1: 8, 5: 4}.get(wire, 0)
        if wire == 2:
            length, at = _varint(data, at)
        if at < 0 or at + length > len(data):
            return []
        parts.append((tag >> 3, wire, data[at : at + length]))
        at += length
    return parts


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(data) and shift < 70:
        number |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return number, at
        shift += 7
    return 0, -1


def _message(parts: list[tuple[int, int, int | bytes]]) -> bytes:
    written = []
    for number, wire, value in parts:
        written.append(_as_varint(number << 3 | wire))
        if isinstance(value, int):
            written.append(_as_varint(value))
        else:
            if wire == 2:
                written.append(_as_varint(len(value)))
            written.append(value)
    return b"".join(written)


def _as_varint(number: int) -> bytes:
    raw = bytearray()
    while number > 127:
        raw.append(number & 127 | 128)
        number >>= 7
    return bytes(raw + bytes([number]))
