# SPDX-License-Identifier: GPL-3.0-or-later
"""Which strips lie at which frames of which channel, found without looking at every strip."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

# Start, end and a number of its own, by which entries are sorted; the strip is never compared.
_Entry: TypeAlias = tuple[int, int, int, Any]


class ChannelIndex:
    """The strips beside each other: those of the timeline, or those of one meta strip.

    Good as long as no strip is added or removed. A strip that was moved has to be named by `update`.
    """

    def __init__(self, strips: Iterable[Any]) -> None:
        self._channels: dict[int, list[_Entry]] = {}
        self._longest: dict[int, int] = {}
        self._entries: dict[Any, tuple[int, _Entry]] = {}
        for number, strip in enumerate(strips):
            entry = strip.frame_final_start, strip.frame_final_end, number, strip
            self._channels.setdefault(strip.channel, []).append(entry)
            self._note(strip.channel, entry)
        for entries in self._channels.values():
            entries.sort(key=lambda entry: entry[:3])

    def overlapping(self, strip: Any, *others: Any) -> Iterator[Any]:
        """Yield the strips that lie at a frame of a strip's, the lowest first, but for itself and `others`."""
        start, end = strip.frame_final_start, strip.frame_final_end
        left_out = (strip, *others)
        for channel in sorted(self._channels):
            entries = self._channels[channel]
            first = bisect_left(entries, (start - self._longest[channel],))
            for entry in entries[first : bisect_left(entries, (end,))]:
                if entry[1] > start and entry[3] not in left_out:
                    yield entry[3]

    def update(self, strip: Any) -> None:
        """Note where a strip lies now."""
        channel, entry = self._entries[strip]
        now = strip.frame_final_start, strip.frame_final_end, entry[2], strip
        if (channel, entry[:2]) == (strip.channel, now[:2]):
            return
        entries = self._channels[channel]
        del entries[bisect_left(entries, entry[:3])]
        insort(self._channels.setdefault(strip.channel, []), now, key=lambda entry: entry[:3])
        self._note(strip.channel, now)

    def _note(self, channel: int, entry: _Entry) -> None:
        self._entries[entry[3]] = channel, entry
        self._longest[channel] = max(self._longest.get(channel, 0), entry[1] - entry[0])
