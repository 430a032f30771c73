# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of a render and a turnover that say who replaces whom, and how the clip is read."""

import argparse
from pathlib import Path

from ..units import parse_count
from .argument_actions import OnlyOnce
from .cache_arguments import argument_type


def add_people(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the people, the clip's colour space and corrections."""
    people = parser.add_mutually_exclusive_group(required=True)
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
        action=OnlyOnce,
        type=Path,
        metavar="FILE.toml",
        help="several people in one clip: tables [[swap]] with face, replace, set, start and end, and [[swap.range]] "
        "for settings of some frames; see docs/command_line.md",
    )
    parser.add_argument(
        "--face-number",
        action="append",
        type=argument_type(parse_count),
        metavar="N",
        default=[],
        help="which face of an image with several, counted from the left from 1; the n-th --face-number is "
        "for the n-th --face, 0 where an image shows only one",
    )
    parser.add_argument(
        "--replace",
        action="append",
        default=[],
        type=Path,
        metavar="IMAGE",
        help="an image of the person to replace, who is found in the clip by it; needs embed.recogniser",
    )
    parser.add_argument(
        "--colorspace",
        default="",
        metavar="NAME",
        help="what the numbers of a clip mean, by Blender's name: of OpenEXR images 'Linear "
        "Rec.709' or ACEScg, of movies and other images such as 'AgX Log', 'S-Log3 S-Gamut3.Cine' or Rec.2100-HLG; "
        "they are written in that space, with all their highlights (default: movies say whether they are PQ, HLG or "
        "log, all others are read as an sRGB display shows them)",
    )
    parser.add_argument(
        "--corrections",
        action=OnlyOnce,
        type=Path,
        metavar="FILE.json",
        help="ranges of frames that keep the original face, or whose points are held, such as "
        '{"ranges": [{"kind": "exclude", "first": 74, "last": 86, "fade": 4}]}; see docs/repair.md',
    )
    parser.add_argument(
        "--roto",
        action=OnlyOnce,
        type=Path,
        metavar="FILE.json",
        help="masks drawn by hand that show the original face, or the new one, and move with the face; "
        "see docs/repair.md",
    )
