# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen of a layer beside its frame."""

from collections.abc import Callable

import numpy as np

from ..face.types import Pixels
from ..geometry.levels import as_floats
from ..media.clip import Clip, FramePixels
from ..media.light import exposure_stops, view_pixels
from ..media.light_space import light_space
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
    stops = exposure_stops(space.to_light(frame))

    def show(pixels: LayerPixels) -> Pixels:
        own = space
        if pixels.dtype == np.float16:
            own = space.layer_space(is_movie=clip.info.kind == "movie")
            floats = as_floats(pixels)
            colours, alpha = floats[..., :3], np.rint(floats[..., 3:] * 255).astype(np.uint8)
        elif pixels.dtype == np.uint16 and frame.dtype == np.uint16:
            colours, alpha = as_floats(pixels[..., :3] / 65535), display_levels(pixels)[..., 3:]
        else:  # of before the clip was read as light
            return display_levels(pixels)
        return np.dstack([view_pixels(own.to_light(np.ascontiguousarray(colours)), stops), alpha])

    return show
