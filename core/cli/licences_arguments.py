# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy licences` accepts."""

import argparse
from pathlib import Path
from typing import Any

from .argument_actions import OnlyOnce

_DESCRIPTION = """\
List every model that a project or a recipe runs, the embedded ones too, with its licence, and say whether all of
them together allow commercial use: the strictest of the chain counts. A swapper whose own licence allows any use may
run only behind others that do not. A license is that of the file: what a model was trained on may have terms of its
own, which no file states. This is a report, no legal advice.
"""


def add_licences(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the sub-command to the parser's."""
    licences = commands.add_parser(
        "licences",
        help="list the licenses of all models that a project or a recipe runs",
        description=_DESCRIPTION,
        allow_abbrev=False,
    )
    what = licences.add_mutually_exclusive_group()
    what.add_argument(
        "project", nargs="?", type=Path, metavar="PROJECT.blend", help="all Face Swap modifiers of a project"
    )
    what.add_argument(
        "--swaps", action=OnlyOnce, type=Path, metavar="FILE.toml", help="the swaps of a file, as for render"
    )
    licences.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="settings, as for render"
    )
    licences.add_argument(
        "--blender",
        metavar="PROGRAM",
        help="the Blender that reads the project, with Understudy installed (default: UNDERSTUDY_BLENDER, or"
        " blender)",
    )
    licences.add_argument(
        "--require-commercial",
        action="store_true",
        help="exit with 1 where a model is not surely licensed for commercial use",
    )
    licences.add_argument("--json", action="store_true", help="write values instead of a table")
