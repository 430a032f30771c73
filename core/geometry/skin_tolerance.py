# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a colour well within a face may differ from its skin before it counts as what covers the face.

Hair, collars and hands come in from the edge, and what lies over the middle of a face mostly is of another color
altogether. Colored light, a flush or stubble there would be taken for cover, and leave a patch of the target's own skin
in the middle of the source's.
"""

import cv2
import numpy as np

from ..face.types import Floats
from .mesh_raster import fill_polygons
from .mesh_topology import Topology
from .outline import convex_hull
from .smoothstep import smoothstep

VERSION = 2
"""Of how a face of another form is told from what covers it: it counts up with `mouth_cover` too."""
_MAX_TOLERANCE = 1.6
"""On the pairs of which `face_form` tells: in 04, two lights on a face, a cheek and the upper lip were taken for cover.
1.5 all over the face and a wider edge came out alike. Bars and boxes before a face (33) are found as before."""
_EDGE_SHARE = 0.1
"""How wide the edge is in which it rises from 1, of the face's width."""


def inner_tolerance(points: Floats, size: tuple[int, int], topology: Topology) -> Floats:
    """Return the tolerance for `skin_model.skin_likeness` in which a face's middle counts as skin more easily.

    Parameters
    ----------
    points : ndarray, shape (>=468, 2 or 3), float32
        The mesh, in the image's pixels.
    size : tuple of int
        Width and height of the image in pixels.
    topology : Topology
        The mesh's parts.

    Returns
    -------
    ndarray, shape (H, W), float32
        1 at the face's outline and beyond, up to 1.6 within.
    """
    face = fill_polygons([convex_hull(points[topology.oval])], size)
    distance = cv2.distanceTransform(face, cv2.DIST_L2, cv2.DIST_MASK_5)
    width = max(float(np.ptp(points[:468, 0])), 1.0)
    share = smoothstep(np.asarray(distance, np.float32) / np.float32(_EDGE_SHARE * width))
    return np.asarray(1 + (_MAX_TOLERANCE - 1) * share, np.float32)
