# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers that render the chunks of a clip and share a cache, as events: what a farm takes that nobody has here.

A worker takes the next chunk, starts a process, and goes through the chunk's frames and those in reach on either side
one after the other: it takes a frame's analysis from the cache, waits for who computes it, or computes it, and renders
the frame that by then has all that is in its reach. Frames of its own are read and decoded, others only to be analysed.
Who begins first also reads the frames that people's forms are learned from, once in the job. All that is read from the
share and written to it goes through one line of a fixed bandwidth, in the order in which it is asked for. A worker does
one thing at a time and has a core of its own.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Costs:
    """What things cost: seconds of one core, and bytes over the share."""

    start_seconds: float
    """Of a process until its first frame, models too."""
    decode_seconds: float
    """Of each frame that a worker decodes."""
    analysis_seconds: float
    """Of each frame, once in the whole job."""
    render_seconds: float
    """Of each frame beside these: swap, fusion, Blender's own."""
    reach_frames: int
    """How far beyond a frame on either side analyses are needed."""
    form_frames: int = 0
    """Decoded once more in the whole job."""
    read_bytes: int = 0
    """Of the clip, for each frame that is decoded."""
    analysis_bytes: int = 0
    """Written by who computes an analysis, read by others who need it."""
    write_bytes: int = 0
    """Of each frame that is rendered: results, layers, the frame."""


@dataclass(frozen=True)
class Farm:
    """Machines and how a clip is shared out."""

    worker_count: int
    frame_count: int
    chunk_frames: int
    bandwidth: float = math.inf
    """Of the share, in bytes a second, for all workers together."""


@dataclass(frozen=True)
class Outcome:
    """What a job took."""

    seconds: float
    cpu_seconds: float
    frames_rendered: int
    frames_decoded: int
    analyses: int
    starts: int
    share_bytes: int
    share_busy_seconds: float
    wait_seconds: float
    """What workers waited for each other's analyses, together."""

    @property
    def cores_of_work(self) -> float:
        """How many cores were at work in the mean."""
        return self.cpu_seconds / self.seconds if self.seconds else 0.0


class Simulation:
    """One job on one farm. Run it once."""

    def __init__(self, costs: Costs, farm: Farm) -> None:
        """Nothing has begun. ValueError for a farm without workers or frames."""
        if min(farm.worker_count, farm.frame_count, farm.chunk_frames) < 1 or farm.bandwidth <= 0:
            raise ValueError("a farm has workers, frames, chunks and bandwidth")
        self._costs, self._farm = costs, farm
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._event_count = 0
        self._next_chunk = 0
        self._analysed = bytearray(farm.frame_count)  # 0: not begun, 1: somebody is at it, 2: there
        self._waiters: dict[int, list[tuple[float, Callable[[float], None]]]] = {}
        self._share_free_at = 0.0
        self._cpu_seconds = self._wait_seconds = self._share_busy_seconds = self._end = 0.0
        self._rendered = self._decoded = self._analyses = self._starts = self._share_bytes = 0

    def run(self) -> Outcome:
        """Run the job to its end."""
        for _ in range(self._farm.worker_count):
            self._take_chunk(0.0)
        while self._events:
            moment, _, act = heapq.heappop(self._events)
            self._end = max(self._end, moment)
            act(moment)
        return Outcome(
            self._end,
            self._cpu_seconds,
            self._rendered,
            self._decoded,
            self._analyses,
            self._starts,
            self._share_bytes,
            self._share_busy_seconds,
            self._wait_seconds,
        )

    def _take_chunk(self, now: float) -> None:
        first = self._next_chunk * self._farm.chunk_frames
        if first >= self._farm.frame_count:
            return
        self._next_chunk += 1
        self._starts += 1
        last = min(first + self._farm.chunk_frames, self._farm.frame_count) - 1
        reach = self._costs.reach_frames
        begin, end = max(first - reach, 0), min(last + reach, self._farm.frame_count - 1)
        once = self._costs.form_frames if first == 0 else 0
        self._decoded += once
        seconds = self._costs.start_seconds + once * self._costs.decode_seconds
        size = once * self._costs.read_bytes

        def begin_chunk(then: float) -> None:
            self._transfer(then, size, lambda later: self._read(later, begin, first, last, end))

        self._work(now, seconds, begin_chunk)

    def _read(self, now: float, frame: int, first: int, last: int, end: int) -> None:
        """Read a frame of the clip, or go on to the next chunk."""
        if frame > end:
            self._take_chunk(now)
        elif first <= frame <= last or not self._analysed[frame]:
            self._decoded += 1
            decode = self._costs.decode_seconds
            self._transfer(
                now, self._costs.read_bytes, lambda then: self._analyse(then, decode, frame, first, last, end)
            )
        else:
            self._analyse(now, 0.0, frame, first, last, end)

    def _analyse(
        self, now: float, decode_seconds: float, frame: int, first: int, last: int, end: int
    ) -> None:
        """Decode a frame where that takes any time, and come by its analysis."""
        costs = self._costs

        def go_on(then: float) -> None:
            self._render(then, frame, first, last, end)

        def fetch(then: float) -> None:
            self._transfer(then, costs.analysis_bytes, go_on)

        state = self._analysed[frame]
        if state == 0:
            self._analysed[frame] = 1
            self._analyses += 1

            def finish(then: float) -> None:
                self._analysed[frame] = 2
                for since, resume in self._waiters.pop(frame, ()):
                    self._wait_seconds += max(then - since, 0.0)
                    self._at(max(then, since), resume)
                go_on(then)

            def write(then: float) -> None:
                self._transfer(then, costs.analysis_bytes, finish)

            self._work(now, decode_seconds + costs.analysis_seconds, write)
        elif state == 1:
            self._cpu_seconds += decode_seconds
            self._waiters.setdefault(frame, []).append((now + decode_seconds, fetch))
        else:
            self._work(now, decode_seconds, fetch)

    def _render(self, now: float, frame: int, first: int, last: int, end: int) -> None:
        """Render each frame that has all in its reach by now, then read the next."""
        reach = self._costs.reach_frames
        # At the end of the clip nothing more comes: the last frames need no more.
        upto = frame - reach if frame < end else last
        ready_count = max(min(upto, last) - max(frame - reach, first) + 1, 0)

        def go_on(then: float) -> None:
            self._read(then, frame + 1, first, last, end)

        if not ready_count:
            go_on(now)
            return
        self._rendered += ready_count
        size = ready_count * self._costs.write_bytes
        self._work(
            now, ready_count * self._costs.render_seconds, lambda then: self._transfer(then, size, go_on)
        )

    def _work(self, now: float, seconds: float, act: Callable[[float], None]) -> None:
        self._cpu_seconds += seconds
        self._at(now + seconds, act)

    def _transfer(self, now: float, size: int, act: Callable[[float], None]) -> None:
        """Move bytes over the share, after all that was asked for before."""
        seconds = size / self._farm.bandwidth
        self._share_bytes += size
        self._share_busy_seconds += seconds
        if seconds:
            self._share_free_at = max(self._share_free_at, now) + seconds
            self._at(self._share_free_at, act)
        else:
            self._at(now, act)

    def _at(self, moment: float, act: Callable[[float], None]) -> None:
        self._event_count += 1
        heapq.heappush(self._events, (moment, self._event_count, act))


def simulate(costs: Costs, farm: Farm) -> Outcome:
    """Return what a job takes on a farm."""
    return Simulation(costs, farm).run()
