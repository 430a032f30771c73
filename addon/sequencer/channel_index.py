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
            start, end = strip.frame_final_start, strip.frame_final_end
            entry, channel = (start, end, number, strip), strip.channel
            self._channels.setdefault(channel, []).append(entry)
            self._entries[strip] = channel, entry
        for channel, entries in self._channels.items():
            entries.sort(key=lambda entry: entry[:3])
            self._longest[channel] = max(entry[1] - entry[0] for entry in entries)

    def __iter__(self) -> Iterator[Any]:
        """Yield every strip."""
        return iter(self._entries)

    def overlapping(self, strip: Any, *others: Any, channels: range | None = None) -> Iterator[Any]:
        """Yield the strips that lie at a frame of a strip's, the lowest first, but for itself and `others`.

        With `channels` only those on one of these.
        """
        start, end = strip.frame_final_start, strip.frame_final_end
        left_out = (strip, *others)
        for channel in sorted(self._channels) if channels is None else channels:
            if channel not in self._channels:
                continue
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
        self._entries[strip] = strip.channel, now
        self._longest[strip.channel] = max(self._longest.get(strip.channel, 0), now[1] - now[0])
