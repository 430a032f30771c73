# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm that takes a machine back sends SIGTERM, at which Blender ends without a word: then we say so."""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import bpy

from ..blender.console import print_error


class TerminationNotice:
    """Says in a line that work is ended by SIGTERM, where nobody else takes the signal."""

    def __init__(self, describe: Callable[[], str], work: str = "the render") -> None:
        """`describe` says how far the work has come, `work` what it is."""
        self._describe = describe
        self._work = work
        self._is_set = False

    def set(self) -> None:
        """Print the line if the signal comes from now on. Blender is ended as before."""
        on_main_thread = threading.current_thread() is threading.main_thread()
        if bpy.app.background and on_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._end)
            self._is_set = True

    def clear(self) -> None:
        """Leave the signal to Blender again."""
        if self._is_set:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._is_set = False

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        # It may come in the middle of another line, or because whoever reads the lines is gone.
        with suppress(RuntimeError, OSError):
            print_error(f"{self._work} is ended by SIGTERM {self._describe()}")
        # Nothing is closed: the signal may have come in the middle of anything, and no result needs it.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
