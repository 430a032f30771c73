# SPDX-License-Identifier: GPL-3.0-or-later
"""TIFF files of floating point numbers."""

import struct
import zlib

import numpy as np
import tifffile


def write_float_tiff(path, pixels, **options):
    """Write (H, W) or (H, W, K) floats as they are, a fourth channel as straight alpha; returns the path."""
    if pixels.ndim == 2:
        tifffile.imwrite(path, pixels, photometric="minisblack", **options)
    else:
        extra = {"extrasamples": ["unassalpha"]} if pixels.shape[2] == 4 else {}
        tifffile.imwrite(path, pixels, photometric="rgb", **(extra | options))
    return path


def write_predicted_tiff(path, pixels):
    """Write (H, W, 3) floats as Photoshop and Nuke do: the floating point predictor, then deflate; returns the path."""
    height, width = pixels.shape[:2]
    octets = pixels.astype(f">f{pixels.itemsize}").view(np.uint8).reshape(height, -1, pixels.itemsize)
    rows = octets.transpose(0, 2, 1).reshape(height, -1).astype(np.int16)
    rows[:, 3:] -= rows[:, :-3].copy()  # of each byte that of the pixel before
    data = zlib.compress((rows & 0xFF).astype(np.uint8).tobytes())
    bits, start = 8 * pixels.itemsize, 8
    entries = [
        (256, width),
        (257, height),
        (258, bits),
        (259, 8),
        (262, 2),
        (273, start),
        (277, 3),
        (278, height),
    ]
    entries += [(279, len(data)), (284, 1), (317, 3), (339, 3)]
    end = start + len(data)
    after = end + 2 + 12 * len(entries) + 4
    lists = {258: struct.pack("<3H", bits, bits, bits), 339: struct.pack("<3H", 3, 3, 3)}
    directory = b"".join(
        struct.pack("<HHII", tag, 3, 3, after + 6 * list(lists).index(tag))
        if tag in lists
        else struct.pack("<HHII", tag, 4, 1, value)
        for tag, value in entries
    )
    head = struct.pack("<2sHI", b"II", 42, end)
    path.write_bytes(
        head + data + struct.pack("<H", len(entries)) + directory + bytes(4) + b"".join(lists.values())
    )
    return path
