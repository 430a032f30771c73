# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy farm plan`: what a job needs and costs, and what would fail, as a table or as values."""

import argparse
import json

from ..farm.blender_program import find_blender, read_project
from ..farm.facts_file import facts_json
from .output import show_json


def plan(arguments: argparse.Namespace) -> int:
    """Print the plan that the arguments of `farm_arguments.add_plan` ask for; return the exit code.

    Raises UnderstudyError if the project can't be read.
    """
    facts = read_project(
        find_blender(arguments.blender),
        arguments.project,
        arguments.scene,
        arguments.start,
        arguments.end,
    )
    show_json(json.loads(facts_json(facts)))
    return 0
