# SPDX-License-Identifier: GPL-3.0-or-later
"""A movie file: the frame Blender shows for a frame number, whatever the codec's frame order.

Blender turns the number n into a time, `start_time + round(n / (fps * time_base))`, and shows the last
image that starts at or before it (source/blender/imbuf/movie/intern/movie_read.cc, Blender 4.5). So the
frames of a variable-rate movie repeat or are skipped, and a late first image is frame 0.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from av.video.frame import VideoFrame

from ..errors import ClipError
from ..reporting.quoting import quote
from .bounds import frame_capacity, require_frame_size
from .clip import (
    FRAME_CACHE_SIZE,
    ClipInfo,
    FrameCache,
    FramePixels,
    require_frame,
)
from .colour_spaces import TAGGED_SPACES
from .file_clip import FileClip
from .file_end import cut_off_text, is_cut_off
from .movie_stream import MovieFile
from .source import ClipSource, clip_reading
from .yuv_to_rgb import RgbConverter

# How many frames before the wanted one a seek aims, try by try. Containers seek by decoding time, and a key
# frame's own image may come after images that follow it in the file.
_SEEK_MARGIN_FRAMES = (3, 24, 192)
_DECODE_AHEAD_FRAMES = 24
_UNUSED_SPACE = (
    "{0} says that it is in {1}, but movies of 8 bits are taken as they are coded: choose it as the strip's "
    "Color Space where this Blender has it, or give --colorspace '{1}' on the command line"
)


class MovieClip(FileClip):
    """A movie file opened for exact reading; see `Clip`."""

    def __init__(self, path: Path, reading: str = "") -> None:
        """Open `path` and decode its first image. Raises ClipError when that can't be done.

        `reading` is that of `clip_reading`, which is asked for.
        """
        super().__init__(ClipSource(True, (path,)))
        self._cache = FrameCache()
        self._closed = False
        self._frames: Iterator[VideoFrame] = iter(())
        self._previous: VideoFrame | None = None
        self._current: VideoFrame | None = None
        self._position = 0
        self._recent: deque[VideoFrame] = deque(maxlen=1)
        self._file = MovieFile(path)
        self._faults = self._file.faults
        try:
            self._info, self._converter = self._describe(self._read_first_frame())
            transfer = 0 if reading else self._file.transfer
            self._source = ClipSource(True, (path,), clip_reading(reading, self._info.bit_depth, transfer))
            self._unused_space = "" if self._source.reading else TAGGED_SPACES.get(transfer, "")
        except BaseException:
            self.close()
            raise

    @cached_property
    def image_count(self) -> int:
        """See `Clip.image_count`."""
        file = MovieFile(self._info.path)
        try:
            return file.image_count
        finally:
            file.close()

    @cached_property
    def _is_cut_off(self) -> bool:
        try:
            return is_cut_off(self._info.path)
        except OSError:  # gone meanwhile, which is said where its frames are read
            return False

    @property
    def faults(self) -> tuple[str, ...]:
        """See `Clip.faults`."""
        name = quote(self._info.path.name)
        return (
            *((cut_off_text(name),) if self._is_cut_off else ()),
            *((_UNUSED_SPACE.format(name, self._unused_space),) if self._unused_space else ()),
            *self._faults.texts(name, self._file.start_time, self._file.ticks_per_frame),
        )

    def read(self, number: int) -> FramePixels:
        """Return frame `number` as (H, W, 3) RGB; see `Clip.read`."""
        self._require_open(number)
        kept = self._cache.get(number)
        return (
            self._cache.put(number, self._convert(number, self._converter.convert)) if kept is None else kept
        )

    def read_samples(self, number: int, step: int) -> FramePixels:
        """See `SampledFrames`. A `read` of the same frame just after it need not decode it."""
        self._require_open(number)
        kept = self._cache.get(number)
        if kept is not None:
            return kept[::step, ::step]
        return self._convert(number, lambda image: self._converter.convert_samples(image, step))

    def decoded_image(self, number: int) -> VideoFrame:
        """See `DecodedImages`. It costs nothing just after `read` of the same frame, if that had to decode it."""
        self._require_open(number)
        return self._frame_at(self._time_of(number))

    def close(self) -> None:
        """Close the file and forget its frames."""
        self._closed = True
        self._cache.clear()
        self._set_position(iter(()), None)
        self._file.close()

    def _require_open(self, number: int) -> None:
        """Raise ClipError where the clip has no such frame, or was closed."""
        require_frame(self._info, number)
        if self._closed:
            raise ClipError(f"{self._info.path} was closed; open it again")

    def _convert(self, number: int, convert: Callable[[VideoFrame], FramePixels]) -> FramePixels:
        try:
            pixels = convert(self._frame_at(self._time_of(number)))
        except MemoryError as fault:
            raise ClipError(
                f"there is not enough memory for frame {number} of {self._info.path}; make it smaller"
            ) from fault
        self._require_unchanged()
        return pixels

    def _describe(self, first: VideoFrame) -> tuple[ClipInfo, RgbConverter]:
        file = self._file
        count = file.frame_count
        if count < 1:
            raise ClipError(f"{file.path} does not say how long it is; remux it to MP4 or MOV")
        rotation = first.rotation % 360
        # Blender shows quarter turns only and leaves any other angle as it is stored.
        rotation = rotation if rotation in {90, 180, 270} else 0
        width, height = file.size
        deep = max((part.bits for part in first.format.components), default=8) > 8
        require_frame_size(file.path, width, height, 6 if deep else 3, file.path.stat().st_size)
        most = frame_capacity(FRAME_CACHE_SIZE, width * height * (6 if deep else 3))
        self._cache, self._recent = FrameCache(most), deque(maxlen=most + 1)
        converter = RgbConverter(
            width, height, matrix=file.matrix, full_range=file.full_range, rotation=rotation, deep=deep
        )
        if rotation in {90, 270}:
            width, height = height, width
        info = ClipInfo(file.path, "movie", width, height, count, file.fps, 16 if deep else 8)
        return info, converter

    def _time_of(self, number: int) -> int:
        return self._file.start_time + math.floor(number * self._file.ticks_per_frame + 0.5)

    def _frame_at(self, time: int) -> VideoFrame:
        """The last image that starts at or before `time`, or the first of all.

        `_previous` and `_current` are neighbours in the order of showing; `_current` is None behind the last image.
        """
        recent = self._recent_frame_at(time) if time < self._position else None
        if recent is not None:
            return recent
        if not self._can_decode_to(time):
            self._seek(time)
        self._position = time
        while self._current is not None and self._file.time_of(self._current) < time:
            self._recent.append(self._current)
            self._previous, self._current = self._current, next(self._frames, None)
        exact = self._current is not None and self._file.time_of(self._current) == time
        shown = self._current if exact or self._previous is None else self._previous
        if shown is None:
            raise self._file.unreadable_error()
        return shown

    def _recent_frame_at(self, time: int) -> VideoFrame | None:
        """The image that `_frame_at` would show if it decoded anew, where it was passed a moment ago.

        Whoever looks a few frames ahead passes frames that are known, and then wants the pixels of one of them: a seek
        would decode again all that lies between the key frame and it.
        """
        before: VideoFrame | None = None
        for image in (*self._recent, *(() if self._current is None else (self._current,))):
            start = self._file.time_of(image)
            if start >= time:
                return image if start == time and before is not None else before
            before = image
        return None

    def _can_decode_to(self, time: int) -> bool:
        """Whether decoding on from here leads to `time` and is no slower than a seek."""
        if time < self._position:
            return False
        if (
            self._current is None
            or time - self._position <= _DECODE_AHEAD_FRAMES * self._file.ticks_per_frame
        ):
            return True
        key = self._file.key_frame_time_before(self._seek_target(time, _SEEK_MARGIN_FRAMES[0]))
        return key is not None and key <= self._file.time_of(self._current)

    def _seek(self, time: int) -> None:
        """Stand where decoding up to `time` is exact: at a key frame shown before it, or at the start."""
        for margin in _SEEK_MARGIN_FRAMES:
            aim = self._seek_target(time, margin)
            if aim <= self._file.start_time or not self._file.seek(aim):
                break
            images = self._file.frames()
            # Images put out before the key frame may lack what they were predicted from. The key frame
            # must come earlier than `time`, so that images that share a time are met in one order.
            for image in images:
                if self._file.time_of(image) >= time:
                    break
                if image.key_frame and not image.is_corrupt:
                    self._set_position(images, image)
                    return
        # Not every format can seek to its start, so it is opened again.
        self._file.close()
        self._file = MovieFile(self._file.path)
        self._file.faults = self._faults
        self._read_first_frame()

    def _read_first_frame(self) -> VideoFrame:
        images = self._file.frames()
        first = next(images, None)
        if first is None:
            raise self._file.unreadable_error()
        self._set_position(images, first)
        return first

    def _seek_target(self, time: int, margin: int) -> int:
        return math.floor(time - margin * self._file.ticks_per_frame)

    def _set_position(self, frames: Iterator[VideoFrame], current: VideoFrame | None) -> None:
        self._frames = frames
        self._previous = None
        self._recent.clear()
        self._current = current
        self._position = self._file.start_time if current is None else self._file.time_of(current)
