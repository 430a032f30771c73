# SPDX-License-Identifier: GPL-3.0-or-later
"""The mask: where the new face is seen, as a soft-edged image of the crop."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..face.types import Floats, Pixels
from ..geometry.mesh_raster import fill_polygons
from ..geometry.mesh_topology import Topology
from ..geometry.outline import bounds_around, convex_hull
from ..geometry.smoothstep import smoothstep
from ..recipe import Fusion
from ..swap.neural_region import Affine, box_distance
from .area import area_weight

MAX_MASK_PIXELS = 256
_EYE_GROWTH, _EYE_GROWTH_WITH_LIDS = 1.25, 1.0
_OPEN_EYE_RATIO, _SHUT_EYE_RATIO = 0.2, 0.1
_OPENING_BLUR, _OPENING_BLUR_WITH_LIDS = 0.012, 0.008
_LEAST_MOUTH = 0.04
"""How high a mouth's opening is at least where rims are the source's, of the face's width: lips that meet keep the
target's dark line between them, without which they look open or like one."""


def face_mask(
    points: Floats,
    size: tuple[int, int],
    params: Fusion,
    topology: Topology,
    box: Affine | None = None,
    own_lids: float = 0.0,
) -> Floats:
    """Draw the mask of a face.

    Its edge falls off inside the oval only, so nothing is ever laid over hair, ears or background.

    Parameters
    ----------
    points : ndarray, shape (478, 3)
        Landmarks in pixels of a crop.
    size : tuple of int
        Width and height of the crop.
    params : Fusion
        How soft and how large it is.
    topology : Topology
        The canonical face mesh.
    box : ndarray, shape (2, 3), optional
        From the crop's pixels to 0..1 across the image that a network drew: that image is shown instead of the oval.
    own_lids : float
        0 to 1: how near to the openings of eyes and mouth the new face comes; 1 takes the source's rims of the lids.

    Returns
    -------
    ndarray, shape (h, w), float32
        0 to 1, at most 256 pixels on its longer side: the caller scales it up.
    """
    drawn = draw_mask_geometry(points, size, params, topology, box, own_lids)
    mask = smoothstep((drawn.distance - drawn.padding) / drawn.ramp)
    for hole, kept in ((drawn.eyes, params.keep_eyes), (drawn.mouth, params.keep_mouth)):
        # OpenCV's kernel for bytes ends at three standard deviations.
        around = bounds_around(hole, int(np.ceil(3 * drawn.opening_sigma)) + 2)
        mask[around] *= 1 - kept * _soften(hole[around], drawn.opening_sigma)
    return np.asarray(mask if drawn.area is None else mask * drawn.area, np.float32)


@dataclass(frozen=True, eq=False)
class MaskGeometry:
    """What is drawn of a mask from points alone. Images are (h, w), lengths in their pixels."""

    distance: Floats
    """float32: how far within the outline each pixel is."""
    eyes: Pixels
    """uint8, 255 in the eyes' openings."""
    mouth: Pixels
    """uint8, 255 in the mouth's opening."""
    area: Floats | None
    """float32 in 0..1: the areas that are shown; None where all are."""
    padding: float
    """How far the edge is drawn in."""
    ramp: float
    """How wide the edge is."""
    opening_sigma: float
    """Standard deviation of the openings' edges."""


def draw_mask_geometry(
    points: Floats,
    size: tuple[int, int],
    params: Fusion,
    topology: Topology,
    box: Affine | None = None,
    own_lids: float = 0.0,
) -> MaskGeometry:
    """Draw what `face_mask` makes a mask from; see there."""
    reduce = min(1.0, MAX_MASK_PIXELS / max(size))
    small = max(round(size[0] * reduce), 1), max(round(size[1] * reduce), 1)
    scaled = (points[:468, :2] + 0.5) * (small[0] / size[0], small[1] / size[1]) - 0.5
    face_width = _face_width(scaled)
    growth = _EYE_GROWTH + (_EYE_GROWTH_WITH_LIDS - _EYE_GROWTH) * own_lids
    blur = _OPENING_BLUR + (_OPENING_BLUR_WITH_LIDS - _OPENING_BLUR) * own_lids
    if box is None:
        distance = inside_distance(scaled[topology.oval], small, signed=params.mask_padding < 0)
    else:
        distance = _distance_to_box(box, size, small)
    return MaskGeometry(
        distance,
        eyes=fill_polygons(_eye_outlines(scaled, growth, topology), small),
        mouth=fill_polygons(
            [_mouth_outline(scaled[topology.inner_lips], own_lids * _LEAST_MOUTH * face_width)], small
        ),
        area=area_weight(np.hstack([scaled, points[:468, 2:]]), small, params, topology),
        padding=params.mask_padding / 100 * face_width,
        ramp=max(params.mask_blur / 100 * face_width / 2, 0.5),
        opening_sigma=max(blur * face_width, 0.6),
    )


