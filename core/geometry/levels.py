# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours in levels of 255: bytes for clips of 8 bits, floats for deeper ones, 16-bit numbers where these are kept."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..face.types import Floats, Levels, Pixels

DEEP_BITS = 16
"""What keys name of results that have more than 8 bits, and how many these have in a store."""
_STEPS = 257
"""Of 16 bits in one level."""


def is_deep(image: npt.NDArray[Any]) -> bool:
    """Tell whether an image has more than 8 bits."""
    return image.dtype != np.uint8


def round_levels(image: Levels) -> Pixels:
    """Return an image as bytes.

    Parameters
    ----------
    image : ndarray, any shape, uint8 or float32
        In levels.

    Returns
    -------
    ndarray, the same shape, uint8
        Rounded and kept within 0..255; bytes as they are.
    """
    if image.dtype == np.uint8:
        return np.asarray(image, np.uint8)
    return np.rint(np.clip(image, 0, 255)).astype(np.uint8)


def as_type_of(other: Levels, image: npt.ArrayLike) -> Levels:
    """Return an image, as OpenCV gives it, in the type that another one in levels has."""
    return cast("Levels", np.asarray(image, other.dtype))


def as_floats(image: npt.NDArray[Any]) -> Floats:
    """Return an image in levels as float32."""
    return np.asarray(image, np.float32)


def limit_levels(image: Floats, *, in_place: bool = False) -> Floats:
    """Return an image in levels kept within 0..255; in the same memory where that may be, which saves time."""
    return np.asarray(np.clip(image, 0, 255, out=image if in_place else None), np.float32)


def to_stored(image: Levels) -> "Pixels | npt.NDArray[np.uint16]":
    """Return what is kept of an image.

    Parameters
    ----------
    image : ndarray, any shape, uint8 or float32
        In levels.

    Returns
    -------
    ndarray, the same shape
        Bytes as they are; floats as uint16, 65535 for 255.
    """
    if image.dtype == np.uint8:
        return np.asarray(image, np.uint8)
    return np.asarray(np.rint(limit_levels(as_floats(image)) * np.float32(_STEPS)), np.uint16)


def from_stored(image: npt.NDArray[Any]) -> Levels:
    """Return an image in levels: uint16 as float32, bytes as they are."""
    if image.dtype == np.uint16:
        levels = image.astype(np.float32)
        levels /= np.float32(_STEPS)
        return levels
    return np.asarray(image, np.uint8)
