# SPDX-License-Identifier: GPL-3.0-or-later
"""Which strips lie at which frames of which channel, found without looking at every strip."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from operator import attrgetter, gt, itemgetter
from typing import Any, TypeAlias

# Start, end and a number of its own, by which entries are sorted; the strip is never compared.
_Entry: TypeAlias = tuple[int, int, int, Any]
_START, _END = itemgetter(0), itemgetter(1)
_PLACE = attrgetter("channel", "frame_final_start", "frame_final_end")


class ChannelIndex:
    """The strips beside each other: those of the timeline, or those of one meta strip.

    Good as long as no strip is removed. A strip that was moved has to be named by `update`, a new one by `add`.
    """

    def __init__(self, strips: Iterable[Any]) -> None:
        self._channels: dict[int, list[_Entry]] = {}
        self._longest: dict[int, int] = {}
        self._entries: dict[Any, tuple[int, _Entry]] = {}
        listed = list(strips)
        for number, (strip, (channel, start, end)) in enumerate(
            zip(listed, map(_PLACE, listed), strict=True)
        ):
            entry = start, end, number, strip
            if channel not in self._channels:
                self._channels[channel] = []
            self._channels[channel].append(entry)
            self._entries[strip] = channel, entry
        for channel, entries in self._channels.items():
            entries.sort()
            self._longest[channel] = max([entry[1] - entry[0] for entry in entries])
        self._crowded = {channel for channel, entries in self._channels.items() if _has_overlap(entries)}

    def is_right_above(self, lower: Any, upper: Any) -> bool:
        """Tell whether a strip covers all of another from one channel above; where strips overlap there it may not.

        It takes no look at other strips: as a rule those of a channel do not overlap.
        """
        if upper not in self._entries:
            return False  # it lies in another meta strip
        (channel, below), (own, above) = self._entries[lower], self._entries[upper]
        is_next = own == channel + 1 and own not in self._crowded
        return is_next and above[0] <= below[0] and below[1] <= above[1]

    def __iter__(self) -> Iterator[Any]:
        """Yield every strip."""
        return iter(self._entries)

    @property
    def end(self) -> int:
        """The first frame at which and after which no strip lies."""
        return max(entry[1] for _, entry in self._entries.values())

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

    def add(self, strip: Any) -> None:
        """Note a strip that was added."""
        self._insert(strip, len(self._entries))

    def update(self, strip: Any) -> None:
        """Note where a strip lies now."""
        channel, entry = self._entries[strip]
        if (channel, *entry[:2]) == _PLACE(strip):
            return
        entries = self._channels[channel]
        del entries[bisect_left(entries, entry)]
        self._insert(strip, entry[2])

    def _insert(self, strip: Any, number: int) -> None:
        channel, start, end = _PLACE(strip)
        now = start, end, number, strip
        entries = self._channels.setdefault(channel, [])
        place = bisect_left(entries, now)
        entries.insert(place, now)
        if _has_overlap(entries[max(place - 1, 0) : place + 2]):
            self._crowded.add(channel)
        self._entries[strip] = channel, now
        self._longest[channel] = max(self._longest.get(channel, 0), end - start)


def _has_overlap(entries: list[_Entry]) -> bool:
    """Tell whether of the strips of a channel, the first to begin first, any lie at a common frame."""
    ends, starts = map(_END, entries), map(_START, entries[1:])
    return any(map(gt, ends, starts))