def _face_width(points: Floats) -> float:
    """Width of the face along the line through the cheeks, never less than its eye distance."""
    return max(
        float(np.linalg.norm(points[454] - points[234])),
        1.4 * float(np.linalg.norm(points[263] - points[33])),
        1.0,
    )


def inside_distance(contour: Floats, size: tuple[int, int], *, signed: bool) -> Floats:
    """Return how far each pixel lies inside a contour's hull.

    Parameters
    ----------
    contour : ndarray, shape (n, 2)
        In pixels.
    size : tuple of int
        Width and height of the image.
    signed : bool
        Whether pixels outside are negative; else they are 0.

    Returns
    -------
    ndarray, shape (h, w), float32
        In pixels, positive inside.
    """
    # The outline of what is seen of a turned face is its hull: the far side of the oval lies behind it.
    hull = convex_hull(contour)
    frame = 2
    canvas = np.zeros((size[1] + 2 * frame, size[0] + 2 * frame), np.uint8)
    cv2.fillPoly(canvas, [np.round((hull + frame) * 16).astype(np.int32)], (255,), cv2.LINE_8, 4)
    distance = cv2.distanceTransform(canvas, cv2.DIST_L2, cv2.DIST_MASK_5)
    if signed:
        distance = distance - cv2.distanceTransform(255 - canvas, cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(distance[frame:-frame, frame:-frame], np.float32)


def _distance_to_box(box: Affine, size: tuple[int, int], mask_size: tuple[int, int]) -> Floats:
    """Distance in pixels to the sides of a network's image, negative outside."""
    step = np.array([size[0] / mask_size[0], size[1] / mask_size[1]])
    turn = box[:, :2] * step
    back = np.hstack([turn, (box[:, 2] + box[:, :2] @ ((step - 1) / 2))[:, None]])
    return box_distance(back, mask_size) / np.float32(np.hypot(turn[0, 0], turn[1, 0]))


def _eye_outlines(points: Floats, growth: float, topology: Topology) -> list[Floats]:
    """Outline what is kept of the eyes: the opening when they are open, the lids too as they close.

    The source's lids are those of open eyes: drawn out over a closed eye they would be a smudge.
    """
    outlines = []
    for ring, lids in (
        (topology.left_eye_ring, topology.left_lid_ring),
        (topology.right_eye_ring, topology.right_lid_ring),
    ):
        opening, around = points[ring], points[lids]
        width = float(np.linalg.norm(opening.max(0) - opening.min(0))) + 1e-6
        height = float(cv2.contourArea(np.ascontiguousarray(opening, np.float32))) / width
        closed = float(
            np.clip((_OPEN_EYE_RATIO - height / width) / (_OPEN_EYE_RATIO - _SHUT_EYE_RATIO), 0, 1)
        )
        middle = opening.mean(0)
        grown = (opening - middle) * growth + middle
        outlines.append(np.asarray(grown + closed * (around - grown), np.float32))
    return outlines


def _mouth_outline(ring: Floats, least: float) -> Floats:
    """Return a mouth's opening (2n, 2), at least `least` pixels high; it begins with a corner and the lower lip."""
    if least == 0:
        return ring
    half = len(ring) // 2
    lower, upper = ring[1:half], ring[:half:-1]
    across = ring[half] - ring[0]
    down = np.array((-across[1], across[0])) / max(float(np.hypot(*across)), 1e-6)
    added = np.maximum(least - np.linalg.norm(lower - upper, axis=1), 0)[:, None] / 2 * down
    opened = np.concatenate([ring[:1], lower + added, ring[half : half + 1], (upper - added)[::-1]])
    return np.asarray(opened, np.float32)


def _soften(hole: Pixels, sigma: float) -> Floats:
    """Soften the edge of a drawn hole: (h, w) float32 in 0..1."""
    return np.asarray(cv2.GaussianBlur(hole, (0, 0), sigma), np.float32) / 255
