# SPDX-License-Identifier: GPL-3.0-or-later
"""An outline for OpenCue: a Python script on its PyOutline, which makes the job's XML and hands it to a Cuebot."""

import re
import shlex

from ..plan import FarmPlan
from .options import JobOptions
from .task_words import (
    chunk_length,
    environment_of,
    frame_range,
    job_name,
    require_even_chunks,
    require_one_line,
    task_words,
)

_SCRIPT = '''\
#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Submits the job to OpenCue: `python3 understudy_outline.py`. PyOutline (PyPI opencue-pyoutline) makes it."""

import outline
from outline.modules.shell import Shell

NAME = {name}
FRAMES = {frames}
CHUNK = {chunk}
ENVIRONMENT = {environment}
RENDER = {render}
PREPARE = {prepare}


def make_outline():
    """Return the job."""
    job = outline.Outline(NAME, frame_range=FRAMES)
    for name, value in ENVIRONMENT.items():
        job.set_env(name, value, pre=True)  # others are left out of the job's XML
    render = Shell("render", command=RENDER, chunk=CHUNK, range=FRAMES, threads=1, threadable=True)
    job.add_layer(render)
    if PREPARE:
        prepare = Shell("prepare", command=PREPARE, chunk=CHUNK, range=FRAMES, threads=1, threadable=True)
        job.add_layer(prepare)
        render.depend_all(prepare)
    return job


if __name__ == "__main__":
    outline.cuerun.launch(make_outline(), use_pycuerun=False)
'''
_UNSAFE = re.compile(r"[^A-Za-z0-9_.]+")
_FRAMES = ["--start", "#FRAME_START#", "--end", "#FRAME_END#"]


def write(plan: FarmPlan, options: JobOptions) -> dict[str, str]:
    """See `write_job`."""
    require_even_chunks(plan, "OpenCue")
    first, last = frame_range(plan)
    render, prepare = (
        shlex.join([*options.launcher, *task_words(plan, options, "opencue", _FRAMES, prepares=prepares)])
        for prepares in (False, True)
    )
    environment = environment_of(plan)
    for text in (render, prepare, *environment.values()):
        require_one_line(text, "OpenCue")  # XML can't have what else there is
    # ASCII alone, whatever encoding Python reads scripts in there.
    text = _SCRIPT.format(
        name=ascii(_UNSAFE.sub("_", job_name(plan, options))),
        frames=ascii(f"{first}-{last}"),
        chunk=chunk_length(plan),
        environment=ascii(environment),
        render=ascii(render),
        prepare=ascii(prepare if plan.prepares_first else ""),
    )
    return {"understudy_outline.py": text}
