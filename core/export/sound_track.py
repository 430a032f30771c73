# SPDX-License-Identifier: GPL-3.0-or-later
"""A sound track that is encoded anew: cut to the sample, and in a codec that the movie's file can hold."""

from collections.abc import Iterator
from fractions import Fraction

from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import InvalidDataError
from av.filter import Graph
from av.packet import Packet
from av.stream import Stream

from ..errors import OutputError
from .track_copy import AnyPacket, describe_like

_BITS_PER_SECOND_A_CHANNEL = 128_000
_OPUS_RATE = 48_000
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


class EncodedSound:
    """See `TrackWriter`. `origin` is the time in the clip, in seconds, that becomes 0; sound before it is cut away."""

    def __init__(self, stream: AudioStream, codec: str, origin: Fraction, end: Fraction | None) -> None:
        self._stream = stream
        self._codec = codec
        self._origin = origin
        self._end = end
        self._graph: Graph | None = None
        self._samples = 0
        self._track: AudioStream | None = None

    def add_to(self, container: OutputContainer) -> None:
        """Add the movie's track. Raises what PyAV raises."""
        source = self._stream.codec_context
        rate = _OPUS_RATE if self._codec == "libopus" else source.sample_rate
        track = container.add_stream(self._codec, rate=rate)
        if not isinstance(track, AudioStream):
            raise OutputError(f"{self._codec} is no codec of sound; install the av wheel with it")
        encoder = track.codec_context
        channels = source.layout.nb_channels
        # Old files say how many channels there are, not where they belong.
        encoder.layout = _LAYOUTS.get(channels, "stereo") if _is_unnamed(source.layout) else source.layout
        encoder.bit_rate = _BITS_PER_SECOND_A_CHANNEL * channels
        encoder.time_base = Fraction(1, rate)
        describe_like(track, self._stream)
        self._track = track

    def packets(self, packet: AnyPacket) -> Iterator[AnyPacket]:
        """Return what the movie gets for a packet of the clip."""
        if packet.dts is None:
            return
        try:
            frames = self._stream.codec_context.decode(_sound(packet))
        except InvalidDataError:
            return  # what is damaged is silent: the gap is filled
        for frame in frames:
            graph = self._graph or self._open_graph(frame)
            graph.push(frame)
            yield from self._encoded()

    def rest(self) -> Iterator[AnyPacket]:
        """Return what remains after the last packet."""
        if self._graph is not None and self._track is not None:
            self._graph.push(None)
            yield from self._encoded()
            yield from self._track.encode(None)

    def _open_graph(self, frame: AudioFrame) -> Graph:
        """Cut the sound to the movie's time, fill its gaps and give it the encoder's form."""
        if self._track is None:
            raise OutputError("the sound has no track to go to")
        encoder = self._track.codec_context
        self._track.codec_context.open(strict=False)
        cut = f"start={float(self._origin):.6f}"
        if self._end is not None:
            cut += f":end={float(self._end):.6f}"
        graph = Graph()
        steps = [
            graph.add_abuffer(
                sample_rate=frame.sample_rate,
                format=frame.format.name,
                layout=encoder.layout.name if _is_unnamed(frame.layout) else frame.layout.name,
                time_base=self._stream.time_base,
            ),
            graph.add("atrim", cut),
            graph.add("asetpts", f"PTS-({float(self._origin):.6f})/TB"),
            graph.add("aresample", f"{encoder.sample_rate}:async=1:first_pts=0"),
            graph.add("aformat", f"sample_fmts={encoder.format.name}:channel_layouts={encoder.layout.name}"),
            graph.add("abuffersink"),
        ]
        graph.link_nodes(*steps).configure()
        if encoder.frame_size:
            graph.set_audio_frame_size(encoder.frame_size)
        self._graph = graph
        return graph

    def _encoded(self) -> Iterator[AnyPacket]:
        if self._graph is None or self._track is None:
            return
        while True:
            try:
                frame = self._graph.pull()
            except (BlockingIOError, EOFError):
                return
            if isinstance(frame, AudioFrame):
                yield from self._track.encode(frame)


def _is_unnamed(layout: AudioLayout) -> bool:
    return "channels" in layout.name


def _sound(packet: "Packet[Stream]") -> "Packet[AudioStream]":
    return packet  # type: ignore[return-value]
