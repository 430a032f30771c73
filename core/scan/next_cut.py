# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the shot of a frame ends."""

from ..analysis.cuts import is_cut
from ..face.types import Pixels
from ..media.clip import Clip
from ..pipeline.pipeline import Pipeline
from ..pipeline.sight import without_steady_choice
from ..recipe.request import SwapRequest


def last_frame_of_shot(pipeline: Pipeline, clip: Clip, number: int, last: int, request: SwapRequest) -> int:
    """Return the last frame before the next cut.

    Parameters
    ----------
    pipeline : Pipeline
        It knows frames from afar, or computes them if it may.
    clip : Clip
        The clip.
    number : int
        A frame of the shot, counted from 0.
    last : int
        The last frame that is looked at; it must be in the clip.
    request : SwapRequest
        How its frames are analysed.

    Returns
    -------
    int
        `last` where the shot does not end before it.

    Raises
    ------
    ClipError, ModelError, RecipeError
        A frame can't be read or analysed.
    NotCachedError
        A frame is not known, and may not be analysed.
    """
    end, plain = clip.info.frame_count, without_steady_choice(request)
    looks: dict[int, Pixels] = {}

    def look(near: int) -> None:
        if 0 <= near < end and near not in looks:
            looks[near] = pipeline.sight_frame(clip, near, plain).thumbnail

    look(number - 1)
    look(number)
    for near in range(number + 1, last + 1):
        look(near)
        look(near + 1)
        if is_cut(near, looks):
            return near - 1
        looks.pop(near - 2, None)
    return max(number, last)
