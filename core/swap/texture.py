# SPDX-License-Identifier: GPL-3.0-or-later
"""The source person's look, unrolled once into the mesh's flat layout."""

from collections.abc import Sequence

import cv2
import numpy as np

from ..cache.base.key import Key, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays
from ..face.types import Floats, Pixels
from ..geometry.levels import round_levels
from ..geometry.mesh_raster import interpolate_on_mesh, point_normals, triangle_map
from ..geometry.mesh_topology import Topology
from ..geometry.outline import extreme_points
from ..geometry.row_bands import row_bands
from ..geometry.skin_model import skin_likeness
from ..geometry.smoothstep import smoothstep

VERSION = 2
TEXTURE_PIXELS = 768
TEXTURE_SCHEMA = Schema(
    (
        ArraySpec("texture", "uint8", (TEXTURE_PIXELS, TEXTURE_PIXELS, 3)),
        ArraySpec("seen", "uint8", (TEXTURE_PIXELS, TEXTURE_PIXELS)),
    )
)
_HIDDEN_COSINE, _VISIBLE_COSINE = 0.4, 0.7
_TOLERANCE_ABOVE, _TOLERANCE_BELOW = 0.8, 1.6
_SKIN_PIXELS = 192
_GAIN_RANGE = (0.25, 4.0)
_FADE_PIXELS = 70.0


def texture_key(landmark_key: Key, face_number: int) -> Key:
    """Return the key of the texture of one face of an image, given the key of its landmarks."""
    return stage_key(
        "texture", VERSION, {"landmark": landmark_key, "face": face_number, "size": TEXTURE_PIXELS}
    )


