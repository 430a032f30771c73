# SPDX-License-Identifier: GPL-3.0-or-later
"""SCRFD and InsightFace's RetinaFace: nine tensors, two anchors a cell, distances to the box's sides.

Source: Guo et al., "Sample and Computation Redistribution for Efficient Face Detection", 2021, and InsightFace's
published code.
"""

from dataclasses import dataclass

import numpy as np

from ...face.types import Floats, Pixels
from ...models.model_adapter import ModelAdapter
from .contract import Detections, grid_cells, letterbox, non_maximum_suppression

_STRIDES = (8, 16, 32)


@dataclass(frozen=True, eq=False)
class Scrfd(ModelAdapter):
    """Scores, boxes and points for strides 8, 16 and 32."""

    version = 1

    def find(self, frame: Pixels, score: float) -> Detections:
        """Find faces; see `Detector`."""
        fit = letterbox(frame, self.family.size, self.pool.input_shape(self.model))
        outputs = self.infer(fit.image[None])
        score_maps, box_maps, point_maps = (self._outputs_by_stride(outputs, width) for width in (1, 4, 10))
        boxes, points, scores = [], [], []
        for place, stride in enumerate(_STRIDES):
            rows, columns = fit.image.shape[0] // stride, fit.image.shape[1] // stride
            sure = score_maps[place][:, 0]
            anchors = grid_cells(rows, columns, max(len(sure) // (rows * columns), 1)) * stride
            if not len(anchors) == len(sure) == len(box_maps[place]) == len(point_maps[place]):
                raise self.unexpected_output_error(
                    f"{len(sure)} anchors at stride {stride}, {rows * columns} or twice as many were expected"
                )
            keep = sure >= score
            sides, offsets = box_maps[place][keep] * stride, point_maps[place][keep] * stride
            boxes.append(np.concatenate([anchors[keep] - sides[:, :2], anchors[keep] + sides[:, 2:]], 1))
            points.append(offsets.reshape(-1, 5, 2) + anchors[keep, None])
            scores.append(sure[keep])
        return non_maximum_suppression(
            fit.to_frame(np.concatenate(boxes)), fit.to_frame(np.concatenate(points)), np.concatenate(scores)
        )

    def _outputs_by_stride(self, outputs: list[Floats], width: int) -> list[Floats]:
        """Return the outputs of a width as (cells, width), the finest grid first, whatever the file's order."""
        rows = [output.reshape(-1, width) for output in outputs if output.shape[-1] == width]
        if len(rows) != len(_STRIDES):
            raise self.unexpected_output_error(
                f"{len(rows)} outputs are {width} wide, {len(_STRIDES)} were expected"
            )
        return sorted(rows, key=len, reverse=True)
