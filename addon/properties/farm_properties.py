# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel Farm is set to: a scene keeps it, with the options of `understudy farm write`."""

from typing import Any

from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty
from bpy.types import PropertyGroup

from ...core.farm.writers import ENGINES
from .status import clear_farm_lines

ENGINE_LABELS = {
    "flamenco": ("Flamenco", "A job type for Flamenco 3, and how it is sent"),
    "openjd": (
        "Open Job Description",
        "A bundle for AWS Deadline Cloud or any other runner of Open Job Description",
    ),
    "slurm": ("Slurm", "A script that submits an array of tasks"),
    "opencue": ("OpenCue", "A job for OpenCue"),
    "deadline10": ("Deadline 10", "Files for AWS Thinkbox Deadline 10, which were never tried there"),
}
MAX_CHUNK_FRAMES, MAX_WORKERS = 1 << 20, 1 << 16


def _on_change(_group: Any, _context: Any) -> None:
    """Take back what the last check found: it was of another job."""
    clear_farm_lines()


class UNDERSTUDY_PG_farm(PropertyGroup):
    """A scene's job for a farm."""

    engine: EnumProperty(  # type: ignore[valid-type]
        name="Engine",
        description="What runs the job",
        items=[(name, *ENGINE_LABELS[name]) for name in ENGINES],
        update=_on_change,
        options=set(),
    )
    use_automatic_chunk: BoolProperty(  # type: ignore[valid-type]
        name="Automatic Chunk",
        description="Choose how many frames a task renders: two tasks for each worker, of 50 to 250 frames",
        default=True,
        update=_on_change,
        options=set(),
    )
    chunk: IntProperty(  # type: ignore[valid-type]
        name="Chunk",
        description="How many frames a task renders",
        default=100,
        min=1,
        max=MAX_CHUNK_FRAMES,
        soft_max=1000,
        update=_on_change,
        options=set(),
    )
    workers: IntProperty(  # type: ignore[valid-type]
        name="Workers",
        description="How many machines work at once",
        default=1,
        min=1,
        max=MAX_WORKERS,
        soft_max=100,
        update=_on_change,
        options=set(),
    )
    prepare_first: BoolProperty(  # type: ignore[valid-type]
        name="Prepare First",
        description="Fill the cache in tasks of their own before the first frame is rendered",
        update=_on_change,
        options=set(),
    )
    strict: BoolProperty(  # type: ignore[valid-type]
        name="Strict",
        description="A frame in which a face can't be replaced as asked fails; otherwise it shows the original",
        default=True,
        update=_on_change,
        options=set(),
    )
    output: StringProperty(  # type: ignore[valid-type]
        name="Output",
        description="The folder for the files of the job; // is beside the project",
        subtype="DIR_PATH",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
        default="//farm/",
    )


CLASSES = (UNDERSTUDY_PG_farm,)
