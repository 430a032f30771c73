# SPDX-License-Identifier: GPL-3.0-or-later
"""The look of a source person without gaps, from all of their images: what a face with their form is drawn with.

Each image counts by how large, frontal and calm its face is, so that the order of the images decides nothing. Smiles
and light from one side are taken out, and skin that no image shows is filled with the person's own.
"""

from collections.abc import Sequence

import numpy as np

from ..analysis.expression import unposed_points
from ..cache.base.store import Arrays
from ..face.types import Floats, Pixels
from ..geometry.head_pose import head_rotation
from ..geometry.mesh_topology import Topology
from .shape import face_height
from .side_light import remove_side_light
from .skin_fill import fill_skin
from .smile_folds import soften_folds
from .smile_mask import smile_mask, smile_share
from .teeth import remove_teeth
from .texture import exposure_gain, fill_hidden

VERSION = 5
"""Counts up with how a face with the source's form is drawn, too."""
_FULL_HEIGHT_PIXELS = 300.0
"""Higher faces have all the detail that a texture takes."""
_FRONTAL_POWER, _SMILE_LOSS = 4, 0.5
_WEIGHT_POWER = 2
"""The better of two images counts the more. On three people with two or three images each, in the clips 02, 05 and 06,
1, 2 and 3 came out alike."""
_MIN_WEIGHT = 1e-4


def whole_texture(
    parts: Sequence[Arrays], meshes: Sequence[Floats], mirror: float, topology: Topology
) -> tuple[Pixels, Pixels]:
    """Return one texture made of those of all images of a person.

    Parameters
    ----------
    parts : sequence of dict
        The images' textures, as `texture.unwrap_texture` gives them.
    meshes : sequence of ndarray, shape (478, 3)
        Their landmarks in pixels of each image.
    mirror : float
        How far hidden parts are filled from the other side of the face, 0 to 1.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    texture : ndarray, shape (768, 768, 3), uint8
        RGB.
    coverage : ndarray, shape (768, 768), uint8
        How far each texel is to be trusted.
    """
    weights = [image_weight(mesh, topology) for mesh in meshes]
    calm = [_without_smile(part, mesh, topology) for part, mesh in zip(parts, meshes, strict=True)]
    merged = remove_side_light(_average_textures(calm, weights))
    return fill_skin(*fill_hidden(merged, mirror), topology)


def image_weight(landmarks: Floats, topology: Topology) -> float:
    """Tell how good an image of a person is.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        Of their face, in pixels of the image.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    float
        Above 0, at most 1.
    """
    facing = max(float(head_rotation(landmarks, topology)[2, 2]), 0.1)
    height = face_height(landmarks) / _FULL_HEIGHT_PIXELS
    calm = 1 - _SMILE_LOSS * smile_share(unposed_points(landmarks, topology))
    return calm * facing**_FRONTAL_POWER * min(max(height, 0.05), 1.0)


def _without_smile(part: Arrays, landmarks: Floats, topology: Topology) -> Arrays:
    part = soften_folds(remove_teeth(part, topology), landmarks, topology)
    visibility = np.asarray(part["seen"], np.float32)
    mask = smile_mask(landmarks, len(visibility), topology)
    return {**part, "seen": np.round(visibility * (1 - mask)).astype(np.uint8)}


def _average_textures(parts: Sequence[Arrays], weights: Sequence[float]) -> Arrays:
    """Average textures where they are seen, each given the mean colour of the best one where both show skin."""
    if len(parts) == 1:
        return parts[0]
    best = max(range(len(parts)), key=lambda index: weights[index])
    goal, goal_visibility = (_floats(parts[best], name) for name in ("texture", "seen"))
    total, weight, hidden = np.zeros_like(goal), np.zeros_like(goal[..., :1]), np.ones_like(goal_visibility)
    for part, quality in zip(parts, weights, strict=True):
        texture, visibility = _floats(part, "texture"), _floats(part, "seen") / 255
        shared = (goal_visibility / 255 * visibility)[..., None]
        share = np.float32((quality / weights[best]) ** _WEIGHT_POWER) * visibility[..., None] + np.float32(
            _MIN_WEIGHT
        )
        total += texture * exposure_gain(goal, texture, shared) * share
        weight += share
        hidden *= 1 - visibility
    return {
        "texture": np.round(np.clip(total / weight, 0, 255)).astype(np.uint8),
        "seen": np.round((1 - hidden) * 255).astype(np.uint8),
    }


def _floats(part: Arrays, name: str) -> Floats:
    return np.asarray(part[name], np.float32)
