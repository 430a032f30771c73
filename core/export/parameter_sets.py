# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameter sets of H.264 and HEVC tracks: their numbers, and one header that has those of two encoders.

Slices name the PPS that they were made with, which names its SPS. Where those of two encoders have different numbers
one track may have images of both. The header of a track is the one of ISO/IEC 14496-15, as in MP4, MOV and MKV.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .nal_units import LENGTH_BYTES, escape, nal_type, split_start_codes, unescape

_H264_SPS, _H264_PPS = 7, 8
_VPS, _SPS, _PPS = 32, 33, 34
_HIGH_PROFILES = (100, 110, 122, 244, 44)
_HVCC_BYTES = 22
_TIER_FLAG = 0x20

MAX_SPS_ID = {"h264": 31, "hevc": 15}
# From 15 to 30 a PPS's number takes 9 bits in a slice, where 0 takes 1: the rest moves on by a whole byte. With these
# no byte of the two that change is 0, so that none has to be kept from looking like a start code.
HEVC_PPS_IDS = (16, 17, 18, 20, 21, 22, 24, 25, 26, 28, 29, 30)


@dataclass(frozen=True)
class TrackHeader:
    """What the packets of a track need to be decoded."""

    codec: str
    prefix: bytes
    """What comes before the parameter sets: profile, level and the like."""
    sets: tuple[bytes, ...]
    """VPS, SPS and PPS, in their order."""
    others: tuple[bytes, ...] = ()
    """HEVC: SEI messages that hold for the whole track."""
    suffix: bytes = b""
    """H.264: what comes after them."""

    @property
    def ids(self) -> frozenset[int]:
        """The numbers that any of the sets has."""
        return frozenset(parameter_set_id(self.codec, unit) for unit in self.sets)


def read_header(codec: str, data: bytes) -> TrackHeader:
    """Read a track's header. ValueError where it is of another kind."""
    if len(data) < 7 or data[0] != 1:
        raise ValueError("no parameter sets in front of the packets")
    try:
        header = _read_avcc(data) if codec == "h264" else _read_hvcc(data)
    except IndexError as error:
        raise ValueError("a header that is cut off") from error
    if len({nal_type(codec, unit) for unit in header.sets}) < (2 if codec == "h264" else 3):
        raise ValueError("no parameter sets in front of the packets")
    return header


def write_header(header: TrackHeader) -> bytes:
    """Return the header's bytes."""
    if header.codec == "h264":
        sps, pps = (_of_type("h264", header.sets, kind) for kind in (_H264_SPS, _H264_PPS))
        return (
            header.prefix
            + bytes([0xE0 | len(sps)])
            + _with_lengths(sps)
            + bytes([len(pps)])
            + _with_lengths(pps)
            + header.suffix
        )
    units = (*header.sets, *header.others)
    kinds = sorted({nal_type("hevc", unit) for unit in units})
    arrays = b"".join(
        bytes([0x80 | kind]) + len(same).to_bytes(2, "big") + _with_lengths(same)
        for kind in kinds
        for same in [_of_type("hevc", units, kind)]
    )
    return header.prefix + bytes([len(kinds)]) + arrays


def joined_header(source: TrackHeader, own: Sequence[bytes]) -> TrackHeader:
    """Return a track's header with parameter sets added, whose numbers are others than its own."""
    prefix = bytearray(source.prefix)
    # A level or tier in front that is less than one of the sets' would have players refuse the track.
    if source.codec == "h264":
        level, added = 3, [unit[3] for unit in own if nal_type("h264", unit) == _H264_SPS]
    else:
        own_sps = [unescape(unit) for unit in own if nal_type("hevc", unit) == _SPS]
        level, added = 12, [unit[14] for unit in own_sps]
        for unit in own_sps:
            prefix[1] |= unit[3] & _TIER_FLAG
    prefix[level] = max(prefix[level], *added)
    return TrackHeader(source.codec, bytes(prefix), (*source.sets, *own), source.others, source.suffix)


