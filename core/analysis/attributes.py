# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network takes a face's sex and age to be, as people of one look are told from others in a crowd.

Source: InsightFace's published code for its genderage network: a square about the box, 1.5 times its longer side,
RGB in 0..255; the answer is female, male (the larger counts), and the age in hundreds of years. It was trained on
upright faces, so the roll is taken out of the crop.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import FACE_COUNTS, ArraySpec, Schema
from ..face.types import Face, Floats, Pixels
from ..models.model_adapter import ModelAdapter
from ..recipe import Select
from .poses.contract import upright_crops

MIN_AGE_YEARS, MAX_AGE_YEARS = 0, 100
_MAX_ATTRIBUTE = 1e6  # the network's own numbers have no bound
ATTRIBUTE_SCHEMA = Schema(
    (ArraySpec("attributes", "float32", ("faces", 2), -_MAX_ATTRIBUTE, _MAX_ATTRIBUTE),),
    {"faces": FACE_COUNTS},
)


@dataclass(frozen=True, eq=False)
class GenderAge(ModelAdapter):
    """InsightFace's genderage."""

    version = 1

    def attributes(self, frame: Pixels, faces: Sequence[Face]) -> Floats:
        """Say what sex and age faces look like.

        Parameters
        ----------
        frame : ndarray, shape (H, W, 3), uint8
            The frame, RGB.
        faces : sequence of Face
            Its faces, in frame pixels.

        Returns
        -------
        ndarray, shape (n, 2), float32
            For each face how much more male than female it looks, and its age in years.

        Raises
        ------
        ModelError
            The network can't be run, or gives something else than its family does.
        """
        if not faces:
            return np.zeros((0, 2), np.float32)
        family = self.family
        crops = upright_crops(
            frame,
            [face.landmarks for face in faces],
            [face.pose for face in faces],
            float(family.values["enlarged"]),
            family.size,
        )
        rows = self.infer(crops)[0].reshape(len(faces), -1)
        if rows.shape[1] != 3:
            raise self.unexpected_output_error(f"{rows.shape[1]} numbers a face instead of 3")
        return np.asarray(np.stack([rows[:, 1] - rows[:, 0], rows[:, 2] * 100], 1), np.float32)


def attribute_key(landmark_key: Key, adapter: GenderAge) -> Key:
    """Return the key of what a network says of a frame's faces, given the key of their landmarks."""
    inputs: dict[str, Scalar | Key] = {
        "landmark": landmark_key,
        "network": adapter.name,
        "model": adapter.model.sha256,
    }
    return stage_key("attribute", adapter.version, inputs)


def needs_attributes(params: Select) -> bool:
    """Tell whether faces are chosen by sex or age at all."""
    return params.gender != "any" or params.age_low > MIN_AGE_YEARS or params.age_high < MAX_AGE_YEARS


def filter_by_attributes(attributes: Floats, params: Select) -> list[int]:
    """Return which faces are what a recipe asks for.

    Parameters
    ----------
    attributes : ndarray, shape (n, 2)
        Sex and age in years, as `GenderAge` gives them.
    params : Select
        The ranges that are asked for.

    Returns
    -------
    list of int
        The rows that lie in them, in order.
    """
    wanted = {"any": 0, "female": -1, "male": 1}[params.gender]
    male, years = attributes[:, 0], np.clip(np.round(attributes[:, 1]), MIN_AGE_YEARS, MAX_AGE_YEARS)
    fits = (male * wanted >= 0) & (years >= params.age_low) & (years <= params.age_high)
    return [int(index) for index in np.flatnonzero(fits)]
