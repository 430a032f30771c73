# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found out of the last frames whose numbers stand for light: their exposures, and the view of the last one.

Every stage asks for the frame that it looks at, and to make its view takes as long as some of them.
"""

from ..concurrency.lru import LruCache
from ..face.types import Pixels
from ..media.clip import FRAME_CACHE_SIZE, FramePixels
from ..media.light import exposure_stops
from ..media.light_space import LightSpace
from .display import light_view

FrameName = tuple[str, int]
"""What a clip's frames are known by, and the frame's number."""


class LightViews:
    """Views and exposures of frames, each made once."""

    def __init__(self) -> None:
        self._exposures: LruCache[FrameName, int] = LruCache(FRAME_CACHE_SIZE)
        self._views: LruCache[FrameName, Pixels] = LruCache(1)

    def view(self, name: FrameName, space: LightSpace, pixels: FramePixels) -> Pixels:
        """Return the view of a frame, see `light_view`; it is shared."""
        known = self._views.get(name)
        if known is not None:
            return known
        view, stops = light_view(space, pixels)
        self._exposures.put(name, stops)
        return self._views.put(name, view)

    def stops(self, name: FrameName, space: LightSpace, pixels: FramePixels) -> int:
        """Return the exposure of that view."""
        known = self._exposures.get(name)
        return self._exposures.put(name, exposure_stops(space.to_light(pixels))) if known is None else known
