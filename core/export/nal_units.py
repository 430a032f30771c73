# SPDX-License-Identifier: GPL-3.0-or-later
"""NAL units of H.264 and HEVC: what the packets and parameter sets of these codecs are made of.

In MP4, MOV and MKV each is preceded by its length; encoders put a start code before each.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

LENGTH_BYTES = 4

_START_CODE = re.compile(b"\0\0\1")
_PREVENTED = re.compile(b"\0\0\3")
_TO_PREVENT = re.compile(b"\0\0(?=[\0-\3])")

_H264_SLICES, _H264_IDR, _H264_PARAMETERS = range(1, 6), (5,), (7, 8)
_HEVC_SLICES, _HEVC_IDR, _HEVC_PARAMETERS = range(32), (19, 20), (32, 33, 34)


def nal_type(codec: str, unit: bytes) -> int:
    """Return a unit's type, by the numbers of its codec: `h264` or `hevc`."""
    return unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63


def is_slice(codec: str, unit: bytes) -> bool:
    """Tell whether a unit is a part of an image."""
    return nal_type(codec, unit) in (_H264_SLICES if codec == "h264" else _HEVC_SLICES)


def is_idr_slice(codec: str, unit: bytes) -> bool:
    """Tell whether a unit is a part of an image that nothing after it looks back beyond."""
    return nal_type(codec, unit) in (_H264_IDR if codec == "h264" else _HEVC_IDR)


def is_parameter_set(codec: str, unit: bytes) -> bool:
    """Tell whether a unit is a VPS, SPS or PPS."""
    return nal_type(codec, unit) in (_H264_PARAMETERS if codec == "h264" else _HEVC_PARAMETERS)


def split_lengths(data: bytes) -> list[bytes]:
    """Return the units of a packet, each of which is preceded by its length. ValueError where that does not add up."""
    units, at = [], 0
    while at < len(data):
        end = at + LENGTH_BYTES + int.from_bytes(data[at : at + LENGTH_BYTES], "big")
        if end > len(data) or end <= at + LENGTH_BYTES:
            raise ValueError("the lengths of NAL units do not add up to the packet's")
        units.append(data[at + LENGTH_BYTES : end])
        at = end
    return units


def join_lengths(units: Sequence[bytes]) -> bytes:
    """Return a packet of units, each preceded by its length."""
    return b"".join(len(unit).to_bytes(LENGTH_BYTES, "big") + unit for unit in units)


def split_start_codes(data: bytes) -> Iterator[bytes]:
    """Yield the units of what an encoder made, each of which has a start code before it."""
    starts = [match.start() for match in _START_CODE.finditer(data)]
    for start, end in pairwise([*starts, len(data)]):
        yield data[start + 3 : end].rstrip(b"\0")


def unescape(unit: bytes) -> bytes:
    """Return a unit without the bytes that keep start codes from occurring in it."""
    return _PREVENTED.sub(b"\0\0", unit)


def escape(unit: bytes) -> bytes:
    """Return a unit with the bytes that keep start codes from occurring in it."""
    return _TO_PREVENT.sub(b"\0\0\3", unit)
