# SPDX-License-Identifier: GPL-3.0-or-later
"""A slider's move in the window of real Blender 5.2, from the property being set to the changed screen.

The screen is Xvfb's, drawn by software OpenGL, which takes most of the time: Blender's own redraws are timed in
turn with the moves, to be told apart. Nothing is downloaded: what is missing is said.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from understudy.core.errors import OutputError

from ..blender_window.folder import default_folder, is_ready, why_not
from ..blender_window.window import Room
from .spread import percentiles

SCENARIO = Path(__file__).with_name("window_scenario.py")
SCREEN_WATCH = Path(__file__).with_name("screen_watch.py")
_ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT_SECONDS = 900


def measured(folder: Path, clip: Path, face: Path, moves: int) -> dict[str, Any]:
    """Return what `summed_up` makes of some moves; `folder` takes a picture of the screen, or a log of the fault.

    Raises OutputError where there is no window, or where it shows no move.
    """
    blender = window_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".window.") as place:
        work = Path(place) / "work"
        work.mkdir()
        given = {
            "understudy.zip": _package(Path(place), blender),
            "clip.mp4": clip,
            "face.png": face,
            SCREEN_WATCH.name: SCREEN_WATCH,
        }
        (work / "asked.json").write_text(json.dumps({"moves": moves}), encoding="utf-8")
        try:
            told = Room(blender, work).window(SCENARIO, given, factory=False, timeout=_TIMEOUT_SECONDS)
        except AssertionError as fault:
            log = folder / "window.log"
            log.write_text(f"{fault}\n", encoding="utf-8")
            raise OutputError(f"Blender's window came to no end, see {log}") from fault
        shutil.copy(work / "live.png", folder / "window.png")
    return summed_up(told)


def window_folder() -> Path:
    """Return the folder that `make window` made. Raises OutputError where it is not there or can't be used."""
    folder = default_folder()
    if not is_ready(folder):
        raise OutputError("there is no Blender with a window: run `make window`")
    reason = why_not(folder)
    if reason:
        raise OutputError(f"Blender's window can't be had: {reason}")
    return folder


def summed_up(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scenario's milliseconds as percentiles.

    `live_window_ms` until a move is seen on the screen, and its parts one after the other: `written`, until the new
    layer picture lies there, during which Blender draws the old one; `drawn`, until the preview has been drawn with
    it; `screen`, until the screen shows that. `window_redraw_ms` is Blender's own, where nothing was rewritten.
    """
    moves = told["moves"]
    if not moves:
        raise OutputError("no move of the slider was measured: ask for at least one")
    late = [move for move in moves if None in (move["written"], move["drawn"])]
    if late:
        raise OutputError(f"{len(late)} of {len(moves)} moves were seen before they were written or drawn")
    return {
        "live_window_ms": percentiles([move["visible"] for move in moves]),
        "live_window_parts_ms": {
            "written": percentiles([move["written"] for move in moves]),
            "drawn": percentiles([move["drawn"] - move["written"] for move in moves]),
            "screen": percentiles([move["visible"] - move["drawn"] for move in moves]),
        },
        "live_window_draws": median(move["draws"] for move in moves),
        "window_redraw_ms": {name: percentiles(entries) for name, entries in told["redraws"].items()},
    }


def table(facts: Mapping[str, Any]) -> str:
    """Return the figures of `summed_up` as lines to print."""
    lines = [("live_window_ms", facts["live_window_ms"])]
    lines += [(f"  {name}", entry) for name, entry in facts["live_window_parts_ms"].items()]
    lines += [(f"  redraw {name}", entry) for name, entry in facts["window_redraw_ms"].items()]
    told = [f"{name:<20}{entry['p50']:>8.2f}  (p95 {entry['p95']:.2f})" for name, entry in lines]
    told[0] += (
        f": Xvfb with software OpenGL, the preview drawn {facts['live_window_draws']:g} times a move; "
        "written + drawn + screen, and Blender's redraws without us"
    )
    return "\n".join(told)


def _package(output: Path, blender: Path) -> Path:
    """Make the extension for the Python that Blender has there, from wheels that are on this machine."""
    python = (blender / "usr" / "bin" / "python3").readlink().name.removeprefix("python")
    command = [sys.executable, "-m", "tools.build_extension", "--output", str(output), "--python", python]
    done = subprocess.run(
        command,
        cwd=_ROOT,
        env={**os.environ, "PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    made = list(output.glob("*.zip"))
    if done.returncode or not made:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OutputError(
            f"the extension can't be made of what is here: run `make extension` first ({reason})"
        )
    return made[0]
