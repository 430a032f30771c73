# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside Blender's window and plays a scenario.

A scenario is a Python file with a generator `steps(window)`; `scenario_window.py` says what it can do with the window.
Between its steps Blender goes on as ever: `yield` hands over for a moment, `yield seconds` for longer. What is put into
`window.facts` is written to a file when it ends, a fault too, and then Blender is left.
"""

import json
import runpy
import sys
import traceback
from pathlib import Path

import bpy

_PAUSE_SECONDS = 0.25


def _play(window_file, scenario, report_path):
    window = runpy.run_path(window_file)["Window"]()

    def leave():
        Path(report_path).write_text(json.dumps(window.facts))
        bpy.ops.wm.quit_blender()

    def forward(steps):
        try:
            pause = next(steps)
        except StopIteration:
            leave()
            return None
        except BaseException:  # noqa: BLE001 - whatever it is, it is told to those who wait outside
            window.facts["fault"] = traceback.format_exc()
            window.shot("fault")
            leave()
            return None
        return _PAUSE_SECONDS if pause is None else pause

    def begin():
        bpy.app.timers.register(lambda: forward(steps), first_interval=2.0, persistent=True)

    steps = window.module(scenario).steps(window)
    begin()


if __name__ == "__main__":
    sys.dont_write_bytecode = True  # no folder of ours beside the files that a file browser shows
    arguments = sys.argv[sys.argv.index("--") + 1 :]
    _play(*arguments)
