# SPDX-License-Identifier: GPL-3.0-or-later
"""Look through a range of a clip for the frames that tell most, with what is known of it or as a render analyses it."""

from collections.abc import Callable
from contextlib import suppress

from ..errors import ClipError
from ..media.clip import Clip
from ..pipeline.face_traits import FrameTraits
from ..pipeline.pipeline import Pipeline
from ..recipe.request import SwapRequest
from .cells import read_traits
from .chosen_frame import ChosenFrame
from .frame_choice import choose_frames, sightings_of

_MAX_LOOKS = 2000
"""Of longer ranges every second, third... frame is looked at: people and shots are told apart within seconds."""
OnFrame = Callable[[int], None]
"""Hears how many frames were looked at. What it raises ends the work."""


def scan_numbers(numbers: range) -> range:
    """Return which frames of a range are looked at: all of them, or of a long range as many as are enough."""
    return numbers[:: -(-len(numbers) // _MAX_LOOKS)]


def scan_frames(
    pipeline: Pipeline, clip: Clip, numbers: range, request: SwapRequest, count: int, on_frame: OnFrame
) -> tuple[ChosenFrame, ...]:
    """Choose at most `count` frames of `numbers` by the faces that a request replaces, see `choose_frames`.

    What the cache does not know is analysed, as a render of these frames would. Frames that can't be read are not
    chosen for what they show. Raises FaceImageError, ModelError or RecipeError.
    """
    traits: list[FrameTraits] = []
    for done, number in enumerate(scan_numbers(numbers), 1):
        with suppress(ClipError):
            traits.append(read_traits(pipeline, clip, number, request))
        on_frame(done)
    return choose_frames(sightings_of(traits), numbers, count)
