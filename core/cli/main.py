# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, and the border where every error becomes one line and an exit code.

What a command needs is imported when it runs: so `--help` is quick, and Ctrl-C is met while libraries load.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from ..errors import UnderstudyError
from ..system.address_space import keep_within_limit, limit
from .arguments import parser
from .output import flush_lines, tell
from .signals import Stop, Stopped

DONE, FAULT, USAGE, FRAMES_FAILED, BUG = 0, 1, 2, 3, 70


def main(argv: Sequence[str] | None = None, *, online: bool = True) -> int:
    """Run a command (default: the program's own arguments) and return its exit code. Main thread only.

    `online` is whether it may send anything over a network.
    """
    stop = Stop()
    keep_within_limit(os.environ)
    with stop.by_signals():
        try:
            code = _run(argv, online, stop)
            flush_lines()
        except (Stopped, Exception) as fault:  # noqa: BLE001 - the border: nobody is to see a traceback unasked
            return _explained(fault, stop)
        return code


def _run(argv: Sequence[str] | None, online: bool, stop: Stop) -> int:  # noqa: FBT001 - as `main` is given it
    try:
        arguments = parser().parse_args(argv, argparse.Namespace(online=online))
    except SystemExit as end:  # argparse: usage or --help
        return end.code if isinstance(end.code, int) else USAGE
    if arguments.command == "render":
        from .render import render

        return FRAMES_FAILED if render(arguments, stop) else DONE
    if arguments.command == "cache":
        from .cache import run

        with stop.at_once():
            return DONE if run(arguments) else FAULT
    if arguments.command == "models":
        from .models import run as run_models

        with stop.at_once():
            return DONE if run_models(arguments) else FAULT
    if arguments.command == "explain":
        from .explain import explain

        with stop.at_once():
            explain(arguments)
        return DONE
    from .doctor import doctor

    with stop.at_once():
        return DONE if doctor() else FAULT


def _explained(fault: BaseException, stop: Stop) -> int:
    """Say in one line why the command ended, and return its exit code."""
    if stop.asked:  # whatever a library made of being interrupted
        tell("stopped; what was computed is kept in the cache: run the same command again to go on")
        return 128 + stop.asked
    if isinstance(fault, BrokenPipeError):  # who read our lines has gone, as `head` does
        # Else Python writes the rest as it ends, and fails.
        nowhere = os.open(os.devnull, os.O_WRONLY)  # gate: a device, not a file
        os.dup2(nowhere, sys.stdout.fileno())
        return FAULT
    if isinstance(fault, UnderstudyError):
        tell(" ".join(str(fault).split()))
        return FAULT
    # A library that can't be mapped is an ImportError.
    if isinstance(fault, MemoryError) or (isinstance(fault, ImportError) and limit() is not None):
        tell("there is not enough memory: close other programs, or raise the limit (ulimit -v)")
        return FAULT
    tell(f"this is a bug: {type(fault).__name__} in {_where(fault)}; please report it with this line")
    if os.environ.get("UNDERSTUDY_DEBUG"):
        traceback.print_exception(fault)
    return BUG


def _where(fault: BaseException) -> str:
    """Return file:line of the innermost of our own frames. An exception's text could name people or files."""
    root = Path(__file__).resolve().parents[2]
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [frame for frame in frames if (root / "core") in Path(frame.filename).parents]
    frame = (ours or frames)[-1]
    place = Path(frame.filename)
    return f"{place.relative_to(root) if ours else place.name}:{frame.lineno}"
