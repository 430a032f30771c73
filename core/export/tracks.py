# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracks of a clip beside its video, for the movie that is made of it."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from ..concurrency.closing import Closeable
from ..errors import ClipError
from ..media.movie_stream import READ_ERRORS, open_media


class SourceTracks(Closeable):
    """The audio packets of a clip, with times counted from the clip's start."""

    def __init__(self, path: Path) -> None:
        try:
            self._container = open_media(path)
        except READ_ERRORS as fault:
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
