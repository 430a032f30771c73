# SPDX-License-Identifier: GPL-3.0-or-later
"""What clips and source images are called in keys and labels: by what can't lie cheaply.

A stamp is made of each file's path, size and time, and of blocks of its content. That holds on every machine that has
a copy under the same path. A file can be replaced by another that agrees in all of this. So this machine also
remembers which inode it was and when anything of it last changed: where these differ the whole content is hashed, and
if it is another one its hash is part of the stamp.
"""

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePath, PurePosixPath
from typing import NamedTuple

from ..cache.base.key import SHA256_HEX
from ..concurrency.lru import LruCache
from ..system.user_records import Record, UserRecords
from .clip import Clip
from .file_status import ClipChangedError, FileStatus, content_id, file_status, files_stamp, sample_digest
from .source import ClipSource

FILE_NAME = "file-stamps.json"
_MAX_RECORDS = 5000
_MAX_SOURCES = 256
_PORTABLE_NAMES = 2
_RECHECK_COST_RATIO = 20.0
"""Of a sequence of 100,000 files all are looked at again after 20 times as long as that takes."""


@dataclass(frozen=True, eq=False)
class SourceStamp:
    """What a clip or an image is called, and what its files were when they were looked at."""

    source: ClipSource
    """Its files; how they are read is no part of it."""
    statuses: tuple[FileStatus, ...]
    sampled: str
    """The stamp by what holds on every machine."""
    portable_sampled: str
    """The same by what holds wherever a machine has the files' folder: by the last two names of their paths."""
    content: str
    """The hash of all content, see `content_id`; empty where it was not needed so far."""
    is_replaced: bool
    """Whether another content had the same `sampled` on this machine."""

    @cached_property
    def text(self) -> str:
        """The hex stamp."""
        if not self.is_replaced:
            return self.sampled
        return sha256(f"{self.sampled}{self.content}".encode()).hexdigest()

    @cached_property
    def portable_text(self) -> str:
        """The hex stamp that files keep in another place, if their folder has the same name there."""
        if not self.is_replaced:
            return self.portable_sampled
        return sha256(f"{self.portable_sampled}{self.content}".encode()).hexdigest()

    @cached_property
    def local(self) -> str:
        """What `Clip.stamp` is of a clip that was opened when its files were what they are here."""
        return files_stamp(self.source.paths, self.statuses)


class _Look(NamedTuple):
    """A stamp, when its files were looked at, and how many seconds that took."""

    stamp: SourceStamp
    monotonic_seconds: float
    cost_seconds: float


