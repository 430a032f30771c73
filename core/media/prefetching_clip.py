# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip that decodes ahead: while a frame is worked on, the next ones are read and fingerprinted on another thread."""

from typing import TYPE_CHECKING, NamedTuple, cast

from ..concurrency.closing import Closeable
from ..concurrency.lru import LruCache
from ..concurrency.prefetch import Prefetcher
from ..errors import ClipError
from .bounds import frame_capacity
from .clip import (
    FRAME_CACHE_SIZE,
    Clip,
    ClipInfo,
    DecodedImages,
    FramePixels,
    SampledFrames,
    frame_id,
    require_frame,
)
from .source import ClipSource

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_PREFETCH_FRAMES = 3
"""How many frames wait, decoded, where they are not very large: more would only take memory."""


class _Frame(NamedTuple):
    pixels: FramePixels
    fingerprint: str
    image: "VideoFrame | None"


class _Reading(NamedTuple):
    number: int
    step: int = 0
    """Every how many pixels of the frame are read; 0 for all, with what the frame is known by."""


class PrefetchingClip(Closeable):
    """A clip around another, which it alone uses from then on, on a thread of its own; see `Clip`.

    Nothing is decoded before a frame is read, so that what is known costs nothing. With `keep_images` the images of a
    movie stay at hand as they were decoded, for `decoded_image`.
    """

    def __init__(self, clip: Clip, *, keep_images: bool = False) -> None:
        self._clip = clip
        self._images = clip if keep_images and isinstance(clip, DecodedImages) else None
        frame_bytes = clip.info.width * clip.info.height * 3 * (clip.info.bit_depth // 8)
        frame_bytes *= 1 if self._images is None else 2
        self._prefetch_depth = frame_capacity(_PREFETCH_FRAMES, frame_bytes)
        self._frames: LruCache[int, _Frame] = LruCache(frame_capacity(FRAME_CACHE_SIZE, frame_bytes))
        self._samples = clip if isinstance(clip, SampledFrames) else None
        self._prefetcher: Prefetcher[_Reading, _Frame | FramePixels | None] = Prefetcher(
            self._decode, self._prefetch_depth, "understudy decode"
        )
        self._last = _Reading(-1)
        self._closed = False

    @property
    def info(self) -> ClipInfo:
        """The facts of this clip."""
        return self._clip.info

    @property
    def source(self) -> ClipSource:
        """See `Clip.source`."""
        return self._clip.source

    @property
    def clip_id(self) -> str:
        """See `Clip.clip_id`."""
        return self._clip.clip_id

    @property
    def stamp(self) -> str:
        """See `Clip.stamp`."""
        return self._clip.stamp

    @property
    def image_count(self) -> int:
        """See `Clip.image_count`."""
        return self._clip.image_count

    @property
    def faults(self) -> tuple[str, ...]:
        """See `Clip.faults`."""
        return self._clip.faults

    def read(self, number: int) -> FramePixels:
        """See `Clip.read`."""
        return self._frame(number).pixels

    def read_samples(self, number: int, step: int) -> FramePixels | None:
        """See `SampledFrames`. Such frames are not remembered."""
        if self._samples is None:
            return None
        self._require_open(number)
        kept = self._frames.get(number)
        if kept is not None:
            return kept.pixels[::step, ::step]
        samples = cast("FramePixels | None", self._prefetcher.result(*self._readings(number, step)))
        if samples is None:  # a clip that was opened only now
            self._samples, self._last = None, _Reading(number - 1)
        return samples

    def fingerprint(self, number: int) -> str:
        """Return `frame_id` of a frame's pixels, found while other frames were worked on. Raises ClipError."""
        return self._frame(number).fingerprint

    def decoded_image(self, number: int) -> "VideoFrame | None":
        """See `DecodedImages`; None for images that are kept as RGB, or not kept."""
        return self._frame(number).image

    def close(self) -> None:
        """Close the clip, once the frame that is being read is."""
        self._closed = True
        self._prefetcher.close()
        self._frames.clear()
        self._clip.close()

    def _require_open(self, number: int) -> None:
        require_frame(self.info, number)
        if self._closed:
            raise ClipError(f"{self.info.path} was closed; open it again")

    def _frame(self, number: int) -> _Frame:
        self._require_open(number)
        kept = self._frames.get(number)
        if kept is None:
            frame = self._prefetcher.result(*self._readings(number))
            kept = self._frames.put(number, cast("_Frame", frame))
        return kept

    def _readings(self, number: int, step: int = 0) -> tuple[_Reading, list[_Reading]]:
        """Return how a frame is read, and what will be read next."""
        last = self._last
        if last.step and not step and number == last.number:
            # A frame that was looked at is wanted whole: what comes next is looked at all the same.
            ahead, coming_step = self._prefetch_depth, last.step
        else:
            # Only forwards: whoever steps back or jumps about would decode what nobody asks for.
            is_next = last.number < 0 or 0 < number - last.number <= self._prefetch_depth + 1
            ahead, coming_step = self._prefetch_depth if is_next else 0, step
            self._last = _Reading(number, step)
        stop = min(number + 1 + ahead, self.info.frame_count)
        return _Reading(number, step), [_Reading(coming, coming_step) for coming in range(number + 1, stop)]

    def _decode(self, reading: _Reading) -> _Frame | FramePixels | None:
        (number, step), samples = reading, self._samples
        if step and samples is not None:
            return samples.read_samples(number, step)
        pixels = self._clip.read(number)
        image = None if self._images is None else self._images.decoded_image(number)
        return _Frame(pixels, frame_id(pixels), image)
