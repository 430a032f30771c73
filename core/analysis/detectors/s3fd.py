# SPDX-License-Identifier: GPL-3.0-or-later
"""S3FD: boxes only, from six grids. Source: Zhang et al., "S3FD: Single Shot Scale-invariant Face Detector", 2017."""

from dataclasses import dataclass

import numpy as np

from ...face.types import Floats, Pixels
from ...models.model_adapter import ModelAdapter
from .contract import Detections, grid_cells, letterbox, non_maximum_suppression

_STRIDES = (4, 8, 16, 32, 64, 128)
_CENTRE_VARIANCE, _SIZE_VARIANCE = 0.1, 0.2
_PRIOR_SCALE = 4


@dataclass(frozen=True, eq=False)
class S3fd(ModelAdapter):
    """Class and regression maps; the finest class map may have three background channels, the strongest counts."""

    version = 1

    def find(self, frame: Pixels, score: float) -> Detections:
        """Find faces; see `Detector`."""
        fit = letterbox(frame, self.family.size, self.pool.input_shape(self.model))
        maps = self.infer(fit.image[None])
        boxes, scores = [], []
        for (classes, offsets), stride in zip(self._map_pairs(maps), _STRIDES, strict=True):
            sure = _face_probability(classes[0])
            rows, columns = sure.shape
            keep = sure.ravel() >= score
            prior = float(_PRIOR_SCALE * stride)
            moves = offsets[0].reshape(4, -1).T[keep]
            centre = (grid_cells(rows, columns)[keep] + 0.5) * stride + moves[
                :, :2
            ] * _CENTRE_VARIANCE * prior
            half = prior * np.exp(moves[:, 2:] * _SIZE_VARIANCE) / 2
            boxes.append(np.concatenate([centre - half, centre + half], 1))
            scores.append(sure.ravel()[keep])
        candidates = np.concatenate(boxes)
        return non_maximum_suppression(
            fit.to_frame(candidates), np.zeros((len(candidates), 0, 2), np.float32), np.concatenate(scores)
        )

    def _map_pairs(self, maps: list[Floats]) -> list[tuple[Floats, Floats]]:
        """Return class and regression map of each stride, whether they alternate or come one kind after the other."""
        half = len(maps) // 2
        alternating = maps[0].shape[2:] == maps[1].shape[2:]
        classes, offsets = (maps[::2], maps[1::2]) if alternating else (maps[:half], maps[half:])
        pairs = list(zip(classes, offsets, strict=True))
        for first, second in pairs:
            if first.shape[2:] != second.shape[2:] or first.shape[1] not in (2, 4) or second.shape[1] != 4:
                raise self.unexpected_output_error(
                    f"maps of {first.shape} and {second.shape}, "
                    "2 or 4 and 4 channels of one size were expected"
                )
        return pairs


def _face_probability(classes: Floats) -> Floats:
    """Return the probability (h, w) of a face, of (2 or 4, h, w) logits with the face last."""
    background, face = classes[:-1].max(0), classes[-1]
    return np.asarray(1 / (1 + np.exp(np.clip(background - face, -80, 80))), np.float32)
