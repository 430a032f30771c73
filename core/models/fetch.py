# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch a published model file: to a temporary file, going on where an earlier try ended, checked, then moved."""

import os
import stat
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from hashlib import sha256
from io import FileIO
from pathlib import Path

from ..errors import ModelError, OutputError
from ..filesystem import Folder, make_folder
from ..reporting.quoting import quote
from ..system.user_cache import is_ours
from .catalog import KnownModel
from .download import Download, DownloadError, require_safe
from .onnx_file import LARGEST_FILE

Progress = Callable[[int, int], None]
"""Called with the bytes that are here and those that there will be."""

_PIECE = 1 << 20


def fetch(known: KnownModel, folder: Path, progress: Progress, *, accept_licence: bool = False) -> Path:
    """Fetch a file of the catalogue into a folder and return its path.

    What a cut-off try left is gone on with. ModelError says why not: no address or checksum is known, the licence
    has to be accepted first, the server does not answer, or what came is not what was published. OutputError where
    it can't be written.
    """
    _require(known, accept_licence=accept_licence)
    target = folder / known.file
    part = f".{known.file}.{known.sha256[:8]}.part"
    try:
        with target_folder(folder) as opened:
            _download(known, opened, part, progress)
            _check(known, opened, part)
            opened.rename(part, known.file, sync=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"can't write {quote(target)}: {reason}; check the folder and free space"
        ) from error
    return target


def needs_acceptance(known: KnownModel) -> bool:
    """Tell whether a file's licence has to be accepted before it is fetched: any that limits what it is used for."""
    return not known.commercial


def _require(known: KnownModel, *, accept_licence: bool) -> None:
    if not known.url or not known.sha256:
        about = f" ({known.note[0].lower()}{known.note[1:]})" if known.note else ""
        raise ModelError(
            f"{known.file} can't be fetched by itself{about}: get it from {known.page} and run "
            f"`understudy models add FILE --family {known.role}/{known.family}`"
        )
    if Path(known.file).name != known.file or known.file.startswith("."):
        raise ModelError(f"the catalogue's file name {known.file!r} can't be used")
    if needs_acceptance(known) and not accept_licence:
        raise ModelError(
            f"{known.file} is {known.vendor}'s, licence: {known.licence}. Read it at {known.page}; if you accept it, "
            "run this again with --accept-licence"
        )
    try:
        require_safe(known.url)
    except ValueError as error:
        raise ModelError(f"can't fetch {known.file}: its address is none") from error


def target_folder(folder: Path) -> Folder:
    """Open the folder that models are put into, made if need be. OutputError if everybody may write to it."""
    make_folder(folder)
    opened = Folder(folder)
    if sys.platform != "win32" and opened.status().st_mode & stat.S_IWOTH:
        opened.close()
        raise OutputError(
            f"everybody may write to {quote(folder)}: take that permission away (chmod o-w), or choose another folder"
        )
    return opened


def _download(known: KnownModel, folder: Folder, part: str, progress: Progress) -> None:
    limit = known.size or LARGEST_FILE
    with os.fdopen(_part(folder, part, limit), "r+b", buffering=0) as file:
        have = file.seek(0, os.SEEK_END)
        if known.size and have == known.size:
            return
        try:
            with closing(Download(known.url, have)) as download:
                have = file.seek(download.start)
                file.truncate()
                for piece in download.pieces():
                    have += len(piece)
                    if have > limit:
                        raise ModelError(f"{known.file} is refused: more than its {limit} bytes came")
                    _write(file, piece)
                    progress(have, known.size)
        except DownloadError as error:
            if error.code == 416:  # there is no such byte: what is here is none of it
                file.truncate(0)
            again = "" if error.code else f"; run the same command again to go on from {have} bytes"
            raise ModelError(f"can't fetch {known.file}: {error}{again}") from error
    if known.size and have < known.size:
        raise ModelError(
            f"{known.file} is cut off after {have} of {known.size} bytes: run the same command again to go on"
        )


def _part(folder: Folder, part: str, limit: int) -> int:
    """Open what an earlier try left, or a new file where there is nothing, or something that is not the user's."""
    with suppress(OSError):
        fd = folder.open_file(part, os.O_RDWR)
        status = os.fstat(fd)
        if is_ours(status) and status.st_nlink == 1 and status.st_size <= limit:
            return fd
        os.close(fd)
    with suppress(FileNotFoundError):
        folder.remove_file(part)
    return folder.create_file(part, os.O_RDWR, None)


def _write(file: FileIO, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[file.write(view) or 0 :]


def _check(known: KnownModel, folder: Folder, part: str) -> None:
    digest = sha256()
    with os.fdopen(folder.open_file(part, os.O_RDONLY), "rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    content = digest.hexdigest()
    if content != known.sha256:
        folder.remove_file(part)
        raise ModelError(
            f"{known.file} is not what was published: its SHA-256 begins {content[:16]}, not {known.sha256[:16]}; "
            "it was deleted"
        )
