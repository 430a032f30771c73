# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a source image's texture shows the person, and not a smile of theirs.

A smile digs folds from the nose's wings to the mouth's corners, and the corners are dark. Drawn on a mouth that does
not smile they are scars. So what lies there is trusted less, the more the person smiles: a calmer image of them, or
their own skin around, takes its place.
"""

import cv2
import numpy as np

from ..analysis.expression import mouth_stretch, unposed_points
from ..face.types import Floats
from ..geometry.low_pass import low_pass
from ..geometry.mesh_topology import Topology
from ..geometry.smoothstep import smoothstep

_CALM_STRETCH, _SMILING_STRETCH = 0.1, 0.3
"""Of the reference portraits, calm mouths have up to .09 and laughing ones .28 to .37."""
_STRENGTH = 0.8
"""Folds are a part of the person too: without any the face is smoother than they are."""
_FOLD = (129, 203, 206, 216, 212)
"""Mesh points along a fold, from the nose's wing to below the mouth's corner, on the image's left side."""
_CORNER = 61
_WIDTH = 0.03
_CORNER_RADIUS = 0.03
_SOFTNESS = 0.02
_CORNER_PEAK = 0.5
"""Widths are of the texture's side."""
_BLUR_SIGMAS = 4.2
"""A blur reaches no farther."""


def smile_mask(landmarks: Floats, size: int, topology: Topology) -> Floats:
    """Return where a face's smile is in its texture.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        In pixels of the image.
    size : int
        The texture's side in pixels.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    ndarray, shape (size, size), float32
        0 to 1; zero for a face that does not smile.
    """
    smile = _STRENGTH * smile_share(unposed_points(landmarks, topology))
    folds, corners = np.zeros((2, size, size), np.float32)
    if smile == 0:
        return np.asarray(folds, np.float32)
    points = topology.layout * (size - 1)
    for mirror in (False, True):
        side = points[topology.mirrored] if mirror else points
        path = np.round(side[list(_FOLD)] * 16).astype(np.int32)
        cv2.polylines(folds, [path], False, (1.0,), max(round(_WIDTH * size), 1), cv2.LINE_8, 4)
        corner = np.round(side[_CORNER]).astype(int).tolist()
        for mask in (folds, corners):
            cv2.circle(mask, corner, max(round(_CORNER_RADIUS * size), 1), (1.0,), -1)
    # The mouth lies far from the border, and the rest is zero: only rows that a blur reaches are blurred.
    sigma = _SOFTNESS * size
    drawn = np.flatnonzero(folds.any(1))
    reach = round(_BLUR_SIGMAS * sigma)
    rows = slice(max(int(drawn[0]) - reach, 0), int(drawn[-1]) + 1 + reach)
    soft = low_pass(folds[rows], sigma)
    dark = low_pass(corners[rows], sigma) / np.float32(_CORNER_PEAK)
    mask = np.zeros((size, size), np.float32)
    mask[rows] = smile * np.maximum(soft, np.minimum(dark, 1))
    return mask


def smile_share(points: Floats) -> float:
    """Tell how far a face smiles.

    Parameters
    ----------
    points : ndarray, shape (468, 3)
        Without pose, see `analysis.expression.unposed_points`.

    Returns
    -------
    float
        0 for a calm mouth, 1 for a laughing one.
    """
    share = (mouth_stretch(points) - _CALM_STRETCH) / (_SMILING_STRETCH - _CALM_STRETCH)
    return float(smoothstep(np.asarray(share, np.float32)))
