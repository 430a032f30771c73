# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments that one movie and a batch of them have in common."""

import argparse
from pathlib import Path

from ..units import parse_count, parse_size
from .cache_arguments import argument_type
from .condition_arguments import add_conditions


def add_run(parser: argparse.ArgumentParser, cache_place: str) -> None:
    """Add the arguments for the cache, the settings, the range and what is said; `cache_place` for the cache's help."""
    parser.add_argument(
        "--cache-dir",
        type=Path,
        metavar="DIR",
        help=f"where results are kept for the next render (default: understudy_cache beside {cache_place})",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="keep nothing but in memory, while the render lasts"
    )
    parser.add_argument(
        "--cache-cap",
        type=argument_type(parse_size),
        metavar="SIZE",
        help="how large the cache folder may grow, such as 20G; results that were unused longest are deleted first",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting; see below"
    )
    parser.add_argument(
        "--start", type=argument_type(parse_count), metavar="N", help="first frame, counted from 0"
    )
    parser.add_argument(
        "--end", type=argument_type(parse_count), metavar="N", help="last frame, itself included"
    )
    parser.add_argument("--fps", type=str, metavar="RATE", help="frame rate of images, as 25 or 30000/1001")
    parser.add_argument(
        "--consent", default="", metavar="TEXT", help="by what right the likeness is used; kept beside OUTPUT"
    )
    add_conditions(parser)
    parser.add_argument(
        "--report", type=Path, metavar="FILE.json", help="write what was computed, and what was not"
    )
    parser.add_argument(
        "--require-marks",
        action="store_true",
        help="make nothing that can't be marked as a composite; see docs/trust.md",
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress and no summary")
