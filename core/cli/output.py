# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines on the terminal: what a command says, with the text of files and other machines made safe to show.

A command's result that can't be written is a failure. What it says about its work beside that may go unread.
"""

import json
import os
import sys
from contextlib import suppress

from ..errors import OutputError, os_error_reason
from ..reporting.quoting import quote


def show(text: str) -> None:
    """Print one line of a command's result; what would break it or steer a terminal is written out."""
    _print_result(quote(text), "\n")


def show_json(values: object) -> None:
    """Print a command's result for programs."""
    _print_result(json.dumps(values, indent=2), "\n")


def show_transfer(text: str, *, done: bool) -> None:
    """Print how far a transfer is over the line that said so before."""
    _print_aside(f"\r{quote(text)}", "\n" if done else "")


def flush_lines() -> None:
    """Write what still waits to be written: a reader that has gone is met here, not as Python ends."""
    _print_result("", "", flush=True)


def print_diagnostic(text: str) -> None:
    """Print one line of what a command has to say about its work."""
    _print_aside(quote(f"understudy: {text}"), "\n")


def keep_standard_streams() -> None:
    """Open nothing in the place of a standard stream that is closed: libraries would write into a file of ours."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gate: a device, not a file


def close_result() -> None:
    """Let what still waits to be written go: else Python tries it again as it ends, and fails."""
    nowhere = os.open(os.devnull, os.O_WRONLY)  # gate: a device, not a file
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def is_terminal() -> bool:
    """Tell whether someone may watch what is printed beside the result; standard error may be closed."""
    return sys.stderr is not None and sys.stderr.isatty()


def _print_result(text: str, end: str, *, flush: bool = False) -> None:
    try:
        print(text, end=end, flush=flush)
    except BrokenPipeError:
        raise
    except OSError as error:
        close_result()
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't print the result: {reason}; check what standard output leads to") from error


def _print_aside(text: str, end: str) -> None:
    if sys.stderr is not None:  # else it would go among the result
        with suppress(OSError):
            print(text, end=end, file=sys.stderr, flush=True)
