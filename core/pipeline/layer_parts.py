# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned layer with all that it was made from, for whoever takes it apart."""

from dataclasses import dataclass

from ..face.types import Floats
from ..fusion.face_parts import FaceParts
from ..fusion.patch import FootagePatch, Patch
from .plan import FacePlan


@dataclass(frozen=True, eq=False)
class PlannedFaceParts:
    """One face of a layer, taken apart.

    Attributes
    ----------
    entry
        The face and its request.
    parts
        What it was made of.
    swapped
        (h, w, 3) float32: `parts.swapped` as the layer shows it, see `LayerParts.shown`.
    patch
        The face as it was fused, by itself.
    """

    entry: FacePlan
    parts: FaceParts
    swapped: Floats
    patch: Patch


@dataclass(frozen=True, eq=False)
class LayerParts:
    """A layer and its faces.

    Attributes
    ----------
    shown
        What the layer shows: a patch in levels, of a clip of light in the clip's own numbers; None for nothing. Where
        it is in levels, `PlannedFaceParts.swapped` is in parts of 255 of them.
    faces
        Its faces, the last on top.
    """

    shown: FootagePatch | None
    faces: tuple[PlannedFaceParts, ...]
