# SPDX-License-Identifier: GPL-3.0-or-later
"""The crops that swappers and enhancers make and that fusion takes: one class for each kind.

Every image is RGB, uint8; of clips that have more than 8 bits float32 in levels, which are stored as uint16. Frame
pixels have x to the right and y down, with pixel centres at integers. A matrix (2, 3) takes a column (x, y, 1) of frame
pixels.

What is stored has `to_arrays` and `from_arrays`. They are for the cache's boundary alone: a store holds named arrays,
everything else holds a crop. The names are part of the cache's format.
"""

from dataclasses import dataclass, replace
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from ..cache.base.store import Arrays
from ..face.types import Floats, Levels, Pixels
from ..geometry.levels import as_floats, from_stored, to_stored

_MESH_NAMES = frozenset({"swapped", "cover", "target", "bare"})
_ALIGNED_NAMES = frozenset({"pixels", "matrix", "target"})
_MASK_NAME = "mask"


@dataclass(frozen=True, eq=False)
class AlignedImage:
    """A square image in which a face lies as a model's template says. An enhanced crop is stored as this.

    Attributes
    ----------
    pixels
        (s, s, 3) uint8 RGB, in the pixels of the aligned crop.
    matrix
        (2, 3) float32, from frame pixels to those of `pixels`: a similarity.
    """

    pixels: Levels
    matrix: Floats

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Read what `to_arrays` gives. Raises KeyError for a missing array."""
        return cls(_pixels(arrays["pixels"]), np.asarray(arrays["matrix"], np.float32))

    def to_arrays(self) -> Arrays:
        """Return the arrays to store."""
        return {"pixels": self.pixels, "matrix": self.matrix}


@dataclass(frozen=True, eq=False)
class AlignedCrop:
    """A neural swap, as it is stored: it lies as the swapper's template says, not as the frame does.

    Attributes
    ----------
    image
        The swapped face.
    target
        (160, 160, 3) uint8 RGB: the frame's own pixels in the same square, to match light and find what covers the
        face.
    mask
        (s', s') uint8: how far a DFM shows its face, over the same square; None for other swappers.
    """

    image: AlignedImage
    target: Pixels
    mask: Pixels | None = None

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Read what `to_arrays` gives. Raises KeyError for a missing array."""
        mask = arrays.get(_MASK_NAME)
        return cls(
            AlignedImage.from_arrays(arrays),
            _pixels(arrays["target"]),
            None if mask is None else _pixels(mask),
        )

    def to_arrays(self) -> Arrays:
        """Return the arrays to store."""
        mask = {} if self.mask is None else {_MASK_NAME: self.mask}
        return {**self.image.to_arrays(), "target": self.target, **mask}


@dataclass(frozen=True, eq=False)
class TargetCrop:
    """What a mesh swap needs of the frame, whoever the source is. It is stored on its own.

    Both arrays show the crop's upright region (`CropRegion`) reduced to at most 128 pixels on its longer side.

    Attributes
    ----------
    target
        (h', w', 3) uint8 RGB: the frame's own pixels, to match light.
    bare
        (h', w') uint8: 255 where nothing covers the face's skin.
    """

    target: Levels
    bare: Pixels

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Read what `to_arrays` gives. Raises KeyError for a missing array."""
        return cls(from_stored(arrays["target"]), _pixels(arrays["bare"]))

    def to_arrays(self) -> Arrays:
        """Return the arrays to store."""
        return {"target": to_stored(self.target), "bare": self.bare}


@dataclass(frozen=True, eq=False)
class MeshCrop:
    """A mesh swap, as it is stored and fused: it lies upright, in a `CropRegion` of the frame.

    All arrays show the whole region, each at its own size.

    Attributes
    ----------
    swapped
        (h, w, 3) uint8 RGB, in the region's own pixels: its `size`.
    cover
        (h', w') uint8: 255 where `swapped` is to be trusted; at most 256 pixels on its longer side.
    target
        (h'', w'', 3) uint8 RGB, see `TargetCrop`.
    bare
        (h'', w'') uint8, see `TargetCrop`.
    """

    swapped: Levels
    cover: Pixels
    target: Levels
    bare: Pixels

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Read what `to_arrays` gives. Raises KeyError for a missing array."""
        swapped, target = (from_stored(arrays[name]) for name in ("swapped", "target"))
        return cls(swapped, _pixels(arrays["cover"]), target, _pixels(arrays["bare"]))

    def to_arrays(self) -> Arrays:
        """Return the arrays to store."""
        return {
            "swapped": to_stored(self.swapped),
            "cover": self.cover,
            "target": to_stored(self.target),
            "bare": self.bare,
        }

    def with_floats(self) -> "MeshCrop":
        """Return it as that of a clip of more than 8 bits."""
        return replace(self, swapped=as_floats(self.swapped), target=as_floats(self.target))


@dataclass(frozen=True, eq=False)
class UprightCrop:
    """A neural swap as it is fused: brought from its aligned square into a `CropRegion`. It is never stored.

    All images but an aligned one show the whole region, each at its own size.

    Attributes
    ----------
    swapped
        The aligned image, where fusion is to warp it into the region; after an enhancer's blend, the region's own
        pixels: (h, w, 3) uint8 RGB.
    cover
        (h', w') uint8: 255 within the aligned square, and within a DFM's mask; at most 256 pixels on its longer side.
    target
        (h'', w'', 3) uint8 RGB: the frame's own pixels, at most 128 pixels on the longer side.
    box
        (2, 3) float32, from frame pixels to 0..1 between the aligned square's sides.
    swapped_small
        (h''', w''', 3) uint8 RGB: `swapped` at the size in which light is compared; None where it is to be reduced
        from `swapped`.
    """

    swapped: AlignedImage | Levels
    cover: Pixels
    target: Levels
    box: Floats
    swapped_small: Levels | None = None

    def with_floats(self) -> "UprightCrop":
        """Return it for a clip of more than 8 bits: what is made of it keeps what lies between two levels."""
        swapped = self.swapped
        if isinstance(swapped, AlignedImage):
            swapped = AlignedImage(as_floats(swapped.pixels), swapped.matrix)
        else:
            swapped = as_floats(swapped)
        return replace(self, swapped=swapped, target=as_floats(self.target))


Crop: TypeAlias = MeshCrop | AlignedCrop
"""A swap as it is stored."""
FusionCrop: TypeAlias = MeshCrop | UprightCrop
"""A swap as it is fused."""


def crop_from_arrays(arrays: Arrays) -> Crop:
    """Read a stored swap of either kind.

    Which kind it is, the arrays' names say. Their dtypes, shapes and values are the stage's schema's to check.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        What `to_arrays` of one of them gave.

    Returns
    -------
    Crop
        A `MeshCrop` or an `AlignedCrop`.

    Raises
    ------
    ValueError
        Neither kind has arrays of these names.
    """
    names = arrays.keys()
    if names == _MESH_NAMES:
        return MeshCrop.from_arrays(arrays)
    if names - {_MASK_NAME} == _ALIGNED_NAMES:
        return AlignedCrop.from_arrays(arrays)
    raise ValueError(f"no kind of swapped crop has the arrays {', '.join(sorted(names))}")


def _pixels(array: npt.NDArray[np.generic]) -> Pixels:
    return np.asarray(array, np.uint8)
