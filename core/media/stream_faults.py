# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a movie's video stream, found while it is decoded: damaged images, and times that begin anew."""

from collections.abc import Iterable, Iterator
from typing import Any

from av.packet import Packet
from av.video.frame import VideoFrame

from ..reporting.spans import frame_spans


class StreamFaults:
    """What was found so far. Times are in ticks of the stream."""

    def __init__(self) -> None:
        self.damaged_times: set[int] = set()
        """When those images begin that could not be decoded, or only in part."""
        self.jump_time: int | None = None
        """The last time before the stream's times begin anew, as where files were joined byte by byte."""

    def texts(self, name: str, start_time: int, ticks_per_frame: float) -> tuple[str, ...]:
        """Say it in words, a line each, of a file with this name."""
        lines = []
        numbers = sorted({_frame_number(time, start_time, ticks_per_frame) for time in self.damaged_times})
        if numbers:
            spans = frame_spans(numbers)
            lines.append(f"{name} is damaged: {spans} what could be decoded; copy or transcode it again")
        if self.jump_time is not None:
            last = _frame_number(self.jump_time, start_time, ticks_per_frame)
            lines.append(
                f"{name} goes on after frame {last} with times that begin anew: images of times that have passed are "
                "not read; remux it, as with ffmpeg -i FILE -c copy FILE.mp4"
            )
        return tuple(lines)


class JumpDetector:
    """Notices where the times of a video stream begin anew, as where files were joined byte by byte.

    Decoding times alone may go back a little where a recording was cut into pieces: its images go on.
    """

    def __init__(self) -> None:
        self._last_decoding_time: int | None = None
        self._latest_time: int | None = None

    def is_jump(self, packet: "Packet[Any]") -> bool:
        """Tell whether the next packet of the file is shown before earlier ones and not since they were reordered."""
        if packet.pts is None or packet.dts is None:
            return False
        goes_back = self._last_decoding_time is not None and packet.dts < self._last_decoding_time
        is_past = self._latest_time is not None and packet.pts <= self._latest_time
        self._last_decoding_time = packet.dts
        self._latest_time = packet.pts if self._latest_time is None else max(self._latest_time, packet.pts)
        return goes_back and is_past


class WaitingImages:
    """Images whose packets went to the decoder. It puts them out in the order of showing, and leaves damaged ones out.

    The error that it raises for one comes later, with a packet of another.
    """

    def __init__(self, faults: StreamFaults) -> None:
        """What is wrong is added to `faults`."""
        self._faults = faults
        self._times: set[int] = set()
        self._jumps = JumpDetector()
        self._last_time = 0
        self._has_begun = self._has_jumped = False

    def add(self, packet: "Packet[Any]") -> None:
        """Note that a packet goes to the decoder."""
        if packet.pts is None or packet.dts is None:
            return
        if self._jumps.is_jump(packet):
            self._has_jumped = True
            if self._faults.jump_time is None:
                self._faults.jump_time = max((*self._times, self._last_time))
        self._times.add(packet.pts)

    def remove(self, image: VideoFrame) -> None:
        """Note that an image came out: those to be shown before it do not come any more."""
        if image.pts is None or self._has_jumped:
            return
        before = {time for time in self._times if time < image.pts}
        self._times -= {*before, image.pts}
        self._last_time = image.pts
        if self._has_begun:  # what is shown before a key frame that was sought may need what lies before it
            self._faults.damaged_times |= before
        if image.is_corrupt:
            self._faults.damaged_times.add(image.pts)
        self._has_begun = True


class PacketsBeforeJump:
    """An iterator over the packets of a video stream, in the order of the file, until its times begin anew."""

    def __init__(self, packets: "Iterable[Packet[Any]]") -> None:
        self._packets = iter(packets)
        self._jumps = JumpDetector()
        self.has_jumped = False

    def __iter__(self) -> "Iterator[Packet[Any]]":
        return self

    def __next__(self) -> "Packet[Any]":
        packet = next(self._packets)
        self.has_jumped = self.has_jumped or self._jumps.is_jump(packet)
        if self.has_jumped:
            raise StopIteration
        return packet


def _frame_number(time: int, start_time: int, ticks_per_frame: float) -> int:
    return int((time - start_time) / ticks_per_frame + 0.5)
