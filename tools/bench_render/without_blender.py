# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own part of a render, without Blender, beside the bare sum of what cannot be left out; in one process.

The parts are: decoding each frame, and what the stages themselves take (the models with the making of their inputs,
shape, swap, fuse), one after the other, with nothing else. Settings are those of a new modifier, as in Blender. All
else is overhead: hashing, keys, the cache, following and steadying faces, planning, writing the layer images. Models
are loaded and warm before the clock starts.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import UnderstudyError
from understudy.core.layers.folder import LayerFolder
from understudy.core.layers.job import LayerJob
from understudy.core.media.open import Clip, open_clip
from understudy.core.media.source import ClipSource
from understudy.core.media.source_stamps import SourceStamps
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import initial_recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.prefetching_session import PrefetchingSession
from understudy.core.sessions.settings import RunSettings

from .percentiles import percentiles
from .rounds import TWEAK

SOURCE_STAGES = ("shape", "swap", "fuse")
"""What another source can't be drawn without."""
_STAGES = ("detect", "landmark", "embed", *SOURCE_STAGES)
_WARM = 6
_STACK = "0123456789abcdef"
_MEMORY_BYTES = 64 << 20


def main(arguments: list[str]) -> int:
    """Measure one round; write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--clip", "--face", "--other", "--folder", "--facts"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--set", action="append", default=[], dest="settings", help="a parameter, name=value")
    options = parser.parse_args(arguments)
    faces = options.face, options.other
    facts = measure_clip(options.clip, faces, options.frames, options.folder, options.settings)
    options.facts.write_text(json.dumps(facts), encoding="utf-8")
    return 0


def measure_clip(
    path: Path, faces: tuple[Path, Path], frames: int, folder: Path, settings: Sequence[str]
) -> dict[str, object]:
    """Measure a clip's frames after the first few, which warm up; `folder` takes a cache that is deleted.

    `settings` are `name=value` texts that change a new modifier.
    """
    recipe = with_settings(initial_recipe(), list(settings))
    first, other = (SwapRequest(Identity((FaceImage(face),)), recipe) for face in faces)
    with open_clip(path) as clip:
        frames = min(frames, clip.info.frame_count)
    parts, fuse = _time_parts(path, first, other, frames)
    # A second time, after what is compared with it: a machine that changes its speed then changes both.
    cold, source, tweak = _runs(path, first, other, frames, folder)
    again, more = _time_parts(path, first, other, frames)
    count = frames - _WARM
    parts = {name: (seconds + again[name]) / 2 * 1000 / count for name, seconds in parts.items()}
    all_parts = sum(parts[name] for name in ("decode", *_STAGES))
    return {
        "parts_ms": parts,
        "cold_ms": cold,
        "source_ms": source,
        "tweak_ms": tweak,
        "cold_vs_models": cold["wall"] / all_parts,
        "source_vs_parts": source["wall"] / sum(parts[f"source_{name}"] for name in SOURCE_STAGES),
        "fuse_ms": percentiles([*fuse, *more]),
        "check_ms": _time_checks(path, first.identity.images[0].path, frames),
    }


def _time_parts(
    path: Path, first: SwapRequest, other: SwapRequest, frames: int
) -> tuple[dict[str, float], list[float]]:
    """Return the seconds of each part over all but the warm frames, and each frame's milliseconds to fuse.

    Everything runs one after the other on this thread, and the cache is memory alone.
    """
    seconds = {"decode": _time_decoding(path, frames)}
    pipeline = Pipeline(MemoryStore(1 << 30), embedded_models())
    tweaked = replace(first, recipe=with_settings(first.recipe, [TWEAK]))
    with open_clip(path) as clip:
        seconds |= _time_stages(pipeline, clip, first, frames)
        fused = []
        for number in range(_WARM, frames):
            took = pipeline.counter.seconds["fuse"]
            pipeline.execute(pipeline.plan(clip, number, [tweaked]))
            fused.append(1000 * (pipeline.counter.seconds["fuse"] - took))
        source = _time_stages(pipeline, clip, other, frames)
    seconds |= {f"source_{name}": source[name] for name in SOURCE_STAGES}
    pipeline.close()
    return seconds, fused


def _time_checks(clip: Path, face: Path, frames: int) -> float:
    """Return the milliseconds a frame to make sure that neither clip nor source image was replaced.

    A render does so anew: blocks of both are read once, and what the system says of them is looked at for each frame.
    """
    began = time.perf_counter()
    stamps = SourceStamps()
    for number in range(frames):
        for path in (clip, face):
            stamps.look(ClipSource(True, (path,)), number)
    return 1000 * (time.perf_counter() - began) / frames


def _time_decoding(path: Path, frames: int) -> float:
    """Return the seconds to decode all but the warm frames."""
    with open_clip(path) as clip:
        for number in range(_WARM):
            clip.read(number)
        began = time.perf_counter()
        for number in range(_WARM, frames):
            clip.read(number)
        return time.perf_counter() - began


def _time_stages(pipeline: Pipeline, clip: Clip, casting: SwapRequest, frames: int) -> dict[str, float]:
    """Make all layers; return the seconds of each stage over all but the warm frames."""
    before: dict[str, float] = {}
    for number in range(frames):
        if number == _WARM:
            before = dict(pipeline.counter.seconds)
        pipeline.execute(pipeline.plan(clip, number, [casting]))
    return {stage: seconds - before[stage] for stage, seconds in pipeline.counter.seconds.items()}


def _runs(
    path: Path, first: SwapRequest, other: SwapRequest, frames: int, folder: Path
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Make all layers as a render does: from nothing, with another source, and after a tweak."""
    cache = folder / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    tweaked = replace(other, recipe=with_settings(other.recipe, [TWEAK]))
    try:
        runs = [_run(cache, path, casting, frames) for casting in (first, other, tweaked)]
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    return runs[0], runs[1], runs[2]


def _run(cache: Path, path: Path, casting: SwapRequest, frames: int) -> dict[str, float]:
    session = PrefetchingSession(RunSettings(CacheSettings(cache, _MEMORY_BYTES), provider="cpu"))
    try:
        return time_jobs(session, jobs(path, casting, cache, range(frames)), _WARM)
    finally:
        session.close()


def jobs(clip: Path, casting: SwapRequest, cache: Path, numbers: range) -> list[LayerJob]:
    """List what a render of a clip's frames asks for, in its order; the layers lie in the folder `cache`."""
    source, folder = ClipSource(True, (clip,)), LayerFolder(cache, _STACK)
    return [
        LayerJob("Clip", number + 1, source, number, folder.path / f"{number:06d}.tif", (casting,))
        for number in numbers
    ]


def time_jobs(
    session: PrefetchingSession, wanted: Sequence[LayerJob], warm: int, cool: int = 0
) -> dict[str, float]:
    """Bring all jobs, in order; return milliseconds a frame but for the first `warm` and last `cool`.

    `wall` and `processor`.
    """
    clock: list[tuple[float, float]] = []
    for number, job in enumerate(wanted):
        if number in (warm, len(wanted) - cool):
            clock.append((time.perf_counter(), time.process_time()))
        session.update_layer(job, wanted[number + 1 : number + 3])
    clock.append((time.perf_counter(), time.process_time()))
    count = len(wanted) - warm - cool
    if session.warnings:
        raise UnderstudyError(session.warnings[0])
    wall, processor = (end - start for start, end in zip(clock[0], clock[1], strict=True))
    return {"wall": 1000 * wall / count, "processor": 1000 * processor / count}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
