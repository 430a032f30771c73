# SPDX-License-Identifier: GPL-3.0-or-later
"""ArcFace, GhostFaceNet, SFace and MobileFace: one aligned 112² crop in, one vector out; the catalogue has the rest.

Sources: Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", 2019; Alansari et al.,
"GhostFaceNets", 2023; Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss", 2021; MobileFace's published code.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...face.types import Floats, Pixels
from ...geometry.alignment import aligned_matrix
from ...geometry.crop import warped
from ...models.model_adapter import Network
from .contract import Space


@dataclass(frozen=True, eq=False)
class AlignedRecogniser(Network):
    """Describes crops aligned to its family's template."""

    version = 1

    @property
    def space(self) -> Space:
        """The space of its vectors."""
        return Space(self.name, self.model.sha256, float(self.family.values["same_person"]))

    def vectors(self, frame: Pixels, five: Sequence[Floats]) -> Floats:
        """Describe faces; see `Recogniser`."""
        size, wanted = self.family.size, self.family.outputs[0].shape[-1]
        if not five:
            return np.zeros((0, int(wanted)), np.float32)
        crops = [warped(frame, aligned_matrix(points, self.family.template, size), size) for points in five]
        rows = self.answer(np.asarray(crops, np.uint8))[0].reshape(len(crops), -1)
        if rows.shape[1] != wanted:
            raise self.unexpected(f"{rows.shape[1]} numbers instead of {wanted}")
        return np.asarray(rows, np.float32)
