# SPDX-License-Identifier: GPL-3.0-or-later
"""What a modifier's part Repair holds: ranges of frames, corrections of landmarks, and masks drawn by hand."""

from typing import TYPE_CHECKING, Any, TypedDict

from bpy.props import CollectionProperty, IntProperty

from .landmark_properties import CLASSES as LANDMARK_CLASSES
from .landmark_properties import UNDERSTUDY_PG_landmark_edit, landmark_edits_of
from .mask_properties import UNDERSTUDY_PG_mask, roto_of
from .range_properties import UNDERSTUDY_PG_range, exclusions_of, holds_of, redetections_of

if TYPE_CHECKING:
    from ...core.recipe.frame_ranges import Exclusion, Hold
    from ...core.recipe.landmark_edits import LandmarkEdit
    from ...core.recipe.redetection import Redetection

CLASSES: tuple[Any, ...] = (UNDERSTUDY_PG_range, *LANDMARK_CLASSES, UNDERSTUDY_PG_mask)


class Repairs:
    """The properties of a modifier's repairs."""

    ranges: CollectionProperty(type=UNDERSTUDY_PG_range)  # type: ignore[valid-type]
    scan_count: IntProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    landmark_edits: CollectionProperty(type=UNDERSTUDY_PG_landmark_edit)  # type: ignore[valid-type]
    masks: CollectionProperty(type=UNDERSTUDY_PG_mask)  # type: ignore[valid-type]


class RequestRepairs(TypedDict):
    """The fields of a `SwapRequest` that come of repairs."""

    exclusions: "tuple[Exclusion, ...]"
    holds: "tuple[Hold, ...]"
    landmark_edits: "tuple[LandmarkEdit, ...]"
    roto: str
    redetections: "tuple[Redetection, ...]"


def repairs_of(modifier: Any) -> RequestRepairs:
    """Return what a modifier's repairs ask for."""
    return {
        "exclusions": exclusions_of(modifier),
        "holds": holds_of(modifier),
        "landmark_edits": landmark_edits_of(modifier),
        "roto": roto_of(modifier),
        "redetections": redetections_of(modifier),
    }
