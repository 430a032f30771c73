# SPDX-License-Identifier: GPL-3.0-or-later
"""DeepFaceLab's DFM files: one file is one person, trained; there is no source image.

It takes the target's face and, if its files have the input, how far to morph towards the trained person. It
gives the face drawn by that person's decoder and two masks, of the target's face and of the drawn one; the
swap is to be trusted where both say face.
"""

import numpy as np

from ..errors import ModelError
from ..face.types import Pixels
from ..models.preprocess import preprocess
from .loaded_model import LoadedModel, ModelRunner, postprocess

VERSION = 1


def swap_dfm(model: LoadedModel, crops: Pixels, morph: float, runner: ModelRunner) -> tuple[Pixels, Pixels]:
    """Swap aligned crops (k, s, s, 3) uint8 RGB; `morph` 0..1 matters only to files with that input.

    Returns the images (k, s, s, 3) uint8 RGB and their masks (k, s, s) uint8. Raises ModelError.
    """
    name = model.facts.inputs[0].name
    rest = {tensor.name: np.full(1, morph, np.float32) for tensor in model.facts.inputs[1:]}
    target_mask, drawn, drawn_mask = runner.run(model, {name: preprocess(crops, model.family)}, rest)
    images = postprocess(drawn, model)
    mask = np.minimum(target_mask, drawn_mask)
    if images.shape != crops.shape or mask.shape != (*crops.shape[:3], 1):
        raise ModelError(f"{model.file.path.name} gave images {drawn.shape} and masks {mask.shape}")
    return images, np.round(np.clip(mask[..., 0], 0, 1) * 255).astype(np.uint8)
