# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests of what layer pictures are asked to be, from values alone: nothing is decoded, analysed or looked up.

A layer's key is what decides: it is made from the frame's pixels and what was seen in them. But the same files,
the same parameters, the same models and the same code give the same key. So where nothing of these changed, the
digest that a picture carries in its label is enough to know that it is the right one.
"""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path

from ..errors import ClipError
from ..filesystem import Folder, Kind, open_input
from ..layers.job import LayerJob
from ..media.clip import files_stamp
from ..recipe.request import Casting

# The embedded models are below that: on every machine of a farm they have a time of their own, and the same content.
_SMALL = 1 << 22
# A folder of models holds hundreds of files; one of a whole disk would be read at the start of each render.
_MOST_NAMES = 100_000
_MOST_BYTES = 1 << 29
_DEEPEST = 32
_WORTH = 20.0
_CASTS = 64


class Asking:
    """Makes the digests of one run. What the run's code and models are is looked at once."""

    def __init__(self, model_folders: Sequence[Path], provider: str = "") -> None:
        """`model_folders` hold the models that the run may use, the embedded ones too; one may be missing.

        `provider` is what is asked to run them; which processor that turns out to be is not looked at.
        """
        self._provider = provider
        self._folders = (Path(__file__).parents[1], *model_folders)
        self._ground: str | None = None
        self._stamps: dict[tuple[Path, ...], _Stamp] = {}
        self._casts: dict[Casting, str] = {}

    def digest(self, job: LayerJob) -> str | None:
        """Return the hex digest of what a job's picture is asked to be; None where it has none.

        That is where a file of it is missing, or a model folder holds more than can be looked at.

        Files are known by path, size and time, as the cache knows clips. They are looked at again after a while
        that grows with how long that takes.
        """
        try:
            stamps = [self._stamp(job.source.paths)]
            stamps += [self._stamp(_pictures(casting)) for casting in job.castings]
        except ClipError:
            return None
        ground = self._under()
        if not ground:
            return None
        casts = [self._cast(casting) for casting in job.castings]
        lines = [ground, self._provider, str(job.source.movie), str(job.number), *stamps, *casts]
        return sha256("\n".join(lines).encode()).hexdigest()

    def _stamp(self, paths: tuple[Path, ...]) -> str:
        known = self._stamps.get(paths)
        now = time.monotonic()
        if known is None or now - known.taken > _WORTH * known.cost:
            seen = [_seen(path) for path in paths]
            text = files_stamp(paths) if known is None or known.seen != seen else known.text
            ended = time.monotonic()
            self._stamps[paths] = known = _Stamp(text, seen, ended, ended - now)
        return known.text

    def _cast(self, casting: Casting) -> str:
        text = self._casts.get(casting)
        if text is None:
            if len(self._casts) >= _CASTS:  # keyframed parameters make a new one for every frame
                self._casts.clear()
            nameless = replace(casting.identity, name="", consent="")
            self._casts[casting] = text = repr(replace(casting, identity=nameless))
        return text

    def _under(self) -> str:
        """Digest what every answer stands on: this code, its data, the models. Empty where that is too much."""
        if self._ground is None:
            digest = sha256()
            try:
                for folder in self._folders:
                    for line in _contents(folder):
                        digest.update(line)
                self._ground = digest.hexdigest()
            except _TooMuchError:
                self._ground = ""
        return self._ground


@dataclass(frozen=True)
class _Stamp:
    """Files' stamp, what was seen of them when it was taken, when that was and how many seconds it took."""

    text: str
    seen: list[tuple[int, ...]]
    taken: float
    cost: float


def _pictures(casting: Casting) -> tuple[Path, ...]:
    return tuple(picture.path for picture in (*casting.identity.pictures, *casting.replaced))


def _seen(path: Path) -> tuple[int, ...]:
    """Return what differs where a path leads to another file than before, or to a changed one; empty without one."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _contents(folder: Path) -> Iterator[bytes]:
    """Yield a line for each file below a folder: small ones by what is in them, others by size and time.

    What is nested deeper than models and code are is passed over. Raises _TooMuchError where it holds more than
    those do.
    """
    try:
        root = Folder(folder)
    except OSError:
        return
    with root:
        yield from _lines(root, "", _Room(), _DEEPEST)


class _TooMuchError(Exception):
    """A folder holds more than can be looked at before each render."""


@dataclass
class _Room:
    """How much of a folder may still be looked at."""

    names: int = _MOST_NAMES
    size: int = _MOST_BYTES


def _lines(folder: Folder, above: str, room: _Room, deeper: int) -> Iterator[bytes]:
    try:
        kinds = sorted(islice(folder.kinds(), room.names + 1))
    except OSError:  # no permission to list it
        return
    room.names -= len(kinds)
    if room.names < 0:
        raise _TooMuchError
    for kind in kinds:
        if kind.is_folder:
            continue
        try:
            content = _small_or_stamp(folder, kind, room)
        except OSError as error:
            content = f"unreadable {error.errno}"
        if content:
            yield f"{above}{kind.name}\0{content}\n".encode(errors="surrogateescape")
    for kind in kinds:
        if not kind.is_folder or kind.name == "__pycache__" or not deeper:
            continue
        try:
            child = folder.child(kind.name)
        except OSError:
            continue
        with child:
            yield from _lines(child, f"{above}{kind.name}{os.sep}", room, deeper - 1)


def _small_or_stamp(folder: Folder, kind: Kind, room: _Room) -> str:
    """Return what a file counts for; empty for a link to a folder, which counts for nothing."""
    if kind.is_link:
        path = folder.path / kind.name
        if path.is_dir():
            return ""
        with open_input(path) as file:
            return _content(file.fileno(), room)
    if not kind.is_file:
        raise OSError(errno.EINVAL, "not a regular file")
    fd = folder.open_file(kind.name, os.O_RDONLY)
    try:
        return _content(fd, room)
    finally:
        os.close(fd)


def _content(fd: int, room: _Room) -> str:
    status = os.fstat(fd)
    if status.st_size >= _SMALL:
        return f"{status.st_size} {status.st_mtime_ns}"
    room.size -= status.st_size
    if room.size < 0:
        raise _TooMuchError
    return sha256(os.read(fd, status.st_size)).hexdigest()
