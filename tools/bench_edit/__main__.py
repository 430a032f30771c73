# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-edit`: what edits of many recast strips cost, with us and without, as a table, edit.json and edit.png.

Each timeline is made and edited in a Blender of its own, once with the add-on and once as Blender alone would have it:
the same clips without layers, edited in the same way. Adding a modifier is compared with adding an image strip of the
same length by Blender itself. Every figure is the median of several edits.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from understudy.core.errors import UnderstudyError
from understudy.core.layers.placeholder import PLACEHOLDER

from ..bench_render.plot import curves, write_panels
from .movies import LONG_FRAMES, MOVIE_COUNT, STRIP_FRAMES, make_movies

_COUNTS = (1, 10, 100, 1000)
_QUICK_COUNTS = _COUNTS[:3]
_ROUNDS, _LONG_ROUNDS = 5, 3
_PANELS = {
    "What editing costs more with us, ms": ("add", "move", "trim", "split", "undo"),
    "What files and renders cost more, ms": ("save", "load", "start_animation", "start_still"),
    "What looking costs more, ms": ("scrub", "slider"),
}
# The bar: with 1,000 strips no edit, save or start of a render may cost more than this over the same without us.
_BAR_COUNT, _BAR_MS, _BAR_MS_A_STRIP = 1000, 50.0, 0.05
_NOT_EDITS = ("load",)
# Our own part of adding a strip may be this many times as much for the thousandth as for the tenth.
_ADD_RATIO = 2.0
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Measured:
    """A timeline that was measured with us and without."""

    strips: int
    frames: int
    """Of each strip."""
    with_us: dict[str, Any]
    without: dict[str, Any]

    @property
    def name(self) -> str:
        """What the timeline is called in the report's sizes."""
        return str(self.strips) if self.frames == STRIP_FRAMES else f"{self.strips} of {self.frames} frames"

    def milliseconds(self, what: str) -> tuple[float, float]:
        """Return what an edit took with us and without."""
        return median(self.with_us["milliseconds"][what]), median(self.without["milliseconds"][what])

    def own_part(self, what: str) -> float:
        """Return what an edit took longer with us, in milliseconds."""
        ours, alone = self.milliseconds(what)
        return ours - alone


def main() -> int:
    """Measure, print and write; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_edit", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("out/bench"), help="folder for what is made")
    parser.add_argument("--quick", action="store_true", help="no more than 100 strips, and no long one")
    options = parser.parse_args()
    try:
        _bench(options.output.resolve(), quick=options.quick)
    except UnderstudyError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _bench(output: Path, *, quick: bool) -> None:
    work = output / "edit"
    movies = make_movies(work, MOVIE_COUNT, STRIP_FRAMES)
    counts = _QUICK_COUNTS if quick else _COUNTS
    measured = [_measure(work, movies, count, STRIP_FRAMES, _ROUNDS) for count in counts]
    if not quick:
        long = make_movies(work, 1, LONG_FRAMES)
        measured.append(_measure(work, long, 1, LONG_FRAMES, _LONG_ROUNDS))
    (output / "edit.json").write_text(json.dumps(_report(measured), indent=1) + "\n", encoding="utf-8")
    _draw(output / "edit.png", [entry for entry in measured if entry.frames == STRIP_FRAMES])
    _print(measured)
    print(f"\nwritten to {output}/edit.json and edit.png")


def _measure(work: Path, movies: Sequence[Path], strips: int, frames: int, rounds: int) -> Measured:
    print(f"bench: {strips} strips of {frames} frames", flush=True)
    images = _images(work, frames)
    words = ["--strips", strips, "--rounds", rounds, "--images", images, "--movies", *movies]
    facts = [
        _facts(work / f"{strips}_{frames}_{name}", [*words, *more])
        for name, more in (("with", ()), ("without", ("--alone",)))
    ]
    return Measured(strips, frames, *facts)


def _images(work: Path, frames: int) -> Path:
    """Return a folder with an image for each frame, for the strips that Blender adds alone."""
    folder = work / f"images_{frames}"
    folder.mkdir(exist_ok=True)
    first = folder / f"{0:06d}.tif"
    first.write_bytes(PLACEHOLDER)
    return folder


def _facts(folder: Path, words: Sequence[object]) -> dict[str, Any]:
    """Measure one timeline in a Blender of its own and return what it wrote."""
    folder.mkdir(exist_ok=True)
    facts = folder / "facts.json"
    command = [sys.executable, "-m", "tools.bench_edit.blender_job", "--folder", str(folder)]
    with (folder / "blender.log").open("w", encoding="utf-8") as log:
        command += ["--facts", str(facts), *map(str, words)]
        done = subprocess.run(command, cwd=_ROOT, stdout=log, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise UnderstudyError(f"Blender ended with code {done.returncode} (see {folder / 'blender.log'})")
    return json.loads(facts.read_text(encoding="utf-8"))


def _report(measured: Sequence[Measured]) -> dict[str, Any]:
    runs = []
    for entry in measured:
        for what in entry.with_us["milliseconds"]:
            ours, alone = (round(value, 2) for value in entry.milliseconds(what))
            runs.append(
                {
                    "strips": entry.strips,
                    "frames": entry.frames,
                    "what": what,
                    "ms": ours,
                    "ms_without": alone,
                }
            )
    return {
        "runs": runs,
        "memory_mib": {entry.name: round(entry.with_us["memory_mib"], 1) for entry in measured},
        "blend_bytes": {entry.name: entry.with_us["bytes"] for entry in measured},
    }


def _draw(path: Path, measured: Sequence[Measured]) -> None:
    marks = [f"{entry.strips} strips" for entry in measured]
    panels = []
    for title, edits in _PANELS.items():
        lines = {what: [max(entry.own_part(what), 0.0) for entry in measured] for what in edits}
        panels.append(curves(title, marks, lines))
    write_panels(path, panels)


def _print(measured: Sequence[Measured]) -> None:
    print(f"\n{'ms, with us / without':<24}" + "".join(f"{entry.name:>24}" for entry in measured))
    for what in measured[0].with_us["milliseconds"]:
        cells = (entry.milliseconds(what) for entry in measured)
        print(f"{what:<24}" + "".join(f"{f'{ours:.1f} / {alone:.1f}':>24}" for ours, alone in cells))
    for title, name, scale in (("memory, MiB", "memory_mib", 1), (".blend, KiB", "bytes", 1024)):
        pairs = ((entry.with_us[name] / scale, entry.without[name] / scale) for entry in measured)
        print(f"{title:<24}" + "".join(f"{f'{ours:.0f} / {alone:.0f}':>24}" for ours, alone in pairs))
    by_count = {entry.strips: entry for entry in measured if entry.frames == STRIP_FRAMES}
    if _BAR_COUNT not in by_count:
        return
    most = by_count[_BAR_COUNT]
    bar = _BAR_MS + _BAR_MS_A_STRIP * _BAR_COUNT
    edits = [what for what in most.with_us["milliseconds"] if what not in _NOT_EDITS]
    slowest = max(edits, key=most.own_part)
    ratio = most.own_part("add") / by_count[10].own_part("add")
    print(
        f"\nat most {bar:.0f} ms more with {_BAR_COUNT} strips: {slowest} takes {most.own_part(slowest):.0f}"
    )
    over = [f"{what} {most.own_part(what):.0f}" for what in edits if most.own_part(what) > bar]
    print(f"over it: {', '.join(over) or 'none'}")
    print(f"our own part of adding, {_BAR_COUNT} strips by 10: {ratio:.1f} (goal {_ADD_RATIO:.0f})")


if __name__ == "__main__":
    sys.exit(main())
