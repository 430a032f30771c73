# SPDX-License-Identifier: GPL-3.0-or-later
"""What all clips of files have: their facts, and whether their files are still those that were opened."""

from functools import cached_property

from ..concurrency.closing import Closeable
from .clip import ClipInfo
from .file_status import content_id, file_status, files_stamp, require_unchanged, status_if_there
from .source import ClipSource


class FileClip(Closeable):
    """The part of `Clip` that does not depend on what is in the files. A subclass sets `_info` as it opens them."""

    _info: ClipInfo

    def __init__(self, source: ClipSource) -> None:
        """Look at the files; one that is missing is said when it is needed."""
        self._source = source
        self._statuses = tuple(status_if_there(path) for path in source.paths)

    @property
    def info(self) -> ClipInfo:
        """The facts of this clip."""
        return self._info

    @property
    def source(self) -> ClipSource:
        """The clip's files."""
        return self._source

    @cached_property
    def clip_id(self) -> str:
        """See `Clip.clip_id`."""
        known = content_id(self._source)
        for number in range(len(self._source.paths)):
            self._require_unchanged(number)
        return known

    @cached_property
    def stamp(self) -> str:
        """See `Clip.stamp`."""
        paths = self._source.paths
        statuses = [status or file_status(path) for path, status in zip(paths, self._statuses, strict=True)]
        return files_stamp(paths, statuses)

    @property
    def image_count(self) -> int:
        """See `Clip.image_count`."""
        return self._info.frame_count

    @property
    def faults(self) -> tuple[str, ...]:
        """See `Clip.faults`."""
        return ()

    def _require_unchanged(self, number: int = 0) -> None:
        """Raise ClipChangedError unless a file of the clip is still what it was when the clip was opened."""
        require_unchanged(self._source.paths[number], self._statuses[number])
