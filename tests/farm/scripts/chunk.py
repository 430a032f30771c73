# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders a chunk of a project in the module `bpy`, and logs each result that it computes.

The last word is a JSON file: {"project": file, "frames": [first, last], "output": start of a path, "environment":
variables, "log": file}. With "skew_seconds" its clock is wrong by so much. With "pause", {"frame", "reached", "go"}, it
makes the file `reached` once that frame is rendered, and goes on when there is a file `go`.
"""

import json
import logging
import os
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

import bpy

job = json.loads(Path(sys.argv[-1]).read_text())
os.environ.update(job["environment"])
if "skew_seconds" in job:
    right_time, right_time_ns = time.time, time.time_ns
    time.time = lambda: right_time() + job["skew_seconds"]
    time.time_ns = lambda: right_time_ns() + int(job["skew_seconds"] * 1e9)


class ComputedLog(logging.Handler):
    """Appends a line for each result that was computed, whatever ends this process later."""

    def emit(self, record):
        words = record.getMessage().split()
        if words[0] == "computed":
            with Path(job["log"]).open("a") as log:
                log.write(" ".join(words[1:]) + "\n")


def pause(scene, *_):
    """Wait, as the job says, once its frame is rendered."""
    wish = job["pause"]
    if scene.frame_current == wish["frame"]:
        Path(wish["reached"]).touch()
        limit = time.monotonic() + 120
        while not Path(wish["go"]).exists() and time.monotonic() < limit:
            time.sleep(0.01)


def render():
    """Render the chunk."""
    logger = logging.getLogger("understudy.cache")
    logger.addHandler(ComputedLog())
    logger.setLevel(logging.DEBUG)
    import_module("understudy").register()
    bpy.ops.wm.open_mainfile(filepath=job["project"])
    if "pause" in job:
        bpy.app.handlers.render_post.append(pause)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = job["frames"]
    scene.render.filepath = job["output"]
    bpy.ops.render.render(animation=True)


code = 1
try:
    render()
    code = 0
except Exception:  # noqa: BLE001 - the border of the process: it has to end
    traceback.print_exc()
finally:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # `bpy` may hang as it ends
