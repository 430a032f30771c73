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
    """Raises Stopped when SIGINT or SIGTERM comes. For the main thread only."""

    def __init__(self) -> None:
        self.asked = 0
        """The number of the signal that came first; 0 while none came."""
        self._quiet = False

    @contextmanager
    def by_signals(self) -> Iterator[None]:
        """Listen to the signals while the block runs.

        SIGINT counts even where the program was started with it ignored, as shells do for background jobs,
        since whoever sends it to us by name means it.
        """
        before = {number: signal.signal(number, self._came) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                # None: something outside of Python, such as Blender, had its own, which nobody can put back.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """Stop at the block's end only: a library that is interrupted while it loads makes other errors of it."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False
        self.check()

    @contextmanager
    def once(self) -> Iterator[None]:
        """When the block is stopped, heed no further signal: a second Ctrl-C would leave a half file behind."""
        try:
            yield
        except Stopped:
            self._quiet = True
            raise

    def check(self) -> None:
        """Raise Stopped if a signal came, even where a library swallowed it."""
        if self.asked:
            raise Stopped

    def _came(self, number: int, _frame: FrameType | None) -> None:
        self.asked = self.asked or number
        if not self._quiet:
            raise Stopped
