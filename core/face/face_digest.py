# SPDX-License-Identifier: GPL-3.0-or-later
"""What keys name of a face: where its points are, and how it is exposed."""

from hashlib import sha256

import numpy as np

from .types import Face, Floats


def face_digest(face: Face, points: Floats | None = None) -> bytes:
    """Return what keys name of a face.

    Parameters
    ----------
    face : Face
        The face.
    points : ndarray, optional
        Those that count, where they are not all of its landmarks.

    Returns
    -------
    bytes
        The SHA-256 of the points and, where the face is seen at an exposure of its own, of that.
    """
    digest = sha256(np.ascontiguousarray(face.landmarks if points is None else points).tobytes())
    if face.stops is not None:
        digest.update(np.float32(face.stops).tobytes())
    return digest.digest()
