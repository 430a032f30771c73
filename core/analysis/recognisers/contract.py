# SPDX-License-Identifier: GPL-3.0-or-later
"""What every recogniser gives, and the guard that keeps the spaces of different ones apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...errors import RecipeError
from ...face.types import Floats, Pixels
from ...models.model_adapter import Adapter


@dataclass(frozen=True)
class EmbeddingSpace:
    """The space that embeddings lie in: vectors of two spaces say nothing about each other."""

    recogniser: str
    model_sha256: str
    """SHA-256 of the model file; empty for the built-in description."""
    match_threshold: float
    """The least cosine at which two vectors are taken for one person's."""


class Recogniser(Adapter, Protocol):
    """A network that describes whose face it is."""

    @property
    def space(self) -> EmbeddingSpace:
        """The space of its vectors."""
        ...

    def embed(self, frame: Pixels, alignment_points: Sequence[Floats]) -> Floats:
        """Describe faces of a frame.

        Parameters
        ----------
        frame : ndarray, shape (H, W, 3), uint8
            The frame, RGB.
        alignment_points : sequence of ndarray, shape (5, 2), float32
            The five points that each face is aligned by, in frame pixels.

        Returns
        -------
        ndarray, shape (n, d), float32
            A vector for each face. Its length is the network's own; compare directions.

        Raises
        ------
        ModelError
            The network can't be run.
        """
        ...


def l2_normalise(vectors: Floats) -> Floats:
    """Return vectors brought to length 1.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        A vector a row.

    Returns
    -------
    ndarray, shape (n, d)
        The same directions.
    """
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)


def unit_vector(vector: Floats) -> Floats:
    """Return a vector brought to length 1.

    NumPy adds up the squares of a single vector in another order than those of rows, so the last bits may differ from
    what `l2_normalise` gives.

    Parameters
    ----------
    vector : ndarray, shape (d,)
        The vector.

    Returns
    -------
    ndarray, shape (d,), float32
        The same direction.
    """
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Vectors (n, d) of length 1, and the space that they lie in."""

    rows: Floats
    space: EmbeddingSpace

    def cosine_similarity(self, others: "Embeddings") -> Floats:
        """Return the cosine of each of these with each of the others.

        Parameters
        ----------
        others : Embeddings
            m of them.

        Returns
        -------
        ndarray, shape (n, m)
            -1 to 1.

        Raises
        ------
        RecipeError
            They come from different recognisers, or from different files of one.
        """
        if (self.space.recogniser, self.space.model_sha256) != (
            others.space.recogniser,
            others.space.model_sha256,
        ):
            raise RecipeError(
                f"faces described by {self.space.recogniser} can't be compared with those by "
                f"{others.space.recogniser}: describe both with one model file"
            )
        if self.rows.shape[1:] != others.rows.shape[1:]:
            raise RecipeError(
                f"vectors of {self.rows.shape[1:]} and {others.rows.shape[1:]} numbers can't be compared: describe "
                "both with one model"
            )
        return np.asarray(self.rows @ others.rows.T, np.float32)

    def mean(self) -> "Embeddings":
        """Return the one vector that is nearest to all of these."""
        return Embeddings(l2_normalise(self.rows.sum(0, keepdims=True)), self.space)
