# SPDX-License-Identifier: GPL-3.0-or-later
"""What a render shows on the terminal while it goes on."""

import sys
from collections.abc import Sequence
from pathlib import Path

from ..concurrency.closing import Closeable
from .output import is_terminal, print_diagnostic
from .progress import ProgressDisplay
from .signals import StopSignal

_MAX_WARNINGS = 10


class RenderDisplay(Closeable):
    """Shows how far one movie is, see `RenderObserver`; leaves the terminal's line empty."""

    def __init__(self, stop: StopSignal, *, quiet: bool) -> None:
        self._stop = stop
        self._visible = is_terminal() and not quiet
        self._look: ProgressDisplay | None = None
        self._frames: ProgressDisplay | None = None

    def close(self) -> None:
        """Empty the line."""
        for display in (self._look, self._frames):
            if display is not None:
                display.close()

    def check_stop(self) -> None:
        """See `RenderObserver`."""
        self._stop.check()

    def on_warning(self, text: str) -> None:
        """See `RenderObserver`."""
        print_diagnostic(f"warning: {text}")

    def on_look(self, count: int, total: int) -> None:
        """See `RenderObserver`."""
        if self._look is None:
            self._look = ProgressDisplay(total, sys.stderr, self._visible)
        self._look.update(count)

    def on_frame(self, count: int, total: int) -> None:
        """See `RenderObserver`."""
        if self._frames is None:
            if self._look is not None:
                self._look.close()
            self._frames = ProgressDisplay(total, sys.stderr, self._visible)
        self._frames.update(count)


def print_warnings(warnings: Sequence[str], report: Path | None) -> None:
    """Print warnings, the first of many; `report` has all of them."""
    for warning in warnings[:_MAX_WARNINGS]:
        print_diagnostic(f"warning: {warning}")
    more = len(warnings) - _MAX_WARNINGS
    if more > 0:
        where = f"see {report}" if report else "--report lists them"
        print_diagnostic(f"warning: {more} more warnings: {where}")
