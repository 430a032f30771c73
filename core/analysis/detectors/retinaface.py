# SPDX-License-Identifier: GPL-3.0-or-later
"""RetinaFace with SSD priors (biubug6's mobilenet 0.25 and ResNet-50).

Source: Deng et al., "RetinaFace: Single-stage Dense Face Localisation in the Wild", 2019, and biubug6's code.
"""

from dataclasses import dataclass

import numpy as np

from ...face.types import Floats, Pixels
from ...models.model_adapter import ModelAdapter
from .contract import Detections, grid_cells, letterbox, non_maximum_suppression

_PRIORS = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
_CENTRE_VARIANCE, _SIZE_VARIANCE = 0.1, 0.2


@dataclass(frozen=True, eq=False)
class RetinaFaceSsd(ModelAdapter):
    """Box offsets, class probabilities and five points for each prior."""

    version = 1

    def find(self, frame: Pixels, score: float) -> Detections:
        """Find faces; see `Detector`."""
        fit = letterbox(frame, self.family.size, self.pool.input_shape(self.model))
        outputs = self.infer(fit.image[None])
        offsets, classes, marks = (self._output_of_width(outputs, width) for width in (4, 2, 10))
        centres, sizes = _priors(fit.image.shape[0], fit.image.shape[1])
        if len(centres) != len(offsets):
            raise self.unexpected_output_error(f"{len(offsets)} priors instead of {len(centres)}")
        keep = classes[:, 1] >= score
        centres, sizes = centres[keep], sizes[keep]
        middle = centres + offsets[keep, :2] * _CENTRE_VARIANCE * sizes
        half = sizes * np.exp(offsets[keep, 2:] * _SIZE_VARIANCE) / 2
        points = centres[:, None] + marks[keep].reshape(-1, 5, 2) * _CENTRE_VARIANCE * sizes[:, None]
        boxes = np.concatenate([middle - half, middle + half], 1)
        return non_maximum_suppression(fit.to_frame(boxes), fit.to_frame(points), classes[keep, 1])

    def _output_of_width(self, outputs: list[Floats], width: int) -> Floats:
        for output in outputs:
            if output.shape[-1] == width:
                return output.reshape(-1, width)
        raise self.unexpected_output_error(f"no output is {width} wide")


def _priors(height: int, width: int) -> tuple[Floats, Floats]:
    """Return centres and sizes (n, 2) of the priors in network pixels, in the network's order."""
    centres, sizes = [], []
    for stride, sides in _PRIORS.items():
        grid = grid_cells(-(-height // stride), -(-width // stride), len(sides))
        centres.append((grid + 0.5) * stride)
        sizes.append(np.tile(np.asarray(sides, np.float32), len(grid) // len(sides))[:, None].repeat(2, 1))
    return np.concatenate(centres), np.concatenate(sizes)
