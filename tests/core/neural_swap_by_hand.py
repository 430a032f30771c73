# SPDX-License-Identifier: GPL-3.0-or-later
"""What each neural family is given and gives, by hand."""

from dataclasses import dataclass

import cv2
import numpy as np
from models import stand_in_swappers as stand_ins
from understudy.core.analysis.analyser import Analyser
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.face.types import Face
from understudy.core.geometry.alignment import TEMPLATES, face_mesh_alignment_points
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.recipe.request import Identity

TOPOLOGY = load_topology()

# Family: template, size, whether the network works in -1..1, how it takes its source.
CONTRACTS = {
    "inswapper": ("arcface_128", 128, False, "emap"),
    "hyperswap": ("arcface_128", 256, True, "normed"),
    "ghost": ("arcface_112_v1", 256, True, "converted"),
    "simswap-256": ("arcface_112_v1", 256, False, "converted-normed"),
    "simswap-512": ("arcface_112_v1", 512, False, "converted-normed"),
    "hififace": ("mtcnn_512", 256, True, "converted-normed"),
    "blendswap": ("ffhq_512", 256, False, ("arcface_112_v2", 112)),
    "uniface": ("ffhq_512", 256, True, ("ffhq_512", 256)),
}


@dataclass
class Scene:
    """A frame, a source image, and the faces that the embedded models find in them."""

    frame: np.ndarray
    face: Face
    source: np.ndarray
    source_face: Face
    identity: Identity
    store: MemoryStore
    analyser: Analyser


def matrix_by_hand(face: Face, template: str, size: int) -> np.ndarray:
    """The similarity nearest to the template, by plain least squares over ten equations."""
    points, goal = face_mesh_alignment_points(face.landmarks, TOPOLOGY), np.array(TEMPLATES[template]) * size
    rows = [row for x, y in points.astype(np.float64) for row in ([x, -y, 1, 0], [y, x, 0, 1])]
    a, b, c, d = np.linalg.lstsq(np.array(rows), goal.ravel(), rcond=None)[0]
    return np.array([[a, -b, c], [b, a, d]])


def crop_by_hand(picture: np.ndarray, face: Face, template: str, size: int) -> np.ndarray:
    """(size, size, 3) float in 0..1. The pictures here are never reduced by two or more."""
    matrix = matrix_by_hand(face, template, size)
    assert np.hypot(*matrix[:, 0]) > 0.5
    crop = cv2.warpAffine(picture, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    return crop / 255.0


def vector_by_hand(picture: np.ndarray, face: Face) -> np.ndarray:
    """What the stand-in recogniser makes of a face: ArcFace's alignment, RGB in -1..1, means of 14² blocks."""
    crop = crop_by_hand(picture, face, "arcface_112_v2", 112) * 2 - 1
    blocks = crop.reshape(8, 14, 8, 14, 3).mean((1, 3)).transpose(2, 0, 1)
    return blocks.ravel() @ stand_ins.recogniser_matrix()


def source_by_hand(family: str, kind: str, raw: np.ndarray) -> np.ndarray:
    unit = raw / np.linalg.norm(raw)
    if kind == "emap":
        projected = unit @ stand_ins.emap()
        return projected / np.linalg.norm(projected)
    if kind == "normed":
        return unit
    converted = raw @ stand_ins.converter_matrix(family.partition("-")[0])
    return converted if kind == "converted" else converted / np.linalg.norm(converted)


def swap_by_hand(scene: Scene, family: str, tint: np.ndarray, boost: int = 1) -> np.ndarray:
    """KEEP * target + MIX * tint in the network's own range, back to 0..255."""
    template, size, symmetric, _ = CONTRACTS[family]
    target = crop_by_hand(scene.frame, scene.face, template, size * boost)
    if symmetric:
        out = (stand_ins.KEEP * (target * 2 - 1) + stand_ins.MIX * tint + 1) / 2
    else:
        out = stand_ins.KEEP * target + stand_ins.MIX * tint
    return np.clip(out, 0, 1) * 255


def tint_by_hand(scene: Scene, family: str) -> np.ndarray:
    kind = CONTRACTS[family][3]
    if isinstance(kind, tuple):
        return crop_by_hand(scene.source, scene.source_face, *kind).mean((0, 1))
    raw = vector_by_hand(scene.source, scene.source_face)
    return source_by_hand(family, kind, raw) @ stand_ins.tint_matrix()
