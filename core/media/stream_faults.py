# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a movie's video stream, found while it is decoded: damaged images, and times that begin anew."""

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any

from av.packet import Packet
from av.video.frame import VideoFrame

from ..reporting.spans import frame_spans


class StreamFaults:
    """What was found so far. Times are in ticks of the stream."""

    def __init__(self) -> None:
        self.damaged_times: set[int] = set()
        """When those images begin that could not be decoded, or only in part.

        FFmpeg tells of few others that were predicted from these, and of none in some codecs: see SECURITY.md.
        """
        self.jump_time: int | None = None
        """The last time before the stream's times begin anew, as where files were joined byte by byte."""

    def texts(self, name: str, start_time: int, ticks_per_frame: float) -> tuple[str, ...]:
        """Say it in words, a line each, of a file with this name."""
        lines = []
        numbers = sorted({_frame_number(time, start_time, ticks_per_frame) for time in self.damaged_times})
        if numbers:
            spans = frame_spans(numbers)
            lines.append(
                f"{name} is damaged: {spans} what could be decoded, and others up to the next key frame may be wrong; "
                "copy or transcode it again"
            )
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

    The error that it raises for one comes later, with a packet of another. Where the file `has_times` of showing that
    says which was left out; else only that one was.
    """

    def __init__(self, faults: StreamFaults, first_time: int | None, *, has_times: bool) -> None:
        """What is wrong is added to `faults`. `first_time` is the stream's first; None where reading begins later."""
        self._faults = faults
        self._has_times = has_times
        self._times: set[int] = set()
        self._jumps = JumpDetector()
        self._last_time = 0
        self._has_begun, self._has_jumped = first_time is not None, False
        self._first_time = first_time

    def add(self, packet: "Packet[Any]") -> None:
        """Note that a packet goes to the decoder."""
        if not self._has_times or packet.is_discard or packet.pts is None or packet.dts is None:
            return
        if self._jumps.is_jump(packet):
            self._has_jumped = True
            if self._faults.jump_time is None:
                self._faults.jump_time = max((*self._times, self._last_time))
        if self._first_time is None or packet.pts >= self._first_time:
            self._times.add(packet.pts)

    def add_error(self, packet: "Packet[Any]") -> None:
        """Note that the decoder could make nothing of what it had when it got a packet."""
        if not self._has_times and packet.dts is not None:
            self._faults.damaged_times.add(packet.dts)

    def remove(self, image: VideoFrame) -> None:
        """Note that an image came out: those to be shown before it do not come any more."""
        time = image.pts if self._has_times else image.dts
        if time is None or self._has_jumped:
            return
        before = {waiting for waiting in self._times if waiting < time}
        self._times -= {*before, time}
        self._last_time = time
        if self._has_begun:  # what is shown before a key frame that was sought may need what lies before it
            self._faults.damaged_times |= before
        if image.is_corrupt:
            self._faults.damaged_times.add(time)
        self._has_begun = True


def packets_before_jump(packets: "Iterable[Packet[Any]]") -> "Iterator[Packet[Any]]":
    """Give packets of a video stream, in the order of the file, until its times begin anew."""
    jumps = JumpDetector()
    return takewhile(lambda packet: not jumps.is_jump(packet), packets)


def _frame_number(time: int, start_time: int, ticks_per_frame: float) -> int:
    return int((time - start_time) / ticks_per_frame + 0.5)
