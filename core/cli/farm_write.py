# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy farm write`: the files of a job, for the engine that will run it."""

import argparse
from pathlib import Path

from ..errors import FarmError
from ..farm.job_files import write_job_files
from ..farm.plan import FarmPlan
from ..farm.plan_file import read_plan_file
from ..farm.writers import JobOptions, write_job
from .output import print_diagnostic, show

_RELATIVE_PREFIX = "//"


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
        output=_pattern(arguments.images, plan.facts.project.parent),
        report_folder=None if arguments.report_dir is None else arguments.report_dir.absolute(),
        max_parallel_tasks=arguments.max_tasks,
        uses_task_chunking=arguments.task_chunking,
        uses_blender_adaptor=arguments.blender_openjd,
    )
    for path in write_job_files(arguments.output, write_job(plan, arguments.engine, options)):
        show(str(path))
    return 0


def _plan(arguments: argparse.Namespace) -> FarmPlan:
    if arguments.plan is not None:
        plan = read_plan_file(arguments.plan)
        project = plan.facts.project
        if project.resolve() != arguments.project.resolve():
            raise FarmError(f"the plan {arguments.plan} is for {project}: name that project, or its own plan")
        return plan
    from .farm_plan import plan_of_arguments

    return plan_of_arguments(arguments)


def _pattern(text: str, project_folder: Path) -> str:
    """Return the images' path, which workers read from other folders; `//` is beside the project, as Blender has it."""
    if text.startswith(_RELATIVE_PREFIX):
        return str(project_folder / text.removeprefix(_RELATIVE_PREFIX))
    return str(Path(text).absolute()) if text else ""
