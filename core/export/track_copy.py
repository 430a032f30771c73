# SPDX-License-Identifier: GPL-3.0-or-later
"""One track of a clip on its way into a movie: copied, or turned into what the movie's file can hold."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol, TypeAlias

from av.container import OutputContainer
from av.error import InvalidDataError
from av.packet import Packet
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream

from ..errors import OutputError
from .containers import FORMATS
from .metadata import carried_track_tags

if TYPE_CHECKING:
    AnyPacket: TypeAlias = Packet[Stream]
else:
    AnyPacket = Packet  # at run time PyAV's packets take no parameter

_AAC_PREROLL_PACKETS = 1


def describe_like(track: Stream, source: Stream) -> None:
    """Give a track the language, title, tags and disposition of another."""
    names = track.container.format.name.split(",")
    suffix = next((suffix for suffix, name in FORMATS.items() if name in names), "")
    track.metadata.update(carried_track_tags(source.metadata, suffix))
    track.disposition = source.disposition


class TrackWriter(Protocol):
    """Takes a track's packets in their order and gives those of the movie's track."""

    def add_to(self, container: OutputContainer) -> None:
        """Add the movie's track. Raises what PyAV raises."""
        ...

    def packets(self, packet: AnyPacket, /) -> Iterator[AnyPacket]:
        """Return what the movie gets for a packet of the clip."""
        ...

    def rest(self) -> Iterator[AnyPacket]:
        """Return what remains after the last packet."""
        ...


class CopiedTrack:
    """A track whose packets stay as they are. `origin` is the time in the clip, in seconds, that becomes 0.

    Packets that end before `origin` are left out, but for one that a sound decoder may need to begin well, where
    `may_precede` says that the file can hold and hide it. Subtitles last up to `end` at most, in seconds of the movie;
    None where nothing is cut off there.
    """

    def __init__(
        self, stream: Stream, origin: Fraction, end: Fraction | None, *, cuts: bool, may_precede: bool
    ) -> None:
        self._stream = stream
        self._origin = origin
        self._end = end
        self._cuts = cuts
        self._may_precede = may_precede
        self._track: Stream | None = None

    def add_to(self, container: OutputContainer) -> None:
        """See `TrackWriter`."""
        self._track = container.add_stream_from_template(self._stream, opaque=True)
        describe_like(self._track, self._stream)

    def packets(self, packet: AnyPacket) -> Iterator[AnyPacket]:
        """See `TrackWriter`."""
        if self._track is None:
            return
        for shifted in self.shifted(packet):
            shifted.stream = self._track
            yield shifted

    def rest(self) -> Iterator[AnyPacket]:
        """See `TrackWriter`."""
        return iter(())

    def shifted(self, packet: AnyPacket) -> Iterator[AnyPacket]:
        """Count a packet's times from the origin; give nothing if it lies before."""
        if packet.dts is None:
            return
        shift = round(self._origin / packet.time_base)
        packet.dts -= shift
        packet.pts = None if packet.pts is None else packet.pts - shift
        if not self._cuts or self._is_within(packet):
            self._cut_at_end(packet)
            yield packet

    def _cut_at_end(self, packet: AnyPacket) -> None:
        """Let a subtitle that is on screen as the movie ends go with its last frame."""
        if self._end is None or self._stream.type != "subtitle" or packet.dts is None or not packet.duration:
            return
        begin = packet.dts if packet.pts is None else packet.pts
        left = round(self._end / packet.time_base) - begin
        packet.duration = max(1, min(packet.duration, left))

    def _is_within(self, packet: AnyPacket) -> bool:
        begin = packet.pts if packet.pts is not None else packet.dts or 0
        duration = packet.duration or 0
        if self._stream.type != "audio":
            if begin < 0 < begin + duration:  # a subtitle that is on screen as the movie begins
                packet.duration = begin + duration
                packet.pts = packet.dts = 0
                return True
            return begin >= 0
        if not self._may_precede:
            return begin >= 0
        return begin + duration * (1 + _AAC_PREROLL_PACKETS) > 0


class CoverImage:
    """A cover image, which belongs to the whole movie."""

    def __init__(self, stream: Stream, packet: AnyPacket) -> None:
        self._stream = stream
        self._image = bytes(packet)
        self._track: Stream | None = None

    def add_to(self, container: OutputContainer) -> None:
        """See `TrackWriter`."""
        self._track = container.add_stream_from_template(self._stream, opaque=True)
        describe_like(self._track, self._stream)

    def packets(self, _: AnyPacket) -> Iterator[AnyPacket]:
        """See `TrackWriter`."""
        return iter(())

    def rest(self) -> Iterator[AnyPacket]:
        """See `TrackWriter`."""
        if self._track is not None:
            packet: AnyPacket = Packet(self._image)
            packet.time_base, packet.pts, packet.dts = Fraction(1, 1000), 0, 0
            packet.is_keyframe = True
            packet.stream = self._track
            yield packet


class SubtitleTrack:
    """Text subtitles in another codec than the clip's."""

    def __init__(
        self, stream: SubtitleStream, codec: str, origin: Fraction, end: Fraction | None, *, cuts: bool
    ) -> None:
        self._stream = stream
        self._codec = codec
        self._copied = CopiedTrack(stream, origin, end, cuts=cuts, may_precede=False)
        self._track: Stream | None = None

    def add_to(self, container: OutputContainer) -> None:
        """See `TrackWriter`."""
        decoder = self._stream.codec_context
        decoder.open(strict=False)
        track = container.add_stream(self._codec)
        encoder = track.codec_context
        if not isinstance(encoder, SubtitleCodecContext):
            raise OutputError(f"{self._codec} is no codec of subtitles; install the av wheel with it")
        encoder.subtitle_header = decoder.subtitle_header
        encoder.time_base = self._stream.time_base or Fraction(1, 1000)
        describe_like(track, self._stream)
        self._track = track

    def packets(self, packet: AnyPacket) -> Iterator[AnyPacket]:
        """See `TrackWriter`."""
        track = self._track
        if packet.dts is None or track is None:
            return
        encoder = track.codec_context
        try:
            subtitle = self._stream.codec_context.decode2(packet)
        except InvalidDataError:
            return
        if subtitle is None or not isinstance(encoder, SubtitleCodecContext):
            return
        made = encoder.encode_subtitle(subtitle)
        made.time_base = packet.time_base
        made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
        for shifted in self._copied.shifted(made):
            shifted.stream = track
            yield shifted

    def rest(self) -> Iterator[AnyPacket]:
        """See `TrackWriter`."""
        return iter(())
