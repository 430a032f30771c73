# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of clips, some frames at a time, as asked for on standard input: for clips to be measured in turn.

A line is `cold CLIP FIRST COUNT` or `tweak CLIP FIRST COUNT`; clips count from 0. From frame 0 on a new render of a
clip begins: `cold` from nothing, `tweak` with another blend than before. Answered by a line of JSON: milliseconds a
frame but for the first and last few, `wall` and `processor`, and `peak_mib`, the most memory held so far.
"""

import argparse
import json
import shutil
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import cv2
from understudy.core.cache.settings import CacheSettings
from understudy.core.recipe import initial_recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.prefetching_session import PrefetchingSession
from understudy.core.sessions.settings import RunSettings

from .peak_memory import peak_mib
from .without_blender import jobs, time_jobs

# A line's first and last frames are not timed: models are loaded, frames are made ahead again; and the last ones of
# a clip cost less, since the frames after them, in which their faces would be followed, are not there.
_WARM, _COOL = 20, 10
# Memory for few results: it fills at once, so that what still grows is growth.
_MEMORY_BYTES = 8 << 20


def main(arguments: list[str]) -> int:
    """Answer each line of standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, nargs="+", required=True)
    for name in ("--face", "--folder"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], dest="settings", help="a parameter, name=value")
    options = parser.parse_args(arguments)
    recipe = with_settings(initial_recipe(), options.settings)
    casting = SwapRequest(Identity((FaceImage(options.face),)), recipe)
    cv2.setNumThreads(1)  # as while Blender renders
    renders = [_Render(clip, casting, options.folder / clip.stem) for clip in options.clip]
    with ExitStack() as stack:
        for render in renders:
            stack.callback(render.close)
        for line in sys.stdin:
            kind, clip, first, count = line.split()
            facts = renders[int(clip)].render_frames(kind, int(first), int(count))
            print(json.dumps(facts | {"peak_mib": peak_mib()}), flush=True)
    return 0


class _Render:
    """One clip's render, whose cache stays in `folder`."""

    def __init__(self, clip: Path, casting: SwapRequest, folder: Path) -> None:
        self._clip, self._casting, self._folder = clip, casting, folder
        self._session: PrefetchingSession | None = None
        self._tweaks = 0

    def render_frames(self, kind: str, first: int, count: int) -> dict[str, float]:
        """Make frames; return what they cost."""
        if first == 0 or self._session is None:
            self.close()
            self._session = self._begin(kind)
        wanted = jobs(self._clip, self._casting, self._folder, range(first, first + count))
        if kind == "tweak":
            _read([self._clip, *self._folder.glob("*.pack"), *(job.layer_path for job in wanted)])
        return time_jobs(self._session, wanted, _WARM, _COOL)

    def close(self) -> None:
        """End the render, if there is one."""
        if self._session is not None:
            self._session.close()
        self._session = None

    def _begin(self, kind: str) -> PrefetchingSession:
        if kind == "cold":
            shutil.rmtree(self._folder, ignore_errors=True)
        else:
            self._tweaks += 1
            blend = f"fusion.blend={1 / (1 + 0.01 * self._tweaks):.4f}"
            self._casting = replace(self._casting, recipe=with_settings(self._casting.recipe, [blend]))
        settings = RunSettings(CacheSettings(self._folder, _MEMORY_BYTES), provider="cpu")
        return PrefetchingSession(settings)


def _read(paths: list[Path]) -> None:
    """Have files in the system's memory: what was made minutes ago it may have put away, the shortest clip's never."""
    for path in paths:
        with path.open("rb") as file:
            while file.read(1 << 20):
                pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
