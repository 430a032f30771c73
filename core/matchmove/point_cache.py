# SPDX-License-Identifier: GPL-3.0-or-later
"""PC2 files: the points of a mesh at each frame, as Blender's Mesh Cache modifier and other programs read them.

The format (Autodesk's Point Cache 2): twelve bytes of signature, then little-endian: version 1, the number of points,
the first frame and the frames from one sample to the next as floats, the number of samples; then x, y, z of each point
of each sample as floats.
"""

import struct

import numpy as np

from ..face.types import Floats

_SIGNATURE = b"POINTCACHE2\0"


def encode_point_cache(points: Floats, first_frame: float) -> bytes:
    """Return a PC2 file with a sample for each frame.

    Parameters
    ----------
    points : ndarray, shape (n, p, 3), float32
        The points of each frame.
    first_frame : float
        The frame of the first sample.
    """
    samples, count = points.shape[:2]
    header = _SIGNATURE + struct.pack("<iiffi", 1, count, first_frame, 1.0, samples)
    return header + np.ascontiguousarray(points, "<f4").tobytes()
