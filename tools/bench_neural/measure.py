# SPDX-License-Identifier: GPL-3.0-or-later
"""One provider, in a process of its own: passes over a clip, and the bare networks beside them.

Processor time is that of all threads. All but `first_frame` leave out the first frame, in which models are loaded.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from understudy.core.cache.settings import CacheSettings
from understudy.core.errors import UnderstudyError
from understudy.core.layers.job import LayerJob
from understudy.core.models.embedded import embedded_models
from understudy.core.models.model_file import ModelFile
from understudy.core.models.onnx_file import read_model_file, read_onnx_info
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.prefetching_session import PrefetchingSession
from understudy.core.sessions.settings import RunSettings

from ..bench_render.without_blender import jobs, time_jobs

SETTINGS = ("swap.swapper=inswapper", "enhance.enhancer=gfpgan", "embed.recogniser=arcface")
_MEMORY_BYTES = 64 << 20
_BARE_RUNS = 3
_DRAWING = ("swapper.onnx", "enhancer.onnx")


def main(arguments: list[str]) -> int:
    """Measure; write what was measured as JSON. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--provider", required=True)
    parser.add_argument("--frames", type=int, required=True)
    for name in ("--clip", "--face", "--other", "--models", "--folder", "--facts"):
        parser.add_argument(name, type=Path, required=True)
    options = parser.parse_args(arguments)
    shutil.rmtree(options.folder, ignore_errors=True)
    bench = _Bench(options)
    try:
        facts = {"passes": bench.time_passes(), "nets_alone": bench.time_networks(), "embeds": bench.embeds}
    except UnderstudyError as error:
        print(f"bench: {options.provider}: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(bench.cache, ignore_errors=True)
    options.facts.write_text(json.dumps(facts), encoding="utf-8")
    return 0


class _Bench:
    """One clip with two sources, over one cache."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self.cache = options.folder / "cache"
        self.embeds: float = 0
        """How many faces the cold pass embedded."""
        recipe = with_settings(Recipe(), list(SETTINGS))
        self._first, self._other = (
            SwapRequest(Identity((FaceImage(face),)), recipe) for face in (options.face, options.other)
        )
        tweaked = replace(self._first, recipe=with_settings(recipe, ["fusion.blend=0.6"]))
        self._requests = {"cold": self._first, "again": self._first, "tweak": tweaked, "source": self._other}

    def time_passes(self) -> dict[str, dict[str, float]]:
        """Return the seconds of each pass and its frames."""
        passes = {"first_frame": {**_time(self._make_first_frame), "frames": 1.0}}
        shutil.rmtree(self.cache)
        for name, request in self._requests.items():
            passes[name] = self._time_pass(name, request)
        return passes

    def time_networks(self) -> dict[str, float]:
        """Return the seconds that the bare networks take for `faces` faces of the cold pass, as it ran them."""
        models = [self._options.models / name for name in _DRAWING]
        embedded = embedded_models()
        files = [embedded.detector, embedded.landmarker, *map(ModelFile, models)]
        if self.embeds:
            files.append(ModelFile(self._options.models / "recogniser.onnx"))
        pool = ModelPool(0, (self._options.provider,))
        feeds = [_random_feeds(file) for file in files]

        def run_all() -> None:
            for file, values in zip(files, feeds, strict=True):
                pool.run(file, values, (), exact=file.path.name not in _DRAWING)

        def run_several() -> None:
            for _ in range(_BARE_RUNS):
                run_all()

        run_all()
        took = _time(run_several)
        pool.close()
        return {**took, "faces": _BARE_RUNS}

    def _make_first_frame(self) -> None:
        session = self._open_session()
        try:
            session.update_layer(self._jobs(self._first)[0])
        finally:
            session.close()

    def _time_pass(self, name: str, request: SwapRequest) -> dict[str, float]:
        session = self._open_session()
        try:
            took = time_jobs(session, self._jobs(request), warm=1)
            if name == "cold":
                self.embeds = session.report().stages.get("embed", {}).get("run", 0)
        finally:
            session.close()
        if name == "cold":  # to be compared with another provider's
            for path in sorted(self.cache.glob("**/*.tif")):
                shutil.copy(path, self._options.folder / path.name)
        count = self._options.frames - 1
        return {
            "cpu_s": took["processor"] * count / 1000,
            "wall_s": took["wall"] * count / 1000,
            "frames": count,
        }

    def _open_session(self) -> PrefetchingSession:
        cache = CacheSettings(self.cache, _MEMORY_BYTES)
        # What one pass made of the models would make the next one start sooner.
        return PrefetchingSession(
            RunSettings(
                cache, provider=self._options.provider, model_folder=self._options.models, graph_bytes=0
            )
        )

    def _jobs(self, request: SwapRequest) -> list[LayerJob]:
        return jobs(self._options.clip, request, self.cache, range(self._options.frames))


def _time(call: Callable[[], None]) -> dict[str, float]:
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return {"cpu_s": time.process_time() - processor, "wall_s": time.perf_counter() - wall}


def _random_feeds(file: ModelFile) -> dict[str, np.ndarray]:
    """Return an input for a network, of noise."""
    random = np.random.default_rng(1)
    facts = read_onnx_info(read_model_file(file.path), file.path)
    return {
        tensor.name: random.random(
            [size if isinstance(size, int) else 1 for size in tensor.shape or ()], np.float32
        )
        for tensor in facts.inputs
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
