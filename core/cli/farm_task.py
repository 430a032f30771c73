# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy farm run-task`: the command that every engine calls for a range of frames."""

import argparse
import os

from ..errors import FarmError
from ..farm.chunks import require_blender_frames
from ..farm.path_mapping import PathMapping, read_path_mapping
from ..farm.task import run_task
from ..farm.task_request import TaskRequest
from .farm_blender import blender_name
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
    require_blender_frames(first, last)
    request = TaskRequest(
        project=arguments.project,
        first_frame=first,
        last_frame=last,
        scene=arguments.scene,
        output=arguments.output,
        blender=blender_name(arguments, environment),
        engine=arguments.engine,
        prepares=arguments.prepare,
        checks_only=arguments.check,
        is_strict=arguments.strict,
        extension_version=arguments.expect_extension,
        report_folder=arguments.report_dir,
        path_mapping=mapping,
    )
    return run_task(request, environment, _show_now, stop)


def _show_now(line: str) -> None:
    show(line)
    flush_lines()  # an engine shows how far it is
