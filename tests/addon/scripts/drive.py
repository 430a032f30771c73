# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a process of its own: does with Blender what a job says, and writes what came of it.

The last argument is a JSON file: {"steps": [[name, arguments], ...], "result": file}. The result is the list of
what the steps returned. The process leaves in the ordinary way, so that a hang at the end is noticed.
"""

import json
import sys
from pathlib import Path

import steps
import understudy
import work_steps

job = json.loads(Path(sys.argv[-1]).read_text())
understudy.register()
told = [
    getattr(steps if hasattr(steps, name) else work_steps, name)(**arguments)
    for name, arguments in job["steps"]
]
Path(job["result"]).write_text(json.dumps(told))
