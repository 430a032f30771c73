# SPDX-License-Identifier: GPL-3.0-or-later
"""A job type for Flamenco 3, and a job of it."""

import json
import sys
from typing import Any

from ..plan import FarmPlan
from .flamenco_job_type import JOB_TYPE
from .options import BLENDER_LAUNCHER, JobOptions
from .task_words import (
    chunk_length,
    environment_words,
    frame_range,
    job_name,
    output_pattern,
    require_even_chunks,
    task_words,
)

_BLENDER_VARIABLE = "{blender}"
_PRIORITY = 50
_SUBMIT = """\
#!/bin/sh
# Submits the job: `submit.sh http://manager:8080`. The manager has understudy_render.js in its folder scripts.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
curl --fail-with-body --silent --show-error -X POST "${1:?the address of the manager is missing}/api/v3/jobs" \\
    -H 'Content-Type: application/json' --data-binary "@$here/job.json"
"""


def write(plan: FarmPlan, options: JobOptions) -> dict[str, str]:
    """See `write_job`."""
    require_even_chunks(plan, "Flamenco")
    return {
        "understudy_render.js": JOB_TYPE,
        "job.json": json.dumps(_job(plan, options), indent=2, ensure_ascii=True) + "\n",
        "submit.sh": _SUBMIT,
    }


def _job(plan: FarmPlan, options: JobOptions) -> dict[str, Any]:
    first, last = frame_range(plan)
    # Flamenco knows where Blender is on each worker.
    exe, *before = options.launcher
    if options.launcher == BLENDER_LAUNCHER:
        exe = _BLENDER_VARIABLE
    words = task_words(plan, options, "flamenco", environment_words(plan))
    _farm, _run_task, project, *after = words
    prepare_words = task_words(plan, options, "flamenco", environment_words(plan), prepares=True)[3:]
    return {
        "name": job_name(plan, options),
        "type": "understudy-render",
        "submitter_platform": {"win32": "windows", "darwin": "darwin"}.get(sys.platform, "linux"),
        "priority": _PRIORITY,
        "settings": {
            "blendfile": project,
            "frames": f"{first}-{last}",
            "frame_step": plan.facts.frame_step,
            "chunk_size": chunk_length(plan),
            "prepare_first": plan.prepares_first,
            "render_output_path": output_pattern(plan, options),
            "exe": exe,
            # Of a list of words Flamenco's settings can hold the text alone.
            "words_before": json.dumps([*before, "farm", "run-task"]),
            "words_after": json.dumps(after),
            "prepare_words_after": json.dumps(prepare_words),
        },
        "metadata": {"project": job_name(plan, options)},
    }
