# SPDX-License-Identifier: GPL-3.0-or-later
"""What a farm's task looks at in Blender before its first frame, so that an unfit machine renders nothing.

`core/farm/task_check.py` has the expression that calls it, and the form of question and answer.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import bpy

from ...core.errors import ModelError, os_error_reason
from ...core.farm.exit_codes import signal_exit_code
from ...core.farm.path_mapping import PathMapping
from ...core.farm.task_check import CheckAnswer, CheckQuestion, parse_question
from ...core.farm.task_process import GRACE_SECONDS
from ...core.filesystem import write_file
from ...core.models.embedded import embedded_models
from ...core.sessions.request_faults import request_fault
from ...core.system.version import version
from ..blender.console import print_error
from ..layers.folders import cache_folder
from ..layers.rendered_clips import RenderedClip, condition_reason, rendered_clips
from ..layers.replaced_files import remember_movies
from ..layers.scene_strips import SceneStrips
from ..modifiers.source_images import source_image_paths
from ..properties.preferences import preferences
from ..properties.scene_properties import settings_of
from ..sequencer.strips import SUPPORTED_TYPES, all_strips, source_of
from ..sessions.open import run_settings


def check_task(text: str) -> bool:
    """Answer a question of `CheckQuestion.to_text`; tell whether this machine can do the task. Raises MessageError."""
    question = parse_question(text)
    _end_with_parent()
    scene = cast("bpy.types.Scene", bpy.context.scene)
    if question.rules:
        _map_paths(question.path_mapping)
    faults = tuple(dict.fromkeys(_faults(scene, question)))
    settings = cast("Any", scene.render)
    # An image that is there may show the original face, and an empty one keeps the place of a task that was killed.
    settings.use_overwrite, settings.use_placeholder = True, False
    answer = CheckAnswer(faults, scene.frame_step, settings.is_movie_format)
    try:
        write_file(Path(question.answer_path), answer.to_text().encode())
    except OSError as error:
        reason = (
            f"{Path(question.answer_path).parent} can't be written to by Blender ({os_error_reason(error)})"
        )
        faults = (*faults, f"{reason}: name a folder in TMPDIR that Blender sees by the same path")
    for fault in faults:
        print_error(fault)
    return not faults


def _faults(scene: bpy.types.Scene, question: CheckQuestion) -> Iterator[str]:
    wanted = question.extension_version
    if wanted and version() != wanted:
        yield f"Understudy {version()} is installed here, and the job is for {wanted}: install that version"
    if question.scene and scene.name != question.scene:
        yield f"the project has no scene {question.scene}: write the job anew, or send the project that it is for"
    frames = range(scene.frame_start, scene.frame_end + 1)
    clips = list(rendered_clips(scene, frames))
    if not clips:
        return
    try:
        embedded_models()
    except ModelError as error:
        yield str(error)
    condition = condition_reason(scene)
    if condition:
        yield condition
    library = run_settings(cache_folder(scene), preferences()).library
    for rendered in clips:
        fault = request_fault(rendered.requests, library)
        if fault is not None:
            yield f"{rendered.clip.name}: {fault.full_text}"
        missing = _missing_file(rendered)
        if missing is not None:
            yield f"{rendered.clip.name}: clip missing ({missing}): put it where the project has it"


def _missing_file(rendered: RenderedClip) -> Path | None:
    """Return the first file of a clip if it is not there. Of those that follow, frames say when they are made."""
    paths = source_of(rendered.clip).paths
    return paths[0] if paths and not paths[0].is_file() else None


def _map_paths(mapping: PathMapping) -> None:
    """Let the project name its files as they are on this machine. Nothing is saved."""

    def path_here(path: str) -> str:
        return path if path.startswith("//") else mapping.apply(path)

    source_image_paths().change(path_here)
    for scene in bpy.data.scenes:
        settings = settings_of(scene)
        _change(settings, "cache_folder", path_here)
        _change(settings, "consent_file", path_here)
        for strip in all_strips(scene):
            if strip.type in SUPPORTED_TYPES:
                _change(strip, "filepath" if strip.type == "MOVIE" else "directory", path_here)
        remember_movies(SceneStrips(scene))
    for block in (*bpy.data.sounds, *bpy.data.movieclips, *bpy.data.fonts):
        _change(block, "filepath", path_here)


def _change(owner: Any, name: str, path_here: Any) -> None:
    before = getattr(owner, name)
    after = path_here(before)
    if after != before:
        setattr(owner, name, after)


def _end_with_parent() -> None:
    """End this Blender when the program that runs the task is gone: it holds the other end of the standard input."""
    if sys.stdin is not None and bpy.app.background:
        threading.Thread(target=_wait_for_parent, name="parent watch", daemon=True).start()


def _wait_for_parent() -> None:
    try:
        while os.read(0, 1):
            pass
    except OSError:  # there is none
        return
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(signal_exit_code(signal.SIGTERM))
