# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR files of any numbers, most without compression: https://openexr.com/en/latest/OpenEXRFileLayout.html."""

import struct
import zlib
from dataclasses import dataclass, field

import numpy as np

_WHOLE, _HALF, _FLOAT = range(3)
_TYPES = {np.float16: (_HALF, "<f2"), np.uint32: (_WHOLE, "<u4")}
"""Of channels in `Part`; all others are 32-bit floats."""


def write_exr(path, light, *, half=True):
    """Write (H, W, 3) RGB as half or 32-bit floats; returns the path."""
    return write_exr_layers(path, {"": light}, half=half)


def write_exr_layers(path, layers, *, half=True):
    """Write layers of one size by their names, the plain one by an empty one; returns the path."""
    planes = {
        f"{name}.{channel}".lstrip("."): light[..., "RGB".index(channel)]
        for name, light in layers.items()
        for channel in "RGB"
    }
    names = sorted(planes)
    height, width = planes[names[0]].shape
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    kind, dtype = (_HALF, "<f2") if half else (_FLOAT, "<f4")
    channels = b"".join(name.encode() + b"\0" + struct.pack("<iIii", kind, 0, 1, 1) for name in names)
    header = b"\x76\x2f\x31\x01" + struct.pack("<I", 2)
    for name, sort, value in (
        ("channels", "chlist", channels + b"\0"),
        ("compression", "compression", b"\0"),
        ("dataWindow", "box2i", window),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", b"\0"),
        ("pixelAspectRatio", "float", struct.pack("<f", 1)),
        ("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0)),
        ("screenWindowWidth", "float", struct.pack("<f", 1)),
    ):
        header += f"{name}\0{sort}\0".encode() + struct.pack("<i", len(value)) + value
    header += b"\0"
    rows = [
        struct.pack("<ii", row, width * len(names) * np.dtype(dtype).itemsize)
        + b"".join(planes[name][row].astype(dtype).tobytes() for name in names)
        for row in range(height)
    ]
    starts = len(header) + 8 * height + np.cumsum([0, *map(len, rows[:-1])])
    path.write_bytes(header + starts.astype("<u8").tobytes() + b"".join(rows))
    return path


def write_exr_tiles(path, light, side):
    """Write (H, W, 3) RGB as 32-bit floats in tiles of `side` by `side` pixels; returns the path."""
    height, width = light.shape[:2]
    lines = write_exr(path, light, half=False).read_bytes()
    header = lines[: len(lines) - height * (16 + 12 * width)]
    tiles = b"tiles\0tiledesc\0" + struct.pack("<i2IB", 9, side, side, 0)
    start = header[:4] + struct.pack("<I", 0x202) + header[8:-1] + tiles + b"\0"
    chunks = []
    for top in range(0, height, side):
        for left in range(0, width, side):
            # Line after line, and in each of these one channel after the other, from blue to red.
            tile = (
                light[top : top + side, left : left + side, ::-1].transpose(0, 2, 1).astype("<f4").tobytes()
            )
            chunks.append(struct.pack("<5i", left // side, top // side, 0, 0, len(tile)) + tile)
    places = len(start) + 8 * len(chunks) + np.cumsum([0, *map(len, chunks[:-1])])
    path.write_bytes(start + places.astype("<u8").tobytes() + b"".join(chunks))
    return path


def write_exr_zips(path, light):
    """Write (H, W, 3) RGB as 32-bit floats, each line compressed for itself; returns the path."""
    height, width = light.shape[:2]
    plain = write_exr(path, light, half=False).read_bytes()
    line_bytes = 8 + 12 * width
    header = plain[: len(plain) - height * (8 + line_bytes)]
    chunks = []
    for start in range(len(header) + 8 * height, len(plain), line_bytes):
        line = np.frombuffer(plain[start + 8 : start + line_bytes], np.uint8)
        halves = np.concatenate([line[::2], line[1::2]])
        steps = np.concatenate([halves[:1], np.diff(halves) + np.uint8(128)])
        data = zlib.compress(steps.tobytes())
        data = data if len(data) < len(line) else line.tobytes()
        chunks.append(plain[start : start + 4] + struct.pack("<i", len(data)) + data)
    places = len(header) + 8 * height + np.cumsum([0, *map(len, chunks[:-1])])
    kind = b"compression\0compression\0\1\0\0\0"
    header = header.replace(kind + b"\0", kind + b"\2")
    path.write_bytes(header + places.astype("<u8").tobytes() + b"".join(chunks))
    return path


@dataclass
class Part:
    """A part of a file: its name, its channels' planes of one size, where they are and other attributes."""

    name: str
    planes: dict
    corner: tuple = (0, 0)
    display: tuple | None = None
    extra: list = field(default_factory=list)


def write_exr_parts(path, *parts):
    """Write parts, see `_TYPES`; one alone is an ordinary file. Returns the path."""
    is_multipart = len(parts) > 1
    headers, chunks = [], []
    for number, part in enumerate(parts):
        names = sorted(part.planes)
        height, width = part.planes[names[0]].shape
        left, top = part.corner
        window = struct.pack("<4i", left, top, left + width - 1, top + height - 1)
        types = {name: _TYPES.get(part.planes[name].dtype.type, (_FLOAT, "<f4")) for name in names}
        listed = b"".join(
            name.encode() + b"\0" + struct.pack("<iIii", types[name][0], 0, 1, 1) for name in names
        )
        attributes = [
            ("channels", "chlist", listed + b"\0"),
            ("compression", "compression", b"\0"),
            ("dataWindow", "box2i", window),
            ("displayWindow", "box2i", window if part.display is None else struct.pack("<4i", *part.display)),
            ("lineOrder", "lineOrder", b"\0"),
            ("pixelAspectRatio", "float", struct.pack("<f", 1)),
            ("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0)),
            ("screenWindowWidth", "float", struct.pack("<f", 1)),
            *part.extra,
        ]
        if is_multipart:
            attributes += [
                ("name", "string", part.name.encode()),
                ("type", "string", b"scanlineimage"),
                ("chunkCount", "int", struct.pack("<i", height)),
            ]
        headers.append(
            b"".join(
                f"{name}\0{sort}\0".encode() + struct.pack("<i", len(value)) + value
                for name, sort, value in attributes
            )
            + b"\0"
        )
        for row in range(height):
            data = b"".join(part.planes[name][row].astype(types[name][1]).tobytes() for name in names)
            head = struct.pack("<ii", top + row, len(data))
            chunks.append((struct.pack("<i", number) if is_multipart else b"") + head + data)
    start = b"\x76\x2f\x31\x01" + struct.pack("<I", 2 | (0x1000 if is_multipart else 0))
    start += b"".join(headers) + (b"\0" if is_multipart else b"")
    places = len(start) + 8 * len(chunks) + np.cumsum([0, *map(len, chunks[:-1])])
    path.write_bytes(start + places.astype("<u8").tobytes() + b"".join(chunks))
    return path
