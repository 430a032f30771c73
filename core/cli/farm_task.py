# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy farm run-task`: the command that every engine calls for a range of frames."""

import argparse
import os
from collections.abc import Mapping

from ..errors import FarmError
from ..farm.blender_program import BLENDER_VARIABLE
from ..farm.path_mapping import PathMapping, read_path_mapping
from ..farm.task import TaskRequest, run_task
from .output import flush_lines, show
from .signals import StopSignal


def run(arguments: argparse.Namespace, stop: StopSignal) -> int:
    """Do the task that the arguments of `farm_task_arguments.add_run_task` name, and return the exit code.

    Raises UnderstudyError where the path mapping can't be read.
    """
    environment = {**os.environ, **dict(arguments.env)}
    mapping = PathMapping() if arguments.path_mapping is None else read_path_mapping(arguments.path_mapping)
    first, last = arguments.frames or (arguments.start, arguments.end)
    if first is None or last is None or last < first:
        raise FarmError(
            "the frames are missing or end before they begin: give --start and --end, or --frames"
        )
    request = TaskRequest(
        project=arguments.project,
        first_frame=first,
        last_frame=last,
        scene=arguments.scene,
        output=arguments.output,
        blender=chosen_blender(arguments, environment),
        engine=arguments.engine,
        prepares=arguments.prepare,
        is_strict=arguments.strict,
        extension_version=arguments.expect_extension,
        report_folder=arguments.report_dir,
        path_mapping=mapping,
    )
    return run_task(request, environment, _show_now, stop)


def chosen_blender(arguments: argparse.Namespace, environment: Mapping[str, str]) -> str | None:
    """Return the Blender that the arguments or the environment name, or else the one that this runs in, if it does."""
    if arguments.blender or environment.get(BLENDER_VARIABLE, "").strip():
        return str(arguments.blender) if arguments.blender else None
    return str(arguments.own_blender) if arguments.own_blender else None


def _show_now(line: str) -> None:
    show(line)
    flush_lines()  # an engine shows how far it is
