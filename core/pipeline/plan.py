# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layer is to be made of: found out from keys and small results, before any pixel is computed."""

from collections.abc import Callable
from dataclasses import dataclass

from ..cache.base.key import Key
from ..face.types import Face
from ..fusion.roto.matte import DrawnMask
from ..media.clip import Clip
from ..recipe.request import SwapRequest
from ..swap.mesh import CropRegion
from .shape_stage import ShapePlan


@dataclass(frozen=True, eq=False)
class FacePlan:
    """One face to be replaced in one frame, and the keys of what that takes."""

    face: Face
    region: CropRegion
    request: SwapRequest
    swap: Key
    target: Key | None
    """Of what the mesh swapper cuts from the frame; None for a neural one."""
    occlude: Key | None
    enhance: Key | None
    fuse: Key
    look: Callable[[], Key | None]
    """Returns the key of what a scan wants to know of the swap; None where a person moved, held or placed the face."""
    move: Key | None = None
    """Of the picture that is moved along where the face is given another form, else None."""
    shape: ShapePlan | None = None
    """How it is moved; `face` is the frame's own face all the same."""
    masks: tuple[DrawnMask, ...] = ()
    """Masks drawn by hand, as they are in this frame."""
    light: Key | None = None
    """Of what the frame's view cuts off around the face, where the clip's numbers are light."""
    deep: bool = False
    """Whether the clip has more than 8 bits, and so what is made of it."""


@dataclass(frozen=True, eq=False)
class LayerPlan:
    """What the layer of one frame consists of, and the key it has when it does."""

    clip: Clip
    number: int
    size: tuple[int, int]
    faces: tuple[FacePlan, ...]
    key: Key
    may_label: bool
    """Whether the image may say what it was asked to be, so that the next run need not plan it.

    Not where planning gave a warning, which is to come again.
    """

    @property
    def face_count(self) -> int:
        """Faces that are replaced."""
        return len(self.faces)

    @property
    def masked_count(self) -> int:
        """Faces that have an occlusion mask."""
        return sum(entry.occlude is not None for entry in self.faces)

    @property
    def enhanced_count(self) -> int:
        """Faces that have an enhanced crop."""
        return sum(entry.enhance is not None for entry in self.faces)
