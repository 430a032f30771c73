# SPDX-License-Identifier: GPL-3.0-or-later
"""The packets of a clip's tracks in the order of its file, without those that go back in time."""

from collections.abc import Collection, Iterator

from av.container import InputContainer

from .track_copy import AnyPacket


class TrackPackets:
    """An iterator over the packets of the tracks `indices`.

    Files that were joined byte by byte go back in time where they meet, which no movie can hold: what overlaps is left
    out, as it is of the images.
    """

    def __init__(self, container: InputContainer, indices: Collection[int]) -> None:
        self._last_times: dict[int, int] = {}
        self._overlapping: set[int] = set()
        self._overlap_counts: dict[tuple[int, str], int] = {}
        streams = [container.streams[index] for index in indices]
        # Without a choice a container gives the packets of all tracks.
        self._packets = container.demux(*streams) if streams else iter(())

    def __iter__(self) -> Iterator[AnyPacket]:
        return self

    def __next__(self) -> AnyPacket:
        packet = next(self._packets)
        while self._is_overlap(packet):
            packet = next(self._packets)
        return packet

    def faults(self, name: str) -> list[str]:
        """Say what was left out so far of a file of this name."""
        return [
            f"the {kind} of {name} goes back in time: {count} packets of track {index} that overlap others are left out"
            for (index, kind), count in self._overlap_counts.items()
        ]

    def _is_overlap(self, packet: AnyPacket) -> bool:
        index, time = packet.stream.index, packet.dts
        if packet.stream.type not in ("audio", "video") or time is None:
            return False
        last = self._last_times.get(index, time)
        # Some files give packets in a row the same time, where their ticks are coarse.
        if time < last or (time == last and index in self._overlapping):
            self._overlapping.add(index)
            key = index, packet.stream.type
            self._overlap_counts[key] = self._overlap_counts.get(key, 0) + 1
            return True
        self._overlapping.discard(index)
        self._last_times[index] = time
        return False
