# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy scan` accepts."""

from pathlib import Path
from typing import Any

from ..units import parse_count, parse_size
from .argument_actions import OnlyOnce
from .cache_arguments import argument_type

_DESCRIPTION = """\
Find the frames whose new faces are likely to look wrong: faces that are missed or jump, heads that are turned too far,
faces that are not like the rest of the shot and, with --face, jumps of the new face. It is told by what a render keeps:
a clip that was rendered or prepared is neither decoded nor analyzed again.
"""


def add_scan(commands: Any) -> None:
    """Add the `scan` command to a parser's sub-commands."""
    scan = commands.add_parser(
        "scan",
        help="find the frames that are likely to look wrong",
        description=_DESCRIPTION,
        allow_abbrev=False,
    )
    scan.add_argument("clip", type=Path, metavar="CLIP", help="as for render; images need no --fps")
    scan.add_argument(
        "--face",
        action="append",
        default=[],
        type=Path,
        metavar="IMAGE",
        help="as for render; it may be left out: it lets a scan see where the new face jumps",
    )
    scan.add_argument(
        "--face-number", action="append", type=argument_type(parse_count), metavar="N", default=[],
        help="as for render",
    )  # fmt: skip
    scan.add_argument(
        "--replace", action="append", default=[], type=Path, metavar="IMAGE", help="as for render"
    )
    scan.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as for render")
    scan.add_argument(
        "--start", type=argument_type(parse_count), metavar="N", help="first frame, counted from 0"
    )
    scan.add_argument(
        "--end", type=argument_type(parse_count), metavar="N", help="last frame, itself included"
    )
    scan.add_argument(
        "--colorspace",
        default="",
        metavar="NAME",
        help="as for render: what it kept is scanned where both read the clip alike",
    )
    scan.add_argument(
        "--corrections",
        action=OnlyOnce,
        type=Path,
        metavar="FILE.json",
        help="as for render: frames of its ranges are not flagged",
    )
    scan.add_argument(
        "--roto",
        action=OnlyOnce,
        type=Path,
        metavar="FILE.json",
        help="as for render: what is before a face that one of its masks is on is not flagged",
    )
    # A scan recasts nobody: it needs no consent and no license.
    scan.set_defaults(require_commercial=False, require_consent=False, consent_file=None)
    shown = scan.add_mutually_exclusive_group()
    shown.add_argument(
        "--json", action="store_true", help="print the flagged frames with their reasons as JSON"
    )
    shown.add_argument(
        "--html", type=Path, metavar="PAGE.html", help="write a page with a table and a plot of each measure"
    )
    scan.add_argument(
        "--cache-dir",
        type=Path,
        metavar="DIR",
        help="where results are kept, such as that of a render (default: understudy_cache beside CLIP)",
    )
    scan.add_argument("--no-cache", action="store_true", help="keep nothing but in memory")
    scan.add_argument(
        "--cache-cap",
        type=argument_type(parse_size),
        metavar="SIZE",
        help="how large the cache folder may grow",
    )
    scan.add_argument("--quiet", action="store_true", help="show no progress")
