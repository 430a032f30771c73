# SPDX-License-Identifier: GPL-3.0-or-later
"""The video track of a movie that has the packets of its clip wherever nothing changes."""

from collections.abc import Callable, Collection, Iterator
from fractions import Fraction

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from ..concurrency.closing import Closeable
from ..errors import ClipError, OutputError
from ..fusion.patch import Patch
from ..media.file_status import require_unchanged
from ..media.movie_stream import open_media, video_stream
from .closed_gops import Gop
from .nal_units import is_parameter_set, is_slice, join_lengths, nal_type, split_start_codes
from .packet_copy import Splice
from .parameter_sets import (
    encoder_sets,
    joined_header,
    numbered_hevc_set,
    numbered_hevc_slice,
    write_header,
)
from .track_copy import AnyPacket
from .video_encoder import configure_encoder, image_preparation
from .video_track import HVC1_SUFFIXES

_HEVC_PREFIX_SEI = 39


class SplicedTrack(Closeable):
    """Copies GOPs of a clip, and encodes the images in between; see `VideoTrack`.

    All images have the clip's times. Encoded ones are decoded in the order of showing, at the times at which the clip's
    own are decoded, so that these stay in order across seams. `offset` is the time of frame 0 in seconds, and `on_time`
    is called with the movie's time before each packet.
    """

    def __init__(
        self,
        container: OutputContainer,
        suffix: str,
        splice: Splice,
        offset: Fraction,
        on_time: Callable[[Fraction], None],
    ) -> None:
        """Add the track. Raises ClipError, OutputError and what PyAV raises."""
        self._container = container
        self._splice = splice
        self._on_time = on_time
        gop_map = splice.gop_map
        self._codec, self._tick = gop_map.header.codec, gop_map.time_base
        first = round(splice.numbers.start / splice.fps / self._tick)
        self._shift = round(offset / self._tick) - gop_map.start - first
        self._preparation = image_preparation(splice.source, splice.encoding, splice.source.tags)
        self._images = {
            time: (dts, image.duration)
            for gop in gop_map.gops
            for time, dts, image in zip(
                gop.times,
                sorted(image.dts for image in gop.images),
                sorted(gop.images, key=lambda image: image.pts),
                strict=True,
            )
        }
        self._place, self._encoded_place = 0, -1
        self._last_time: int | None = None
        self._encoder: VideoCodecContext | None = None
        own, self._messages = self._parameter_sets()
        self._file = open_media(splice.path)
        try:
            stream = video_stream(splice.path, self._file)
            every: Iterator[AnyPacket] = self._file.demux(stream)  # type: ignore[assignment]
            self._packets = (packet for packet in every if packet.size)
            track = container.add_stream_from_template(stream, opaque=True)
        except BaseException:
            self._file.close()
            raise
        track.codec_context.extradata = write_header(joined_header(gop_map.header, own))
        if self._codec == "hevc" and suffix in HVC1_SUFFIXES:
            track.codec_context.codec_tag = "hvc1"
        self.stream: VideoStream = track
        self.frame_count = len(splice.numbers)
        self.copied: Collection[int] = ()
        """The places of the GOPs that are copied; to be set before the first image comes."""

    @property
    def coded_size(self) -> tuple[int, int]:
        """Width and height of the images in pixels."""
        return self._preparation.coded_size

    def close(self) -> None:
        """Close the clip."""
        self._file.close()

    @property
    def seconds(self) -> Fraction:
        """How long the movie's frames last."""
        return self.frame_count / self._splice.fps

    def write(self, image: VideoFrame, patch: Patch | None) -> None:
        """Encode an image, with a patch over it, after the GOPs that are copied before. Raises what PyAV raises."""
        if image.pts is None:
            raise OutputError(f"an image of {self._splice.path.name} is damaged: leave out --copy-untouched")
        if self._last_time is not None and image.pts <= self._last_time:
            return
        if image.pts not in self._images:
            raise self._replacement_error()
        self._last_time = image.pts
        place = self._splice.place_of(image.pts)
        self._copy_before(place)
        if self._encoder is None:
            self._encoder = self._open_encoder()
        ready = self._preparation.prepare(image, patch)
        ready.time_base, ready.pts = self._tick, image.pts
        ready.pict_type = PictureType.P if place == self._encoded_place else PictureType.I
        self._encoded_place = place
        self._mux_encoded(self._encoder, ready)

    def finish(self) -> None:
        """Write what the encoder still holds, and copy the rest. Raises ClipError where the clip was replaced."""
        self._copy_before(len(self._splice.gop_map.gops))
        self._end_encoder()
        require_unchanged(self._splice.path, self._splice.status)

    def _copy_before(self, place: int) -> None:
        """Copy the GOPs up to a place that are to be copied, and pass over the others."""
        for number in range(self._place, place):
            gop = self._splice.gop_map.gops[number]
            if number in self.copied:
                self._end_encoder()
                self._copy(gop)
            else:
                for _ in gop.images:
                    next(self._packets, None)
        self._place = max(self._place, place)

    def _copy(self, gop: Gop) -> None:
        for image in gop.images:
            packet = next(self._packets, None)
            if packet is None or (packet.pts, packet.size) != (image.pts, image.size):
                raise self._replacement_error()
            self._mux(packet, image.pts, image.dts, image.duration)

    def _mux(self, packet: AnyPacket, pts: int, dts: int, duration: int) -> None:
        self._on_time(max(Fraction(0), (dts + self._shift) * self._tick))
        packet.stream, packet.time_base = self.stream, self._tick
        packet.pts, packet.dts, packet.duration = pts + self._shift, dts + self._shift, duration
        self._container.mux(packet)

    def _replacement_error(self) -> ClipError:
        return ClipError(f"{self._splice.path} was replaced since it was opened; run it again")

    # What is encoded

    def _parameter_sets(self) -> tuple[list[bytes], list[bytes]]:
        """Return the encoder's parameter sets, and the messages that each of its key frames is to have."""
        data = self._open_encoder().extradata
        sets, others = encoder_sets(self._codec, data or b"")
        if self._codec == "h264":
            return sets, []
        ids = self._splice.sps_id, self._splice.pps_id
        messages = [unit for unit in others if nal_type("hevc", unit) == _HEVC_PREFIX_SEI]
        return [numbered_hevc_set(unit, *ids) for unit in sets], messages

    def _open_encoder(self) -> VideoCodecContext:
        encoding, source = self._splice.encoding, self._splice.source
        encoder = av.CodecContext.create(encoding.encoder, "w")
        if not isinstance(encoder, VideoCodecContext):
            raise OutputError(f"{encoding.encoder} is no encoder of video; install the av wheel with it")
        encoder.options = dict(encoding.options)
        configure_encoder(encoder, source, encoding, source.tags, self._preparation.coded_size)
        encoder.framerate, encoder.time_base = self._splice.fps, self._tick
        encoder.flags |= Flags.global_header
        encoder.open(strict=False)
        return encoder

    def _end_encoder(self) -> None:
        if self._encoder is not None:
            self._mux_encoded(self._encoder, None)
            self._encoder = None

    def _mux_encoded(self, encoder: VideoCodecContext, image: VideoFrame | None) -> None:
        for packet in encoder.encode(image):
            if packet.pts is None:
                raise OutputError("the encoder gives no times; install the av wheel with another")
            made: AnyPacket = Packet(self._as_stored(bytes(packet), is_key=packet.is_keyframe))
            made.is_keyframe = packet.is_keyframe
            self._mux(made, packet.pts, *self._images[packet.pts])

    def _as_stored(self, data: bytes, *, is_key: bool) -> bytes:
        """Return an encoder's packet as the clip's are."""
        units = [unit for unit in split_start_codes(data) if not is_parameter_set(self._codec, unit)]
        if self._codec == "hevc":
            units = [
                numbered_hevc_slice(unit, self._splice.pps_id) if is_slice("hevc", unit) else unit
                for unit in units
            ]
        return join_lengths([*(self._messages if is_key else ()), *units])
