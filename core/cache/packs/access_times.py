# SPDX-License-Identifier: GPL-3.0-or-later
"""When a pack was last used is its file's time: noted rarely, and in order even where a clock was set back."""

import time
from collections.abc import Callable
from contextlib import suppress

from ...filesystem import Location
from .index import Pack

TOUCH_SECONDS = 60.0
_TICK_NS = 1_000_000


class Touches:
    """Notes the use of the packs of one folder."""

    def __init__(self, home: Location, clock: Callable[[], float]) -> None:
        self._home = home
        self._clock = clock
        self._newest_ns = 0

    def saw(self, used_ns: int) -> None:
        """Take notice of a use, anybody's, by the file's time: later uses will have later times."""
        self._newest_ns = max(self._newest_ns, used_ns)

    def note(self, pack: Pack) -> None:
        """Note on the disk that a pack is in use, once a minute at most."""
        now = self._clock()
        if now < pack.due:
            return
        pack.due = now + TOUCH_SECONDS
        self._newest_ns = max(time.time_ns(), self._newest_ns + _TICK_NS)
        # Removed, or only readable: then nothing is tidied from here either.
        with suppress(OSError), self._home.open() as folder:
            try:
                folder.set_times(pack.name, self._newest_ns)
            except PermissionError:
                folder.set_times(pack.name)  # a group may do so much
