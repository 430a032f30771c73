# SPDX-License-Identifier: GPL-3.0-or-later
"""ArcFace, AuraFace, GhostFaceNet, SFace and MobileFace: one aligned 112² crop in, one vector out.

The catalogue has the rest.

Sources: Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", 2019; Alansari et al.,
"GhostFaceNets", 2023; Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss", 2021; MobileFace's published code.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...face.types import Floats, Pixels
from ...geometry.alignment import alignment_matrix
from ...geometry.crop import warp_crop
from ...models.model_adapter import ModelAdapter
from .contract import EmbeddingSpace


@dataclass(frozen=True, eq=False)
class AlignedRecogniser(ModelAdapter):
    """Describes crops aligned to its family's template."""

    version = 1

    @property
    def space(self) -> EmbeddingSpace:
        """The space of its vectors."""
        return EmbeddingSpace(self.name, self.model.sha256, float(self.family.values["same_person"]))

    def embed(self, frame: Pixels, alignment_points: Sequence[Floats]) -> Floats:
        """Describe faces; see `Recogniser`."""
        size, wanted = self.family.size, self.family.outputs[0].shape[-1]
        if not alignment_points:
            return np.zeros((0, int(wanted)), np.float32)
        crops = [
            warp_crop(frame, alignment_matrix(points, self.family.template, size), size)
            for points in alignment_points
        ]
        rows = self.infer(np.asarray(crops, np.uint8))[0].reshape(len(crops), -1)
        if rows.shape[1] != wanted:
            raise self.unexpected_output_error(f"{rows.shape[1]} numbers instead of {wanted}")
        return np.asarray(rows, np.float32)
