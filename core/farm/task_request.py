# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of a farm is to do, and the command that has Blender do it."""

from dataclasses import dataclass, field
from pathlib import Path

from .path_mapping import PathMapping
from .task_check import CheckQuestion, check_expression

STRICT_FLAG = "--understudy-strict"
PREPARE_FLAG = "--understudy-prepare"
PYTHON_FAULT_EXIT = 9
"""How Blender ends where its Python fails."""


@dataclass(frozen=True)
class TaskRequest:
    """What a task is to do."""

    project: Path
    first_frame: int
    last_frame: int
    """Itself included."""
    scene: str = ""
    """The scene's name; empty for the one that the project was saved in."""
    output: str = ""
    """The images' path with its `#`, as `blender -o` takes it; empty for the project's own."""
    blender: str | None = None
    """The program; see `find_blender`."""
    engine: str = "none"
    prepares: bool = False
    """Whether it fills the cache and renders nothing."""
    checks_only: bool = False
    """Whether it only looks whether this machine can do the task."""
    is_strict: bool = True
    extension_version: str = ""
    """The version that the job was written for; empty for any."""
    report_folder: Path | None = None
    path_mapping: PathMapping = field(default_factory=PathMapping)

    def frames(self, step: int) -> range:
        """Return the frames that are rendered where every `step`-th is."""
        return range(self.first_frame, self.last_frame + 1, max(step, 1))


def blender_command(blender: Path, project: Path, request: TaskRequest, question: CheckQuestion) -> list[str]:
    """Return the command that checks and does a task in one start of Blender."""
    range_words = ["-s", str(request.first_frame), "-e", str(request.last_frame)]
    words = [str(blender), "--background", str(project)]
    words += ["--scene", request.scene] if request.scene else []
    words += ["--render-output", request.path_mapping.apply(request.output)] if request.output else []
    words += [*range_words, "--python-exit-code", str(PYTHON_FAULT_EXIT)]
    words += ["--python-expr", check_expression(question)]
    if request.checks_only:
        return words
    strict_words = [STRICT_FLAG] if request.is_strict else []
    if request.prepares:
        return [*words, "--", PREPARE_FLAG, *range_words, *strict_words]
    return [*words, "--render-anim", "--", *strict_words]
