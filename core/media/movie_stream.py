# SPDX-License-Identifier: GPL-3.0-or-later
"""A movie file's video stream: opening it, what its container says of it, and its images in order.

The rules for length and stream are Blender's (source/blender/imbuf/movie/intern/movie_read.cc, 4.5).
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from ..errors import ClipError
from .bounds import coding_threads, max_movie_pixels, require_frame_size, require_length, require_times
from .camera_notes import camera_space
from .colour_spaces import TAGGED_SPACES
from .file_status import require_file, unreadable_error
from .stream_faults import StreamFaults, WaitingImages

READ_ERRORS = (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError)

# Lists of other files and addresses, and what asks servers and devices: no clip of ours is any of these. FFmpeg tells
# a format by a file's content, whatever its name.
_FORBIDDEN_FORMATS = frozenset(
    (
        "alsa",
        "concat",
        "dash",
        "dvd",
        "fbdev",
        "hls",
        "imf",
        "jack",
        "kmsgrab",
        "lavfi",
        "openal",
        "oss",
        "pulse",
        "rtp",
        "rtsp",
        "sap",
        "sdp",
        "smoothstreaming",
        "sndio",
        "video4linux2,v4l2",
        "vobsub",
        "webm_dash_manifest",
        "x11grab",
        "xv",
    )
)


def decode_error(path: Path, fault: BaseException | None = None) -> ClipError:
    """Return what to raise for a movie that can't be decoded, for the reason that PyAV gave, if any."""
    # FFmpeg's decoder ends with EAGAIN where it can't start its threads.
    if isinstance(fault, MemoryError | BlockingIOError):
        return ClipError(f"there is not enough memory to decode {path}; make it smaller")
    if isinstance(fault, PermissionError):
        return unreadable_error(path, fault)
    return ClipError(f"{path} can't be decoded as a movie; check that it plays, or transcode it")


