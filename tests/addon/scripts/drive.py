# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a process of its own: does with Blender what a job says, and writes what came of it.

The last argument is a JSON file: {"steps": [[name, arguments], ...], "result": file}. The result is the list of
what the steps returned. A step is a function of `steps.py` or of another `*_steps.py` beside it. The process leaves
in the ordinary way, so that a hang at the end is noticed.

With `-` in its place, jobs come line by line on the standard input. Each begins with Blender's factory settings and
loads Understudy anew; it says besides where its output and its errors go, which environment it has (or none), and
which file is to be made once it is done.
"""

import ctypes
import gc
import json
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path

FAMILIES = ("steps", *sorted(path.stem for path in Path(__file__).parent.glob("*_steps.py")))


def _step(name):
    """Find a step; a family is imported when none before it has the step."""
    return next(getattr(family, name) for family in map(import_module, FAMILIES) if hasattr(family, name))


def _do(job):
    """Do a job in this Blender, with Understudy registered."""
    import_module("understudy").register()
    results = [_step(name)(**arguments) for name, arguments in job["steps"]]
    Path(job["result"]).write_text(json.dumps(results))


def _do_in_turn(job):
    """Do a job as in a new process, as far as Blender's data, Understudy and the environment go."""
    import bpy

    kept, before, here = [os.dup(1), os.dup(2)], dict(os.environ), Path.cwd()
    for number, name in enumerate(("output", "errors"), 1):
        with Path(job[name]).open("wb") as file:
            os.dup2(file.fileno(), number)
    if job["environment"]:
        os.environ.clear()
        os.environ.update(job["environment"])
    try:
        bpy.ops.wm.read_factory_settings()
        _do(job)
    except BaseException:  # noqa: BLE001 - whatever it was is told, and the next job goes on
        traceback.print_exc()
    try:
        import_module("understudy").unregister()
    except Exception:  # noqa: BLE001 - likewise
        traceback.print_exc()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("understudy", *FAMILIES)]:
        del sys.modules[name]
    gc.collect()
    os.chdir(here)
    os.environ.clear()
    os.environ.update(before)
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).fflush(None)  # what Blender itself printed
    for number, copy in enumerate(kept, 1):
        os.dup2(copy, number)
        os.close(copy)
    Path(job["done"]).touch()


if sys.argv[-1] == "-":
    import_module("bpy")
    gc.collect()
    gc.freeze()  # what Blender and its own add-ons made stays, and is not looked through after each job
    for line in sys.stdin:
        _do_in_turn(json.loads(Path(line.strip()).read_text()))
    os._exit(0)
_do(json.loads(Path(sys.argv[-1]).read_text()))
