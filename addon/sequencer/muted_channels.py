# SPDX-License-Identifier: GPL-3.0-or-later
"""Which channels of a scene are muted, read once for all its strips."""

from operator import attrgetter
from typing import Any

_MUTE = attrgetter("mute")


class MutedChannels:
    """The muted channels of a scene and of its meta strips, as they are when they are first asked for."""

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._numbers: dict[Any, frozenset[int]] = {}

    def is_muted(self, number: int, meta: Any | None) -> bool:
        """Tell whether a channel of a meta strip is muted, or one of the timeline."""
        if meta not in self._numbers:
            channels = (self._scene.sequence_editor if meta is None else meta).channels
            self._numbers[meta] = frozenset(place for place, mute in enumerate(map(_MUTE, channels)) if mute)
        return number in self._numbers[meta]
