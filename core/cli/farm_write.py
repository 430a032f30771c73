# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy farm write`: the files of a job, for the engine that will run it."""

import argparse

from ..farm.job_files import write_job_files
from ..farm.plan import FarmPlan
from ..farm.plan_file import read_plan_file
from ..farm.writers import JobOptions, write_job
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
    for path in write_job_files(arguments.output, write_job(plan, arguments.engine, options)):
        show(str(path))
    return 0


def _plan(arguments: argparse.Namespace) -> FarmPlan:
    if arguments.plan is not None:
        return read_plan_file(arguments.plan)
    from .farm_plan import plan_of_arguments

    return plan_of_arguments(arguments)
