# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy farm run-task` accepts."""

import argparse
import re
from pathlib import Path
from typing import Any

from ..farm.variables import VARIABLE_NAME
from ..farm.writers import ENGINES
from .argument_actions import OnlyOnce
from .cache_arguments import argument_type

NO_ENGINE = "none"
_FRAMES = re.compile(r"(-?\d{1,9})(?:-(-?\d{1,9}))?\Z")
_DESCRIPTION = """\
Render a range of a project's frames, or prepare it, with one start of Blender. Jobs of every engine call it, so
that a machine that can't replace the faces ends with an error in place of the original faces.
"""
_EXIT_CODES = """\
exit codes:
  0    every frame is done
  3    frames failed; another machine would do no better
  4    this machine is unfit: Blender, Understudy or the right version of it, a model, an image, a clip or a place
       is missing
  75   try again: a share or the Redis server does not answer, or Blender was ended from outside
  1    another error that you can fix: one line says what
  2    the command line is not valid
  143  stopped by SIGTERM, which Blender was sent as well (130: by Ctrl-C)
"""


def add_run_task(actions: Any) -> None:
    """Add the action `run-task`."""
    task = actions.add_parser(
        "run-task",
        help="render a range of frames: what jobs call on each machine",
        description=_DESCRIPTION,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    task.add_argument("project", type=Path, metavar="PROJECT.blend", help="the project")
    frames = task.add_argument_group("frames", "either --start and --end, or --frames")
    frames.add_argument("-s", "--start", type=int, metavar="FRAME", help="first frame of the timeline")
    frames.add_argument("-e", "--end", type=int, metavar="FRAME", help="last frame, itself included")
    frames.add_argument(
        "--frames",
        action=OnlyOnce,
        type=argument_type(parse_frames),
        metavar="FIRST-LAST",
        help="the same in a word, as engines write it: 1-50, or 7",
    )
    task.add_argument(
        "--scene", default="", metavar="NAME", help="the scene to render (default: the one in use)"
    )
    task.add_argument(
        "--blender",
        metavar="PROGRAM",
        help="the Blender that renders, with Understudy installed (default: UNDERSTUDY_BLENDER, else `blender` on "
        "PATH)",
    )
    task.add_argument(
        "--engine",
        choices=[*ENGINES, NO_ENGINE],
        default=NO_ENGINE,
        help="whose words say how far the task is (default: none)",
    )
    task.add_argument(
        "--report-dir", type=Path, metavar="DIR", help="write what the task did there, for `farm report`"
    )
    work = task.add_mutually_exclusive_group()
    work.add_argument(
        "--prepare", action="store_true", help="fill the cache and the layers, and render nothing"
    )
    work.add_argument(
        "--check", action="store_true", help="look whether this machine can do the task, and do nothing"
    )
    task.add_argument(
        "--strict",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether a frame in which a face can't be replaced fails (the default) or shows the original",
    )
    task.add_argument(
        "--expect-extension",
        default="",
        metavar="VERSION",
        help="the version of Understudy that Blender must have (default: any)",
    )
    task.add_argument(
        "--output",
        default="",
        metavar="PATTERN",
        help="the images' path, with # for digits (default: the project's)",
    )
    task.add_argument(
        "--env",
        action="append",
        type=argument_type(parse_variable),
        default=[],
        metavar="NAME=VALUE",
        help="a variable of Understudy's for this task; may be repeated",
    )
    task.add_argument(
        "--path-mapping",
        type=Path,
        metavar="FILE.json",
        help="how paths of the machine that wrote the job change on this one: pathmapping-1.0 of Open Job Description",
    )


def parse_frames(text: str) -> tuple[int, int]:
    """Return the first and the last frame of a range such as `1-50` or `-5--1`; ValueError for anything else."""
    frame_range = _FRAMES.match(text.strip())
    if frame_range is None:
        raise ValueError(f"{text!r} is no range of frames, such as 1-50")
    first = int(frame_range[1])
    return first, first if frame_range[2] is None else int(frame_range[2])


def parse_variable(text: str) -> tuple[str, str]:
    """Return name and value of a variable of Understudy's; ValueError for anything else."""
    name, equals, value = text.partition("=")
    if not equals or VARIABLE_NAME.match(name) is None or "\0" in value:
        raise ValueError(f"{name!r} is no variable of Understudy's: write UNDERSTUDY_NAME=VALUE")
    return name, value
