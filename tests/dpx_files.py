# SPDX-License-Identifier: GPL-3.0-or-later
"""DPX files of every packing (SMPTE ST 268)."""

import struct

import numpy as np

DESCRIPTORS = {1: 6, 3: 50, 4: 51}
PACKED, FILLED_RIGHT, FILLED_LEFT = range(3)


def write_dpx(
    path,
    codes,
    bits,
    packing=PACKED,
    *,
    big_endian=True,
    descriptor=None,
    transfer=2,
    colorimetric=2,
    encoding=0,
    padding=0,
):
    """Write (H, W, K) codes of so many bits, or floats for 32; returns the path."""
    height, width, channels = codes.shape
    order, offset = ">" if big_endian else "<", 2048
    lines = [
        _line_bytes(line, bits, packing, order, channels) + bytes(padding)
        for line in codes.reshape(height, -1)
    ]
    header = bytearray(b"\xff" * offset)
    header[:4] = b"SDPX" if big_endian else b"XPDS"
    header[36:660] = bytes(624)
    struct.pack_into(f"{order}I8sI", header, 4, offset, b"V1.0", offset + sum(map(len, lines)))
    struct.pack_into(f"{order}HHII", header, 768, 0, 1, width, height)
    struct.pack_into(f"{order}IIfIf", header, 780, 0, 0, 0.0, min((1 << bits) - 1, 0xFFFFFFFE), 2.048)
    header[800:804] = bytes([descriptor or DESCRIPTORS[channels], transfer, colorimetric, bits])
    struct.pack_into(f"{order}HHIII", header, 804, packing, encoding, offset, padding, 0)
    path.write_bytes(bytes(header) + b"".join(lines))
    return path


def sixteen_bits(codes, bits, packing):
    """What Blender makes of codes of 10 and 12 bits."""
    if bits == 12 and packing == FILLED_RIGHT:
        return codes << 4
    return codes << (16 - bits) | codes >> (2 * bits - 16)


def _line_bytes(line, bits, packing, order, channels):
    if bits == 8:
        return line.astype("u1").tobytes()
    if bits == 32:
        return line.astype(f"{order}f4").tobytes()
    if bits == 16 or (bits == 12 and packing):
        return (line << (4 if packing == FILLED_RIGHT else 0)).astype(f"{order}u2").tobytes()
    if not packing:
        stream = sum(int(code) << (bits * place) for place, code in enumerate(line))
        words = -(-bits * len(line) // 32)
        return np.frombuffer(stream.to_bytes(4 * words, "little"), "<u4").astype(f"{order}u4").tobytes()
    words = (
        np.pad(line, (0, -len(line) % 3)).reshape(-1, 3)[:, :: -1 if channels == 1 else 1].astype(np.uint32)
    )
    filled = (words[:, 0] << 20 | words[:, 1] << 10 | words[:, 2]) << (2 if packing == FILLED_RIGHT else 0)
    return filled.astype(f"{order}u4").tobytes()
