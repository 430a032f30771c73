# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy farm plan`: what a job needs and costs, and what would fail, as a table or as values."""

import argparse
import os

from ..farm.blender_program import find_blender, read_project
from ..farm.folder_checks import check_folders
from ..farm.plan import FarmPlan
from ..farm.plan_text import plan_lines, plan_values
from ..farm.planning import PlanOptions, make_plan
from .farm_blender import blender_name
from .output import show, show_json

_EXIT_OK, _EXIT_FAULTS = 0, 1


def plan(arguments: argparse.Namespace) -> int:
    """Print the plan that the arguments of `farm_arguments.add_plan` ask for; return the exit code.

    Raises UnderstudyError if the project can't be read.
    """
    made = plan_of_arguments(arguments)
    if arguments.json:
        show_json(plan_values(made))
    else:
        for line in plan_lines(made):
            show(line)
    return _EXIT_FAULTS if made.faults else _EXIT_OK


def plan_of_arguments(arguments: argparse.Namespace) -> FarmPlan:
    """Return the plan that the arguments of `farm_arguments.add_job_arguments` ask for. Raises UnderstudyError."""
    facts = read_project(
        find_blender(blender_name(arguments, os.environ)),
        arguments.project,
        arguments.scene,
        arguments.start,
        arguments.end,
    )
    options = PlanOptions(arguments.chunk, arguments.workers, arguments.prepare_first, arguments.strict)
    return make_plan(facts, options, check_folders(facts))
