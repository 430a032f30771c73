# SPDX-License-Identifier: GPL-3.0-or-later
"""What a swap changed of a face, a few numbers that are kept when the swap is made: a scan reads them, and no crop.

They are found by the frame's analysis, so that a scan, which knows no steadied landmarks, needs no plan for them. Of
faces that a person moved, held or placed nothing is kept. A cache of before has none of them.
"""

import cv2
import numpy as np

from ..analysis.analyser import Analysis
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays
from ..cache.maintenance.lineage import key_fields
from ..face.types import Floats, Levels
from ..recipe import Recipe
from .crops import Crop, MeshCrop

VERSION = 1
_GRID = 8
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)
_OF_ONE_FACE = frozenset(("stage", "version", "frame", "landmarks", "move", "depth"))
"""What the text of a swap's key has of the very face; the rest is the request's."""
SWAP_LOOK_SCHEMA = Schema((ArraySpec("change", "int16", (_GRID, _GRID)),), {})


def swap_look_key(swap: Key, analysis: Analysis, index: int, recipe: Recipe) -> Key:
    """Return the key of what `measure_swap` gives.

    Parameters
    ----------
    swap : Key
        The key of the swap, or that of a swap of any other face by the same request.
    analysis : Analysis
        What is known of the frame.
    index : int
        Which of its faces.
    recipe : Recipe
        The recipe of the request.

    Returns
    -------
    Key
        The key. It leads from an image of a person to this, as that of the swap does.
    """
    fields = key_fields(swap.text)
    inputs: dict[str, Scalar | Key] = {
        name: value for name, value in fields.items() if name not in _OF_ONE_FACE
    }
    inputs |= {"swap_version": fields["version"], "frame": analysis.frame}
    inputs |= {"landmark": analysis.key, "face": index}
    inputs |= {"steady": recipe.landmark.steady, "shape": recipe.swap.shape}
    return stage_key("swap_look", VERSION, inputs)


def measure_swap(crop: Crop) -> Arrays:
    """Measure what a swap changed of a face.

    Parameters
    ----------
    crop : Crop
        The swap, of either kind.

    Returns
    -------
    dict of str to ndarray
        `change`, (8, 8) int16: in each part of the crop how much lighter it became, in levels of luma; less where a
        mesh swap is not to be trusted, or something covers the face.
    """
    if isinstance(crop, MeshCrop):
        shown = _shrink(crop.cover) * _shrink(crop.bare) / 255**2
        change = (_luma(crop.swapped) - _luma(crop.target)) * shown
    else:
        change = _luma(crop.image.pixels) - _luma(crop.target)
    return {"change": np.rint(change).clip(-255, 255).astype(np.int16)}


def change_from_arrays(arrays: Arrays | None) -> Floats | None:
    """Return the numbers of `measure_swap`, (8, 8) float32; None where they are not known."""
    return None if arrays is None else np.asarray(arrays["change"], np.float32)


def _luma(image: Levels) -> Floats:
    return np.asarray(_shrink(image) @ _LUMA, np.float32)


def _shrink(image: Levels) -> Floats:
    small = cv2.resize(np.asarray(image, np.float32), (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
