# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen of a layer beside its frame."""

from collections.abc import Callable

import numpy as np

from ..face.types import Pixels
from ..geometry.levels import as_floats
from ..media.clip import Clip, FramePixels
from ..media.light import exposure_stops, light_space, view_pixels
from .samples import display_levels
from .tile_layout import LayerPixels


def layer_display(clip: Clip, frame: FramePixels) -> Callable[[LayerPixels], Pixels]:
    """Return what shows the pixels of a frame's layer as `display_pixels` shows the frame.

    Parameters
    ----------
    clip : Clip
        The clip.
    frame : ndarray, shape (H, W, 3)
        What it reads of the frame.

    Returns
    -------
    callable
        Takes (h, w, 4) RGBA of the layer, returns the same of 8 bits. Raises nothing.
    """
    space = light_space(clip.source.reading)
    if space is None:
        return display_levels
    stops = exposure_stops(space.to_light(as_floats(frame)))

    def show(pixels: LayerPixels) -> Pixels:
        if pixels.dtype != np.float16:  # of before the clip was read as light
            return display_levels(pixels)
        floats = as_floats(pixels)
        alpha = np.rint(floats[..., 3:] * 255).astype(np.uint8)
        return np.dstack([view_pixels(space.to_light(np.ascontiguousarray(floats[..., :3])), stops), alpha])

    return show
