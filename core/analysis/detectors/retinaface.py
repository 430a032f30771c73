# SPDX-License-Identifier: GPL-3.0-or-later
"""RetinaFace with SSD priors (biubug6's mobilenet 0.25 and ResNet-50).

Source: Deng et al., "RetinaFace: Single-stage Dense Face Localisation in the Wild", 2019, and biubug6's code.
"""

from dataclasses import dataclass

import numpy as np

from ...face.types import Floats, Pixels
from ...models.model_adapter import Network
from .contract import Found, cells, fitted, found_without_doubles

_PRIORS = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
_CENTRE, _SIZE = 0.1, 0.2


@dataclass(frozen=True, eq=False)
class RetinaFaceSsd(Network):
    """Box offsets, class probabilities and five points for each prior."""

    version = 1

    def find(self, frame: Pixels, score: float) -> Found:
        """Find faces; see `Detector`."""
        fit = fitted(frame, self.family.size, self.pool.input_shape(self.model))
        outputs = self.answer(fit.picture[None])
        offsets, classes, marks = (self._of_width(outputs, width) for width in (4, 2, 10))
        centres, sizes = _priors(fit.picture.shape[0], fit.picture.shape[1])
        if len(centres) != len(offsets):
            raise self.unexpected(f"{len(offsets)} priors instead of {len(centres)}")
        keep = classes[:, 1] >= score
        centres, sizes = centres[keep], sizes[keep]
        middle = centres + offsets[keep, :2] * _CENTRE * sizes
        half = sizes * np.exp(offsets[keep, 2:] * _SIZE) / 2
        points = centres[:, None] + marks[keep].reshape(-1, 5, 2) * _CENTRE * sizes[:, None]
        boxes = np.concatenate([middle - half, middle + half], 1)
        return found_without_doubles(fit.in_frame(boxes), fit.in_frame(points), classes[keep, 1])

    def _of_width(self, outputs: list[Floats], width: int) -> Floats:
        for output in outputs:
            if output.shape[-1] == width:
                return output.reshape(-1, width)
        raise self.unexpected(f"no output is {width} wide")


def _priors(height: int, width: int) -> tuple[Floats, Floats]:
    """Return centres and sizes (n, 2) of the priors in network pixels, in the network's order."""
    centres, sizes = [], []
    for stride, sides in _PRIORS.items():
        grid = cells(-(-height // stride), -(-width // stride), len(sides))
        centres.append((grid + 0.5) * stride)
        sizes.append(np.tile(np.asarray(sides, np.float32), len(grid) // len(sides))[:, None].repeat(2, 1))
    return np.concatenate(centres), np.concatenate(sizes)
