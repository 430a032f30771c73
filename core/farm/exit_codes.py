# SPDX-License-Identifier: GPL-3.0-or-later
"""How `understudy farm run-task` ends, for engines that decide by it whether a task is tried again, and where."""

import signal
from collections.abc import Iterator

DONE = 0
FAILURE = 1
"""Something that can be fixed and is none of the following: a line says what."""
FRAMES_FAILED = 3
"""Frames could not be made; another machine would make them no better."""
UNFIT_MACHINE = 4
"""This machine lacks what the task needs: Blender, Understudy, a model, an image, a clip, a place."""
TRY_AGAIN = 75
"""What the task needs did not answer, or Blender was ended from outside. The number is EX_TEMPFAIL of sysexits.h."""

_SIGNAL_BASE = 128
_FATAL_SIGNALS = (
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGKILL",
    "SIGSEGV",
    "SIGTERM",
)


def signal_of(return_code: int) -> int:
    """Return the signal that ended a process, as Python or a shell say it; 0 where it ended by itself."""
    if return_code < 0:
        return -return_code
    number = return_code - _SIGNAL_BASE
    return number if number in set(_fatal_signals()) else 0


def signal_exit_code(number: int) -> int:
    """Return how a program ends that a signal ended, as shells say it."""
    return _SIGNAL_BASE + number


def _fatal_signals() -> Iterator[int]:
    for name in _FATAL_SIGNALS:
        if hasattr(signal, name):
            yield int(getattr(signal, name))
