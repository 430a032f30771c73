# SPDX-License-Identifier: GPL-3.0-or-later
"""A movie file: the frame Blender shows for a frame number, whatever the codec's frame order.

Blender turns the number n into a time, `start_time + round(n / (fps * time_base))`, and shows the last
picture that starts at or before it (source/blender/imbuf/movie/intern/movie_read.cc, Blender 4.5). So the
frames of a variable-rate movie repeat or are skipped, and a late first picture is frame 0.
"""

import math
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from av.video.frame import VideoFrame

from ..concurrency.closing import Closing
from ..errors import ClipError
from .bounds import kept_frames, require_frame_size
from .clip import (
    REMEMBERED_FRAMES,
    ClipInfo,
    FrameMemory,
    Pixels,
    file_fingerprint,
    files_stamp,
    require_frame,
)
from .movie_stream import MovieFile
from .yuv_to_rgb import RgbConverter

# How many frames before the wanted one a seek aims, try by try. Containers seek by decoding time, and a key
# frame's own picture may come after pictures that follow it in the file.
_SEEK_MARGINS = (3, 24, 192)
_DECODE_AHEAD = 24


class MovieClip(Closing):
    """A movie file opened for exact reading; see `Clip`."""

    def __init__(self, path: Path) -> None:
        """Open `path` and decode its first picture. Raises ClipError when that can't be done."""
        self._memory = FrameMemory()
        self._closed = False
        self._pictures: Iterator[VideoFrame] = iter(())
        self._before: VideoFrame | None = None
        self._at: VideoFrame | None = None
        self._reached = 0
        self._file = MovieFile(path)
        try:
            self._info, self._converter = self._describe(self._first_picture())
        except BaseException:
            self.close()
            raise

    @property
    def info(self) -> ClipInfo:
        """The facts of this clip."""
        return self._info

    @cached_property
    def clip_id(self) -> str:
        """Hex SHA-256 of the file."""
        return file_fingerprint(self._info.path)

    @property
    def stamp(self) -> str:
        """Hex SHA-256 of the file's absolute path, size and time."""
        return files_stamp([self._info.path])

    def read(self, number: int) -> Pixels:
        """Return frame `number` as (H, W, 3) RGB; see `Clip.read`."""
        require_frame(self._info, number)
        if self._closed:
            raise ClipError(f"{self._info.path} was closed; open it again")
        kept = self._memory.get(number)
        if kept is not None:
            return kept
        time = self._file.start_time + math.floor(number * self._file.ticks_per_frame + 0.5)
        try:
            return self._memory.put(number, self._converter.convert(self._picture_at(time)))
        except MemoryError as fault:
            raise ClipError(
                f"there is not enough memory for frame {number} of {self._info.path}; make it smaller"
            ) from fault

    def close(self) -> None:
        """Close the file and forget its frames."""
        self._closed = True
        self._memory.clear()
        self._stand(iter(()), None)
        self._file.close()

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
        self._memory = FrameMemory(kept_frames(REMEMBERED_FRAMES, width * height * (6 if deep else 3)))
        converter = RgbConverter(
            width, height, matrix=file.matrix, full_range=file.full_range, rotation=rotation, deep=deep
        )
        if rotation in {90, 270}:
            width, height = height, width
        info = ClipInfo(file.path, "movie", width, height, count, file.fps, 16 if deep else 8)
        return info, converter

    def _picture_at(self, time: int) -> VideoFrame:
        """The last picture that starts at or before `time`, or the first of all.

        `_before` and `_at` are neighbours in the order of showing; `_at` is None behind the last picture.
        """
        if not self._is_ahead(time):
            self._seek(time)
        self._reached = time
        while self._at is not None and self._file.time_of(self._at) < time:
            self._before, self._at = self._at, next(self._pictures, None)
        exact = self._at is not None and self._file.time_of(self._at) == time
        shown = self._at if exact or self._before is None else self._before
        if shown is None:
            raise self._file.unreadable()
        return shown

    def _is_ahead(self, time: int) -> bool:
        """Whether decoding on from here leads to `time` and is no slower than a seek."""
        if time < self._reached:
            return False
        if self._at is None or time - self._reached <= _DECODE_AHEAD * self._file.ticks_per_frame:
            return True
        key = self._file.key_before(self._aim(time, _SEEK_MARGINS[0]))
        return key is not None and key <= self._file.time_of(self._at)

    def _seek(self, time: int) -> None:
        """Stand where decoding up to `time` is exact: at a key frame shown before it, or at the start."""
        for margin in _SEEK_MARGINS:
            aim = self._aim(time, margin)
            if aim <= self._file.start_time or not self._file.seek(aim):
                break
            pictures = self._file.pictures()
            # Pictures put out before the key frame may lack what they were predicted from. The key frame
            # must come earlier than `time`, so that pictures that share a time are met in one order.
            for picture in pictures:
                if self._file.time_of(picture) >= time:
                    break
                if picture.key_frame and not picture.is_corrupt:
                    self._stand(pictures, picture)
                    return
        # Not every format can seek to its start, so it is opened again.
        self._file.close()
        self._file = MovieFile(self._file.path)
        self._first_picture()

    def _first_picture(self) -> VideoFrame:
        pictures = self._file.pictures()
        first = next(pictures, None)
        if first is None:
            raise self._file.unreadable()
        self._stand(pictures, first)
        return first

    def _aim(self, time: int, margin: int) -> int:
        return math.floor(time - margin * self._file.ticks_per_frame)

    def _stand(self, pictures: Iterator[VideoFrame], at: VideoFrame | None) -> None:
        self._pictures = pictures
        self._before = None
        self._at = at
        self._reached = self._file.start_time if at is None else self._file.time_of(at)
