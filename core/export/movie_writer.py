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

from ..concurrency.closing import Closeable
from ..errors import ClipError, OutputError
from ..filesystem import NewFiles
from ..media.bounds import coding_threads
from ..media.movie_stream import open_media
from ..system import address_space

_WRITE_ERRORS = (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError)
_SCALER_FLAGS = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
_MIN_TICKS_PER_SECOND = 10_000
_CRF = 16
# With macroblock-tree x264 writes other bytes from the same frames each time.
_DETERMINISTIC_OPTIONS = {"x264-params": "mbtree=0"}

# From this size on, video without a named matrix is taken as BT.709 by players, below it as BT.601.
_HD_WIDTH_PIXELS, _HD_HEIGHT_PIXELS = 1280, 720


class VideoWriter:
    """A context manager that makes one movie; `write` its frames in order.

    `audio_from` is the clip whose sound is copied without re-encoding, at the offset it has there from the
    clip's own images; frame 0 here is frame 0 there. If fewer frames are written than that clip has, its
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
        self._frame_count = 0
        self._sidecar: tuple[str, bytes] | None = None
        self._exit_stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        if self._path.is_dir():
            raise OutputError(f"can't write {self._path}: it is a folder; give a file name such as out.mp4")
        try:
            self._begin()
        except _WRITE_ERRORS as fault:
            raise self._write_error(fault) from fault
        return self

    def add_sidecar(self, name: str, data: bytes) -> None:
        """Have a file of the movie's folder written with it: they come together or not at all.

        It takes its place just before the movie does, so that no power cut leaves this movie without it.
        """
        self._sidecar = name, data

    def write(self, pixels: npt.NDArray[np.uint8]) -> None:
        """Append a frame: (H, W, 3) RGB uint8, display-coded. Raises OutputError when it can't be written."""
        if pixels.shape != self._shape or pixels.dtype != np.uint8:
            raise OutputError(
                f"a frame for {self._path} is {pixels.shape} {pixels.dtype}; it must be {self._shape} uint8"
            )
        try:
            image = self._to_video_frame(pixels)
            if self._audio is not None:
                self._container.mux(
                    list(self._audio.packets_before(self._offset + self._frame_count / self._fps))
                )
            self._container.mux(self._stream.encode(image))
        except _WRITE_ERRORS as fault:
            raise self._write_error(fault) from fault
        self._frame_count += 1

    def _to_video_frame(self, pixels: npt.NDArray[np.uint8]) -> VideoFrame:
        even = np.pad(pixels, ((0, pixels.shape[0] % 2), (0, pixels.shape[1] % 2), (0, 0)), mode="edge")
        image = VideoFrame.from_ndarray(np.ascontiguousarray(even), "rgb24").reformat(
            format="yuv420p",
            dst_colorspace=_matrix(self._stream),
            dst_color_range=ColorRange.MPEG,
            interpolation=_SCALER_FLAGS,
        )
        image.time_base = self._tick
        image.pts = round(self._offset / self._tick) + self._frame_count * self._frame_ticks
        image.duration = self._frame_ticks
        return image

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._files:
                with self._exit_stack:
                    if error is None:
                        self._finish()
                if error is None:
                    if self._sidecar is not None:
                        self._files.create(*self._sidecar)
                    self._files.commit()
        except _WRITE_ERRORS as fault:
            if error is None:
                raise self._write_error(fault) from fault

    @property
    def _offset(self) -> Fraction:
        """Seconds from the movie's start to its first image."""
        return self._audio.video_offset if self._audio is not None else Fraction(0)

    def _begin(self) -> None:
        with contextlib.ExitStack() as stack:
            self._files = stack.enter_context(NewFiles(self._path.parent))
            part = self._files.create(self._path.name)
            with contextlib.ExitStack() as media:
                self._audio = (
                    media.enter_context(_AudioPackets(self._audio_from)) if self._audio_from else None
                )
                self._container: OutputContainer = media.enter_context(av.open(f"file:{part}", "w"))
                if self._comment:
                    self._container.metadata["comment"] = self._comment
                self._stream = self._add_video()
                if self._audio is not None:
                    self._audio.add_to(self._container)
                self._exit_stack = media.pop_all()
            stack.pop_all()

    def _add_video(self) -> VideoStream:
        height, width, _ = self._shape
        stream = self._container.add_stream(
            "libx264",
            rate=self._fps,
            options={"crf": str(_CRF), "preset": "medium", **_DETERMINISTIC_OPTIONS},
        )
        if not isinstance(stream, VideoStream):
            raise OutputError(
                f"can't write {self._path}: no H.264 encoder; install the av wheel with libx264"
            )
        context = stream.codec_context
        context.width, context.height = width + width % 2, height + height % 2
        context.pix_fmt = "yuv420p"
        if address_space.limit_bytes() is not None:  # else x264 chooses: other numbers make other bytes
            context.thread_count = coding_threads(3 * width * height)
        self._frame_ticks = self._fps.denominator * -(-_MIN_TICKS_PER_SECOND // self._fps.numerator)
        self._tick = 1 / (self._fps * self._frame_ticks)
        context.time_base = self._tick
        hd = width >= _HD_WIDTH_PIXELS or height >= _HD_HEIGHT_PIXELS
        # ISO/IEC 23091-2: matrix 1 is BT.709 and 6 is BT.601; PyAV names swscale's tables only.
        context.colorspace = 1 if hd else 6
        context.color_range = ColorRange.MPEG
        context.color_primaries = ColorPrimaries.BT709 if hd else ColorPrimaries.SMPTE170M
        context.color_trc = ColorTrc.BT709 if hd else ColorTrc.SMPTE170M
        return stream

    def _finish(self) -> None:
        if not self._frame_count:
            raise OutputError(f"no frame was written to {self._path}; choose at least one frame")
        self._container.mux(self._stream.encode(None))
        if self._audio is not None:
            end = self._offset + self._frame_count / self._fps
            whole = end + Fraction(1, 2) / self._fps >= self._audio.video_end
            self._container.mux(list(self._audio.packets_before(None if whole else end)))

    def _write_error(self, error: BaseException) -> OutputError:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if isinstance(error, MemoryError):
            reason = "there is not enough memory"
        place = getattr(error, "filename2", None)  # what could not be put in its place
        path = self._path.with_name(place) if isinstance(place, str) else self._path
        return OutputError(
            f"can't write {path}: {reason.splitlines()[0].lower()}; "
            "check the folder and free space, or choose an .mp4, .mov or .mkv name"
        )


class _AudioPackets(Closeable):
    """The audio packets of a clip, with times counted from the clip's start."""

    def __init__(self, path: Path) -> None:
        try:
            self._container = open_media(path)
        except _WRITE_ERRORS as fault:
            raise ClipError(f"{path} can't be opened for its sound; check that it plays") from fault
        self._path = path
        self._audio = self._container.streams.audio
        videos = self._container.streams.video[:1]
        starts = [_start_seconds(stream) for stream in (*self._audio, *videos)]
        self._start_seconds = min(starts, default=Fraction(0))
        self.video_offset = _start_seconds(videos[0]) - self._start_seconds if videos else Fraction(0)
        self.video_end = self.video_offset + (_duration_seconds(videos[0]) if videos else 0)
        self._output_streams: dict[int, AudioStream] = {}
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._next: Packet[AudioStream] | None = None

    def close(self) -> None:
        """Close the clip."""
        self._container.close()

    def add_to(self, container: OutputContainer) -> None:
        """Give the movie one stream for each of the clip's audio streams."""
        self._output_streams = {
            stream.index: container.add_stream_from_template(stream) for stream in self._audio
        }
        if self._audio:
            self._packets = self._container.demux(tuple(self._audio))
            self._next = next(self._packets, None)

    def packets_before(self, time: Fraction | None) -> "Iterator[Packet[AudioStream]]":
        """Hand out the packets not handed out yet that start before `time` seconds; all if it is None."""
        while self._next is not None:
            packet = self._next
            if packet.dts is not None:
                shift = round(self._start_seconds / packet.time_base)
                if time is not None and (packet.dts - shift) * packet.time_base >= time:
                    return
                packet.dts -= shift
                packet.pts = None if packet.pts is None else packet.pts - shift
                packet.stream = self._output_streams[packet.stream.index]
                yield packet
            self._next = next(self._packets, None)


def _start_seconds(stream: Stream) -> Fraction:
    return (stream.start_time or 0) * (stream.time_base or Fraction(0))


def _duration_seconds(stream: Stream) -> Fraction:
    return (stream.duration or 0) * (stream.time_base or Fraction(0))


def _matrix(stream: VideoStream) -> Colorspace:
    return Colorspace.ITU709 if stream.codec_context.colorspace == 1 else Colorspace.ITU601
