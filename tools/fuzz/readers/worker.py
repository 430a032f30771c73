# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker process is told, line by line, spoilt. Whoever asks is ours; what it passes on is a stranger's."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path

from understudy.core.cache.settings import CacheSettings
from understudy.core.errors import UnderstudyError
from understudy.core.layers.job import request_values, source_values
from understudy.core.media.source import ClipSource
from understudy.core.recipe import Recipe
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.settings import RunSettings, settings_values
from understudy.core.worker.__main__ import WorkerRun

from ..sample import Sample, is_small

_LINES = "lines.jsonl"
_HERE = "@HERE@"
_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001"
    "f61738550000000049454e44ae426082"
)


class Worker:
    """See the module."""

    name = "worker"

    def samples(self) -> list[Sample]:
        """Return a run that checks a casting, notes its picture, looks for people, makes a layer and purges."""
        with tempfile.TemporaryDirectory() as made:
            here = Path(made)
            casting = SwapRequest(Identity((FaceImage(here / "who.png"),)), Recipe())
            source = ClipSource(movie=False, paths=(here / "clip.png",))
            lines = [
                {"clip": {"id": 1, **source_values(source)}},
                {"cast": {"id": 1, "castings": [request_values(casting)]}},
                {"check": {"strip": "clip", "cast": 1}},
                {"note": {"strip": "clip", "cast": 1}},
                {"people": {"strip": "clip", "cast": 1, "clip": 1, "first": 0, "last": 1}},
                {
                    "job": {
                        "id": 1, "strip": "clip", "frame": 1, "clip": 1, "cast": 1, "number": 0,
                        "picture": str(here / "cache" / "layers" / "0123456789abcdef" / "000000.tif"),
                    }
                },
                {"purge": {"strip": "clip", "clip": 1}},
            ]  # fmt: skip
            text = "\n".join(map(json.dumps, lines)).replace(made, _HERE)
        return [Sample({_LINES: text.encode()})]

    def mend(self, sample: Sample) -> Sample:
        """Return it as it is."""
        return sample

    def read(self, place: Path) -> None:
        """Do what the lines say, as the process does, in a cache of our own: only `begin` names that, and is ours."""
        for name in ("who.png", "clip.png"):
            (place / name).write_bytes(_PICTURE)
        path = place / _LINES
        if not is_small(path):
            return
        text = path.read_bytes().decode(errors="replace").replace(_HERE, str(place))
        run = WorkerRun(settings_values(RunSettings(CacheSettings(place / "cache"))), lambda *_: None)
        for line in text.split("\n"):
            try:
                ((kind, value),) = json.loads(line).items()
            except (ValueError, AttributeError, RecursionError):
                continue
            if kind not in ("begin", "end"):
                with suppress(UnderstudyError):
                    run.handle(kind, value)
        run.end()


READER = Worker()
