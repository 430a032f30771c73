# SPDX-License-Identifier: GPL-3.0-or-later
"""The neural swappers: a target crop and a source person go in, the swapped crop comes out.

How each family takes its source (`values.source` in the catalogue):

- emap: the ArcFace vector of length 1, times the 512 x 512 matrix in the file, brought to length 1 again;
- normed: the ArcFace vector of length 1;
- converted: the ArcFace vector as it is, through a converter network;
- converted-normed: the same, brought to length 1;
- image: an aligned crop of the source image, RGB in 0..1.
"""

import numpy as np

from ..analysis.recognisers.contract import unit_vector
from ..errors import ModelError
from ..face.types import Floats, Pixels
from ..models.preprocess import preprocess
from .loaded_model import LoadedModel, ModelRunner, postprocess
from .pixel_boost import merge_phases, split_phases

VERSION = 1
MAX_BOOST_PIXELS = 1024
"""Pixels on a side of the largest boosted crop."""
_MAX_IDENTITY_SHIFT = 0.35


def limit_boost(model: LoadedModel, boost: int) -> int:
    """Return how many times its size a network's crop is taken: as wanted, but never above 1024 pixels."""
    return max(1, min(boost, MAX_BOOST_PIXELS // model.size))


def convert_source_vector(
    model: LoadedModel, converter: LoadedModel | None, vector: Floats, runner: ModelRunner
) -> Floats:
    """Bring a raw ArcFace vector into the space of a swapper that takes vectors.

    Parameters
    ----------
    model : LoadedModel
        The swapper.
    converter : LoadedModel or None
        The network that leads there, where the swapper has one.
    vector : ndarray, shape (512,), float32
        As the recogniser gave it.
    runner : ModelRunner
        It runs the converter.

    Returns
    -------
    ndarray, shape (512,), float32
        In the swapper's space.
    """
    kind = model.family.values.get("source")
    if kind in ("converted", "converted-normed"):
        if converter is None:
            raise ModelError(f"{model.file.path.name} needs its converter model beside it")
        name = converter.facts.inputs[0].name
        vector = runner.run(converter, {name: np.asarray(vector[None], np.float32)})[0][0].ravel()
    else:
        projection = runner.projection(model)
        if projection is not None:
            vector = unit_vector(vector) @ projection
    return np.asarray(vector if kind == "converted" else unit_vector(vector), np.float32)


def shift_identity(source: Floats, target: Floats, weight: float) -> Floats:
    """Strengthen (weight above .5) or weaken (below) the source's identity against the target's own.

    Returned is source * (1 - t) + target * t with t from .35 (weight 0) over 0 (.5: the source unchanged) to -.35 (1).

    Source: FaceFusion's published code has this formula and its .35. There the target is its plain ArcFace vector
    whatever the network; here it is brought into the network's space first, since in two spaces the sum means nothing.
    For hyperswap, whose space is ArcFace's own, both are the same.

    Parameters
    ----------
    source, target : ndarray, shape (512,), float32
        Either person's vector in the space of the network, as `convert_source_vector` makes it: of length 1 but for
        `converted` ones.
    weight : float
        0 to 1.

    Returns
    -------
    ndarray, shape (512,), float32
        Not brought to length 1 again.
    """
    share = np.float32(np.interp(weight, (0, 1), (_MAX_IDENTITY_SHIFT, -_MAX_IDENTITY_SHIFT)))
    return np.asarray(source * (1 - share) + target * share, np.float32)


def source_image_tensor(image: Pixels) -> Floats:
    """Turn an aligned crop of the source into a network's input.

    Parameters
    ----------
    image : ndarray, shape (s, s, 3), uint8
        RGB.

    Returns
    -------
    ndarray, shape (3, s, s), float32
        0 to 1.
    """
    return np.ascontiguousarray(image.transpose(2, 0, 1).astype(np.float32) / 255)


def swap_crops(model: LoadedModel, crops: Pixels, sources: Floats, boost: int, runner: ModelRunner) -> Pixels:
    """Swap aligned crops. All crops' parts run together where the network allows.

    Parameters
    ----------
    model : LoadedModel
        The swapper, which takes images of side s.
    crops : ndarray, shape (k, n * s, n * s, 3), uint8
        RGB.
    sources : ndarray, shape (k, ...), float32
        A row for each crop, as the network takes it.
    boost : int
        n: a crop is swapped in n x n parts.
    runner : ModelRunner
        It runs the network.

    Returns
    -------
    ndarray, shape as `crops`, uint8
        RGB.

    Raises
    ------
    ModelError
        The network can't be run.
    """
    parts = np.concatenate([split_phases(crop, boost) for crop in crops])
    rows = np.repeat(np.asarray(sources, np.float32), boost * boost, 0)
    tensor = runner.run(model, {"target": preprocess(parts, model.family), "source": rows})[0]
    images = postprocess(tensor, model)
    if images.shape != parts.shape:
        raise ModelError(f"{model.file.path.name} gave images of {images.shape[1]} pixels, not {model.size}")
    each = boost * boost
    return np.stack([merge_phases(images[n * each : (n + 1) * each], boost) for n in range(len(crops))])
