# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line accepts."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from ..recipe import parameters
from ..recipe.parameter import Parameter
from ..reporting.quoting import quote
from .batch_arguments import add_batch
from .cache_arguments import ENVIRONMENT_HELP, add_cache, add_explain
from .consent_arguments import add_consent
from .export_arguments import add_export
from .farm_arguments import add_farm
from .licences_arguments import add_licences
from .models_arguments import add_models
from .output import show
from .people_arguments import add_people
from .run_arguments import add_run
from .scan_arguments import add_scan
from .sheet_arguments import add_sheet
from .turnover_arguments import add_turnover
from .verify_arguments import add_verify

_EXIT_CODES = """\
exit codes:
  0    every frame was rendered (one without a face shows the original)
  3    the movie is complete, but some frames failed and show the original; warnings name them
  1    an error that you can fix: one line says what
  2    the command line is not valid
  70   a bug in Understudy; UNDERSTUDY_DEBUG=1 shows where
  130  stopped by Ctrl-C (143: by SIGTERM, 129: as its terminal closed); no result is lost, no unfinished movie is left
"""
_RENDER_DESCRIPTION = """\
Replace a face in a clip. The movie keeps what the clip has: its depth, colour tags, pixel shape and field
order, its sound and subtitles as they are, its chapters and tags. What a file of OUTPUT's kind can't hold is
said before the first frame. The movie is marked as a composite in its metadata, and OUTPUT.understudy.json
beside it says what was done. It takes OUTPUT's place only when it is complete; a movie of that name is
overwritten then.
"""


class _PrintVersion(argparse.Action):
    """Print the version and exit; only then is it looked up, since that loads a parser and reads a file."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from ..system.version import version

        show(f"Understudy {version()}")
        parser.exit(0)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error does."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse a command line, and say of files too many that a shell expands patterns without quotes."""
        namespace, others = self.parse_known_args(args, namespace)
        if others:
            takes_patterns = hasattr(namespace, "faces") and not any(word.startswith("-") for word in others)
            remedy = ": put patterns in quotes, such as 'cast/*'" if takes_patterns else ""
            self.error(f"unrecognized arguments: {' '.join(others)}{remedy}")
        return namespace

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"understudy: {quote(message)}: see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; `command` in its result is the sub-command."""
    top = _Parser(prog="understudy", description="Replace a face in a video clip.", allow_abbrev=False)
    top.set_defaults(online=True)
    top.add_argument("--version", action=_PrintVersion, nargs=0, help="show the version and exit")
    commands = top.add_subparsers(dest="command", required=True, metavar="command")
    _add_render(commands)
    add_batch(commands)
    add_turnover(commands)
    add_sheet(commands)
    add_scan(commands)
    add_cache(commands)
    add_explain(commands)
    add_models(commands)
    add_licences(commands)
    add_consent(commands)
    add_farm(commands)
    add_verify(commands)
    commands.add_parser("doctor", help="check that everything needed is here", allow_abbrev=False)
    return top


def _add_render(commands: "argparse._SubParsersAction[_Parser]") -> None:
    render = commands.add_parser(
        "render",
        help="render a clip with a face replaced",
        description=_RENDER_DESCRIPTION,
        epilog="\n".join([_EXIT_CODES, ENVIRONMENT_HELP, "settings and their defaults:", *_setting_lines()]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    render.add_argument(
        "clip",
        type=Path,
        metavar="CLIP",
        help="a movie; or, with --fps, an image, a folder of images or a quoted pattern such as 'shot_*.png'",
    )
    add_people(render)
    render.add_argument(
        "--output",
        required=True,
        type=Path,
        metavar="OUT.mp4",
        help=".mp4, .mov, .mkv or .webm; or a pattern such as out_%%05d.png, .tif or .exr, for an image of each frame",
    )
    add_export(render)
    add_run(render, "OUTPUT")


def _setting_lines() -> Iterator[str]:
    for parameter in parameters():
        yield f"  {f'{parameter.path}={parameter.initial!s}':<27} {parameter.text} {_allowed_values(parameter)}"


def _allowed_values(parameter: Parameter) -> str:
    if parameter.choices:
        return f"({', '.join(choice[0] for choice in parameter.choices)})"
    if parameter.kind is str:
        return "(a name)"
    if parameter.kind is bool:
        return "(true or false)"
    return f"({parameter.low:g} to {parameter.high:g}{parameter.unit and ' ' + parameter.unit})"
