# SPDX-License-Identifier: GPL-3.0-or-later
"""The neural swappers: a target crop and who plays the part go in, the swapped crop comes out.

How each family takes its source (`values.source` in the catalogue):

- emap: the ArcFace vector of length 1, times the 512 x 512 matrix in the file, brought to length 1 again;
- normed: the ArcFace vector of length 1;
- converted: the ArcFace vector as it is, through a converter network;
- converted-normed: the same, brought to length 1;
- picture: an aligned crop of the source picture, RGB in 0..1.
"""

import numpy as np

from ..errors import ModelError
from ..face.types import Floats, Pixels
from ..models.preprocess import prepared
from .loaded_model import Network, Networks, finished
from .pixel_boost import exploded, imploded

VERSION = 1
LARGEST = 1024
"""Pixels on a side of the largest boosted crop."""
_FURTHEST = 0.35


def boost_of(network: Network, wanted: int) -> int:
    """Return how many times its size a network's crop is taken: as wanted, but never above 1024 pixels."""
    return max(1, min(wanted, LARGEST // network.size))


def source_vector(network: Network, converter: Network | None, vector: Floats, networks: Networks) -> Floats:
    """Bring a raw ArcFace vector (512,) into the space of a swapper that takes vectors."""
    kind = network.family.values.get("source")
    if kind in ("converted", "converted-normed"):
        if converter is None:
            raise ModelError(f"{network.file.path.name} needs its converter model beside it")
        name = converter.facts.inputs[0].name
        vector = networks.run(converter, {name: np.asarray(vector[None], np.float32)})[0][0].ravel()
    elif kind == "emap" and network.projection is not None:
        vector = _normed(vector) @ network.projection
    return np.asarray(vector if kind == "converted" else _normed(vector), np.float32)


def weighted(source: Floats, target: Floats, weight: float) -> Floats:
    """Strengthen (weight above .5) or weaken (below) the source's identity against the target's own.

    Both are (512,) in the space of the network: what `source_vector` makes of either person's ArcFace vector, so of
    length 1 but for `converted` ones. Returned is source * (1 - t) + target * t with t from .35 (weight 0) over 0
    (.5: the source unchanged) to -.35 (1), not brought to length 1 again.

    Source: FaceFusion's published code has this formula and its .35. There the target is its plain ArcFace vector
    whatever the network; here it is brought into the network's space first, since in two spaces the sum means nothing.
    For hyperswap, whose space is ArcFace's own, both are the same.
    """
    share = np.float32(np.interp(weight, (0, 1), (_FURTHEST, -_FURTHEST)))
    return np.asarray(source * (1 - share) + target * share, np.float32)


def source_picture(picture: Pixels) -> Floats:
    """Turn an aligned crop (s, s, 3) uint8 RGB of the source into (3, s, s) float32 in 0..1."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1).astype(np.float32) / 255)


def swapped(network: Network, crops: Pixels, sources: Floats, boost: int, networks: Networks) -> Pixels:
    """Swap aligned crops (k, n*s, n*s, 3) uint8 RGB, n the boost; `sources` has a row for each, as the net takes it.

    Returns pictures of the same size. All crops' parts run together where the network allows. ModelError.
    """
    parts = np.concatenate([imploded(crop, boost) for crop in crops])
    rows = np.repeat(np.asarray(sources, np.float32), boost * boost, 0)
    tensor = networks.run(network, {"target": prepared(parts, network.family), "source": rows})[0]
    pictures = finished(tensor, network)
    if pictures.shape != parts.shape:
        raise ModelError(
            f"{network.file.path.name} gave pictures of {pictures.shape[1]} pixels, not {network.size}"
        )
    each = boost * boost
    return np.stack([exploded(pictures[n * each : (n + 1) * each], boost) for n in range(len(crops))])


def _normed(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