class SourceStamps:
    """Makes stamps. What the system says of files is looked at each time, their blocks when that has changed.

    For one thread at a time.
    """

    def __init__(self, *, may_hash: bool = True, environment: Mapping[str, str] = os.environ) -> None:
        """`may_hash`: files may be read as a whole where that is the only way to tell; else ClipChangedError."""
        self._may_hash = may_hash
        self._records = UserRecords(FILE_NAME, _is_record, _MAX_RECORDS, environment)
        self._saved: dict[str, Record] | None = None
        self._looks: LruCache[ClipSource, _Look] = LruCache(_MAX_SOURCES)

    def look(self, source: ClipSource, number: int = 0) -> SourceStamp:
        """Return the stamp of a clip or an image. Raises ClipError where a file is missing or can't be read.

        File `number` of a sequence is looked at whenever this is called.
        """
        source = source.files
        look, now = self._looks.get(source), time.monotonic()
        if look is not None and now - look.monotonic_seconds < _RECHECK_COST_RATIO * look.cost_seconds:
            index = min(number, len(source.paths) - 1)
            if file_status(source.paths[index]) == look.stamp.statuses[index]:
                return look.stamp
        statuses = tuple(file_status(path) for path in source.paths)
        cost_seconds = time.monotonic() - now
        stamp = look.stamp if look is not None and look.stamp.statuses == statuses else None
        return self._put(stamp or self._identify(source, statuses), cost_seconds)

    def look_at_clip(self, clip: Clip) -> SourceStamp:
        """Return the stamp of an open clip. ClipChangedError where its files are not those that were opened."""
        stamp = self.look(clip.source)
        if stamp.local != clip.stamp:
            raise ClipChangedError(f"{clip.source.paths[0]} was replaced since it was opened; run it again")
        return stamp

    def learn(self, stamp: SourceStamp, content: str) -> None:
        """Keep the hash of a source's content, of which the stamp was made before it was hashed."""
        if not stamp.content:
            self._keep(replace(stamp, content=content))

    def check_content(self, source: ClipSource) -> SourceStamp:
        """Hash the whole content, as where its pixels prove that it is another one. Raises ClipError."""
        stamp = self.look(source)
        content = content_id(source)
        if content == stamp.content:
            return stamp
        return self._keep(replace(stamp, content=content, is_replaced=True))

    def _identify(self, source: ClipSource, statuses: tuple[FileStatus, ...]) -> SourceStamp:
        samples, local = sample_digest(source), _local_digest(statuses)
        paths = [path.resolve() for path in source.paths]
        sampled = _sampled_stamp(paths, statuses, samples)
        portable = _sampled_stamp([_portable_path(path) for path in paths], statuses, samples)
        name = _record_name(sampled)
        record = self._read().get(name)
        if record is not None and record[0] != local and not self._may_hash:
            self._saved = None  # a process that may hash it may have done so since
            record = self._read().get(name)
        if record is None:
            return self._keep(SourceStamp(source, statuses, sampled, portable, "", is_replaced=False))
        content, is_replaced = str(record[1]), bool(record[2])
        if record[0] == local:
            return SourceStamp(source, statuses, sampled, portable, content, is_replaced)
        if not self._may_hash:
            raise ClipChangedError(f"{source.paths[0]} was replaced or touched: prepare it again")
        now = content_id(source)
        return self._keep(
            SourceStamp(source, statuses, sampled, portable, now, is_replaced or now != content)
        )

    def _keep(self, stamp: SourceStamp) -> SourceStamp:
        """Remember a stamp on this machine."""
        if self._may_hash:
            local = _local_digest(stamp.statuses)
            record: Record = [local, stamp.content, int(stamp.is_replaced)]
            self._read()[_record_name(stamp.sampled)] = record
            self._records.update({_record_name(stamp.sampled): record})
        return self._put(stamp, 0.0)

    def _put(self, stamp: SourceStamp, cost_seconds: float) -> SourceStamp:
        self._looks.put(stamp.source, _Look(stamp, time.monotonic(), cost_seconds))
        return stamp

    def _read(self) -> dict[str, Record]:
        if self._saved is None:
            self._saved = self._records.read()
        return self._saved


def _sampled_stamp(paths: Sequence[PurePath], statuses: tuple[FileStatus, ...], samples: bytes) -> str:
    digest = sha256()
    for path, (_, _, size, modified, _) in zip(paths, statuses, strict=True):
        digest.update(f"{path}\0{size}\0{modified}\n".encode(errors="surrogateescape"))
    digest.update(samples)
    return digest.hexdigest()


def _portable_path(path: Path) -> PurePath:
    """Return the names of a file and of its folder: those above differ from mount point to mount point.

    `path` has no links in it.
    """
    return PurePosixPath(*path.parts[-_PORTABLE_NAMES:])


def _local_digest(statuses: tuple[FileStatus, ...]) -> str:
    """Digest what tells files on this machine alone. Not the device: its number may be another after each start."""
    return sha256(repr([(inode, changed) for _, inode, _, _, changed in statuses]).encode()).hexdigest()


def _record_name(sampled: str) -> str:
    """Return the name of a record: a home folder may be shared by machines, to which a file has other inodes."""
    return sha256(f"{platform.node()}\n{sampled}".encode()).hexdigest()[:32]


def _is_record(record: object) -> bool:
    return (
        isinstance(record, list)
        and len(record) == 3
        and isinstance(record[0], str)
        and isinstance(record[1], str)
        and (not record[1] or SHA256_HEX.fullmatch(record[1]) is not None)
        and type(record[2]) is int
    )
