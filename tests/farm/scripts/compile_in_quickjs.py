# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by the Python of the engines' programs: compiles a job with a Flamenco job type in QuickJS.

Words: scripts to evaluate, the last of them the job type, and the job. Prints what `compileText` of manager.js returns.
"""

import sys
from pathlib import Path

import quickjs

*scripts, job = (Path(word).read_text(encoding="utf-8") for word in sys.argv[1:])
context = quickjs.Context()
for script in scripts:
    context.eval(script)
context.set("given", job)
print(context.eval("compileText(given)"))
