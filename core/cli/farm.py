# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy farm`: what a farm needs to render a Blender project. Each action is a module of its own."""

import argparse

from .signals import StopSignal


def run(arguments: argparse.Namespace, stop: StopSignal) -> int:
    """Do the action that the arguments of `farm_arguments.add_farm` name, and return the exit code.

    Raises UnderstudyError if it can't be done.
    """
    if arguments.action == "report":
        from .farm_report import report

        with stop.interrupting():
            return report(arguments)
    if arguments.action == "run-task":
        from .farm_task import run as run_task

        return run_task(arguments, stop)
    if arguments.action == "write":
        from .farm_write import write

        with stop.interrupting():
            return write(arguments)
    from .farm_plan import plan

    with stop.interrupting():
        return plan(arguments)
