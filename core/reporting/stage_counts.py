# SPDX-License-Identifier: GPL-3.0-or-later
"""Count what was computed and what was not, and say so."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .quoting import quote

STAGES = ("detect", "landmark", "embed", "attribute", "nudity", "occlude", "shape", "swap", "enhance", "fuse")
_ON_DEMAND = ("attribute", "nudity", "occlude", "shape", "enhance")
USUAL_STAGES = tuple(stage for stage in STAGES if stage not in _ON_DEMAND)
"""The stages of every render; the others run only where a recipe asks for them."""


@dataclass(frozen=True)
class Report:
    """What a run did.

    Attributes
    ----------
    frames, faces : int
        Frames worked on, and faces replaced in them.
    frames_decoded : int
        Frames whose pixels were needed.
    models_loaded : int
        Models that were loaded to run.
    stages : dict of str to dict
        For each stage: how often it ran ("run"), how often its result was in the cache ("hit"), and "seconds". Stages
        count frames of the clip; occlude, shape, swap and enhance count faces, fuse counts layers. A stage that only
        some recipes use is left out where no recipe did.
    source_images : dict of str to int
        The runs and hits ("run", "hit") for the images of people, counted apart.
    warnings : tuple of str
        What the user should know, one line each.
    """

    frames: int
    faces: int
    frames_decoded: int
    models_loaded: int
    stages: dict[str, dict[str, int | float]]
    source_images: dict[str, int]
    warnings: tuple[str, ...]

    def since(self, earlier: "Report") -> "Report":
        """Return what was done after an `earlier` report of the same run; the warnings are this one's.

        Parameters
        ----------
        earlier : Report
            What had been done by then.

        Returns
        -------
        Report
            The difference.
        """
        stages = {
            stage: {
                name: round(count - earlier.stages.get(stage, {}).get(name, 0), 4)
                for name, count in counts.items()
            }
            for stage, counts in self.stages.items()
        }
        return Report(
            self.frames - earlier.frames,
            self.faces - earlier.faces,
            self.frames_decoded - earlier.frames_decoded,
            self.models_loaded - earlier.models_loaded,
            {
                stage: counts
                for stage, counts in stages.items()
                if stage not in _ON_DEMAND or counts["run"] + counts["hit"]
            },
            {name: count - earlier.source_images[name] for name, count in self.source_images.items()},
            self.warnings,
        )

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain values for JSON.

        Returns
        -------
        dict of str to object
            The attributes by name; `source_images` is called "images" there.
        """
        return {
            "frames": self.frames,
            "faces": self.faces,
            "frames_decoded": self.frames_decoded,
            "models_loaded": self.models_loaded,
            "stages": self.stages,
            "pictures": self.source_images,
            "warnings": list(self.warnings),
        }


@dataclass
class StageCounter:
    """Counts while a pipeline works. One pipeline, one tally."""

    frames: int = 0
    faces: int = 0
    frames_decoded: int = 0
    runs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 0))
    hits: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 0))
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    warnings: list[str] = field(default_factory=list)
    warning_count: int = 0
    """How often there was something to warn of, repetitions too."""

    def record_hit(self, stage: str, count: int = 1) -> None:
        """A stage's result was known."""
        self.hits[stage] += count

    def record_frame(self, faces: int) -> None:
        """Count a frame that is worked on, in which so many faces are replaced."""
        self.frames += 1
        self.faces += faces

    def record_cached_layer(self, faces: int, occluded: int, enhanced: int) -> None:
        """A frame's layer was there already, with its faces, and as many of them masked and enhanced."""
        self.record_frame(faces)
        for stage, count in (("swap", faces), ("occlude", occluded), ("enhance", enhanced), ("fuse", 1)):
            self.record_hit(stage, count)

    def add(self, other: "StageCounter") -> None:
        """Count what another tally counted as well."""
        self.frames += other.frames
        self.faces += other.faces
        self.frames_decoded += other.frames_decoded
        for stage in STAGES:
            self.runs[stage] += other.runs[stage]
            self.hits[stage] += other.hits[stage]
            self.seconds[stage] += other.seconds[stage]
        for text in other.warnings:
            self.warn(text)

    @contextmanager
    def measure(self, stage: str, count: int = 1) -> Iterator[None]:
        """A stage runs, for `count` results at once: count them and time it."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.runs[stage] += count
            self.seconds[stage] += time.perf_counter() - began

    def warn(self, text: str) -> None:
        """Keep a warning, safe to show; the same one is kept once."""
        text = quote(text)
        self.warning_count += 1
        if text not in self.warnings:
            self.warnings.append(text)

    def reset_warnings(self, texts: Iterable[str] = ()) -> None:
        """Keep these warnings and no others."""
        self.warnings.clear()
        for text in texts:
            self.warn(text)

    def report(self, models_loaded: int, image_counter: "StageCounter") -> Report:
        """Return what was counted so far; `pictures` counted what was done for the source images."""
        stages: dict[str, dict[str, int | float]] = {
            stage: {
                "run": self.runs[stage],
                "hit": self.hits[stage],
                "seconds": round(self.seconds[stage], 4),
            }
            for stage in STAGES
            if stage not in _ON_DEMAND or self.runs[stage] + self.hits[stage]
        }
        return Report(
            self.frames,
            self.faces,
            self.frames_decoded,
            models_loaded,
            stages,
            {"run": sum(image_counter.runs.values()), "hit": sum(image_counter.hits.values())},
            tuple(self.warnings),
        )
