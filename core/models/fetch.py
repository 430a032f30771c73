# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch a published model file: to a temporary file, going on where an earlier try ended, checked, then moved."""

import hashlib
import http.client
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from ..errors import ModelError, OutputError
from .catalog import KnownModel
from .onnx_file import LARGEST_FILE

Progress = Callable[[int, int], None]
"""Called with the bytes that are here and those that there will be."""

_CHUNK = 1 << 18
_PATIENCE = 30.0
_LOCAL = ("127.0.0.1", "localhost", "::1")


def fetch(known: KnownModel, folder: Path, progress: Progress, *, accept_licence: bool = False) -> Path:
    """Fetch a file of the catalogue into a folder and return its path.

    What a cut-off try left is gone on with. ModelError says why not: no address or checksum is known, the licence
    has to be accepted first, the server does not answer, or what came is not what was published. OutputError where
    it can't be written.
    """
    _require(known, accept_licence=accept_licence)
    target = folder / known.file
    part = folder / f".{known.file}.{known.sha256[:8]}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _download(known, part, progress)
        _check(known, part)
        part.replace(target)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(f"can't write {target}: {reason}; check the folder and free space") from error
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
    _require_safe(known.url)


def _require_safe(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise ModelError(f"{parts.scheme}://{parts.hostname} is refused: models are fetched by https only")


class _SafeRedirects(HTTPRedirectHandler):
    """Follows redirects, but never to an address that can be read or changed on the way."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        _require_safe(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _download(known: KnownModel, part: Path, progress: Progress) -> None:
    limit = known.size or LARGEST_FILE
    have = part.stat().st_size if part.is_file() else 0
    if known.size and have == known.size:
        return
    if have > limit:
        part.unlink()
        have = 0
    request = Request(known.url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 - checked
    opener: OpenerDirector = build_opener(_SafeRedirects)
    try:
        with opener.open(request, timeout=_PATIENCE) as answer:
            # A server that does not go on from there sends the whole file: then so do we begin again.
            resumed = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(
                f"bytes {have}-"
            )
            if not resumed:
                have = 0
            with part.open("ab" if resumed else "wb") as file:
                while chunk := answer.read(_CHUNK):
                    have += len(chunk)
                    if have > limit:
                        raise ModelError(f"{known.file} is refused: more than its {limit} bytes came")
                    file.write(chunk)
                    progress(have, known.size)
    except HTTPError as error:
        if error.code == 416:
            part.unlink(missing_ok=True)
        raise ModelError(f"can't fetch {known.file}: the server says {error.code} {error.reason}") from error
    except (URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise ModelError(
            f"can't fetch {known.file}: {reason}; run the same command again to go on from {have} bytes"
        ) from error
    if known.size and have < known.size:
        raise ModelError(
            f"{known.file} is cut off after {have} of {known.size} bytes: run the same command again to go on"
        )


def _check(known: KnownModel, part: Path) -> None:
    with part.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    if content != known.sha256:
        part.unlink()
        raise ModelError(
            f"{known.file} is not what was published: its SHA-256 begins {content[:16]}, not {known.sha256[:16]}; "
            "it was deleted"
        )
