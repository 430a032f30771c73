# SPDX-License-Identifier: GPL-3.0-or-later
"""What a face with another form takes of the footage around it."""

from dataclasses import dataclass

from ..analysis.maskers.contract import OcclusionMask
from ..face.types import Floats


@dataclass(frozen=True, eq=False)
class FootageLook:
    """What a face with another form takes of the footage around it.

    Attributes
    ----------
    edge
        How far the face's edge is brought to the light around it, 0..1.
    detail
        (2,) float32: how strong the finest detail of the frame's own skin is, see `skin_detail.measure_detail`.
    grain
        How far the face is given that, 0..1.
    seed
        Of the grain, 32 bits.
    own_lids
        How far the rims of lids and lips are the source's, 0..1, see `mask.face_mask`.
    rims
        The rims of the face's glasses, which stay in front of it; None without.
    excess
        (h, w, 3) float32: light that the face's view cut off in the crop's region of the frame, moved along with the
        face; None without.
    """

    edge: float
    detail: Floats
    grain: float
    seed: int
    own_lids: float
    rims: OcclusionMask | None = None
    excess: Floats | None = None
