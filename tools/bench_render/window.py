# SPDX-License-Identifier: GPL-3.0-or-later
"""A slider's move in the window of real Blender 5.2, from the property being set to the changed screen.

The screen is Xvfb's, drawn by software OpenGL, which takes most of the time: what a move costs but for drawing is
told apart (redraw_phases.py), and Blender's own redraws are timed in turn with the moves. Nothing is downloaded:
what is missing is said.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from statistics import mean
from typing import Any

from understudy.core.errors import OutputError

from ..blender_window.folder import default_folder, is_ready, why_not
from ..blender_window.window import Room
from .redraw_phases import Drawing, Phases, phases, redraws
from .spread import percentiles

SCENARIO = Path(__file__).with_name("window_scenario.py")
WATCHES = {name: Path(__file__).with_name(name) for name in ("screen_watch.py", "redraw_watch.py")}
"""What the scenario needs beside it."""
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
            **WATCHES,
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

    `live_window_ms` is the whole until a move is seen on the screen, `live_window_parts_ms` the `Phases` it adds up
    from. `live_ms` is two of these: until Blender begins to draw, and making the preview's picture. It leaves out
    the drawing of the other regions and the screen, which take most of the whole here and little with a graphics
    card; that is why both are told. `live_window_written_ms` is until the new layer picture lies there.
    `window_redraw_ms` is Blender's own whole where nothing was rewritten, `window_redraw_parts_ms` its phases.
    """
    moves = told["moves"]
    if not moves:
        raise OutputError("no move of the slider was measured: ask for at least one")
    parted = [_phases(move) for move in moves]
    found = [one for one in parted if one is not None]
    late = sum(
        one is None or move["written"] is None or move["written"] > move["visible"] - one.screen
        for move, one in zip(moves, parted, strict=True)
    )
    if late:
        raise OutputError(f"{late} of {len(moves)} moves were seen before they were written or drawn")
    others = {
        name: [one for one in map(_phases, entries) if one] for name, entries in told["redraws"].items()
    }
    return {
        "live_ms": percentiles([one.without_screen for one in found]),
        "live_window_ms": percentiles([move["visible"] for move in moves]),
        "live_window_parts_ms": _parts(found),
        "live_window_written_ms": percentiles([move["written"] for move in moves]),
        "live_window_redraws": mean(len(redraws(_drawings(move))) for move in moves),
        "window_redraw_ms": {
            name: percentiles([entry["visible"] for entry in entries])
            for name, entries in told["redraws"].items()
        },
        "window_redraw_parts_ms": {name: _parts(entries) for name, entries in others.items()},
    }


def _drawings(change: Mapping[str, Any]) -> list[Drawing]:
    """Return the callbacks until a change was seen."""
    entries = [Drawing(*entry) for entry in change["drawings"]]
    return [entry for entry in entries if entry.moment <= change["visible"]]


def _phases(change: Mapping[str, Any]) -> Phases | None:
    return phases(_drawings(change), change["visible"])


def _parts(parted: Sequence[Phases]) -> dict[str, dict[str, float]]:
    return {part.name: percentiles([asdict(one)[part.name] for one in parted]) for part in fields(Phases)}


def table(facts: Mapping[str, Any]) -> str:
    """Return the figures of `summed_up` as lines to print."""
    lines = [("live_window_ms", facts["live_window_ms"])]
    lines += [(f"  {name}", entry) for name, entry in facts["live_window_parts_ms"].items()]
    lines += [("  written", facts["live_window_written_ms"])]
    for name, entry in facts["window_redraw_ms"].items():
        lines += [(f"  redraw {name}", entry)]
        lines += [(f"    {part}", told) for part, told in facts["window_redraw_parts_ms"][name].items()]
    told = [f"{name:<20}{entry['p50']:>8.2f}  (p95 {entry['p95']:.2f})" for name, entry in lines]
    told[0] += (
        f": the whole, by Xvfb and software OpenGL, {facts['live_window_redraws']:.2f} redraws of the window a "
        "move; its parts; until the layer was written; Blender's redraws without us"
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
