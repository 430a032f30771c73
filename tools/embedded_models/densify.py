# SPDX-License-Identifier: GPL-3.0-or-later
"""Expand TensorFlow Lite's (block-)sparse constants.

A sparse tensor of rank n with k blocked dimensions is stored as a tree of n + k levels. A dense level has a
fixed number of children under each node; a compressed level lists its children as in a compressed sparse
row matrix. `traversal_order` says which dimension a level stands for; dimensions n, n + 1, … are the places
inside a block, and `block_map` says which of the n dimensions each of them subdivides (SparsityParameters
in the public schema).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from understudy.core.errors import ModelError


@dataclass(frozen=True)
class Level:
    """One level of the tree: dense of `size`, or compressed where `segments` and `indices` are given."""

    size: int
    segments: NDArray[np.int64] | None = None
    indices: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Sparsity:
    """How the stored values of a sparse tensor lie in the dense one."""

    traversal_order: tuple[int, ...]
    block_map: tuple[int, ...]
    levels: tuple[Level, ...]


def densify(values: NDArray[np.generic], shape: tuple[int, ...], sparsity: Sparsity) -> NDArray[np.generic]:
    """Return the dense array of `shape`, zero where nothing is stored.

    `values` is one-dimensional, in traversal order. Raises ModelError when the counts do not agree.
    """
    coordinates = _leaf_coordinates(sparsity)
    if len(coordinates[0]) != values.size:
        raise ModelError(
            f"sparse tensor lists {len(coordinates[0])} places for {values.size} values: damaged file"
        )
    by_dimension = dict(zip(sparsity.traversal_order, coordinates, strict=True))
    size_of = {d: level.size for d, level in zip(sparsity.traversal_order, sparsity.levels, strict=True)}
    index = [by_dimension[d] for d in range(len(shape))]
    for block, dimension in enumerate(sparsity.block_map):
        inner = len(shape) + block
        index[dimension] = index[dimension] * size_of[inner] + by_dimension[inner]
    dense = np.zeros(shape, values.dtype)
    dense[tuple(index)] = values
    return dense


def _leaf_coordinates(sparsity: Sparsity) -> list[NDArray[np.int64]]:
    """Walk the levels from the root; one array a level: the coordinate of every leaf at that level."""
    coordinates: list[NDArray[np.int64]] = []
    count = 1
    for level in sparsity.levels:
        if level.segments is None or level.indices is None:
            children = np.full(count, level.size)
            own = np.tile(np.arange(level.size), count)
        else:
            children = np.diff(level.segments)
            own = level.indices
        coordinates = [np.repeat(c, children) for c in coordinates]
        coordinates.append(own)
        count = len(own)
    return coordinates
