# SPDX-License-Identifier: GPL-3.0-or-later
"""The program's start: a signal that comes while its modules are loaded ends it in one line, too."""

import os
import signal
from types import FrameType

from .signals import stop_signals


def start() -> int:
    """Run the program and return its exit code."""
    for number in stop_signals():
        signal.signal(number, _end)
    from ..system.address_space import keep_within_limit

    # Before the modules of the commands, which load NumPy: a thread that OpenBLAS could not give its memory asks for it
    # for ever, and the process does not end.
    keep_within_limit(os.environ)
    from .main import main

    return main()


def _end(number: int, _frame: FrameType | None) -> None:
    try:
        os.write(2, b"understudy: stopped\n")
    finally:  # standard error may be closed
        os._exit(128 + number)
