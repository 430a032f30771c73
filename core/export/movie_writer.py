# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes finished frames as an H.264 movie, with the sound of the clip they came from left as it is."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation
from av.video.stream import VideoStream

from ..concurrency.closing import Closing
from ..errors import ClipError, OutputError
from ..filesystem import NewFiles
from ..media.bounds import coding_threads
from ..media.movie_stream import open_local
from ..system import address_space

_FAULTS = (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError)
_FLAGS = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
_TICKS_A_SECOND = 10_000
_CRF = 16
# With macroblock-tree x264 writes other bytes from the same frames each time.
_REPEATABLE = {"x264-params": "mbtree=0"}

# From this size on, video without a named matrix is taken as BT.709 by players, below it as BT.601.
_HD_WIDTH, _HD_HEIGHT = 1280, 720


class VideoWriter:
    """A context manager that makes one movie; `write` its frames in order.

    `audio_from` is the clip whose sound is copied without re-encoding, at the offset it has there from the
    clip's own pictures; frame 0 here is frame 0 there. If fewer frames are written than that clip has, its
    sound ends with the last of them. The file appears at `path` only when the block ends well, and is on the disk
    then; the extension (.mp4, .mov, .mkv) chooses the container.

    `comment` is kept in the file's metadata.

    An odd width or height gets one more column or row, a copy of the last, since 4:2:0 video needs even ones.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: Fraction,
        audio_from: Path | None = None,
        comment: str = "",
    ) -> None:
        if width < 1 or height < 1 or fps <= 0:
            raise OutputError(f"can't write {path} as {width}x{height} at {fps} fps; give positive numbers")
        self._path = path
        self._shape = (height, width, 3)
        self._fps = Fraction(fps)
        self._audio_from = audio_from
        self._comment = comment
        self._written = 0
        self._beside: tuple[str, bytes] | None = None
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        if self._path.is_dir():
            raise OutputError(f"can't write {self._path}: it is a folder; give a file name such as out.mp4")
        try:
            self._begin()
        except _FAULTS as fault:
            raise self._unwritable(fault) from fault
        return self

    def add_beside(self, name: str, data: bytes) -> None:
        """Have a file of the movie's folder written with it: they come together or not at all.

        It takes its place just before the movie does, so that no power cut leaves this movie without it.
        """
        self._beside = name, data

    def write(self, pixels: npt.NDArray[np.uint8]) -> None:
        """Append a frame: (H, W, 3) RGB uint8, display-coded. Raises OutputError when it can't be written."""
        if pixels.shape != self._shape or pixels.dtype != np.uint8:
            raise OutputError(
                f"a frame for {self._path} is {pixels.shape} {pixels.dtype}; it must be {self._shape} uint8"
            )
        try:
            picture = self._picture(pixels)
            if self._sound is not None:
                self._container.mux(list(self._sound.up_to(self._offset + self._written / self._fps)))
            self._container.mux(self._stream.encode(picture))
        except _FAULTS as fault:
            raise self._unwritable(fault) from fault
        self._written += 1

    def _picture(self, pixels: npt.NDArray[np.uint8]) -> VideoFrame:
        even = np.pad(pixels, ((0, pixels.shape[0] % 2), (0, pixels.shape[1] % 2), (0, 0)), mode="edge")
        picture = VideoFrame.from_ndarray(np.ascontiguousarray(even), "rgb24").reformat(
            format="yuv420p",
            dst_colorspace=_matrix(self._stream),
            dst_color_range=ColorRange.MPEG,
            interpolation=_FLAGS,
        )
        picture.time_base = self._tick
        picture.pts = round(self._offset / self._tick) + self._written * self._frame_ticks
        picture.duration = self._frame_ticks
        return picture

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._files:
                with self._open:
                    if error is None:
                        self._finish()
                if error is None:
                    if self._beside is not None:
                        self._files.create(*self._beside)
                    self._files.put_in_place()
        except _FAULTS as fault:
            if error is None:
                raise self._unwritable(fault) from fault

    @property
    def _offset(self) -> Fraction:
        """Seconds from the movie's start to its first picture."""
        return self._sound.video_offset if self._sound is not None else Fraction(0)

    def _begin(self) -> None:
        with contextlib.ExitStack() as stack:
            self._files = stack.enter_context(NewFiles(self._path.parent))
            part = self._files.create(self._path.name)
            with contextlib.ExitStack() as media:
                self._sound = media.enter_context(_Sound(self._audio_from)) if self._audio_from else None
                self._container: OutputContainer = media.enter_context(av.open(f"file:{part}", "w"))
                if self._comment:
                    self._container.metadata["comment"] = self._comment
                self._stream = self._add_video()
                if self._sound is not None:
                    self._sound.add_to(self._container)
                self._open = media.pop_all()
            stack.pop_all()

    def _add_video(self) -> VideoStream:
        height, width, _ = self._shape
        stream = self._container.add_stream(
            "libx264", rate=self._fps, options={"crf": str(_CRF), "preset": "medium", **_REPEATABLE}
        )
        if not isinstance(stream, VideoStream):
            raise OutputError(
                f"can't write {self._path}: no H.264 encoder; install the av wheel with libx264"
            )
        context = stream.codec_context
        context.width, context.height = width + width % 2, height + height % 2
        context.pix_fmt = "yuv420p"
        if address_space.limit() is not None:  # else x264 chooses: other numbers make other bytes
            context.thread_count = coding_threads(3 * width * height)
        self._frame_ticks = self._fps.denominator * -(-_TICKS_A_SECOND // self._fps.numerator)
        self._tick = 1 / (self._fps * self._frame_ticks)
        context.time_base = self._tick
        hd = width >= _HD_WIDTH or height >= _HD_HEIGHT
        # ISO/IEC 23091-2: matrix 1 is BT.709 and 6 is BT.601; PyAV names swscale's tables only.
        context.colorspace = 1 if hd else 6
        context.color_range = ColorRange.MPEG
        context.color_primaries = ColorPrimaries.BT709 if hd else ColorPrimaries.SMPTE170M
        context.color_trc = ColorTrc.BT709 if hd else ColorTrc.SMPTE170M
        return stream

    def _finish(self) -> None:
        if not self._written:
            raise OutputError(f"no frame was written to {self._path}; choose at least one frame")
        self._container.mux(self._stream.encode(None))
        if self._sound is not None:
            end = self._offset + self._written / self._fps
            whole = end + Fraction(1, 2) / self._fps >= self._sound.video_end
            self._container.mux(list(self._sound.up_to(None if whole else end)))

    def _unwritable(self, fault: BaseException) -> OutputError:
        reason = getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
        if isinstance(fault, MemoryError):
            reason = "there is not enough memory"
        place = getattr(fault, "filename2", None)  # what could not be put in its place
        path = self._path.with_name(place) if isinstance(place, str) else self._path
        return OutputError(
            f"can't write {path}: {reason.splitlines()[0].lower()}; "
            "check the folder and free space, or choose an .mp4, .mov or .mkv name"
        )


class _Sound(Closing):
    """The audio packets of a clip, with times counted from the clip's start."""

    def __init__(self, path: Path) -> None:
        try:
            self._container = open_local(path)
        except _FAULTS as fault:
            raise ClipError(f"{path} can't be opened for its sound; check that it plays") from fault
        self._path = path
        self._audio = self._container.streams.audio
        videos = self._container.streams.video[:1]
        starts = [_start(stream) for stream in (*self._audio, *videos)]
        self._zero = min(starts, default=Fraction(0))
        self.video_offset = _start(videos[0]) - self._zero if videos else Fraction(0)
        self.video_end = self.video_offset + (_length(videos[0]) if videos else 0)
        self._copies: dict[int, AudioStream] = {}
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._next: Packet[AudioStream] | None = None

    def close(self) -> None:
        """Close the clip."""
        self._container.close()

    def add_to(self, container: OutputContainer) -> None:
        """Give the movie one stream for each of the clip's audio streams."""
        self._copies = {stream.index: container.add_stream_from_template(stream) for stream in self._audio}
        if self._audio:
            self._packets = self._container.demux(tuple(self._audio))
            self._next = next(self._packets, None)

    def up_to(self, time: Fraction | None) -> "Iterator[Packet[AudioStream]]":
        """Hand out the packets not handed out yet that start before `time` seconds; all if it is None."""
        while self._next is not None:
            packet = self._next
            if packet.dts is not None:
                shift = round(self._zero / packet.time_base)
                if time is not None and (packet.dts - shift) * packet.time_base >= time:
                    return
                packet.dts -= shift
                packet.pts = None if packet.pts is None else packet.pts - shift
                packet.stream = self._copies[packet.stream.index]
                yield packet
            self._next = next(self._packets, None)


def _start(stream: Stream) -> Fraction:
    return (stream.start_time or 0) * (stream.time_base or Fraction(0))


def _length(stream: Stream) -> Fraction:
    return (stream.duration or 0) * (stream.time_base or Fraction(0))


def _matrix(stream: VideoStream) -> Colorspace:
    return Colorspace.ITU709 if stream.codec_context.colorspace == 1 else Colorspace.ITU601
