# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an image shows a face well enough to play a part: sharp, turned to the camera, uncovered, large, calm."""

import cv2
import numpy as np

from ..face.types import Face, Pixels
from ..geometry.alignment import alignment_matrix
from ..geometry.crop import warp_crop
from ..geometry.mesh_raster import fill_polygons
from ..geometry.mesh_topology import Topology
from ..geometry.outline import convex_hull
from ..geometry.skin_model import skin_likeness
from .expression import expression_issues
from .landmark import alignment_points

MIN_FACE_PIXELS = 96.0
MAX_TURN_DEGREES = 30.0
"""The portraits of the reference footage that look into the camera turn by up to 24, three-quarter views by 33 on."""
MIN_SHARPNESS = 0.38
MAX_OCCLUDED_SHARE = 0.22
MAX_OUTSIDE_SHARE = 0.08
_CROP_PIXELS = 128
_MAX_SHARPNESS_PIXELS = 192


def quality_issues(image: Pixels, face: Face, topology: Topology) -> tuple[str, ...]:
    """Say what is poor about a face as a source.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        The image, RGB.
    face : Face
        The face, in its pixels.
    topology : Topology
        The mesh.

    Returns
    -------
    tuple of str
        A few words for each; empty if nothing is poor.
    """
    issues = []
    if face.height < MIN_FACE_PIXELS:
        issues.append(f"small: {face.height:.0f} pixels high, {MIN_FACE_PIXELS:.0f} or more are good")
    turn = max(abs(face.pose.yaw), abs(face.pose.pitch))
    if turn > MAX_TURN_DEGREES:
        issues.append(f"turned away by {turn:.0f} degrees, {MAX_TURN_DEGREES:.0f} or less is good")
    if sharpness(image, face, topology) < MIN_SHARPNESS:
        issues.append("blurred")
    outside = outside_share(image, face)
    if outside > MAX_OUTSIDE_SHARE:
        issues.append(f"cut off by the image's border: {100 * outside:.0f} % of it")
    elif face.has_mesh:
        hidden = occluded_share(image, face, topology)
        if hidden > MAX_OCCLUDED_SHARE:
            issues.append(f"covered: {100 * hidden:.0f} % of it by hair, a hand or an object")
        # Of a head that is turned far the mesh guesses what the far half of the mouth and the far eye do.
        if turn <= MAX_TURN_DEGREES:
            issues += expression_issues(face.landmarks, topology)
    return tuple(issues)


def sharpness(image: Pixels, face: Face, topology: Topology) -> float:
    """Return how strong the finest detail of an aligned face is against its coarser detail.

    Both are bands of one octave and a half. The crop is never finer than the image: a small face can be sharp.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        The image, RGB.
    face : Face
        The face, in its pixels.
    topology : Topology
        The mesh.

    Returns
    -------
    float
        0 where there is no detail; see `MIN_SHARPNESS`.
    """
    size = int(np.clip(face.height, 48, _MAX_SHARPNESS_PIXELS))
    crop = warp_crop(
        image, alignment_matrix(alignment_points(face.landmarks, topology), "arcface_112_v2", size), size
    )
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    soft, softer = (cv2.GaussianBlur(grey, (0, 0), spread) for spread in (1.0, 3.0))
    return float(np.std(grey - soft) / max(float(np.std(soft - softer)), 1e-3))


def outside_share(image: Pixels, face: Face) -> float:
    """Return which share of a face's points lies outside its image.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        The image, RGB.
    face : Face
        The face, in its pixels.

    Returns
    -------
    float
        0 to 1.
    """
    points = face.landmarks[:, :2]
    inside = (points >= -0.5).all(1) & (points <= np.array(image.shape[1::-1]) - 0.5).all(1)
    return float(1 - inside.mean())


def occluded_share(image: Pixels, face: Face, topology: Topology) -> float:
    """Return which share of a face does not look like its own skin.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        The image, RGB.
    face : Face
        The face, in its pixels; it has a mesh.
    topology : Topology
        The mesh.

    Returns
    -------
    float
        0 to 1.
    """
    matrix = alignment_matrix(alignment_points(face.landmarks, topology), "ffhq_512", _CROP_PIXELS)
    crop = warp_crop(image, matrix, _CROP_PIXELS)
    points = np.asarray(face.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2], np.float32)
    hull = convex_hull(points[topology.oval])
    valid = fill_polygons([hull], (_CROP_PIXELS, _CROP_PIXELS)).astype(np.float32) / 255
    likeness = skin_likeness(crop, points, valid, topology, 1.3)
    return float(((1 - likeness) * valid).sum() / max(float(valid.sum()), 1.0))
