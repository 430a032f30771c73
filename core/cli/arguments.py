# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line accepts."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from ..recipe import parameters
from ..recipe.parameter import Parameter
from ..reporting.quoting import quote
from ..units import parse_count
from .batch_arguments import add_batch
from .cache_arguments import ENVIRONMENT_HELP, add_cache, add_explain, argument_type
from .consent_arguments import add_consent
from .export_arguments import add_export
from .farm_arguments import add_farm
from .licences_arguments import add_licences
from .models_arguments import add_models
from .output import show
from .run_arguments import add_run
from .scan_arguments import add_scan
from .sheet_arguments import add_sheet
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
    people = render.add_mutually_exclusive_group(required=True)
    people.add_argument(
        "--face",
        action="append",
        default=[],
        type=Path,
        metavar="IMAGE",
        help="an image of the source person; give more of the same person with more --face",
    )
    people.add_argument(
        "--swaps",
        type=Path,
        metavar="FILE.toml",
        help="several people in one clip: tables [[swap]] with face, replace, set, start and end, and [[swap.range]] "
        "for settings of some frames; see docs/command_line.md",
    )
    render.add_argument(
        "--face-number",
        action="append",
        type=argument_type(parse_count),
        metavar="N",
        default=[],
        help="which face of an image with several, counted from the left from 1; the n-th --face-number is "
        "for the n-th --face, 0 where an image shows only one",
    )
    render.add_argument(
        "--replace",
        action="append",
        default=[],
        type=Path,
        metavar="IMAGE",
        help="an image of the person to replace, who is found in the clip by it; needs embed.recogniser",
    )
    render.add_argument(
        "--output",
        required=True,
        type=Path,
        metavar="OUT.mp4",
        help=".mp4, .mov, .mkv or .webm; or a pattern such as out_%%05d.png, .tif or .exr, for an image of each frame",
    )
    render.add_argument(
        "--colorspace",
        default="",
        metavar="NAME",
        help="what the numbers of OpenEXR images mean, by Blender's name, such as 'Linear Rec.709' or ACEScg: they are "
        "written as OpenEXR in that space, with all their highlights (default: they are read as an sRGB display shows "
        "them)",
    )
    render.add_argument(
        "--corrections",
        type=Path,
        metavar="FILE.json",
        help="ranges of frames that keep the original face, or whose points are held, such as "
        '{"ranges": [{"kind": "exclude", "first": 74, "last": 86, "fade": 4}]}; see docs/repair.md',
    )
    render.add_argument(
        "--roto",
        type=Path,
        metavar="FILE.json",
        help="masks drawn by hand that show the original face, or the new one, and move with the face; "
        "see docs/repair.md",
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
