# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines on the terminal: what a command says, with the text of files and other machines made safe to show."""

import sys

from ..reporting.quoting import quote


def show(text: str) -> None:
    """Print one line of a command's result; what would break it or steer a terminal is written out."""
    print(quote(text))


def flush_lines() -> None:
    """Write what still waits to be written: a reader that has gone is met here, not as Python ends."""
    print(end="", flush=True)


def print_diagnostic(text: str) -> None:
    """Print one line of what a command has to say about its work."""
    print(quote(f"understudy: {text}"), file=sys.stderr)
