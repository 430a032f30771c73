# SPDX-License-Identifier: GPL-3.0-or-later
"""The pixels that previews compare, read on a thread of their own: a frame of the clip, and layer images over it."""

from collections import OrderedDict
from collections.abc import Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import ClipError
from ...core.layers.job import LayerJob
from ...core.media.source import ClipSource

if TYPE_CHECKING:
    from ...core.layers.comparison import Comparison
    from ...core.media.clip import Clip

_MAX_RESULTS = 4
_MAX_CLIPS = 2


class ComparisonReader:
    """Reads what is compared, the newest first. Called on the main thread."""

    def __init__(self) -> None:
        """Begin without a thread: the first frame starts it."""
        self._thread: ThreadPoolExecutor | None = None
        self._results: OrderedDict[Hashable, Future[Comparison | None]] = OrderedDict()
        self._clips: OrderedDict[Hashable, Clip] = OrderedDict()

    @property
    def is_busy(self) -> bool:
        """Whether anything is being read."""
        return any(not future.done() for future in self._results.values())

    def comparison(
        self, job: LayerJob, wait_seconds: float, other_path: Path | None = None
    ) -> "tuple[Hashable, Comparison | None]":
        """Return what is compared in a job's frame, with a key of it: with the original, or with another layer image.

        None where the layer changes nothing, and where that is not read within `wait_seconds` seconds.
        """
        against = None if other_path is None else (other_path, _version(other_path))
        key = job.source, job.number, _version(job.layer_path), _version(job.source.paths[0]), against
        future = self._results.get(key)
        if future is None:
            self._thread = self._thread or ThreadPoolExecutor(1, "understudy compare")
            for other in self._results.values():
                other.cancel()
            self._results = OrderedDict(
                (name, entry) for name, entry in self._results.items() if not entry.cancelled()
            )
            future = self._results[key] = self._thread.submit(self._read, job, other_path, key[3])
        self._results.move_to_end(key)
        while len(self._results) > _MAX_RESULTS and next(iter(self._results.values())).done():
            self._results.popitem(last=False)
        wait([future], wait_seconds)
        return key, future.result() if future.done() else None

    def close(self) -> None:
        """End the thread and let go of the clips."""
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
            self._thread = None
        self._results.clear()
        for clip in self._clips.values():
            clip.close()
        self._clips.clear()

    def _read(self, job: LayerJob, other_path: Path | None, version: Hashable) -> "Comparison | None":
        """Read a frame and its layers; on the thread."""
        # They import OpenCV and PyAV, which a Blender in which nothing is compared does without.
        from ...core.analysis.display import display_pixels
        from ...core.layers.comparison import compare_layer
        from ...core.layers.layer_display import layer_display
        from ...core.media.open import open_source

        source: ClipSource = job.source
        try:
            clip = self._clips.get((source, version))
            if clip is None:
                clip = self._clips[source, version] = open_source(source)
            self._clips.move_to_end((source, version))
            while len(self._clips) > _MAX_CLIPS:
                self._clips.popitem(last=False)[1].close()
            pixels = clip.read(job.number)
            shown, to_display = display_pixels(clip, pixels), layer_display(clip, pixels)
            return compare_layer(shown, job.layer_path, to_display, other_path)
        except (ClipError, MemoryError):
            return None


def _version(path: Path) -> tuple[int, int]:
    """Return what tells a file from the one that was there before."""
    with suppress(OSError):
        status = path.stat()
        return status.st_mtime_ns, status.st_size
    return 0, 0
