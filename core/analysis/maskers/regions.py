# SPDX-License-Identifier: GPL-3.0-or-later
"""The regions that BiSeNet tells, and those of them that a recipe takes for the face.

Source: the 19 classes of CelebAMask-HQ in the order of zllrunning's face-parsing.PyTorch.
"""

from collections.abc import Mapping

from ...errors import RecipeError
from ...recipe import Occlude

REGIONS: Mapping[str, tuple[int, ...]] = {
    "skin": (1,),
    "brows": (2, 3),
    "eyes": (4, 5),
    "glasses": (6,),
    "ears": (7, 8, 9),
    "nose": (10,),
    "mouth": (11,),
    "lips": (12, 13),
    "neck": (14, 15),
    "clothes": (16,),
    "hair": (17,),
    "hat": (18,),
}
"""BiSeNet's classes by the region they belong to; 0 is the background."""


def chosen_regions(params: Occlude) -> tuple[str, ...]:
    """Return the regions that are part of the face. RecipeError if none is."""
    regions = tuple(region for region in REGIONS if getattr(params, region))
    if not regions:
        raise RecipeError("occlude.masker=bisenet needs a region: set occlude.skin=on or another")
    return regions
