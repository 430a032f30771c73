# SPDX-License-Identifier: GPL-3.0-or-later
"""How surely a frame shows nudity, as a network sees it.

Source: the published code of NudeNet 3.4.2, whose network is a YOLOv8: the frame is fitted into a square of 320
pixels, its upper left corner in that of the square and the rest black, RGB in 0..1. The answer has a column for each of
2,100 boxes, four numbers of the box and a score for each of 18 classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..face.types import Pixels
from ..models.model_adapter import ModelAdapter

NUDITY_SCHEMA = Schema((ArraySpec("score", "float32", (1,), 0.0, 1.0),))
_BOX_ROWS = 4
_CLASS_COUNT = 18
# Buttocks, female breast, female genitalia, anus, male genitalia. Of the classes that NudeNet calls exposed a man's
# chest, the belly, feet and armpits are left out: films that nobody would call nude are full of them.
_NUDE_CLASSES = (2, 3, 4, 6, 14)


@dataclass(frozen=True, eq=False)
class NudityClassifier(ModelAdapter):
    """NudeNet."""

    version = 1

    def score(self, frame: Pixels) -> float:
        """Say how surely a frame shows an intimate part of a body that is not covered.

        Parameters
        ----------
        frame : ndarray, shape (H, W, 3), uint8
            The frame, RGB.

        Returns
        -------
        float
            0 to 1: the highest score of any box and any class of such a part.

        Raises
        ------
        ModelError
            The network can't be run, or gives something else than its family does.
        """
        output = self.infer(_fit_into_square(frame, self.family.size)[None])[0]
        if output.ndim != 3 or output.shape[1] != _BOX_ROWS + _CLASS_COUNT:
            raise self.unexpected_output_error(f"an answer of {output.shape}")
        scores = output[0, [_BOX_ROWS + row for row in _NUDE_CLASSES]]
        return float(np.clip(np.nan_to_num(scores.max(initial=0.0)), 0.0, 1.0))


def nudity_key(frame: str, classifier: NudityClassifier, key_inputs: Mapping[str, str]) -> Key:
    """Return the key of a frame's score.

    Parameters
    ----------
    frame : str
        The frame's id.
    classifier : NudityClassifier
        The network.
    key_inputs : mapping of str to str
        What the processor that runs it adds to keys.

    Returns
    -------
    Key
        The key.
    """
    inputs: dict[str, Scalar | Key] = {
        "frame": frame,
        "network": classifier.name,
        "model": classifier.model.sha256,
    }
    return stage_key("nudity", classifier.version, inputs | dict(key_inputs))


def _fit_into_square(frame: Pixels, size: int) -> Pixels:
    """Return a frame of (size, size, 3), scaled to fit its longer side."""
    height, width = frame.shape[:2]
    scale = size / max(height, width)
    fitted = max(1, round(width * scale)), max(1, round(height * scale))
    square = np.zeros((size, size, 3), np.uint8)
    square[: fitted[1], : fitted[0]] = cv2.resize(frame, fitted, interpolation=cv2.INTER_AREA)
    return square
