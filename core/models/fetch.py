# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch a published model file: to a temporary file, going on where an earlier try ended, checked, then moved."""

import os
import stat
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

from ..errors import ModelError, OutputError, os_error_reason
from ..filesystem import Folder, make_folder, write_all
from ..reporting.quoting import quote
from ..system.user_cache import belongs_to_user
from .archive_member import read_member
from .catalog import ModelCard
from .download import Download, DownloadError, require_safe_url
from .onnx_file import MAX_FILE_BYTES

ProgressCallback = Callable[[int, int], None]
"""Called with the bytes that are here and those that there will be."""

_CHUNK_BYTES = 1 << 20


def fetch(
    card: ModelCard, folder: Path, on_progress: ProgressCallback, *, accept_licence: bool = False
) -> Path:
    """Fetch a file of the catalogue into a folder and return its path.

    What a cut-off try left is gone on with. ModelError says why not: no address or checksum is known, the licence
    has to be accepted first, the server does not answer, or what came is not what was published. OutputError where
    it can't be written.
    """
    _require_fetchable(card, accept_licence=accept_licence)
    target, download = folder / card.file, card.download
    part = f".{download.file}.{download.sha256[:8]}.part"
    try:
        with open_target_folder(folder) as opened:
            _download(download, opened, part, on_progress)
            _require_sha256(download, opened, part)
            if card.member:
                with os.fdopen(opened.open_file(part, os.O_RDONLY), "rb") as file:
                    content = read_member(card, file)
                opened.write_file(card.file, content)
                opened.discard_file(part)
            else:
                opened.rename(part, card.file, sync=True)
    except OSError as error:
        reason = os_error_reason(error)
        raise OutputError(
            f"can't write {quote(target)}: {reason}; check the folder and free space"
        ) from error
    return target


def needs_acceptance(card: ModelCard) -> bool:
    """Tell whether a file's licence has to be accepted before it is fetched: any that limits what it is used for."""
    return not card.commercial


def _require_fetchable(card: ModelCard, *, accept_licence: bool) -> None:
    if not card.url or not card.sha256:
        about = f" ({card.note[0].lower()}{card.note[1:]})" if card.note else ""
        raise ModelError(
            f"{card.file} can't be fetched by itself{about}: get it from {card.page} and run "
            f"`understudy models add FILE --family {card.role}/{card.family}`"
        )
    if Path(card.file).name != card.file or card.file.startswith("."):
        raise ModelError(f"the catalogue's file name {card.file!r} can't be used")
    if needs_acceptance(card) and not accept_licence:
        raise ModelError(
            f"{card.file} is {card.vendor}'s, license: {card.licence}. Read it at {card.page}; if you accept it, "
            "run this again with --accept-licence"
        )
    try:
        require_safe_url(card.url)
    except ValueError as error:
        raise ModelError(f"can't fetch {card.file}: its address is none") from error


def open_target_folder(folder: Path) -> Folder:
    """Open the folder that models are put into, made if need be. OutputError if everybody may write to it."""
    make_folder(folder)
    opened = Folder(folder)
    if sys.platform != "win32" and opened.status().st_mode & stat.S_IWOTH:
        opened.close()
        raise OutputError(
            f"everybody may write to {quote(folder)}: take that permission away (chmod o-w), or choose another folder"
        )
    return opened


def _download(card: ModelCard, folder: Folder, part: str, on_progress: ProgressCallback) -> None:
    limit = card.size or MAX_FILE_BYTES
    with os.fdopen(_open_part_file(folder, part, limit), "r+b", buffering=0) as file:
        have = file.seek(0, os.SEEK_END)
        if card.size and have == card.size:
            return
        try:
            with closing(Download(card.url, have)) as download:
                have = file.seek(download.start)
                file.truncate()
                for piece in download.chunks():
                    have += len(piece)
                    if have > limit:
                        raise ModelError(f"{card.file} is refused: more than its {limit} bytes came")
                    write_all(file, piece)
                    on_progress(have, card.size)
        except DownloadError as error:
            if error.code == 416:  # there is no such byte: what is here is none of it
                file.truncate(0)
            again = "" if error.code else f"; run the same command again to go on from {have} bytes"
            raise ModelError(f"can't fetch {card.file}: {error}{again}") from error
    if card.size and have < card.size:
        raise ModelError(
            f"{card.file} is cut off after {have} of {card.size} bytes: run the same command again to go on"
        )


def _open_part_file(folder: Folder, part: str, limit: int) -> int:
    """Open what an earlier try left, or a new file where there is nothing, or something that is not the user's."""
    with suppress(OSError):
        fd = folder.open_file(part, os.O_RDWR)
        status = os.fstat(fd)
        if belongs_to_user(status) and status.st_nlink == 1 and status.st_size <= limit:
            return fd
        os.close(fd)
    folder.discard_file(part)
    return folder.create_file(part, os.O_RDWR, None)


def _require_sha256(card: ModelCard, folder: Folder, part: str) -> None:
    digest = sha256()
    with os.fdopen(folder.open_file(part, os.O_RDONLY), "rb", buffering=0) as file:
        while piece := file.read(_CHUNK_BYTES):
            digest.update(piece)
    content = digest.hexdigest()
    if content != card.sha256:
        folder.discard_file(part)
        raise ModelError(
            f"{card.file} is not what was published: its SHA-256 begins {content[:16]}, not {card.sha256[:16]}; "
            "it was deleted"
        )
