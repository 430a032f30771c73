# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a picture shows a face well enough to play a part: sharp, turned to the camera, uncovered, large."""

import cv2
import numpy as np

from ..face.types import Face, Floats, Pixels
from ..geometry.alignment import aligned_matrix
from ..geometry.crop import warped
from ..geometry.mesh_raster import filled
from ..geometry.mesh_topology import Topology
from ..geometry.skin_model import skin_likeness
from .landmark import alignment_points

SMALLEST = 96.0
FURTHEST_TURN = 40.0
LEAST_SHARP = 0.38
MOST_COVERED = 0.22
MOST_CUT_OFF = 0.08
_SIZE = 128
_SHARP_SIZE = 192


def faults(picture: Pixels, face: Face, topology: Topology) -> tuple[str, ...]:
    """Say what is poor about a face of an (H, W, 3) RGB uint8 picture; empty if nothing is."""
    found = []
    if face.height < SMALLEST:
        found.append(f"small: {face.height:.0f} pixels high, {SMALLEST:.0f} or more are good")
    turn = max(abs(face.pose.yaw), abs(face.pose.pitch))
    if turn > FURTHEST_TURN:
        found.append(f"turned away by {turn:.0f} degrees, {FURTHEST_TURN:.0f} or less is good")
    if sharpness(picture, face, topology) < LEAST_SHARP:
        found.append("blurred")
    outside = cut_off(picture, face)
    if outside > MOST_CUT_OFF:
        found.append(f"cut off by the picture's border: {100 * outside:.0f} % of it")
    elif face.has_mesh:
        hidden = covered(picture, face, topology)
        if hidden > MOST_COVERED:
            found.append(f"covered: {100 * hidden:.0f} % of it by hair, a hand or an object")
    return tuple(found)


def sharpness(picture: Pixels, face: Face, topology: Topology) -> float:
    """Return how strong the finest detail of an aligned face is against its coarser detail; 0 for none.

    Both are bands of one octave and a half. The crop is never finer than the picture: a small face can be sharp.
    """
    size = int(np.clip(face.height, 48, _SHARP_SIZE))
    crop = warped(
        picture, aligned_matrix(alignment_points(face.landmarks, topology), "arcface_112_v2", size), size
    )
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    soft, softer = (cv2.GaussianBlur(grey, (0, 0), spread) for spread in (1.0, 3.0))
    return float(np.std(grey - soft) / max(float(np.std(soft - softer)), 1e-3))


def cut_off(picture: Pixels, face: Face) -> float:
    """Return which share of a face's points lies outside its picture."""
    points = face.landmarks[:, :2]
    inside = (points >= -0.5).all(1) & (points <= np.array(picture.shape[1::-1]) - 0.5).all(1)
    return float(1 - inside.mean())


def covered(picture: Pixels, face: Face, topology: Topology) -> float:
    """Return which share of a face (with a mesh) does not look like its own skin."""
    matrix = aligned_matrix(alignment_points(face.landmarks, topology), "ffhq_512", _SIZE)
    crop = warped(picture, matrix, _SIZE)
    points = np.asarray(face.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2], np.float32)
    hull: Floats = np.asarray(cv2.convexHull(points[topology.oval])[:, 0], np.float32)
    valid = filled([hull], (_SIZE, _SIZE)).astype(np.float32) / 255
    likeness = skin_likeness(crop, points, valid, topology, 1.3)
    return float(((1 - likeness) * valid).sum() / max(float(valid.sum()), 1.0))