class MovieFile:
    """An opened movie file. Times are in ticks of the stream's time base."""

    def __init__(self, path: Path) -> None:
        """Open `path`. Raises ClipError when it is no movie or lacks a length or frame rate."""
        self.path = path
        self.faults = StreamFaults()
        self._is_at_start = True
        try:
            self._container = open_media(path)
        except READ_ERRORS as fault:
            raise decode_error(path, fault) from fault
        try:
            self._stream = video_stream(path, self._container)
            self.start_time: int = self._stream.start_time or 0
            self.fps, self._time_base = self._rates()
            self.ticks_per_frame = float(1 / (self.fps * self._time_base))
            self._limit_decoding()
        except BaseException:
            self._container.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def unreadable_error(self) -> ClipError:
        """Return the fault to raise for a file that is damaged or no movie."""
        return decode_error(self.path)

    # What the container says

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as coded, before any rotation."""
        return self._stream.codec_context.width, self._stream.codec_context.height

    @property
    def matrix(self) -> int:
        """The YUV matrix's ISO/IEC 23091-2 number; 2 where the file names none."""
        return int(self._stream.codec_context.colorspace)

    @property
    def transfer(self) -> int:
        """The number of the transfer curve, see `TAGGED_SPACES`; another one where the file names none of these."""
        number = int(self._stream.codec_context.color_trc)
        if number in TAGGED_SPACES:
            return number
        name = camera_space(self.path, {**self._container.metadata, **self._stream.metadata})
        return next((own for own, space in TAGGED_SPACES.items() if space == name), number)

    @property
    def full_range(self) -> bool:
        """Whether the YUV planes use their whole range."""
        return self._stream.codec_context.color_range == ColorRange.JPEG

    @property
    def frame_count(self) -> int:
        """Blender's length: the stream's duration, else the container's, else the frames it claims."""
        count = self._nominal_frame_count()
        require_length(self.path, count)
        return count

    def _nominal_frame_count(self) -> int:
        stream = self._stream
        if stream.duration is not None:
            return _round(float(stream.duration * self._time_base) * float(self.fps))
        if self._container.duration is None:
            return stream.frames
        seconds = self._container.duration / av.time_base
        audio = self._container.streams.audio
        if audio and audio[0].start_time is not None and audio[0].time_base:
            lead = float(self.start_time * self._time_base - audio[0].start_time * audio[0].time_base)
        else:
            lead = float(self.start_time * self._time_base)
        return _round((seconds - max(0.0, lead)) * float(self.fps))

    @property
    def image_count(self) -> int:
        """How many frames the images of the video stream last, as far as the file says: `frame_count` at most.

        What a container says of its length may be that of a sound or of subtitles. Then the end of the stream is
        looked for, which moves the place of reading: use a file of its own.
        """
        count = self.frame_count
        if self._container.format.name.startswith("mov") or len(self._container.streams) == 1:
            return count
        ends = list(self._packet_ends_from(count))
        if not ends:
            return count
        seconds = float((max(ends) - self.start_time) * self._time_base)
        return max(1, min(count, _round(seconds * float(self.fps))))

    def _packet_ends_from(self, number: int) -> Iterator[int]:
        """Yield when the images of the last packets end, from the key frame before a frame on."""
        if not self.seek(self.start_time + math.floor(number * self.ticks_per_frame)):
            return
        try:
            for packet in self._container.demux(self._stream):
                time = packet.dts if packet.pts is None else packet.pts
                if time is not None:
                    yield time + (packet.duration or round(self.ticks_per_frame))
        except READ_ERRORS:  # a file that was cut off ends there
            return

    def key_frame_time_before(self, time: int) -> int | None:
        """Decoding time of the last key frame at or before `time`, where the file has an index."""
        entries = self._stream.index_entries
        position = entries.search_timestamp(time) if len(entries) else -1
        return entries[position].timestamp if position >= 0 else None

    # Its images

    def seek(self, time: int) -> bool:
        """Move to a key frame before `time` and say if it could be done; then call `frames` anew."""
        self._is_at_start = False
        try:
            self._container.seek(time, stream=self._stream)
        except READ_ERRORS:
            return False
        return True

    def frames(self) -> Iterator[VideoFrame]:
        """Decode from here to the end, in the order of showing."""
        packets = self._container.demux(self._stream)
        first_time = self.start_time if self._is_at_start else None
        waiting = WaitingImages(self.faults, first_time, has_times=self._has_times)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                if packet.dts is not None and not packet.size:
                    continue  # Theora's way to say that the image before it stays; decoders take none
                waiting.add(packet)
                for image in packet.decode():
                    waiting.remove(image)
                    yield image
            except av.InvalidDataError:
                if packet is not None:
                    waiting.add_error(packet)
                # Blender passes over a damaged packet too and goes on showing the image before it.
                continue
            except MemoryError as fault:
                raise decode_error(self.path, fault) from fault
            except READ_ERRORS as fault:
                raise ClipError(f"{self.path} stopped being readable; check the disk or share") from fault

    def time_of(self, frame: VideoFrame) -> int:
        """Return when an image starts; its decoding time where the file gives no other.

        Parameters
        ----------
        frame : av.VideoFrame
            The decoded image.

        Returns
        -------
        int
            In ticks of the stream's time base.
        """
        stored = frame.pts if self._has_times else None
        if stored is not None:
            return stored
        return frame.dts if frame.dts is not None else frame.pts or 0

    @property
    def _has_times(self) -> bool:
        """Whether the file says when images are shown. AVI does not: older FFmpegs have none, later ones guess."""
        return self._container.format.name != "avi"

    def _rates(self) -> tuple[Fraction, Fraction]:
        """Frames a second (FFmpeg's guess, which is what Blender takes) and the seconds of one tick."""
        fps, time_base = self._stream.guessed_rate, self._stream.time_base
        if not fps or not time_base:
            raise ClipError(f"{self.path} does not say its frame rate; remux it to MP4 or MOV")
        require_times(self.path, fps, time_base, self.start_time)
        return fps, time_base

    def _limit_decoding(self) -> None:
        """Refuse frames that are too large, and have the decoder refuse those that grow later."""
        if self._stream.codec_context is None:  # no decoder for it
            raise self.unreadable_error()
        stored = self.path.stat().st_size
        width, height = self.size
        require_frame_size(self.path, width, height, 3, stored)
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = coding_threads(3 * width * height)
        self._stream.codec_context.options = {"max_pixels": str(max_movie_pixels(stored))}


def video_stream(path: Path, container: InputContainer) -> VideoStream:
    """Return the stream that a clip's frames come from. Raises ClipError where there is no video."""
    streams = container.streams.video
    if not streams:
        raise ClipError(f"{path} has no video in it; choose a movie file")
    # A cover image counts as video to FFmpeg; Blender takes one only where there is nothing else.
    real = [stream for stream in streams if not stream.disposition & Disposition.attached_pic]
    return (real or list(streams))[0]


def open_media(path: Path) -> InputContainer:
    """Open a media file for reading. Raises ClipError, and what PyAV raises (`READ_ERRORS`).

    To FFmpeg a name such as `concat:x` is an address. Named as a file it is one. What the file itself names, as a
    playlist does, is not opened. A frame beyond `bounds` is an error of FFmpeg's, before it is allocated.
    """
    require_file(path)
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(sorted(av.formats_available - _FORBIDDEN_FORMATS)),
        "max_pixels": str(max_movie_pixels(path.stat().st_size)),
    }
    # Tags may be in any encoding: those of old cameras are no reason not to read the frames.
    return av.open(f"file:{path}", options=options, metadata_errors="replace")


def _round(value: float) -> int:
    return math.floor(value + 0.5)
