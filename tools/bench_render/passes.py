# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole renders in real Blender, side by side: without the modifier, cold, after a tweak, untouched, another source.

Each is a process of its own. A round starts from an empty cache and has two renders without the modifier, one
near its beginning and one near its end, so that a machine that changes its speed spoils no ratio unseen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from ..demo.project import Pass, build
from .spread import spread

NAMES = ("plain", "cold", "tweak", "again", "source")


@dataclass(frozen=True)
class Round:
    """The renders of one round, by name; there are two plain ones."""

    passes: dict[str, list[Pass]]

    def milliseconds(self, name: str) -> float:
        """Wall-clock time per frame."""
        return 1000 * mean(done.seconds / done.frames for done in self.passes[name])

    def processor(self, name: str) -> float:
        """Processor time per frame in milliseconds, all threads together."""
        return 1000 * mean(done.processor / done.frames for done in self.passes[name])

    def stages(self, name: str) -> dict[str, float]:
        """Milliseconds per frame in each of our stages."""
        done = self.passes[name][0]
        return {stage: 1000 * seconds / done.frames for stage, seconds in done.stage_seconds.items()}


def render_round(folder: Path, clip: Path, faces: tuple[Path, Path], frames: int) -> Round:
    """Render a clip in every way, from an empty cache in `folder`. UnderstudyError where that is impossible."""
    folder.mkdir(parents=True, exist_ok=True)
    project = build(folder, clip, faces[0], frames, ())
    tweaked = ["fusion.blend=0.6"]
    plains = [project.movie("plain", bare=True)]
    passes = {"plain": plains, "cold": [project.movie("cold")]}
    passes["tweak"] = [project.movie("tweak", settings=tweaked)]
    passes["again"] = [project.movie("again", settings=tweaked)]
    plains.append(project.movie("plain", bare=True))
    passes["source"] = [project.movie("source", face=faces[1])]
    return Round(passes)


def ratios(rounds: Sequence[Round], name: str) -> dict[str, object]:
    """Compare a pass with the plain ones of its round: wall clock, spread over the rounds, and processor time."""
    walls = [one.milliseconds(name) / one.milliseconds("plain") for one in rounds]
    works = [one.processor(name) / one.processor("plain") for one in rounds]
    return {**spread(walls), "processor": spread(works)}


def by_stage(rounds: Sequence[Round]) -> dict[str, dict[str, object]]:
    """Return for each pass its milliseconds a frame, wall clock and processor, and those in our stages."""
    return {
        name: {
            "ms": spread([one.milliseconds(name) for one in rounds], 2),
            "processor_ms": spread([one.processor(name) for one in rounds], 2),
            "stages_ms": {
                stage: round(median(one.stages(name)[stage] for one in rounds), 2)
                for stage in rounds[0].stages(name)
            },
            "ran": {stage: counts["run"] for stage, counts in rounds[0].passes[name][0].stages.items()},
            "decoded": rounds[0].passes[name][0].frames_decoded,
        }
        for name in NAMES
    }
