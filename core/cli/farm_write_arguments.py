# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy farm write` accepts."""

import argparse
import shlex
from pathlib import Path
from typing import Any

from ..farm.writers import ENGINES
from ..farm.writers.options import BLENDER_LAUNCHER
from ..units import parse_count
from .cache_arguments import argument_type

_DESCRIPTION = """\
Write the files of a job for a farm's own engine. Each task calls `understudy farm run-task`, which fails on a
machine that can't replace the faces. Where the plan says that the job would fail nothing is written, and the exit
code is 1.
"""


def add_write(actions: Any, add_job_arguments: Any) -> None:
    """Add the action `write`; `add_job_arguments` adds what a plan is made of."""
    write = actions.add_parser(
        "write",
        help="write the files of a job for an engine",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_job_arguments(write)
    write.add_argument("--engine", required=True, choices=ENGINES, help="whose job it is")
    write.add_argument(
        "--output", required=True, type=Path, metavar="DIR", help="the folder of the files; it is made"
    )
    write.add_argument(
        "--plan",
        type=Path,
        metavar="FILE.json",
        help="take this plan of `farm plan --json`, and start no Blender",
    )
    write.add_argument("--name", default="", help="what the farm calls the job (default: the project's name)")
    write.add_argument(
        "--launcher",
        type=argument_type(parse_launcher),
        default=BLENDER_LAUNCHER,
        metavar="COMMAND",
        help="what starts Understudy's command line on a worker (default: 'blender --command understudy'); "
        "`understudy` where it is installed by pip",
    )
    write.add_argument(
        "--worker-blender", default="", metavar="PROGRAM", help="the Blender that renders on workers"
    )
    write.add_argument(
        "--images", default="", metavar="PATTERN", help="the images' path with its # (default: the project's)"
    )
    write.add_argument(
        "--report-dir",
        type=Path,
        metavar="DIR",
        help="where tasks write their reports (default: understudy_reports beside the images)",
    )
    write.add_argument(
        "--max-tasks",
        type=argument_type(parse_count),
        default=0,
        metavar="N",
        help="how many tasks may run at once, for Slurm and Deadline 10 (default: as many as there are machines)",
    )
    write.add_argument(
        "--task-chunking",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="for Open Job Description: whether the runner knows its extension TASK_CHUNKING (default: it does)",
    )
    write.add_argument(
        "--blender-openjd",
        action="store_true",
        help="for Open Job Description: let AWS Deadline Cloud's blender-openjd render, frame by frame in one Blender "
        "a session; each session checks its machine first",
    )
    write.add_argument("--force", action="store_true", help="write also a job that would fail")


def parse_launcher(text: str) -> tuple[str, ...]:
    """Return the words of a command as a shell reads it; ValueError where there are none."""
    words = tuple(shlex.split(text))
    if not words:
        raise ValueError("the launcher is empty: name a program")
    return words
