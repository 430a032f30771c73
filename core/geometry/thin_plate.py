# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin-plate splines: the smoothest deformation of the plane that moves some points as they are to be moved.

Source: Bookstein, "Principal Warps: Thin-Plate Splines and the Decomposition of Deformations", 1989.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


def thin_plate_kernel(points: npt.NDArray[Any], centres: npt.NDArray[Any]) -> Doubles:
    """Return r² log r for the distance r of each point to each centre.

    Parameters
    ----------
    points : ndarray, shape (m, 2)
        Points.
    centres : ndarray, shape (n, 2)
        Centres.

    Returns
    -------
    ndarray, shape (m, n), float64
        The kernel's values.
    """
    squares = ((points[:, None] - centres[None]) ** 2).sum(-1)
    return np.asarray(squares * np.log(squares + 1e-9) / 2, np.float64)


def thin_plate_weights(points: npt.NDArray[Any], centres: npt.NDArray[Any]) -> Doubles:
    """Return how far each point goes along with each centre, once the thin plate takes every centre to its goal.

    Parameters
    ----------
    points : ndarray, shape (m, 2)
        Points that are carried along.
    centres : ndarray, shape (n, 2)
        Points that are moved: at least three, not all on one line and no two in one place.

    Returns
    -------
    ndarray, shape (m, n), float64
        `weights @ displacement` is the displacement of the points by that of the centres, each (n, 2). In the place of
        a centre it is that centre's. Each row adds up to 1, so what moves all centres evenly moves everything so.
    """
    count = len(centres)
    flat = np.concatenate([np.ones((count, 1)), centres], 1)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = thin_plate_kernel(centres, centres)
    system[:count, count:], system[count:, :count] = flat, flat.T
    bends = np.linalg.inv(system)[:, :count]
    even = np.concatenate([np.ones((len(points), 1)), points], 1)
    return np.asarray(
        thin_plate_kernel(points, centres) @ bends[:count] + even @ bends[count:],
        np.float64,
    )