def encoder_sets(codec: str, data: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the parameter sets in what an encoder says in advance, and its other units."""
    kinds = (_H264_SPS, _H264_PPS) if codec == "h264" else (_VPS, _SPS, _PPS)
    units = list(split_start_codes(data))
    sets = [unit for unit in units if nal_type(codec, unit) in kinds]
    return sets, [unit for unit in units if unit not in sets]


def parameter_set_id(codec: str, unit: bytes) -> int:
    """Return a parameter set's number. ValueError where it is cut off."""
    data, kind = unescape(unit), nal_type(codec, unit)
    if codec == "hevc" and kind == _VPS:
        return data[2] >> 4
    return _read_number(data, _id_place(codec, kind, data))[0]


def numbered_hevc_set(unit: bytes, sps_id: int, pps_id: int) -> bytes:
    """Return a VPS, SPS or PPS with other numbers: VPS and SPS have `sps_id`."""
    data, kind = unescape(unit), nal_type("hevc", unit)
    if kind == _PPS:
        data = _replace_number(data, 16, pps_id)
        return escape(_replace_number(data, _read_number(data, 16)[1], sps_id))
    data = data[:2] + bytes([sps_id << 4 | data[2] & 15]) + data[3:]
    if kind == _SPS:
        data = _replace_number(data, _id_place("hevc", kind, data), sps_id)
    return escape(data)


def numbered_hevc_slice(unit: bytes, pps_id: int) -> bytes:
    """Return a slice that names PPS 0 with another number, one of `HEVC_PPS_IDS`, in its place."""
    flags = 2 if 16 <= nal_type("hevc", unit) <= 23 else 1
    first = unit[2]
    if not first >> 7 - flags & 1:
        raise ValueError("a slice that does not name PPS 0")
    head, rest = first >> 8 - flags, first & (1 << 7 - flags) - 1
    value = (head << 9 | pps_id + 1) << 7 - flags | rest
    return unit[:2] + value.to_bytes(2, "big") + unit[3:]


def _read_avcc(data: bytes) -> TrackHeader:
    if data[4] & 3 != LENGTH_BYTES - 1:
        raise ValueError("lengths of another size")
    sps, at = _read_units(data, 6, data[5] & 31)
    pps, at = _read_units(data, at + 1, data[at])
    suffix = data[at:] if data[1] in _HIGH_PROFILES else b""
    return TrackHeader("h264", data[:5], (*sps, *pps), suffix=suffix)


def _read_hvcc(data: bytes) -> TrackHeader:
    if data[21] & 3 != LENGTH_BYTES - 1:
        raise ValueError("lengths of another size")
    units, at = [], _HVCC_BYTES + 1
    for _ in range(data[_HVCC_BYTES]):
        same, at = _read_units(data, at + 3, int.from_bytes(data[at + 1 : at + 3], "big"))
        units += same
    sets = [unit for unit in units if nal_type("hevc", unit) in (_VPS, _SPS, _PPS)]
    return TrackHeader(
        "hevc", data[:_HVCC_BYTES], tuple(sets), tuple(unit for unit in units if unit not in sets)
    )


def _read_units(data: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    units = []
    for _ in range(count):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data) or end == at + 2:
            raise ValueError("a header that is cut off")
        units.append(data[at + 2 : end])
        at = end
    return units, at


def _with_lengths(units: Sequence[bytes]) -> bytes:
    return b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def _of_type(codec: str, units: Sequence[bytes], kind: int) -> list[bytes]:
    return [unit for unit in units if nal_type(codec, unit) == kind]


def _id_place(codec: str, kind: int, data: bytes) -> int:
    """Return at which bit a set has its number."""
    if codec == "h264":
        return 32 if kind == _H264_SPS else 8
    if kind == _PPS:
        return 16
    sub_layers = data[2] >> 1 & 7
    place = 24 + 96
    if sub_layers:
        flags = int.from_bytes(data[15:17], "big")
        place += 16
        for layer in range(sub_layers):
            place += 88 * (flags >> 15 - 2 * layer & 1) + 8 * (flags >> 14 - 2 * layer & 1)
    return place


def _read_number(data: bytes, place: int) -> tuple[int, int]:
    """Return an Exp-Golomb number at a bit, and the bit after it. ValueError where the data ends before."""
    bits = _bits(data)[place:]
    zeros = bits.find("1")
    if zeros < 0 or len(bits) <= 2 * zeros:
        raise ValueError("a parameter set that is cut off")
    return int(bits[zeros : 2 * zeros + 1], 2) - 1, place + 2 * zeros + 1


def _replace_number(data: bytes, place: int, number: int) -> bytes:
    """Put another number at a bit of a set, and the rest after it."""
    _, end = _read_number(data, place)
    bits = _bits(data)
    code = f"{number + 1:b}"
    content = bits[:place] + "0" * (len(code) - 1) + code + bits[end : bits.rindex("1")] + "1"
    content += "0" * (-len(content) % 8)
    return int(content, 2).to_bytes(len(content) // 8, "big")


def _bits(data: bytes) -> str:
    return f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"
