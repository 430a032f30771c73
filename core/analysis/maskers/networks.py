# SPDX-License-Identifier: GPL-3.0-or-later
"""XSeg, BiSeNet, the skin and hair network and selfie segmentation.

Sources: DeepFaceLab's XSeg; Yu et al., "BiSeNet", 2018, as trained on CelebAMask-HQ's 19 classes; Kazuhito00's
skin, clothes and hair network; MediaPipe's model card.
"""

from abc import abstractmethod
from dataclasses import dataclass

import cv2
import numpy as np

from ...cache.base.store import Arrays
from ...face.types import Floats, Pixels
from ...models.model_adapter import ModelAdapter
from ...recipe import Occlude
from .contract import OcclusionMask, aligned_crop, mask_from_map
from .regions import REGIONS, chosen_regions

_FEATURE_SCALE = 0.035


@dataclass(frozen=True, eq=False)
class MapMasker(ModelAdapter):
    """A network that gives a map of the face, covers left out, on a crop aligned to its family's template."""

    rough: bool = False

    def segment(self, frame: Pixels, alignment_points: Floats) -> Arrays:
        """Look at a face; see `Masker`."""
        crop, matrix = aligned_crop(frame, alignment_points, self.family.template, self.family.size)
        return {"visible": mask_from_map(self.face_map(crop)), "matrix": matrix}

    def mask(self, segmentation: Arrays, params: Occlude) -> OcclusionMask:  # noqa: ARG002
        """Return the mask; see `Masker`."""
        visible, matrix = (
            np.asarray(segmentation["visible"], np.uint8),
            np.asarray(segmentation["matrix"], np.float32),
        )
        return OcclusionMask(visible, matrix, self.rough)

    def mask_key_text(self, params: Occlude) -> str:  # noqa: ARG002
        """Nothing is left to choose; see `Masker`."""
        return ""

    @abstractmethod
    def face_map(self, crop: Pixels) -> Floats:
        """Return where an aligned crop shows the face.

        Parameters
        ----------
        crop : ndarray, shape (s, s, 3), uint8
            RGB.

        Returns
        -------
        ndarray, shape (s, s), float32
            0 to 1.
        """


@dataclass(frozen=True, eq=False)
class FaceMap(MapMasker):
    """XSeg's map of the face, or (rough) selfie segmentation's of the person.

    Of the latter objects in front of the face are left out, hands and hair are not.
    """

    version = 1

    def face_map(self, crop: Pixels) -> Floats:
        """Return the network's own map; see `MapMasker`."""
        return self.infer(crop[None])[0].reshape(crop.shape[:2])


@dataclass(frozen=True, eq=False)
class SkinHair(MapMasker):
    """Maps of skin, clothes and hair. Eyes, brows and lips are no skin to it: holes of their size are closed."""

    version = 1

    def face_map(self, crop: Pixels) -> Floats:
        """Return the skin's map, closed; see `MapMasker`."""
        skin, clothes, hair = self.infer(crop[None])[0][0]
        side = round(_FEATURE_SCALE * len(skin)) * 2 + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        closed = np.asarray(cv2.morphologyEx(skin, cv2.MORPH_CLOSE, kernel), np.float32)
        return np.asarray(closed * (1 - np.maximum(clothes, hair) * (closed > skin + 0.5)), np.float32)


@dataclass(frozen=True, eq=False)
class BiSeNet(ModelAdapter):
    """19 classes, all of them kept: which regions are the face is chosen afterwards, without the network."""

    version = 2
    rough = False

    def segment(self, frame: Pixels, alignment_points: Floats) -> Arrays:
        """Look at a face; see `Masker`."""
        crop, matrix = aligned_crop(frame, alignment_points, self.family.template, self.family.size)
        return {"classes": self.infer(crop[None])[0][0].argmax(0).astype(np.uint8), "matrix": matrix}

    def mask(self, segmentation: Arrays, params: Occlude) -> OcclusionMask:
        """Return the mask of the chosen regions; see `Masker`."""
        chosen = [index for region in chosen_regions(params) for index in REGIONS[region]]
        likely = np.isin(np.asarray(segmentation["classes"]), chosen).astype(np.float32)
        return OcclusionMask(mask_from_map(likely), np.asarray(segmentation["matrix"], np.float32))

    def mask_key_text(self, params: Occlude) -> str:
        """Name the chosen regions; see `Masker`."""
        return " ".join(chosen_regions(params))
