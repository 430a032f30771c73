# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy farm write`: the files of a job, for the engine that will run it."""

import argparse
from pathlib import Path

from ..errors import OutputError, os_error_reason
from ..farm.plan import FarmPlan
from ..farm.plan_file import read_plan_file
from ..farm.writers import JobOptions, write_job
from ..filesystem import make_folder, write_file
from .output import print_diagnostic, show


def write(arguments: argparse.Namespace) -> int:
    """Write the job that the arguments of `farm_write_arguments.add_write` ask for; return the exit code.

    Raises UnderstudyError if it can't be written.
    """
    plan = _plan(arguments)
    for text in plan.warnings:
        print_diagnostic(f"Warning: {text}")
    for text in plan.faults:
        print_diagnostic(f"Error: {text}")
    if plan.faults and not arguments.force:
        print_diagnostic("the job would fail: nothing is written; --force writes it all the same")
        return 1
    options = JobOptions(
        name=arguments.name,
        launcher=tuple(arguments.launcher),
        blender=arguments.worker_blender,
        output=arguments.images,
        report_folder=arguments.report_dir,
        max_parallel_tasks=arguments.max_tasks,
        uses_task_chunking=arguments.task_chunking,
        uses_blender_adaptor=arguments.blender_openjd,
    )
    for path in write_files(arguments.output, write_job(plan, arguments.engine, options)):
        show(str(path))
    return 0


def write_files(folder: Path, files: dict[str, str]) -> list[Path]:
    """Write texts by their names into a folder, which is made, and return their paths. Raises OutputError."""
    paths = []
    try:
        make_folder(folder)
        for name, text in files.items():
            write_file(folder / name, text.encode("utf-8", "surrogateescape"))
            paths.append(folder / name)
    except OSError as error:
        raise OutputError(f"can't write the job into {folder}: {os_error_reason(error)}") from error
    return paths


def _plan(arguments: argparse.Namespace) -> FarmPlan:
    if arguments.plan is not None:
        return read_plan_file(arguments.plan)
    from .farm_plan import plan_of_arguments

    return plan_of_arguments(arguments)
