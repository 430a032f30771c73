# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy sheet` accepts."""

import argparse
from pathlib import Path
from typing import Any

from ..units import parse_count, parse_size
from .cache_arguments import argument_type
from .condition_arguments import add_conditions

DEFAULT_COLUMNS, DEFAULT_WEDGE_COLUMNS = 8, 3
DEFAULT_IMAGE_SIDE, DEFAULT_PAGE_SIDE = 320, 480
MIN_SIDE_PIXELS, MAX_SIDE_PIXELS = 64, 1024
_DESCRIPTION = """\
Swap several people, or several values of a setting, in the frames of a clip that tell most, and show them side by
side. A row is a take, the first one the original; a column is a frame. Results are kept in the cache: a clip that was
rendered or prepared is not analyzed again, and what the sheet makes need not be made again by a render.
"""
_EPILOG = """\
exit codes: as of render; 3 where the sheet is written, but some cells failed: they say why
"""


def add_sheet(commands: Any) -> None:
    """Add the `sheet` command to a parser's sub-commands."""
    sheet = commands.add_parser(
        "sheet",
        help="compare several faces, or values of a setting, in one image or page",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    sheet.add_argument("clip", type=Path, metavar="CLIP", help="as for render; images need no --fps")
    sheet.add_argument(
        "--take",
        action="append",
        default=[],
        metavar="FACE[,FACE...]",
        help="the images of one person, or a folder of them; face 2 of an image with several is FACE:2. Give a --take "
        "for each person",
    )
    sheet.add_argument(
        "--faces",
        action="append",
        default=[],
        type=Path,
        metavar="PATTERN",
        help="a quoted pattern such as 'cast/*': a file is a person, a folder a person with several images",
    )
    sheet.add_argument(
        "--output", required=True, type=Path, metavar="SHEET.html", help="a page (.html) or an image (.png)"
    )
    _add_choices(sheet)
    sheet.add_argument(
        "--replace", action="append", default=[], type=Path, metavar="IMAGE", help="as for render"
    )
    sheet.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as for render")
    sheet.add_argument("--colorspace", default="", metavar="NAME", help="as for render")
    sheet.add_argument(
        "--cache-dir",
        type=Path,
        metavar="DIR",
        help="where results are kept, such as that of a render (default: understudy_cache beside SHEET)",
    )
    sheet.add_argument("--no-cache", action="store_true", help="keep nothing but in memory")
    sheet.add_argument(
        "--cache-cap",
        type=argument_type(parse_size),
        metavar="SIZE",
        help="how large the cache folder may grow",
    )
    sheet.add_argument(
        "--json", type=Path, metavar="FILE.json", help="write the cells, what each cost, and the whole report"
    )
    add_conditions(sheet)
    sheet.add_argument("--quiet", action="store_true", help="show no progress and no summary")


def _add_choices(sheet: argparse.ArgumentParser) -> None:
    """Add what says which cells the sheet has."""
    sheet.add_argument(
        "--wedge",
        action="append",
        default=[],
        metavar="NAME=VALUE,VALUE...",
        help="compare values of a setting on one take: one --wedge makes a row of each frame, two a grid",
    )
    sheet.add_argument(
        "--frames",
        action="extend",
        type=argument_type(_parse_frames),
        metavar="N,N...",
        help="these frames, counted from 0; may be given more than once (default: those that tell most, by the "
        "analysis of the clip)",
    )
    sheet.add_argument(
        "--columns",
        type=argument_type(_parse_columns),
        metavar="N",
        help=f"how many frames are chosen (default: {DEFAULT_COLUMNS}; {DEFAULT_WEDGE_COLUMNS} with --wedge)",
    )
    sheet.add_argument(
        "--start",
        type=argument_type(parse_count),
        metavar="N",
        help="choose from this frame on, counted from 0",
    )
    sheet.add_argument(
        "--end", type=argument_type(parse_count), metavar="N", help="choose up to this frame, itself included"
    )
    sheet.add_argument(
        "--view",
        choices=("face", "frame"),
        default="face",
        help="show the replaced faces and what is around them (default), or whole frames",
    )
    sheet.add_argument(
        "--size",
        type=argument_type(_parse_side),
        metavar="PIXELS",
        help=f"the longer side of a cell (default: {DEFAULT_IMAGE_SIDE} in an image, {DEFAULT_PAGE_SIDE} on a page)",
    )


def _parse_frames(text: str) -> tuple[int, ...]:
    return tuple(parse_count(part.strip()) for part in text.split(","))


def _parse_columns(text: str) -> int:
    count = parse_count(text)
    if count < 1:
        raise ValueError("a sheet has one column at least")
    return count


def _parse_side(text: str) -> int:
    side = parse_count(text)
    if not MIN_SIDE_PIXELS <= side <= MAX_SIDE_PIXELS:
        raise ValueError(f"{text} is not from {MIN_SIDE_PIXELS} to {MAX_SIDE_PIXELS}")
    return side
