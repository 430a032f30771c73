# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tools.bench_cache.overhead`: what keeping results costs a cold render, by processor time.

One process renders the same frames again and again as `understudy render` does, each frame in every arm in turn, so
that whatever else the machine does meets all of them alike. The arms are `off`, which keeps results in memory only
(what `--no-cache` does: with no memory at all a render would look for the same faces many times); `on`, which keeps
them in a folder as well; and `shared`, which also shares them by a second folder, leases included. A frame's cost is
the processor time, user and system, of all threads of the process, from decoding to the encoded movie. What waits to be
written after the last frame counts too; `--no-movie` leaves the encoding out. Beside that ratio stands what the calls
to the store took by themselves, on the render's thread: it is exact where the ratio has the noise of some frames.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
from understudy.core.cache.base.key import Key
from understudy.core.cache.base.store import Arrays, Store
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stack import OpenCache
from understudy.core.export.frames import render_frames
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.open import Clip, open_clip
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

from tools.demo.make_up import write_sources
from tools.demo.portrait import load_portrait
from tools.demo.synthetic_clip import write_clip

_MOST = 1.02


class TimedStore:
    """A store that counts the processor time of the calls to another one."""

    def __init__(self, below: Store) -> None:
        self._below = below
        self.seconds = 0.0

    def get(self, key: Key) -> Arrays | None:
        """See `Store.get`."""
        began = time.thread_time()
        arrays = self._below.get(key)
        self.seconds += time.thread_time() - began
        return arrays

    def put(self, key: Key, arrays: Arrays) -> None:
        """See `Store.put`."""
        began = time.thread_time()
        self._below.put(key, arrays)
        self.seconds += time.thread_time() - began

    def __contains__(self, key: Key) -> bool:
        """See `Store.__contains__`."""
        began = time.thread_time()
        here = key in self._below
        self.seconds += time.thread_time() - began
        return here

    def close(self) -> None:
        """See `Store.close`."""
        self._below.close()


@dataclass
class Arm:
    """One way to keep results, and what rendering cost with it."""

    name: str
    settings: CacheSettings
    seconds: float = 0.0
    in_store: float = 0.0
    kept: int = 0
    cache: OpenCache = field(init=False)
    store: TimedStore = field(init=False)
    clip: Clip = field(init=False)
    writer: VideoWriter | None = None
    pipeline: Pipeline = field(init=False)

    def begin(self, movie: Path, casting: SwapRequest, *, encoded: bool) -> None:
        """Open everything, models loaded and the picture analysed: that is not what is compared."""
        self.cache = open_cache(self.settings, schemas=STAGE_SCHEMAS)
        self.store = TimedStore(self.cache.store)
        self.clip = open_clip(movie)
        self.pipeline = Pipeline(self.store, embedded_models(), 1, self.cache.flight)
        if encoded:
            info, output = self.clip.info, movie.with_name(f"{self.name}.mp4")
            self.writer = VideoWriter(output, info.width, info.height, info.fps).__enter__()
        self.pipeline.check([casting])
        self.store.seconds = 0.0

    def frame(self, number: int, casting: SwapRequest) -> None:
        """Render a frame."""
        began = time.process_time()
        for finished in render_frames(self.pipeline, self.clip, [casting], [number]):
            if self.writer is not None:
                self.writer.write(finished.pixels)
        self.seconds += time.process_time() - began

    def end(self) -> None:
        """Close everything; what that costs counts."""
        began = time.process_time()
        if self.writer is not None:
            self.writer.__exit__(None, None, None)
        self.pipeline.close()
        self.cache.close()
        self.seconds += time.process_time() - began
        self.kept += self.cache.folder_counts.puts
        self.in_store += self.store.seconds
        self.clip.close()


def measure(
    root: Path, movie: Path, casting: SwapRequest, frames: int, rounds: int, *, encoded: bool
) -> list[Arm]:
    """Render `frames` frames cold `rounds` times in every arm."""
    arms = [Arm(name, CacheSettings(root)) for name in ("off", "on", "shared")]
    for turn in range(rounds):
        for arm in arms:
            place = root / f"{arm.name}-{turn}"
            arm.settings = replace(
                arm.settings,
                folder=place,
                keep=arm.name != "off",
                shared_folder=root / f"share-{turn}" if arm.name == "shared" else None,
            )
            arm.begin(movie, casting, encoded=encoded)
        for number in range(frames):
            first = (number + turn) % len(arms)  # nobody is always the first to meet a frame
            for arm in (*arms[first:], *arms[:first]):
                arm.frame(number, casting)
        for arm in arms:
            arm.end()
    return arms


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; the exit code is 1 where the cache costs more than it may."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_cache.overhead", description=__doc__)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of 1080p")
    parser.add_argument("--no-movie", action="store_true", help="stop at the finished frames")
    parser.add_argument("--output", type=Path, default=Path("out/bench/overhead.json"))
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="overhead-") as folder:
        root = Path(folder)
        movie, person = root / "clip.mp4", root / "person.png"
        portrait = load_portrait()
        write_clip(portrait, movie, options.frames, options.scale)
        write_sources(portrait, person, root / "other.png")
        casting = SwapRequest(Identity((FaceImage(person),)))
        arms = measure(root, movie, casting, options.frames, options.rounds, encoded=not options.no_movie)
    off, on = arms[:2]
    print(f"{options.frames} frames, cold, {options.rounds} times; processor time a frame:")
    count = options.frames * options.rounds
    for arm in arms:
        print(
            f"{arm.name:<8}{1000 * arm.seconds / count:8.2f} ms  x {arm.seconds / off.seconds:.4f}"
            f"  in the store {1000 * arm.in_store / count:6.3f} ms, {arm.kept} kept"
        )
    share = (on.in_store - off.in_store) / off.seconds
    print(f"keeping results takes {share:.2%} of the render by the time of its own calls")
    figures = {
        arm.name: {"seconds": arm.seconds, "in_store": arm.in_store, "ratio": arm.seconds / off.seconds}
        for arm in arms
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(
        json.dumps({"frames": options.frames, "rounds": options.rounds, "share": share, **figures}, indent=1)
        + "\n"
    )
    return 0 if on.seconds <= _MOST * off.seconds else 1


if __name__ == "__main__":
    sys.exit(main())
