# SPDX-License-Identifier: GPL-3.0-or-later
"""XSeg, BiSeNet, the skin and hair network and selfie segmentation.

Sources: DeepFaceLab's XSeg; Yu et al., "BiSeNet", 2018, as trained on CelebAMask-HQ's 19 classes; Kazuhito00's
skin, clothes and hair network; MediaPipe's model card.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from ...face import Floats, Pixels
from ...models.network import Network
from .contract import FaceMask, aligned_crop, face_mask

REGIONS: Mapping[str, tuple[int, ...]] = {
    "skin": (1,),
    "brows": (2, 3),
    "eyes": (4, 5),
    "glasses": (6,),
    "ears": (7, 8, 9),
    "nose": (10,),
    "mouth": (11,),
    "lips": (12, 13),
    "neck": (14, 15),
    "clothes": (16,),
    "hair": (17,),
    "hat": (18,),
}
"""BiSeNet's classes by the region they belong to; 0 is the background."""

_FEATURES = 0.035


@dataclass(frozen=True, eq=False)
class XSeg(Network):
    """A map of the face, covers left out."""

    version = 1
    settings = ""
    rough = False

    def mask(self, frame: Pixels, five: Floats) -> FaceMask:
        """Mask a face; see `Masker`."""
        crop, matrix = aligned_crop(frame, five, self.family.template, self.family.size)
        return face_mask(self.answer(crop[None])[0].reshape(crop.shape[:2]), matrix)


@dataclass(frozen=True, eq=False)
class BiSeNet(Network):
    """19 classes; those of the chosen regions are the face."""

    regions: tuple[str, ...]
    version = 1
    rough = False

    @property
    def settings(self) -> str:
        """The chosen regions."""
        return " ".join(sorted(self.regions))

    def mask(self, frame: Pixels, five: Floats) -> FaceMask:
        """Mask a face; see `Masker`."""
        crop, matrix = aligned_crop(frame, five, self.family.template, self.family.size)
        classes = self.answer(crop[None])[0][0].argmax(0)
        chosen = [index for region in self.regions for index in REGIONS[region]]
        return face_mask(np.isin(classes, chosen).astype(np.float32), matrix)


@dataclass(frozen=True, eq=False)
class SkinHair(Network):
    """Maps of skin, clothes and hair. Eyes, brows and lips are no skin to it: holes of their size are closed."""

    version = 1
    settings = ""
    rough = True

    def mask(self, frame: Pixels, five: Floats) -> FaceMask:
        """Mask a face; see `Masker`."""
        crop, matrix = aligned_crop(frame, five, self.family.template, self.family.size)
        skin, clothes, hair = self.answer(crop[None])[0][0]
        side = round(_FEATURES * len(skin)) * 2 + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        closed = np.asarray(cv2.morphologyEx(skin, cv2.MORPH_CLOSE, kernel), np.float32)
        return face_mask(closed * (1 - np.maximum(clothes, hair) * (closed > skin + 0.5)), matrix)


@dataclass(frozen=True, eq=False)
class Selfie(Network):
    """A map of the person: objects in front of the face are left out, hands and hair are not."""

    version = 1
    settings = ""
    rough = True

    def mask(self, frame: Pixels, five: Floats) -> FaceMask:
        """Mask a face; see `Masker`."""
        crop, matrix = aligned_crop(frame, five, self.family.template, self.family.size)
        return face_mask(self.answer(crop[None])[0].reshape(crop.shape[:2]), matrix)
