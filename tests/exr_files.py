# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR files of any numbers, without compression: https://openexr.com/en/latest/OpenEXRFileLayout.html."""

import struct

import numpy as np

_HALF, _FLOAT = 1, 2


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
