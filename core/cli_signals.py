# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C and being told to end: unwind once, cleanly."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """The program was asked to stop by a signal."""


class Stop:
    """Notes that SIGINT or SIGTERM came. For the main thread only."""

    def __init__(self) -> None:
        self.asked = 0
        """The number of the signal that came first; 0 while none came."""
        self._at_once = False

    @contextmanager
    def by_signals(self) -> Iterator[None]:
        """Listen to the signals while the block runs. They interrupt nothing: `check` tells of them.

        If one came, later ones are ignored for good: the program is ending, and another must not cut that short.

        An exception out of nowhere is lost in a callback, makes other errors of a library that is loading, and
        leaves threads running where it meets the waiting for them.

        SIGINT counts even where the program was started with it ignored, as shells do for background jobs,
        since whoever sends it to us by name means it.
        """
        before = {number: signal.signal(number, self._came) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                # None: something outside of Python, such as Blender, had its own, which nobody can put back.
                after = signal.SIG_DFL if handler is None else handler
                signal.signal(number, signal.SIG_IGN if self.asked else after)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Raise Stopped in the block when a signal comes: for what may wait long and leaves nothing half done."""
        self.check()
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def check(self) -> None:
        """Raise Stopped if a signal came."""
        if self.asked:
            raise Stopped

    def _came(self, number: int, _frame: FrameType | None) -> None:
        self.asked = self.asked or number
        if self._at_once:
            raise Stopped