def unwrap_texture(image: Pixels, landmarks: Floats, topology: Topology) -> Arrays:
    """Unroll a face of an image.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        RGB.
    landmarks : ndarray, shape (478, 3)
        In its pixels.
    topology : Topology
        The canonical face mesh and its texture coordinates.

    Returns
    -------
    dict of str to ndarray
        `texture` (768, 768, 3) uint8 RGB and `visibility` (768, 768) uint8: how squarely the camera saw each texel, 0
        for what was hidden.
    """
    flat = np.concatenate([topology.layout * (TEXTURE_PIXELS - 1), np.zeros((468, 1), np.float32)], 1)
    drawn = triangle_map(flat, (TEXTURE_PIXELS, TEXTURE_PIXELS), topology)
    facing = -point_normals(landmarks, topology)[:, 2:]
    shrink = _shrink_factor(landmarks)
    if shrink > 1:
        height, width = image.shape[:2]
        size = max(width // shrink, 1), max(height // shrink, 1)
        step = np.array([width / size[0], height / size[1]], np.float32)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        landmarks = np.concatenate([(landmarks[:, :2] - (step - 1) / 2) / step, landmarks[:, 2:]], 1)
    values = interpolate_on_mesh(
        np.concatenate([landmarks[:468, :2], facing], 1), flat, drawn, topology, outside=-1.0
    )
    across, down, square = values
    texture = cv2.remap(image, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    in_picture = (across >= 0) & (down >= 0) & (across <= image.shape[1] - 1) & (down <= image.shape[0] - 1)
    visibility = np.empty_like(square)
    for rows in row_bands(TEXTURE_PIXELS):
        visibility[rows] = smoothstep((square[rows] - _HIDDEN_COSINE) / (_VISIBLE_COSINE - _HIDDEN_COSINE))
    # Closed, so that the narrow lines beside the nose and lips, seen edge-on, stay with their surroundings.
    visibility = (
        np.asarray(cv2.morphologyEx(visibility, cv2.MORPH_CLOSE, np.ones((41, 41), np.uint8)), np.float32)
        * in_picture
    )
    visibility *= _skin_mask(np.asarray(texture), visibility, topology)
    return {"texture": np.asarray(texture), "seen": np.round(visibility * 255).astype(np.uint8)}


def _skin_mask(texture: Pixels, visibility: Floats, topology: Topology) -> Floats:
    """Leave out hair over the forehead, a collar, a microphone: (768, 768) float32 in 0..1."""
    small = (_SKIN_PIXELS, _SKIN_PIXELS)
    # Hair falls from above, and must go; stubble and a beard grow below, and are part of the look.
    heights = np.linspace(0, 1, _SKIN_PIXELS)
    eyes = float(topology.layout[[33, 263], 1].mean())
    likeness = skin_likeness(
        np.asarray(cv2.resize(texture, small, interpolation=cv2.INTER_AREA)),
        topology.layout * (_SKIN_PIXELS - 1),
        np.asarray(cv2.resize(visibility, small, interpolation=cv2.INTER_AREA)),
        topology,
        np.interp(heights, (eyes - 0.02, eyes + 0.12), (_TOLERANCE_ABOVE, _TOLERANCE_BELOW))[:, None].astype(
            np.float32
        ),
    )
    # Drawn in by a little: the fringe casts a shadow, and its last hairs are mixed with skin.
    likeness = np.asarray(cv2.erode(likeness, np.ones((7, 7), np.uint8)))
    likeness = np.asarray(cv2.GaussianBlur(likeness, (0, 0), 3.0))
    return np.asarray(
        cv2.resize(likeness, (TEXTURE_PIXELS, TEXTURE_PIXELS), interpolation=cv2.INTER_LINEAR), np.float32
    )


def merge_textures(parts: Sequence[Arrays]) -> Arrays:
    """Merge what several images show of one person: the first counts, the others fill what it hides.

    Each further image is first given the first one's mean colour where both show skin.

    Parameters
    ----------
    parts : sequence of dict
        Textures as `unwrap_texture` gives them.

    Returns
    -------
    dict of str to ndarray
        Another such.
    """
    texture = parts[0]["texture"].astype(np.float32)
    visibility = parts[0]["seen"].astype(np.float32) / 255
    for part in parts[1:]:
        other, other_visibility = part["texture"].astype(np.float32), part["seen"].astype(np.float32) / 255
        shared = (visibility * other_visibility)[..., None]
        gain = exposure_gain(texture, other, shared)
        added = other_visibility * (1 - visibility)
        total = visibility + added
        share = (visibility / np.maximum(total, 1e-3))[..., None]
        texture, visibility = texture * share + other * gain * (1 - share), total
    return {
        "texture": np.round(np.clip(texture, 0, 255)).astype(np.uint8),
        "seen": np.round(visibility * 255).astype(np.uint8),
    }


def exposure_gain(goal: Floats, texture: Floats, shared: Floats) -> Floats:
    """Return what gives a texture the mean colour of another.

    Parameters
    ----------
    goal, texture : ndarray, shape (n, n, 3)
        RGB in levels.
    shared : ndarray, shape (n, n, 1)
        Where both show skin, 0 to 1.

    Returns
    -------
    ndarray, shape (3,)
        A factor for each channel.
    """
    gain = ((goal * shared).sum((0, 1)) + 1) / ((texture * shared).sum((0, 1)) + 1)
    return np.asarray(np.clip(gain, *_GAIN_RANGE), np.float32)


def fill_hidden(texture_arrays: Arrays, mirror: float) -> tuple[Pixels, Pixels]:
    """Fill what the image hid from the mirrored side of the face.

    Parameters
    ----------
    texture_arrays : dict of str to ndarray
        As `unwrap_texture` gives it.
    mirror : float
        How far that is done, 0 to 1.

    Returns
    -------
    texture : ndarray, shape (768, 768, 3), uint8
        RGB.
    coverage : ndarray, shape (768, 768), uint8
        How far each texel is to be trusted.
    """
    texture, visibility = (
        texture_arrays["texture"].astype(np.float32),
        texture_arrays["seen"].astype(np.float32) / 255,
    )
    other, other_visibility = texture[:, ::-1], visibility[:, ::-1] * (1 - visibility) * mirror
    covered = visibility + other_visibility
    filled = np.empty(texture.shape, np.uint8)
    for rows in row_bands(len(filled)):
        share = (visibility[rows] / np.maximum(covered[rows], 1e-3))[..., None]
        filled[rows] = round_levels(texture[rows] * share + other[rows] * (1 - share))
    covered = covered * _outline_fade(covered)
    return filled, np.round(covered * 255).astype(np.uint8)


def _outline_fade(coverage: Floats) -> Floats:
    """Fade what is covered out towards its outline: cheeks are shaded where they turn away from the camera.

    Eyes and mouth are openings, not outlines: around them nothing fades.
    """
    solid = (coverage > 0.5).astype(np.uint8)
    outside = np.pad(solid, 1)
    cv2.floodFill(outside, None, (0, 0), (2,))
    distance = cv2.distanceTransform((outside != 2).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    fade = np.empty(coverage.shape, np.float32)
    for rows in row_bands(len(fade)):
        fade[rows] = smoothstep(distance[1:-1, 1:-1][rows] / _FADE_PIXELS)
    return fade


def _shrink_factor(landmarks: Floats) -> int:
    """How many times an image can be reduced with its face still as large as the texture."""
    low, high = extreme_points(landmarks)
    extent = float((high - low).max())
    return int(extent / TEXTURE_PIXELS)
