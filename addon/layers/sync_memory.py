# SPDX-License-Identifier: GPL-3.0-or-later
"""What earlier syncs learned, so that a sync opens no movie twice and looks at nothing that did not change.

A movie's length is kept under all that tells the file from others. A layer is kept under its stack with the state
in which nothing was left to do: in any other state everything is checked. Main thread only, but for one question.
"""

from collections.abc import Hashable
from functools import cache
from pathlib import Path

from ...core.cache.packs.layout import LAYERS_FOLDER
from ...core.concurrency.lru import LruCache
from ...core.errors import ClipError
from ...core.media.file_status import FileStatus, status_if_there
from ...core.media.open import open_clip

_MAX_MOVIES = 4096
_MAX_LAYERS = 1 << 16


class SyncMemory:
    """Lengths of movies and of their strips, and layers that are in order."""

    def __init__(self) -> None:
        self._lengths: LruCache[tuple[Path, FileStatus], int] = LruCache(_MAX_MOVIES)
        self._states: LruCache[tuple[str, str], Hashable] = LruCache(_MAX_LAYERS)
        self._durations: LruCache[Hashable, int] = LruCache(_MAX_LAYERS)
        self._roots: dict[Path, tuple[int, int] | None] = {}
        # No cache of a size: what is read of it is read on a render's thread too.
        self._files: dict[Path, FileStatus] = {}

    def is_replaced(self, path: Path) -> bool:
        """Tell whether a file is another one than it was for `remember_file`. A file that is gone is not.

        On any thread.
        """
        before = self._files.get(path)
        return before is not None and status_if_there(path) not in (None, before)

    def remember_file(self, path: Path) -> None:
        """Keep which file a path leads to: Blender is about to open that one, or has it open."""
        now = status_if_there(path)
        if now is not None:
            self._files[path] = now

    def frame_count(self, path: Path) -> int | None:
        """Return a movie's length in frames, None where it can't be read."""
        status = status_if_there(path)
        if status is None:
            return None
        known = self._lengths.get((path, status))
        return self._read_frame_count(path, status) if known is None else known

    def _read_frame_count(self, path: Path, status: FileStatus) -> int | None:
        try:
            with open_clip(path) as opened:
                return self._lengths.put((path, status), opened.info.frame_count)
        except ClipError:
            return None  # said when the clip's frames are needed

    def duration(self, key: Hashable) -> int | None:
        """Return how long a movie strip is at another frame rate, None where it was not looked at yet."""
        return self._durations.get(key)

    def remember_duration(self, key: Hashable, duration: int) -> None:
        """Keep how long a movie strip is at another frame rate, under what decides that."""
        self._durations.put(key, duration)

    def is_in_order(self, root: Path, strip_id: str, state: Hashable) -> bool:
        """Tell whether the layer of a stack, in a cache folder, was in order when it was in this state."""
        return self._states.get((str(root), strip_id)) == state

    def remember(self, root: Path, strip_id: str, state: Hashable) -> None:
        """Keep the state of a layer that is in order now."""
        self._states.put((str(root), strip_id), state)

    def forget(self, root: Path, strip_id: str) -> None:
        """Have a layer checked again, as when its images were removed."""
        self._states.discard((str(root), strip_id))

    def forget_layers_if_replaced(self, root: Path) -> bool:
        """Have all layers checked again if a cache folder's folder of layers is not the one it was; True if so."""
        try:
            status = (root / LAYERS_FOLDER).stat()
        except OSError:
            identity = None
        else:
            identity = status.st_dev, status.st_ino
        # Where it was not there before, what is remembered was made in it since.
        replaced = identity is None or self._roots.get(root) not in (None, identity)
        if replaced:
            self._states.clear()
        self._roots[root] = identity
        return replaced

    def forget_layers(self) -> None:
        """Have all layers checked again, as after another file was loaded."""
        self._states.clear()
        self._durations.clear()
        self._roots.clear()
        self._files.clear()


@cache
def sync_memory() -> SyncMemory:
    """Return the memory of this Blender."""
    return SyncMemory()
