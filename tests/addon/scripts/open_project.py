# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a project with Understudy registered; the command line of Blender then says what is rendered.

The last word is a JSON file: {"project": file, "environment": variables}. With "render" too, the start of a path,
it renders the animation there itself; with "terminate_at", a frame, the signal SIGTERM comes once that is rendered.
"""

import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import bpy

job = json.loads(Path(sys.argv[-1]).read_text())
os.environ.update(job["environment"])
import_module("understudy").register()
bpy.ops.wm.open_mainfile(filepath=job["project"])
if "terminate_at" in job:
    # Understudy's own answer comes at the next frame.
    bpy.app.handlers.render_post.append(
        lambda scene, *_: scene.frame_current == job["terminate_at"] and os.kill(os.getpid(), signal.SIGTERM)
    )
if "render" in job:
    bpy.context.scene.render.filepath = job["render"]
    bpy.ops.render.render(animation=True)
