# SPDX-License-Identifier: GPL-3.0-or-later
"""What every recogniser gives, and the guard that keeps the spaces of different ones apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...errors import RecipeError
from ...face import Floats, Pixels
from ...models.network import Adapter


@dataclass(frozen=True)
class Space:
    """The space that embeddings lie in: vectors of two spaces say nothing about each other."""

    recogniser: str
    content: str
    """SHA-256 of the model file; empty for the built-in description."""
    least_likeness: float
    """The least cosine at which two vectors are taken for one person's."""


class Recogniser(Adapter, Protocol):
    """A network that describes whose face it is."""

    @property
    def space(self) -> Space:
        """The space of its vectors."""
        ...

    def vectors(self, frame: Pixels, five: Sequence[Floats]) -> Floats:
        """Describe faces of an (H, W, 3) RGB uint8 frame by their five points (5, 2). Returns (n, d) float32.

        The length of a vector is the network's own; compare directions. Raises ModelError.
        """
        ...


def likeness(vectors: Floats, space: Space, other: Floats, other_space: Space) -> Floats:
    """Return the cosine of each of (n, d) vectors with one (d,).

    Raises RecipeError if they come from different recognisers, or from different files of one.
    """
    if (space.recogniser, space.content) != (other_space.recogniser, other_space.content):
        raise RecipeError(
            f"faces described by {space.recogniser} can't be compared with those by {other_space.recogniser}: "
            "describe both with one model file"
        )
    if vectors.shape[1:] != other.shape:
        raise RecipeError(
            f"vectors of {vectors.shape[1:]} and {other.shape} numbers can't be compared: describe both with one model"
        )
    return np.asarray(directions(vectors) @ directions(other[None])[0], np.float32)


def directions(vectors: Floats) -> Floats:
    """Return (n, d) vectors brought to length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)
