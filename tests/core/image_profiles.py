# SPDX-License-Identifier: GPL-3.0-or-later
"""ICC profiles made by hand: of RGB with other primaries and gamma, of grey, and of four inks."""

import struct

import numpy as np

WHITE_D50 = (0.9642, 1.0, 0.8249)
# Colours of the primaries by the profile connection space's white, as ICC profiles hold them.
ADOBE_RGB = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
PRO_PHOTO = np.array([[0.79767, 0.13519, 0.03135], [0.28804, 0.71188, 0.00009], [0.0, 0.0, 0.82491]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])


def rgb_profile(primaries: np.ndarray, gamma: float) -> bytes:
    tags = [
        (name, _xyz(column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries.T, strict=True)
    ]
    tags += [(name, _curve(gamma)) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    return _profile(b"mntr", b"GRAY", b"XYZ ", [(b"kTRC", _curve(gamma))])


def inks_profile() -> bytes:
    """Cyan, magenta, yellow and black that mix as in a simple printer, by a table of 2 steps each."""
    steps = np.stack(np.meshgrid(*[[0.0, 1.0]] * 4, indexing="ij"), -1).reshape(-1, 4)
    paper = 0.9 * (1 - 0.8 * steps[:, :3]) * (1 - 0.9 * steps[:, 3:])
    red, green, blue = paper.T
    table = np.stack([paper.mean(1) * 255, 128 + 90 * (red - green), 128 + 90 * (green - blue)], 1)
    identity = bytes(range(256))
    data = b"mft1" + bytes(4) + struct.pack(">BBBx", 4, 3, 2)
    data += struct.pack(">9i", *(65536 * value for value in (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    data += identity * 4 + np.clip(table.round(), 0, 255).astype(np.uint8).tobytes() + identity * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", [(b"A2B0", data)])


def _curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IHxx", 1, round(gamma * 256))


def _xyz(values) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(value) * 65536) for value in values))


def _profile(kind: bytes, colours: bytes, connection: bytes, tags) -> bytes:
    text = b"made by a test"
    described = b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + bytes(1 + 78)
    tags = [(b"desc", described), (b"wtpt", _xyz(WHITE_D50)), *tags]
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, text in tags:
        data = text + bytes(-len(text) % 4)
        table += name + struct.pack(">II", at, len(data))
        body += data
        at += len(data)
    header = struct.pack(">I4sI4s4s4s", at, b"test", 0x02400000, kind, colours, connection)
    header += (
        bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", *(round(value * 65536) for value in WHITE_D50))
    )
    return header.ljust(128, b"\0") + table + body
