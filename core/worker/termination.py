# SPDX-License-Identifier: GPL-3.0-or-later
"""End a process in the middle of its files, but not in the middle of one."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

EXIT_TERMINATED = 128 + signal.SIGTERM


class _Termination(BaseException):
    """The process was told to end."""


@contextmanager
def clean_termination() -> Iterator[None]:
    """Have a block that writes files end cleanly at SIGTERM: what is not whole yet is removed, then the process ends.

    Python raises it between two of its steps, so a long computation ends first. For the main thread only. On Windows
    no signal comes from other processes: they end this one at once.
    """
    before = signal.signal(signal.SIGTERM, _raise_termination)
    try:
        yield
    except _Termination:
        os._exit(EXIT_TERMINATED)
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise_termination(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Termination
