# SPDX-License-Identifier: GPL-3.0-or-later
"""A slider's move in the window of real Blender 5.2: played once without OpenGL and once until the screen shows it.

Without OpenGL means that Blender draws as ever, with a driver that does nothing: what is left is everything but
drawing itself. The screen is Xvfb's, drawn by software OpenGL, which takes most of the time there. Blender is not
downloaded: where it is missing that is said.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.core.errors import OutputError
from understudy.core.recipe import Recipe, find_parameter, with_settings

from ..blender_window.folder import default_folder, is_ready, why_not
from ..blender_window.window import Room
from .window_figures import on_screen, without_opengl

SCENARIO = Path(__file__).with_name("window_scenario.py")
WATCHES = {name: Path(__file__).with_name(name) for name in ("screen_watcher.py", "redraw_recorder.py")}
"""What the scenario needs beside it."""
_ROOT = Path(__file__).resolve().parents[2]
FRAMES = 24
_TIMEOUT_SECONDS = 900


def measure_window(
    folder: Path, clip: Path, face: Path, moves: int, settings: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what `window_figures` makes of some moves; `folder` takes a picture of the screen, or a log of the fault.

    `settings` are `name=value` texts that change the new modifier.

    Raises OutputError where there is no window, or where it shows no move.
    """
    blender = window_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".window.") as place:
        given = {
            "understudy.zip": _package(Path(place), blender),
            "clip.mp4": clip,
            "face.png": face,
            **WATCHES,
        }
        rooms = {screen: Room(blender, Path(place) / f"screen_{screen}") for screen in (False, True)}
        try:
            facts = {False: play_scenario(rooms[False], given, moves, screen=False, settings=settings)}
            # No goal hangs on what software OpenGL takes.
            facts[True] = play_scenario(
                rooms[True], given, max(moves // 2, 1), screen=True, settings=settings
            )
        except AssertionError as fault:
            log = folder / "window.log"
            log.write_text(f"{fault}\n", encoding="utf-8")
            raise OutputError(f"Blender's window came to no end, see {log}") from fault
        shutil.copy(rooms[True].work / "live.png", folder / "window.png")
    return without_opengl(facts[False]) | on_screen(facts[True])


def play_scenario(
    room: Room,
    given: Mapping[str, Path],
    moves: int,
    *,
    screen: bool,
    frames: int = FRAMES,
    settings: Sequence[str] = (),
) -> dict[str, Any]:
    """Play the scenario in a room of its own, and return what it told. AssertionError where it failed.

    Of more `frames` Blender draws some anew between the moves, to fill its cache again.
    """
    room.work.mkdir(exist_ok=True)
    recipe = with_settings(Recipe(), list(settings))
    parameters = [find_parameter(setting.partition("=")[0]) for setting in settings]
    values = [(one.group, one.name, getattr(getattr(recipe, one.group), one.name)) for one in parameters]
    asked = {"moves": moves, "screen": screen, "frames": frames, "values": values}
    (room.work / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    return room.window(SCENARIO, given, factory=False, timeout=_TIMEOUT_SECONDS, opengl=screen)


def window_folder() -> Path:
    """Return the folder that `make window` made. Raises OutputError where it is not there or can't be used."""
    folder = default_folder()
    if not is_ready(folder):
        raise OutputError("there is no Blender with a window: run `make window`")
    reason = why_not(folder)
    if reason:
        raise OutputError(f"Blender's window can't be had: {reason}")
    return folder


def _package(output: Path, blender: Path) -> Path:
    """Make the extension for the Python that Blender has there; pip fetches the wheels that are not here yet."""
    python = (blender / "usr" / "bin" / "python3").readlink().name.removeprefix("python")
    command = [sys.executable, "-m", "tools.build_extension", "--output", str(output), "--python", python]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    made = list(output.glob("*.zip"))
    if done.returncode or not made:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OutputError(f"the extension can't be made for Python {python}: {reason}")
    return made[0]
