# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a process of its own: does with Blender what a job says, and writes what came of it.

The last argument is a JSON file: {"steps": [[name, arguments], ...], "result": file}. The result is the list of
what the steps returned. A step is a function of `steps.py` or of another `*_steps.py` beside it. The process leaves
in the ordinary way, so that a hang at the end is noticed.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

import understudy

FAMILIES = ("steps", *sorted(path.stem for path in Path(__file__).parent.glob("*_steps.py")))


def _step(name):
    """Find a step; a family is imported when none before it has the step."""
    return next(getattr(family, name) for family in map(import_module, FAMILIES) if hasattr(family, name))


job = json.loads(Path(sys.argv[-1]).read_text())
understudy.register()
told = [_step(name)(**arguments) for name, arguments in job["steps"]]
Path(job["result"]).write_text(json.dumps(told))
