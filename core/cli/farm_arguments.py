# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy farm` accepts. Each action adds its own arguments."""

import argparse
from pathlib import Path
from typing import Any

from ..units import parse_count
from .cache_arguments import argument_type
from .farm_report_arguments import add_report
from .farm_task_arguments import add_run_task
from .farm_write_arguments import add_write

AUTOMATIC_CHUNK = "auto"

_FARM_DESCRIPTION = """\
Plan a render on a farm that exists. Understudy schedules nothing: an engine such as Flamenco or Slurm does.
"""
_PLAN_DESCRIPTION = """\
Say what a farm needs to render a Blender project: its files and whether they travel with it, chunks, the CPU
time, what the cache grows by, and what would fail and why. Blender is started without a window to read the
project, which is not changed. The exit code is 1 where the job would fail.
"""


def add_farm(commands: Any) -> None:
    """Add the `farm` command to a parser's sub-commands."""
    farm = commands.add_parser(
        "farm",
        help="plan, write and check a render of a Blender project on a farm",
        description=_FARM_DESCRIPTION,
        allow_abbrev=False,
    )
    actions = farm.add_subparsers(dest="action", required=True, metavar="action")
    add_plan(actions)
    add_write(actions, add_job_arguments)
    add_run_task(actions)
    add_report(actions)


def add_plan(actions: Any) -> None:
    """Add the action `plan`."""
    plan = actions.add_parser(
        "plan",
        help="say what a job needs, costs and would fail at",
        description=_PLAN_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_job_arguments(plan)
    plan.add_argument("--json", action="store_true", help="write values instead of a table")


def add_job_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what a plan is made of: the project, its Blender, the frames and how they are shared out."""
    parser.add_argument("project", type=Path, metavar="PROJECT.blend", help="the project; it must be saved")
    parser.add_argument(
        "--blender",
        metavar="PROGRAM",
        help="the Blender that reads the project, with Understudy installed "
        "(default: UNDERSTUDY_BLENDER, else `blender` on PATH)",
    )
    parser.add_argument(
        "--scene", default="", metavar="NAME", help="the scene to render (default: the one in use)"
    )
    parser.add_argument(
        "-s", "--start", type=int, metavar="FRAME", help="first frame of the timeline (default: the scene's)"
    )
    parser.add_argument(
        "-e", "--end", type=int, metavar="FRAME", help="last frame, itself included (default: the scene's)"
    )
    parser.add_argument(
        "--chunk",
        type=argument_type(_parse_chunk),
        default=None,
        metavar="N",
        help="how many frames a task renders; `auto`, the default: frames / (2 x workers), within 50 to 250",
    )
    parser.add_argument(
        "--workers",
        type=argument_type(_parse_workers),
        default=1,
        metavar="N",
        help="how many machines work at once (default: 1)",
    )
    parser.add_argument(
        "--prepare-first",
        action="store_true",
        help="fill the cache in tasks of their own before the first frame is rendered",
    )
    parser.add_argument(
        "--strict",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether a frame in which a face can't be replaced fails (the default) or shows the original",
    )


def _parse_chunk(text: str) -> int | None:
    if text == AUTOMATIC_CHUNK:
        return None
    count = parse_count(text)
    if count < 1:
        raise ValueError(f"a chunk has at least one frame; {AUTOMATIC_CHUNK!r} chooses")
    return count


def _parse_workers(text: str) -> int:
    count = parse_count(text)
    if count < 1:
        raise ValueError("a job has at least one worker")
    return count
