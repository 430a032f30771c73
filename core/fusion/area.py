# SPDX-License-Identifier: GPL-3.0-or-later
"""Areas of the face: the new one is shown on some of them alone, such as the eyes or the mouth.

The areas are drawn once on the mesh's flat layout, where no part of a face hides another. How far each mesh point
lies within the chosen ones is then spread over the mesh as it is seen, so that an area follows expression and turn.
"""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from ..face.types import Floats, Pixels
from ..geometry.mesh_raster import fill_polygons, interpolate_on_mesh, triangle_map
from ..geometry.mesh_topology import Topology
from ..geometry.smoothstep import smoothstep
from ..recipe import Fusion

AREAS = ("forehead", "eyes", "nose", "cheeks", "mouth", "chin")
"""What `Fusion.mask_<area>` switches. They share the whole face: each of its points is in one area."""

_Curve = tuple[tuple[float, float], ...]

# Curves on the flat layout's left half, from the middle outwards; x .5 is the face's middle, y 0 its top, 1 the chin.
_ABOVE_BROWS: _Curve = ((0.5, 0.165), (0.43, 0.155), (0.345, 0.148), (0.25, 0.2), (0.16, 0.24), (-0.5, 0.24))
_BELOW_EYES: _Curve = ((0.5, 0.36), (0.45, 0.385), (0.36, 0.412), (0.27, 0.402), (0.18, 0.375), (-0.5, 0.36))
_ABOVE_CHIN: _Curve = ((0.5, 0.8), (0.32, 0.745), (-0.5, 0.7))
_NOSE: _Curve = (
    (0.5, 0.33), (0.468, 0.345), (0.452, 0.4), (0.428, 0.46), (0.392, 0.515), (0.395, 0.57), (0.44, 0.606),
    (0.5, 0.614),
)  # fmt: skip
_MOUTH: _Curve = (
    (0.5, 0.56), (0.4, 0.57), (0.335, 0.6), (0.292, 0.66), (0.29, 0.73), (0.325, 0.79), (0.4, 0.825), (0.5, 0.858)
)  # fmt: skip
_GRID_PIXELS = 512
_EDGE_PIXELS = 64
_MIN_SOFTNESS = 0.008
_MAX_SOFTNESS = 0.1


def area_weight(points: Floats, size: tuple[int, int], params: Fusion, topology: Topology) -> Floats | None:
    """Return where a face is shown, by the areas that are chosen.

    The edge between an area that is shown and one that is not is as soft as `params.mask_blur` says, and lies half on
    either side.

    Parameters
    ----------
    points : ndarray, shape (>=468, 3)
        Landmarks in pixels of an image.
    size : tuple of int
        Width and height of that image.
    params : Fusion
        Which areas are shown.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    ndarray, shape (h, w), float32, or None
        1 within the areas that are shown, 0 outside; None where all of them are.
    """
    shown = tuple(bool(getattr(params, f"mask_{area}")) for area in AREAS)
    if all(shown):
        return None
    inside = _inside_distance(shown, topology)[:, None]
    drawn = triangle_map(points, size, topology)
    distance = interpolate_on_mesh(inside, points, drawn, topology, outside=-1.0)[0]
    # The mesh is open where the eyes and the mouth are.
    for area, rings in (
        ("eyes", (topology.left_eye_ring, topology.right_eye_ring)),
        ("mouth", (topology.inner_lips,)),
    ):
        opening = fill_polygons([points[ring, :2] for ring in rings], size) > 0
        distance[opening & (drawn < 0)] = 1 if shown[AREAS.index(area)] else -1
    soft = max(_MAX_SOFTNESS * params.mask_blur / 100, _MIN_SOFTNESS)
    return smoothstep(distance / (2 * soft) + 0.5)


@lru_cache(maxsize=64)
def _inside_distance(visible_areas: tuple[bool, ...], topology: Topology) -> Floats:
    """Return (468,) how far each mesh point lies within the shown areas, in units of the flat layout; < 0 outside."""
    chosen = np.isin(_area_map(), [number for number, one in enumerate(visible_areas) if one])
    depth = _exact_distance(chosen) - _exact_distance(~chosen)
    if not any(visible_areas):
        depth = np.full(chosen.shape, -_GRID_PIXELS, np.float32)
    place = _to_grid(topology.layout)
    sampled = cv2.remap(depth, place[:, :1], place[:, 1:], cv2.INTER_LINEAR)
    return np.asarray(sampled[:, 0] / _GRID_PIXELS, np.float32)


def _exact_distance(inside: npt.NDArray[np.bool_]) -> Floats:
    """Return how far each pixel of an image (h, w) is from the nearest outside: float32, rounded just once.

    The last bits of OpenCV's depend on its number of threads, which is another one in a render than in a preview: with
    one thread it has Intel's code do it, whose results depend on where the image lies in memory, too. But a distance
    between pixels is the root of a whole number.
    """
    rough = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.sqrt(np.rint(np.square(rough, dtype=np.float64))), np.float32)


def _area_map() -> Pixels:
    """Draw the number of each place's area on the flat layout, with a margin around it."""
    side = _GRID_PIXELS + 2 * _EDGE_PIXELS
    numbers = np.full((side, side), AREAS.index("cheeks"), np.uint8)
    for area, curve in (
        ("chin", (*_ABOVE_CHIN, (-0.5, 1.5), (0.5, 1.5))),
        ("eyes", (*_BELOW_EYES, (-0.5, -0.5), (0.5, -0.5))),
        ("forehead", (*_ABOVE_BROWS, (-0.5, -0.5), (0.5, -0.5))),
        ("mouth", _MOUTH),
        ("nose", _NOSE),
    ):
        left = np.asarray(curve, np.float32)
        for half in (left, left * (-1, 1) + (1, 0)):
            cv2.fillPoly(numbers, [np.round(_to_grid(half)).astype(np.int32)], (AREAS.index(area),))
    return numbers


def _to_grid(points: Floats) -> Floats:
    return np.asarray(points * (_GRID_PIXELS - 1) + _EDGE_PIXELS, np.float32)
