# SPDX-License-Identifier: GPL-3.0-or-later
"""What Understudy prints. Names and messages may hold anything: a line is one line, and says only what it shows."""

import sys
import traceback

from ...core.reporting.quoting import quote


def print_message(text: str) -> None:
    """Print a line as ours."""
    print(f"Understudy: {quote(text)}", flush=True)


def print_error(text: str) -> None:
    """Print an error, with the word that programs which start Blender look for."""
    print_message(f"Error: {text}")


def print_traceback(error: BaseException) -> None:
    """Print where an error that nobody foresaw came from."""
    for part in traceback.format_exception(error):
        for line in part.rstrip("\n").split("\n"):
            print(f"Understudy | {quote(line)}", file=sys.stderr)


def print_warnings(texts: list[str]) -> None:
    """Print warnings, a line each."""
    for text in texts:
        print_message(f"Warning: {text}")
