# SPDX-License-Identifier: GPL-3.0-or-later
"""CenterFace. Source: Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019."""

from dataclasses import dataclass

import numpy as np

from ...face.types import Pixels
from ...models.model_adapter import ModelAdapter
from .contract import Detections, letterbox, non_maximum_suppression

_STRIDE = 4


@dataclass(frozen=True, eq=False)
class CenterFace(ModelAdapter):
    """A heat map of centres; size, offset and five points beside it, each with y before x."""

    version = 1

    def find(self, frame: Pixels, score: float) -> Detections:
        """Find faces; see `Detector`."""
        fit = letterbox(frame, self.family.size, self.pool.input_shape(self.model))
        heat, scale, offset, marks = self.infer(fit.image[None])
        rows, columns = np.nonzero(heat[0, 0] >= score)
        cell = np.stack([columns, rows], 1).astype(np.float32)
        size = np.exp(scale[0][::-1, rows, columns].T) * _STRIDE
        centre = (cell + offset[0][::-1, rows, columns].T + 0.5) * _STRIDE
        corner = centre - size / 2
        points = marks[0][:, rows, columns].T.reshape(-1, 5, 2)[..., ::-1] * size[:, None] + corner[:, None]
        return non_maximum_suppression(
            fit.to_frame(np.concatenate([corner, corner + size], 1)),
            fit.to_frame(points),
            heat[0, 0, rows, columns],
        )
