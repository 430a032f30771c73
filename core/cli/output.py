# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines on the terminal: what a command says, with the text of files and other machines made safe to show."""

import json
import sys

from ..reporting.quoting import quote


def show(text: str) -> None:
    """Print one line of a command's result; what would break it or steer a terminal is written out."""
    print(quote(text))


def show_json(values: object) -> None:
    """Print a command's result for programs."""
    print(json.dumps(values, indent=2))


def show_transfer(text: str, *, done: bool) -> None:
    """Print how far a transfer is over the line that said so before."""
    print(f"\r{quote(text)}", end="\n" if done else "", file=sys.stderr, flush=True)


def flush_lines() -> None:
    """Write what still waits to be written: a reader that has gone is met here, not as Python ends."""
    print(end="", flush=True)


def print_diagnostic(text: str) -> None:
    """Print one line of what a command has to say about its work."""
    print(quote(f"understudy: {text}"), file=sys.stderr)
