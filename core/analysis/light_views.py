# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found out of the last frames whose numbers stand for light: their exposures, and the view of the last one.

Every stage asks for the frame that it looks at, and to make its view takes as long as some of them.
"""

from typing import NamedTuple

from ..concurrency.lru import LruCache
from ..face.types import Pixels
from ..media.clip import FRAME_CACHE_SIZE, FramePixels
from ..media.light import exposure_stops, mean_stops, view_pixels, whole_stops
from ..media.light_space import LightSpace
from .cuts import frame_thumbnail, thumbnail_step

_FACE_VIEWS = 2
"""What one stage made of a face is what the next one asks for."""
FrameName = tuple[str, int]
"""What a clip's frames are known by, and the frame's number."""


class _View(NamedTuple):
    pixels: Pixels
    thumbnail: Pixels


class LightViews:
    """Views and exposures of frames, each made once."""

    def __init__(self) -> None:
        self._exposures: LruCache[FrameName, int] = LruCache(FRAME_CACHE_SIZE)
        self._views: LruCache[FrameName, _View] = LruCache(1)
        self._face_views: LruCache[tuple[FrameName, float], Pixels] = LruCache(_FACE_VIEWS)

    def pixels(
        self, name: FrameName, space: LightSpace, pixels: FramePixels, stops: float | None = None
    ) -> Pixels:
        """Return the view of a frame at an exposure, for None what `display_pixels` does; it is shared."""
        if stops is None:
            return self._view(name, space, pixels).pixels
        known = self._face_views.get((name, stops))
        if known is not None:
            return known
        return self._face_views.put((name, stops), view_pixels(space.to_light(pixels), stops))

    def thumbnail(self, name: FrameName, space: LightSpace, pixels: FramePixels) -> Pixels:
        """Return the thumbnail of a frame, see `frame_thumbnail`."""
        return self._view(name, space, pixels).thumbnail

    def stops(self, name: FrameName, space: LightSpace, pixels: FramePixels) -> int:
        """Return the exposure of a frame's view, see `exposure_stops`."""
        known = self._exposures.get(name)
        return self._exposures.put(name, exposure_stops(space.to_light(pixels))) if known is None else known

    def _view(self, name: FrameName, space: LightSpace, pixels: FramePixels) -> _View:
        known = self._views.get(name)
        if known is not None:
            return known
        light, step = space.to_light(pixels), thumbnail_step(pixels.shape)
        exact = mean_stops(light)
        stops = self._exposures.put(name, whole_stops(light, exact))
        # A thumbnail has the exact exposure: a whole step of it would look like a cut.
        small = frame_thumbnail(view_pixels(light[::step, ::step], exact))
        return self._views.put(name, _View(view_pixels(light, stops), small))
