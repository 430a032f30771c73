# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C and being told to end: unwind once, cleanly."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_HANG_UP: signal.Signals | None = getattr(signal, "SIGHUP", None)  # not on Windows
FORCE_AFTER_SECONDS = 5.0


def stop_signals() -> list[signal.Signals]:
    """Return the signals that tell this program to end."""
    numbers = [*_SIGNALS]
    # A terminal that is closed sends SIGHUP; `nohup` has it ignored, and means it.
    if _HANG_UP is not None and signal.getsignal(_HANG_UP) is not signal.SIG_IGN:
        numbers.append(_HANG_UP)
    return numbers


class StopInterrupt(KeyboardInterrupt):
    """The program was asked to stop by a signal."""


class StopSignal:
    """Notes that SIGINT, SIGTERM or SIGHUP came. For the main thread only.

    Whoever sends another `force_after` seconds after the first, or later, ends the program as it stands.
    """

    def __init__(self, force_after: float = FORCE_AFTER_SECONDS) -> None:
        self.signal_number = 0
        """The number of the signal that came first; 0 while none came."""
        self._first_signal_time = 0.0
        self._force_after = force_after
        self._interrupting = False

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Listen to the signals while the block runs. They interrupt nothing: `check` tells of them.

        An exception out of nowhere is lost in a callback, makes other errors of a library that is loading, and
        leaves threads running where it meets the waiting for them.

        SIGINT counts even where the program was started with it ignored, as shells do for background jobs,
        since whoever sends it to us by name means it. If a signal came, more are ignored after the block: the
        program is ending.
        """
        before = {number: signal.signal(number, self._on_signal) for number in stop_signals()}
        try:
            yield
        finally:
            for number, handler in before.items():
                # None: something outside of Python, such as Blender, had its own, which nobody can put back.
                after = signal.SIG_DFL if handler is None else handler
                # Our own handler would be taken off while Python ends, and a signal then end it in another way.
                signal.signal(number, signal.SIG_IGN if self.signal_number else after)

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Raise Stopped in the block when a first signal comes: for what waits long and leaves nothing half done."""
        self.check()
        self._interrupting = True
        try:
            yield
        finally:
            self._interrupting = False

    def check(self) -> None:
        """Raise Stopped if a signal came."""
        if self.signal_number:
            raise StopInterrupt

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if not self.signal_number:
            self.signal_number, self._first_signal_time = number, time.monotonic()
            if self._interrupting:
                raise StopInterrupt
        elif time.monotonic() - self._first_signal_time >= self._force_after:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
