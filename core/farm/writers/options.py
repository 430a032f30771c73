# SPDX-License-Identifier: GPL-3.0-or-later
"""How a job's tasks are started, beside what its plan says."""

from dataclasses import dataclass
from pathlib import Path

BLENDER_LAUNCHER = ("blender", "--command", "understudy")
"""Starts Understudy's command line in a Blender with the extension: nothing else need be installed."""


@dataclass(frozen=True)
class JobOptions:
    """How a job's tasks are started."""

    name: str = ""
    """What the farm calls the job; empty for the project's name."""
    launcher: tuple[str, ...] = BLENDER_LAUNCHER
    """The words that start Understudy's command line on a worker."""
    blender: str = ""
    """The Blender that renders there; empty for the launcher's own, UNDERSTUDY_BLENDER, or the one on PATH."""
    output: str = ""
    """The images' path with its `#`; empty for the project's own."""
    report_folder: Path | None = None
    """Where each task writes its report; None for a folder beside the images."""
    max_parallel_tasks: int = 0
    """How many tasks may run at once; 0 for as many as the farm has machines."""
    uses_task_chunking: bool = True
    """For Open Job Description: whether the runner knows the extension TASK_CHUNKING."""
    uses_blender_adaptor: bool = False
    """For Open Job Description: whether AWS Deadline Cloud's `blender-openjd` renders, frame by frame in one Blender a
    session."""
