# SPDX-License-Identifier: GPL-3.0-or-later
"""`blender -b project.blend -- --understudy-prepare [-s FRAME] [-e FRAME]`: prepare, and render nothing.

It is done as Blender leaves, once it has read the project and done all that its own words ask for, scripts too: then
it disables its add-ons, with the project still open. Blender ends with 0, with 3 where the preparation is strict and
frames failed, and with 1 where nothing could be prepared at all.
"""

import argparse
import atexit
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, NoReturn

import bpy

from ...core.errors import FarmError, UnderstudyError
from ..blender.command_line import blender_words, own_words
from ..blender.console import print_error, print_traceback
from ..render.strict import STRICT_FLAG, fail_process
from .headless_preparation import REFUSED, HeadlessPreparation

PREPARE_FLAG = "--understudy-prepare"
_SCRIPT_FAULT_WORD = "--python-exit-code"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise FarmError(f"nothing is prepared: {message}")


def parse_words(words: Sequence[str]) -> tuple[int | None, int | None]:
    """Return the first and the last frame that words after `--` ask for, None for the scene's. Raises FarmError."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument(PREPARE_FLAG, action="store_true")
    parser.add_argument(STRICT_FLAG, action="store_true")
    parser.add_argument("-s", type=int, dest="first")
    parser.add_argument("-e", type=int, dest="last")
    options = parser.parse_args(words)
    return options.first, options.last


class PrepareCommand:
    """What the command line asks for, done once."""

    def __init__(self) -> None:
        """Note what is asked for."""
        # The module `bpy` has no command line: who imports it calls operators.
        self._is_due = PREPARE_FLAG in own_words() and bpy.app.background and not bpy.app.module
        if self._is_due:
            # A script that ends the process itself meets this before Blender disables its add-ons.
            atexit.register(self.cancel)

    def cancel(self) -> None:
        """Prepare nothing: the process ends for another reason."""
        self._is_due = False

    def run_once(self) -> None:
        """Do what is asked for, and see to the exit code."""
        if not self._is_due:
            return
        self._is_due = False
        code = self._run()
        if code:
            fail_process(lambda: None, code)

    @staticmethod
    def _run() -> int:
        try:
            scene, frames = _wanted_frames()
            return HeadlessPreparation(scene, frames).run()
        except UnderstudyError as error:
            print_error(str(error))
        except Exception as error:  # noqa: BLE001 - the border: Blender would end as if all were well
            print_traceback(error)
            print_error(f"Understudy itself failed, please report it ({type(error).__name__}: {error})")
        return REFUSED


def _wanted_frames() -> tuple[bpy.types.Scene, range]:
    """Return the scene in use, and its frames that the command line asks for. Raises FarmError."""
    first, last = parse_words(own_words())
    scene: Any = bpy.context.scene
    if _has_script_failed():
        raise FarmError("nothing is prepared, since a script failed")
    if not bpy.data.filepath or scene is None:
        raise FarmError("nothing is prepared, since no project was opened")
    first = scene.frame_start if first is None else first
    last = scene.frame_end if last is None else last
    if first > last:
        raise FarmError(f"nothing is prepared: the last frame, {last}, is before the first, {first}")
    return scene, range(first, last + 1, max(scene.frame_step, 1))


def _has_script_failed() -> bool:
    """Tell whether Blender leaves because of a script's exception: it does where it was told to."""
    return _SCRIPT_FAULT_WORD in blender_words() and getattr(sys, "last_value", None) is not None


@cache
def prepare_command() -> PrepareCommand:
    """Return what this Blender's command line asks for."""
    return PrepareCommand()


def register() -> None:
    """Note what the command line asks for."""
    prepare_command()


def unregister() -> None:
    """Do what the command line asks for: Blender leaves."""
    prepare_command().run_once()
