# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole renders in real Blender, side by side: without the modifier, cold, after a tweak, untouched, another source.

Each is a process of its own. A round starts from an empty cache. What is compared with a render without the modifier
stands between two of these, so that a machine that changes its speed spoils no ratio unseen; the untouched render,
whose ratio is nearest to 1, does so several times.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from ..demo.project import Pass, build
from .percentiles import spread

NAMES = ("plain", "cold", "tweak", "again", "source")
TWEAK = "fusion.blend=0.6"
"""What a tweak sets."""
_PLAIN = "plain"


@dataclass(frozen=True)
class Round:
    """The renders of one round by name, in the order in which they were made; some were made more than once."""

    renders: tuple[tuple[str, Pass], ...]

    def first(self, name: str) -> Pass:
        """Return the first render of a name."""
        return next(done for other, done in self.renders if other == name)

    def milliseconds(self, name: str) -> float:
        """Wall-clock time per frame."""
        return mean(_milliseconds(done) for other, done in self.renders if other == name)

    def processor(self, name: str) -> float:
        """Processor time per frame in milliseconds, all threads together."""
        return mean(_processor(done) for other, done in self.renders if other == name)

    def stages(self, name: str) -> dict[str, float]:
        """Milliseconds per frame in each of our stages."""
        done = self.first(name)
        return {stage: 1000 * seconds / done.frames for stage, seconds in done.stage_seconds.items()}

    def pair_with_plain(self, name: str, cost: Callable[[Pass], float]) -> list[float]:
        """Compare each render of a name with the plain ones next to it, before and after, as far as there are."""
        plains = [place for place, (other, _) in enumerate(self.renders) if other == _PLAIN]
        cost_ratios = []
        for place, (other, done) in enumerate(self.renders):
            if other == name:
                before = [plain for plain in plains if plain < place][-1:]
                after = [plain for plain in plains if plain > place][:1]
                cost_ratios.append(
                    cost(done) / mean(cost(self.renders[plain][1]) for plain in before + after)
                )
        return cost_ratios


def render_round(
    folder: Path,
    clip: Path,
    faces: tuple[Path, Path],
    frames: int,
    agains: int,
    settings: Sequence[str] = (),
) -> Round:
    """Render a clip in every way, from an empty cache in `folder`, and untouched `agains` times.

    `settings` are `name=value` texts that change a new modifier.

    UnderstudyError where that is impossible.
    """
    folder.mkdir(parents=True, exist_ok=True)
    project = build(folder, clip, faces[0], frames, settings)
    tweaked = [TWEAK]

    def plain() -> tuple[str, Pass]:
        return _PLAIN, project.movie(_PLAIN, bare=True)

    renders = [("cold", project.movie("cold")), plain()]
    renders += [("tweak", project.movie("tweak", settings=tweaked)), plain()]
    for _ in range(agains):
        renders += [("again", project.movie("again", settings=tweaked)), plain()]
    renders.append(("source", project.movie("source", face=faces[1])))
    return Round(tuple(renders))


def ratios(rounds: Sequence[Round], name: str) -> dict[str, object]:
    """Compare renders with the plain ones next to them: wall clock, its spread over all rounds, and processor time."""
    walls = [ratio for one in rounds for ratio in one.pair_with_plain(name, _milliseconds)]
    works = [ratio for one in rounds for ratio in one.pair_with_plain(name, _processor)]
    return {**spread(walls), "processor": spread(works)}


def _milliseconds(done: Pass) -> float:
    return 1000 * done.seconds / done.frames


def _processor(done: Pass) -> float:
    return 1000 * done.processor / done.frames


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
            "ran": {stage: counts["run"] for stage, counts in rounds[0].first(name).stages.items()},
            "decoded": rounds[0].first(name).frames_decoded,
        }
        for name in NAMES
    }
