# SPDX-License-Identifier: GPL-3.0-or-later
"""The portrait behind the demo's own clip and sources, and what is known of it.

It is NASA's public-domain portrait of the astronaut Eileen Collins, as the scikit-image wheel carries it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from skimage.data import astronaut
from understudy.core.analysis.detect import detect, detections_from_arrays
from understudy.core.analysis.landmark import faces_from_arrays, landmark
from understudy.core.errors import FaceImageError
from understudy.core.face.types import Floats, Pixels
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.models.embedded import embedded_folder, embedded_models
from understudy.core.models.model_file import ModelFile
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Recipe

ENLARGEMENT = 4
_SEGMENTER, _SEGMENTER_SIZE = "selfie_segmentation_256.onnx", 256


@dataclass(frozen=True, eq=False)
class Portrait:
    """The portrait, enlarged fourfold; everything is in its pixels."""

    pixels: Pixels
    """(2048, 2048, 3) RGB uint8."""
    person: Floats
    """(2048, 2048) 0..1: 1 where the person is."""
    backdrop: Pixels
    """(512, 512, 3) RGB uint8: the studio behind the person, out of focus; a quarter of the size."""
    landmarks: Floats
    """(478, 3) of her face."""


def load_portrait() -> Portrait:
    """Load the portrait, find the face and cut the person out. ModelError where `make models` was not run."""
    small = np.asarray(astronaut(), np.uint8)
    pool = ModelPool()
    large = _enlarge(small)
    models, recipe = embedded_models(), Recipe()
    boxes = detections_from_arrays(detect(large, recipe.detect, models.detector, pool))
    faces = faces_from_arrays(
        landmark(large, boxes, recipe.landmark, models.landmarker, pool, load_topology())
    )
    if len(faces) != 1:
        raise FaceImageError(
            f"the portrait of scikit-image shows {len(faces)} faces, not one: is it the astronaut?"
        )
    person = _person(small, pool)
    size = large.shape[1], large.shape[0]
    # The cut follows pixels of the small picture: rounded off, and drawn in by half of one.
    soft = cv2.GaussianBlur(cv2.resize(person, size, interpolation=cv2.INTER_CUBIC), (0, 0), 5.0)
    edge = np.clip((soft - 0.35) / 0.6, 0, 1)
    return Portrait(large, np.asarray(edge, np.float32), _backdrop(small, person), faces[0].landmarks)


def _enlarge(small: Pixels) -> Pixels:
    """Enlarge fourfold, with some of the crispness given back that enlarging takes."""
    size = small.shape[1] * ENLARGEMENT, small.shape[0] * ENLARGEMENT
    large = cv2.resize(small, size, interpolation=cv2.INTER_LANCZOS4)
    for radius, amount in ((5.0, 0.3), (2.5, 0.2)):
        large = cv2.addWeighted(large, 1 + amount, cv2.GaussianBlur(large, (0, 0), radius), -amount, 0)
    return np.asarray(large, np.uint8)


def _person(small: Pixels, pool: ModelPool) -> Floats:
    """Cut the person out: the embedded segmenter says roughly where, the colours say where exactly."""
    side = _SEGMENTER_SIZE
    tensor = cv2.resize(small, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    model = ModelFile(embedded_folder() / _SEGMENTER)
    rough = pool.run(model, tensor[None], ("activation_10",))[0].reshape(side, side)
    likely = cv2.resize(rough, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_LINEAR)
    marks = np.full(small.shape[:2], cv2.GC_PR_BGD, np.uint8)
    marks[likely > 0.5] = cv2.GC_PR_FGD
    marks[cv2.erode((likely > 0.9).astype(np.uint8), np.ones((13, 13))) > 0] = cv2.GC_FGD
    marks[cv2.dilate((likely > 0.1).astype(np.uint8), np.ones((17, 17))) == 0] = cv2.GC_BGD
    cv2.setRNGSeed(1)
    colours = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(
        np.ascontiguousarray(small[..., ::-1]), marks, (0, 0, 0, 0), *colours, 4, cv2.GC_INIT_WITH_MASK
    )
    return np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)


def _backdrop(small: Pixels, person: Floats) -> Pixels:
    """Take the person away and the rest out of focus."""
    kept = 1 - cv2.dilate(person, np.ones((9, 9)))[..., None]
    spread = np.zeros(small.shape, np.float32)
    known = np.zeros((*small.shape[:2], 1), np.float32)
    for radius in (7.0, 20.0, 60.0):
        total = cv2.GaussianBlur(kept, (0, 0), radius)[..., None]
        mean = cv2.GaussianBlur(small * kept, (0, 0), radius) / np.maximum(total, 1e-4)
        share = np.clip(total * 2, 0, 1) * (1 - known)
        spread += mean * share
        known += share
    return np.asarray(np.clip(spread / np.maximum(known, 1e-4), 0, 255), np.uint8)
