# SPDX-License-Identifier: GPL-3.0-or-later
"""The program's start: a signal that comes while its modules are loaded ends it in one line, too."""

import os
import signal
from types import FrameType


def start() -> int:
    """Run the program and return its exit code."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        # Who started us with `nohup` means it.
        if number is not None and (name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN):
            signal.signal(number, _end)
    from .main import main

    return main()


def _end(number: int, _frame: FrameType | None) -> None:
    try:
        os.write(2, b"understudy: stopped\n")
    finally:  # standard error may be closed
        os._exit(128 + number)
