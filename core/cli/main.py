# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, and the border where every error becomes one line and an exit code.

What a command needs is imported when it runs: so `--help` is quick, and Ctrl-C is met while libraries load.
"""

import argparse
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ..errors import FaceNumberError, UnderstudyError
from ..system.memory_errors import MEMORY_HINT, raise_memory_errors
from .arguments import parser
from .output import close_result, flush_lines, keep_standard_streams, print_diagnostic
from .signals import StopInterrupt, StopSignal

_PACKAGE = __name__.split(".")[0]
EXIT_OK, EXIT_FAILURE, EXIT_USAGE, EXIT_FRAMES_FAILED, EXIT_BUG = 0, 1, 2, 3, 70


def main(argv: Sequence[str] | None = None, *, online: bool = True, blender: str = "") -> int:
    """Run a command (default: the program's own arguments) and return its exit code. Main thread only.

    `online` is whether it may send anything over a network. `blender` is the program that this runs in, if it does.
    """
    keep_standard_streams()
    stop = StopSignal()
    arguments = argparse.Namespace(online=online, no_cache=False, own_blender=blender)
    with stop.listen():
        try:
            with _log(os.environ), raise_memory_errors():
                code = _run(argv, arguments, stop)
            flush_lines()
        except (StopInterrupt, Exception) as fault:  # noqa: BLE001 - the border: nobody is to see a traceback unasked
            return _report_error(fault, stop, keeps_results=not arguments.no_cache)
        return code


def _run(argv: Sequence[str] | None, arguments: argparse.Namespace, stop: StopSignal) -> int:
    try:
        parser().parse_args(argv, arguments)
    except SystemExit as end:  # argparse: usage or --help
        return end.code if isinstance(end.code, int) else EXIT_USAGE
    if arguments.command == "farm":
        from .farm import run as run_farm

        return run_farm(arguments, stop)
    render_frames = _frame_command(arguments.command)
    if render_frames is not None:
        return EXIT_FRAMES_FAILED if render_frames(arguments, stop) else EXIT_OK
    with stop.interrupting():
        return EXIT_OK if _run_other(arguments) else EXIT_FAILURE


def _frame_command(name: str) -> Callable[[argparse.Namespace, StopSignal], bool] | None:
    """Return the function of a command that works frame by frame, which tells whether any failed; None of another."""
    if name == "render":
        from .render import render

        return render
    if name == "turnover":
        from .turnover import turnover

        return turnover
    if name == "batch":
        from .batch import batch

        return batch
    if name == "sheet":
        from .sheet import sheet

        return sheet
    if name == "scan":
        from .scan import scan

        return scan
    return None


def _run_other(arguments: argparse.Namespace) -> bool:
    """Run a command that renders nothing; return whether all is well."""
    if arguments.command == "cache":
        from .cache import run

        return run(arguments)
    if arguments.command == "models":
        from .models import run as run_models

        return run_models(arguments)
    if arguments.command == "consent":
        from .consent import consent

        return consent(arguments)
    if arguments.command == "licences":
        from .licences import licences

        return licences(arguments)
    if arguments.command == "explain":
        from .explain import explain

        explain(arguments)
        return True
    if arguments.command == "verify":
        from .verify import verify

        return verify(arguments)
    from .doctor import doctor

    return doctor()


def _log(environment: Mapping[str, str]) -> AbstractContextManager[None]:
    if not environment.get("UNDERSTUDY_LOG", "").strip():
        return nullcontext()
    from .log import log_to_stderr

    return log_to_stderr(environment)


def _report_error(error: BaseException, stop: StopSignal, *, keeps_results: bool) -> int:
    """Say in one line why the command ended, and return its exit code."""
    if stop.signal_number:  # whatever a library made of being interrupted
        results = "; finished results are in the cache: run the same command again to continue"
        print_diagnostic(f"stopped{results if keeps_results else ''}")
        return 128 + stop.signal_number
    if isinstance(error, BrokenPipeError):  # who read our lines has gone, as `head` does
        close_result()
        return EXIT_FAILURE
    if isinstance(error, UnderstudyError):
        remedy = "; give the number with --face-number" if isinstance(error, FaceNumberError) else ""
        print_diagnostic(" ".join(str(error).split()) + remedy)
        return EXIT_FAILURE
    if isinstance(error, MemoryError):
        print_diagnostic(f"there is not enough memory{MEMORY_HINT}")
        return EXIT_FAILURE
    if isinstance(error, ImportError) and (error.name or _PACKAGE).split(".")[0] != _PACKAGE:
        print_diagnostic(f"the Python module {error.name} can't be loaded: install Understudy again")
        return EXIT_FAILURE
    print_diagnostic(
        f"this is a bug: {type(error).__name__} in {_source_location(error)}; please report it with this line"
    )
    if os.environ.get("UNDERSTUDY_DEBUG"):
        traceback.print_exception(error)
    return EXIT_BUG


def _source_location(error: BaseException) -> str:
    """Return file:line of the innermost of our own frames. An exception's text could name people or files."""
    root = Path(__file__).resolve().parents[2]
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if (root / "core") in Path(frame.filename).parents]
    frame = (ours or frames)[-1]
    place = Path(frame.filename)
    return f"{place.relative_to(root) if ours else place.name}:{frame.lineno}"
