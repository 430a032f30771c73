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

from .cli_arguments import parser
from .cli_signals import Stopped, stopped_by_signals
from .errors import UnderstudyError

DONE, FAULT, USAGE, FRAMES_FAILED, BUG = 0, 1, 2, 3, 70


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command (default: the program's own arguments) and return its exit code. Main thread only."""
    try:
        with stopped_by_signals():
            return _run(parser().parse_args(argv))
    except SystemExit as stop:  # argparse: usage or --help
        return stop.code if isinstance(stop.code, int) else USAGE
    except UnderstudyError as fault:
        _say(" ".join(str(fault).split()))
        return FAULT
    except Stopped as stop:
        _say("stopped; what was computed is kept in the cache: run the same command again to go on")
        return 128 + stop.number
    except Exception as fault:  # noqa: BLE001 - the border: nobody is to see a traceback unasked
        _say(f"this is a bug: {type(fault).__name__} in {_where(fault)}; please report it with this line")
        if os.environ.get("UNDERSTUDY_DEBUG"):
            traceback.print_exception(fault)
        return BUG


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "render":
        from .cli_render import render

        return FRAMES_FAILED if render(arguments) else DONE
    if arguments.command == "cache":
        from .cli_cache import purge, stats

        (stats if arguments.action == "stats" else purge)(arguments.cache_dir)
        return DONE
    from .cli_doctor import doctor

    return DONE if doctor() else FAULT


def _where(fault: BaseException) -> str:
    """Return file:line of the innermost of our own frames. An exception's text could name people or files."""
    root = Path(__file__).resolve().parents[1]
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [frame for frame in frames if (root / "core") in Path(frame.filename).parents]
    frame = (ours or frames)[-1]
    place = Path(frame.filename)
    return f"{place.relative_to(root) if ours else place.name}:{frame.lineno}"


def _say(text: str) -> None:
    print(f"understudy: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
