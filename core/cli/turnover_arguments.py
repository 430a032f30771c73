# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy turnover` accepts."""

import argparse
from pathlib import Path
from typing import Any

from .people_arguments import add_people
from .run_arguments import add_run

_DESCRIPTION = """\
Write what a compositor needs to take the new faces of a clip apart: for each frame an OpenEXR file of 32-bit floats
with the layers rgba, swap, mask, occlusion, st, position, depth and id, and manifest.json, which says what they hold.
What a render or an earlier turnover has in the cache is not computed again. Files are marked as composites; those of
the same names are overwritten. See docs/colour.md.
"""
_EPILOG = """\
The settings of --set and what the environment says are those of `understudy render --help`. Exit codes are those of
render too: 3 says that some frames failed, whose files show nothing.
"""


def add_turnover(commands: Any) -> None:
    """Add the `turnover` command to a parser's sub-commands."""
    turnover = commands.add_parser(
        "turnover",
        help="write the new faces in layers for a compositor",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    turnover.add_argument("clip", type=Path, metavar="CLIP", help="as for render; images need no --fps")
    add_people(turnover)
    turnover.add_argument(
        "--output",
        required=True,
        type=Path,
        metavar="DIR",
        help="a folder for frame_00000.exr and so on, and manifest.json; it is made where it is not there",
    )
    add_run(turnover, "DIR")
