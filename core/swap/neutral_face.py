# SPDX-License-Identifier: GPL-3.0-or-later
"""A drawing of a source person as shape understands them: their whole texture on their neutral form, from the front."""

import cv2
import numpy as np

from ..cache.base.schema import ArraySpec, Schema
from ..face.types import Floats, Pixels
from ..geometry.crop import warp_crop
from ..geometry.mesh_raster import fill_polygons
from ..geometry.mesh_topology import Indices, Topology
from .mesh import CropRegion, draw_texture

VERSION = 1
"""Counts up with all that changes the drawing, `neutral_form` and `draw_texture` too."""
NEUTRAL_FACE_PIXELS = 128
"""Width and height in pixels."""
NEUTRAL_FACE_SCHEMA = Schema((ArraySpec("face", "uint8", (NEUTRAL_FACE_PIXELS, NEUTRAL_FACE_PIXELS, 3)),))
_CANVAS_PIXELS = 4 * NEUTRAL_FACE_PIXELS
"""Drawn larger and reduced, so that outlines are smooth."""
_FACE_SHARE = 0.92
"""How much of the canvas the face is high, or wide where it is wider than high."""
_BACKGROUND = 48
_RIM_PIXELS, _OUTLINE_PIXELS = 2.0, 3.0
"""How soft openings and the face's outline are, as standard deviations in pixels of the canvas."""


def draw_neutral_face(
    form: Floats, texture: Pixels, coverage: Pixels, image: Pixels, landmarks: Floats, topology: Topology
) -> Pixels:
    """Draw a face from the front, on dark grey.

    Eyes and what the lips leave open, which no texture holds, are taken from the person's best image.

    Parameters
    ----------
    form : ndarray, shape (468, 3)
        The points of a `FaceForm`, in eye distances.
    texture : ndarray, shape (768, 768, 3), uint8
        RGB, as `whole_texture` gives it.
    coverage : ndarray, shape (768, 768), uint8
        The texture's.
    image : ndarray, shape (H, W, 3), uint8
        The best image, RGB.
    landmarks : ndarray, shape (478, 3)
        Of the face in it, in its pixels.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    ndarray, shape (128, 128, 3), uint8
        RGB.
    """
    points = _points_on_canvas(form)
    region = CropRegion(0, 0, _CANVAS_PIXELS, _CANVAS_PIXELS, 1.0)
    drawn = np.asarray(draw_texture(points, region, texture, coverage, topology)[0], np.float32)
    for ring in (topology.left_eye_ring, topology.right_eye_ring, topology.inner_lips):
        drawn = _fill_opening(drawn, points, ring, image, landmarks)
    inside = _soft_mask(points[topology.oval, :2], _OUTLINE_PIXELS)
    framed = drawn * inside + _BACKGROUND * (1 - inside)
    size = (NEUTRAL_FACE_PIXELS, NEUTRAL_FACE_PIXELS)
    return np.round(cv2.resize(framed, size, interpolation=cv2.INTER_AREA)).astype(np.uint8)


def _points_on_canvas(form: Floats) -> Floats:
    low, high = form.min(0), form.max(0)
    scale = _FACE_SHARE * _CANVAS_PIXELS / max(float((high - low)[:2].max()), 1e-3)
    return np.asarray((form - (low + high) / 2) * scale + (_CANVAS_PIXELS - 1) / 2, np.float32)


def _fill_opening(drawn: Floats, points: Floats, ring: Indices, image: Pixels, landmarks: Floats) -> Floats:
    """Lay what an image shows within a ring of its landmarks over the same ring of the drawn points."""
    outline = np.concatenate([landmarks[ring, :2], np.ones((len(ring), 1), np.float32)], 1)
    matrix = np.linalg.lstsq(outline, points[ring, :2], rcond=None)[0].T
    shown = warp_crop(image, np.asarray(matrix, np.float32), _CANVAS_PIXELS)
    share = _soft_mask(points[ring, :2], _RIM_PIXELS)
    return np.asarray(drawn * (1 - share) + shown * share, np.float32)


def _soft_mask(contour: Floats, blur_pixels: float) -> Floats:
    """Fill a contour (n, 2) on the canvas: (h, w, 1) float32, 0 to 1, its edge soft by `blur_pixels`."""
    filled = fill_polygons([contour], (_CANVAS_PIXELS, _CANVAS_PIXELS))
    soft = cv2.GaussianBlur(filled, (0, 0), blur_pixels)
    return np.asarray(soft[..., None], np.float32) / np.float32(255)
