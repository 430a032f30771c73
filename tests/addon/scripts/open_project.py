# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a project with Understudy registered; the command line of Blender then says what is rendered.

The word after `--` is a JSON file: {"project": file, "environment": variables}.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

import bpy

job = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text())
os.environ.update(job["environment"])
import_module("understudy").register()
bpy.ops.wm.open_mainfile(filepath=job["project"])
