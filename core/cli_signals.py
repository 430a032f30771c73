# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C and being told to end: unwind once, cleanly."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """The program was asked to stop by signal `number`."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise Stopped when SIGINT or SIGTERM comes. For the main thread only.

    SIGINT counts even where the program was started with it ignored, as shells do for background jobs, since
    whoever sends it to us by name means it.
    """
    before = {number: signal.signal(number, _stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def unwound_in_peace() -> Iterator[None]:
    """Once the block was stopped, ignore further signals: a second Ctrl-C would leave a half file behind."""
    try:
        yield
    except KeyboardInterrupt:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped(number)
