# SPDX-License-Identifier: GPL-3.0-or-later
"""When a pack was last used is its file's time: noted rarely, and in order even where a clock was set back."""

import time
from collections.abc import Callable
from contextlib import suppress

from ...filesystem import Location
from .index import Pack

TOUCH_INTERVAL_SECONDS = 60.0
_TICK_NS = 1_000_000


class AccessTimes:
    """Notes the use of the packs of one folder."""

    def __init__(self, pack_folder: Location, clock: Callable[[], float]) -> None:
        self._pack_folder = pack_folder
        self._clock = clock
        self._newest_ns = 0

    def observe(self, last_used_ns: int) -> None:
        """Take notice of a use, anybody's, by the file's time: later uses will have later times."""
        self._newest_ns = max(self._newest_ns, last_used_ns)

    def record_use(self, pack: Pack) -> None:
        """Note on the disk that a pack is in use, once a minute at most."""
        now = self._clock()
        if now < pack.next_touch_at:
            return
        pack.next_touch_at = now + TOUCH_INTERVAL_SECONDS
        self._newest_ns = max(time.time_ns(), self._newest_ns + _TICK_NS)
        # Removed, or only readable: then nothing is evicted from here either.
        with suppress(OSError), self._pack_folder.open() as folder:
            try:
                folder.set_times(pack.name, self._newest_ns)
            except PermissionError:
                folder.set_times(pack.name)  # a group may do so much
