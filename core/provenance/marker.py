# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks the files of one output. What can't be marked stays as it is and is said once, unless marks are required."""

import io
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..errors import OutputError, UnderstudyError, os_error_reason
from ..filesystem import NewFiles, open_input, read_input, write_file
from .certificates import SigningIdentity, local_identity, read_identity
from .facts import CompositeFacts
from .manifest import clip_history, media_type, sign_file
from .mark_file import (
    MAX_IMAGE_BYTES,
    can_hold_mark,
    has_manifest,
    is_image_format,
    mark_movie_in_place,
    marked_image,
)
from .settings import MarkSettings

_COPY_BYTES = 1 << 22
_MAX_CLIPS = 16
"""The manifests of so many clips are kept in that of an output, and as many in memory."""


class ClipFile(NamedTuple):
    """A file that an output was made of."""

    path: Path
    digest: str
    """What the facts call the clip."""


ClipFiles = Callable[[], Sequence[ClipFile]]


class FileMarker:
    """Marks images as bytes, movies before they have their name, and files that another program has finished.

    For one thread at a time.
    """

    def __init__(self, settings: MarkSettings, facts: Callable[[], CompositeFacts]) -> None:
        """`facts` says what was done; it is called once, as the first file is marked. It may raise UnderstudyError."""
        self._settings = settings
        self._make_facts = facts
        self._faults: list[str] = []
        self._history_of = lru_cache(maxsize=_MAX_CLIPS)(_clip_history)

    @property
    def is_on(self) -> bool:
        """Whether anything is marked at all."""
        return self._settings.is_on

    @property
    def warnings(self) -> tuple[str, ...]:
        """What could not be marked: one line, however many files it was."""
        if not self._faults:
            return self._settings.warnings
        more = len(self._faults) - 1
        others = f" (and {more} more)" if more else ""
        return (*self._settings.warnings, f"a file has not all of its marks: {self._faults[0]}{others}")

    @cached_property
    def facts(self) -> CompositeFacts:
        """What was done. Raises UnderstudyError."""
        return self._make_facts()

    def known_facts(self) -> CompositeFacts | None:
        """Return what was done; None where nothing is to be marked, or it can't be told. OutputError where it must."""
        if not self._settings.is_on:
            return None
        try:
            return self.facts
        except UnderstudyError as error:
            self._record(error)
            return None

    def image(self, data: bytes, name: str, clips: ClipFiles = tuple) -> bytes:
        """Return an image file with its marks; OutputError where it can't have them and must.

        Parameters
        ----------
        data : bytes
            The file.
        name : str
            What it will be called.
        clips : function
            Returns the clips that it was made of: where one has a manifest, that is kept. It may raise UnderstudyError.

        Returns
        -------
        bytes
            The file with the marks that it can have.

        Raises
        ------
        OutputError
            It can't be marked, and marks are required.
        """
        if not self._settings.is_on or not is_image_format(name):
            return data
        try:
            data = marked_image(data, name, self.facts)
            if self._settings.has_manifest and media_type(name):
                target = io.BytesIO()
                self._sign(io.BytesIO(data), target, name, clips)
                data = target.getvalue()
        except UnderstudyError as error:
            self._record(error)
        return data

    def movie(self, files: NewFiles, part: Path, name: str, clips: ClipFiles = tuple) -> Path:
        """Mark a movie that is complete and has not its name yet.

        Parameters
        ----------
        files : NewFiles
            What made its file.
        part : pathlib.Path
            Where that lies.
        name : str
            What it will be called.
        clips : function
            As in `image`.

        Returns
        -------
        pathlib.Path
            Where the file lies that is to have the name: `part`, or another, and then `part` is gone.

        Raises
        ------
        OutputError
            It can't be marked, and marks are required.
        """
        return self._movie(files, part, name, clips)[0]

    def _movie(self, files: NewFiles, part: Path, name: str, clips: ClipFiles) -> tuple[Path, bool]:
        """Return where the file lies that is to have the name, and whether it has any mark."""
        if not self._settings.is_on or not can_hold_mark(name):
            return part, False
        has_packet, signed = False, None
        try:
            mark_movie_in_place(part, name, self.facts)
            has_packet = True
            if self._settings.has_manifest:
                signed = files.create(name)
                with part.open("rb") as source, signed.open("r+b") as target:  # gate: NewFiles made both
                    self._sign(source, target, name, clips)
        except (OSError, UnderstudyError) as error:
            if signed is not None:
                files.drop(signed)
            self._record(error)
            return part, has_packet
        if signed is None:
            return part, True
        files.drop(part)
        return signed, True

    def finished_file(self, path: Path, clips: ClipFiles = tuple) -> bool:
        """Put a marked file in the place of one that another program has finished, whole at every moment.

        A link is left as it is: whoever has put it there chose what is marked.

        Parameters
        ----------
        path : pathlib.Path
            The file.
        clips : function
            As in `image`.

        Returns
        -------
        bool
            Whether it has all of its marks.

        Raises
        ------
        OutputError
            It can't be marked, and marks are required.
        """
        if not self._settings.is_on:
            return False
        before = len(self._faults)
        if path.is_symlink():
            self._record(OutputError(f"can't mark {path.name}: it is a link"))
            return False
        try:
            if is_image_format(path.name):
                data = read_input(path, MAX_IMAGE_BYTES)
                marked = self.image(data, path.name, clips)
                if marked is not data:
                    write_file(path, marked)
            else:
                self._finished_movie(path, clips)
        except OSError as error:
            self._record(error)
        return len(self._faults) == before

    def _finished_movie(self, path: Path, clips: ClipFiles) -> None:
        with NewFiles(path.parent) as files:
            part = files.create(path.name)
            with part.open("r+b") as copy, io.BufferedReader(open_input(path)) as file:  # gate: NewFiles'
                while piece := file.read(_COPY_BYTES):
                    copy.write(piece)
            if self._movie(files, part, path.name, clips)[1]:
                files.commit()

    def _sign(self, source: BinaryIO, target: BinaryIO, name: str, clips: ClipFiles) -> None:
        if isinstance(self._identity, OutputError):
            raise self._identity
        sign_file(
            source,
            target,
            name,
            self.facts,
            self._identity,
            self._settings.timestamp_url,
            self._history(clips),
        )

    def _history(self, clips: ClipFiles) -> list[bytes]:
        """Return the manifests of clips, as `clip_history` gives them."""
        archives: list[bytes] = []
        for clip in clips() if self._settings.keeps_history else ():
            is_only = len(self.facts.clips) == 1
            archive = self._history_of(clip, None if is_only else len(archives))
            if not isinstance(archive, bytes):
                self._record(archive)
            elif archive and len(archives) < _MAX_CLIPS:
                archives.append(archive)
        return archives

    @cached_property
    def _identity(self) -> SigningIdentity | OutputError:
        """Who signs, or why that can't be had: it is looked for once."""
        try:
            if self._settings.certificate is None:
                return local_identity()
            return read_identity(self._settings.certificate, self._settings.key, self._settings.password)
        except OutputError as error:
            return error

    def _record(self, error: Exception) -> None:
        text = str(error)
        if isinstance(error, OSError):
            text = f"{os_error_reason(error).lower()}; check the folder and free space"
        if self._settings.is_required:
            raise OutputError(f"marks are required, and {text}") from error
        self._faults.append(text)


def _clip_history(clip: ClipFile, place: int | None) -> bytes | OSError | OutputError:
    """Return what `clip_history` does, or why it can't: nobody reads a large clip for that twice.

    It is empty for a clip that has no manifest.
    """
    try:
        if not media_type(clip.path.name) or not has_manifest(clip.path):
            return b""
        with io.BufferedReader(open_input(clip.path)) as file:
            return clip_history(file, clip.path.name, clip.digest, place)
    except (OSError, OutputError) as error:
        return error
