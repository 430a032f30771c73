# SPDX-License-Identifier: GPL-3.0-or-later
"""The video track of a movie that is written: its encoder, and what the container says of it."""

from fractions import Fraction

from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import OutputError
from ..fusion.patch import Patch
from .colour_tags import ColourTags
from .encoding import Encoding
from .frame_times import FrameTimes
from .source_video import SourceVideo
from .tone_mapping import HdrPreparation
from .video_encoder import configure_encoder, image_preparation

_MIN_TICKS_PER_SECOND = 10_000
_X265_DELAY_FRAMES = 2
"""Of so few images x265 makes no B-frames, and does not set their decoding times."""
HVC1_SUFFIXES = (".mp4", ".mov")
"""Where HEVC is called `hvc1`, which is what Apple's players ask for."""


class VideoTrack:
    """One video track in an output container; frames come at a fixed rate, or at the times of the clip's images.

    Frame n is shown `offset` seconds and n / fps after the movie's start. With `times` an image is shown when the clip
    shows it, and one that several frames show is stored once; `first` is the clip's number of frame 0. With
    `tone_mapping_from`, what the clip is like, its HDR images are turned into SDR ones like `source`.
    """

    def __init__(
        self,
        container: OutputContainer,
        suffix: str,
        source: SourceVideo,
        fps: Fraction,
        encoding: Encoding,
        tags: ColourTags,
        *,
        offset: Fraction = Fraction(0),
        times: FrameTimes | None = None,
        first: int = 0,
        tone_mapping_from: SourceVideo | None = None,
    ) -> None:
        """Add the track. Raises OutputError and what PyAV raises."""
        self._hdr = (
            None if tone_mapping_from is None else HdrPreparation(tone_mapping_from, source.pixel_format)
        )
        self._preparation = image_preparation(source, encoding, tags)
        self._container = container
        self._offset = offset
        self._fps = fps
        self._frame_ticks = fps.denominator * -(-_MIN_TICKS_PER_SECOND // fps.numerator)
        self._tick = 1 / (fps * self._frame_ticks) if times is None else times.time_base
        self._times = times
        self._first_seconds = first / fps
        self._last_time: int | None = None
        self._image_count = 0
        stream = container.add_stream(encoding.encoder, rate=fps, options=dict(encoding.options))
        if not isinstance(stream, VideoStream):
            raise OutputError(f"{encoding.encoder} is no encoder of video; install the av wheel with it")
        self.stream = stream
        context = stream.codec_context
        configure_encoder(context, source, encoding, tags, self._preparation.coded_size)
        context.time_base = self._tick
        if encoding.codec == "hevc" and suffix in HVC1_SUFFIXES:
            context.codec_tag = "hvc1"
        if source.display_matrix is not None:
            stream.set_display_matrix(source.display_matrix)
        self.frame_count = 0

    @property
    def coded_size(self) -> tuple[int, int]:
        """Width and height of the images in pixels."""
        return self._preparation.coded_size

    def write(self, image: VideoFrame, patch: Patch | None) -> None:
        """Encode the next frame, with a patch over it. Raises what PyAV raises."""
        time, duration = self._time_of(image)
        self.frame_count += 1
        if self._last_time is not None and time <= self._last_time:
            return
        self._last_time = time
        self._image_count += 1
        if self._hdr is not None:
            image, patch = self._hdr.prepare(image, patch), None
        ready = self._preparation.prepare(image, patch)
        ready.time_base = self._tick
        ready.pts = round(self._offset / self._tick) + time
        ready.duration = duration
        self._mux(self.stream.encode(ready))

    def _time_of(self, image: VideoFrame) -> tuple[int, int]:
        """Return when an image is shown and for how long, in ticks from frame 0."""
        if self._times is None:
            return self.frame_count * self._frame_ticks, self._frame_ticks
        if image.pts is None:
            return round(self.frame_count / (self._fps * self._tick)), 0
        start = self._times.start + round(self._first_seconds / self._tick)
        return max(0, image.pts - start), image.duration or 0

    def finish(self) -> None:
        """Write what the encoder still holds."""
        packets = self.stream.encode(None)
        if self.stream.codec_context.name == "libx265" and self._image_count <= _X265_DELAY_FRAMES:
            for packet in packets:
                packet.dts = packet.pts
        self._mux(packets)

    @property
    def seconds(self) -> Fraction:
        """How long the frames written last."""
        return self.frame_count / self._fps

    def _mux(self, packets: "list[Packet[Stream]]") -> None:
        self._container.mux(packets)
