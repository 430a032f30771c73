# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests of what layer images are asked to be, from values alone: nothing is decoded, analysed or looked up.

A layer's key is what decides: it is made from the frame's pixels and what was seen in them. But the same files,
the same parameters, the same models and the same code give the same key. So where nothing of these changed, the
digest that an image carries in its label is enough to know that it is the right one.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from pathlib import Path

from ..errors import ClipError
from ..filesystem import EntryKind, Folder, open_input
from ..layers.job import LayerJob
from ..media.source import ClipSource
from ..media.source_stamps import SourceStamp, SourceStamps
from ..models.embedded import SAFEGUARD
from ..recipe import Recipe
from ..recipe.request import SwapRequest, forms_origin, has_forms_origin
from ..system.library_versions import library_inputs

# The embedded models are below that: on every machine of a farm they have a time of their own, and the same content.
# The safeguard's model is larger, and counts by its size alone: no pixel depends on it.
_SMALL_FILE_BYTES = 1 << 22
# A folder of models holds hundreds of files; one of a whole disk would be read at the start of each render.
_MAX_NAMES = 100_000
_MAX_BYTES = 1 << 29
_MAX_DEPTH = 32
_MAX_REQUEST_TEXTS = 64
_MAX_IMAGE_SOURCES = 256


class RequestDigester:
    """Makes the digests of one run. What the run's code and models are is looked at once."""

    def __init__(
        self,
        model_folders: Sequence[Path],
        provider: str = "",
        stamps: SourceStamps | None = None,
        *,
        safeguard: bool = True,
    ) -> None:
        """`model_folders` hold the models that the run may use, the embedded ones too; one may be missing.

        `provider` is what is asked to run them; which processor that turns out to be is not looked at.
        `stamps` say which files clips and images are. `safeguard` says whether shots are looked at for nudity: what was
        made without that is not right where it is done.
        """
        self._provider = provider if safeguard else f"{provider} without the safeguard"
        self._folders = (Path(__file__).parents[1], *model_folders)
        self._cached_environment_digest: str | None = None
        self._stamps = stamps or SourceStamps()
        self._request_texts: dict[SwapRequest, str] = {}

    def digest(self, job: LayerJob) -> str | None:
        """Return the hex digest of what a job's image is asked to be; None where it has none.

        That is where a file of it is missing, or a model folder holds more than can be looked at.

        Files are known by their stamps, but for the folders above their own: an image stays what it is where a project
        and its files are on another mount point.
        """
        asked = job.frame_requests
        try:
            looks = [self._stamps.look(job.source, job.number)]
            for request in asked:
                images = (*request.identity.images, *request.target_references)
                looks += [self._stamps.look(_image_source(image.path)) for image in images]
            requests = [_without_own_forms(looks[0], request) for request in asked]
        except ClipError:
            return None
        ground = self._environment_digest()
        if not ground:
            return None
        stamps = [look.portable_text for look in looks]
        texts = [self._request_text(request) for request in requests]
        lines = [ground, self._provider, str(job.source.movie), str(job.number), *stamps, *texts]
        lines += job.source.key_inputs.values()
        return sha256("\n".join(lines).encode()).hexdigest()

    def forms_origin(self, source: ClipSource, recipe: Recipe) -> str:
        """Return what forms are learned from, see `request.forms_origin`. Raises ClipError."""
        return _forms_origin(self._stamps.look(source), recipe)

    def _request_text(self, request: SwapRequest) -> str:
        text = self._request_texts.get(request)
        if text is None:
            if (
                len(self._request_texts) >= _MAX_REQUEST_TEXTS
            ):  # keyframed parameters make a new one for every frame
                self._request_texts.clear()
            shown = replace(
                request, identity=replace(request.identity, name="", consent="", consent_until=None)
            )
            # Named only where there are some: a request without is what it was before there were any.
            repairs = "".join(f" {part!r}" for part in (request.holds, request.landmark_edits) if part)
            roto = f" {request.roto}" if request.roto else ""
            there = "".join(f" {number} {self._request_text(one)}" for number, one in request.other_frames)
            self._request_texts[request] = text = f"{_without_paths(shown)!r}{repairs}{roto}{there}"
        return text

    def environment_changed(self) -> bool:
        """Look at this code and the models anew; tell whether they are others than so far, or more than can be told."""
        before = self._environment_digest()
        self._cached_environment_digest = None
        return not before or before != self._environment_digest()

    def _environment_digest(self) -> str:
        """Digest what every answer stands on: this code, its data, the models. Empty where that is too much."""
        if self._cached_environment_digest is None:
            digest = sha256()
            libraries = library_inputs("av", "numpy", "onnxruntime", "opencv")
            digest.update("".join(f"{name} {version}\n" for name, version in libraries.items()).encode())
            try:
                for folder in self._folders:
                    for line in _folder_lines(folder):
                        digest.update(line)
                self._cached_environment_digest = digest.hexdigest()
            except _FolderTooLargeError:
                self._cached_environment_digest = ""
        return self._cached_environment_digest


@lru_cache(_MAX_IMAGE_SOURCES)
def _image_source(path: Path) -> ClipSource:
    """Return an image of a person as a clip: the same object at every frame, which is found by its hash."""
    return ClipSource(True, (Path(path),))


def _forms_origin(clip: SourceStamp, recipe: Recipe) -> str:
    return forms_origin(clip.portable_text, recipe)


def _without_own_forms(clip: SourceStamp, request: SwapRequest) -> SwapRequest:
    """Leave out forms that the clip itself gives: to keep them changes no image of it."""
    forms = request.target_forms
    is_own = bool(forms) and has_forms_origin(forms, _forms_origin(clip, request.recipe))
    return replace(request, target_forms="") if is_own else request


def _without_paths(request: SwapRequest) -> SwapRequest:
    """Return a request whose images have no paths: their stamps say which they are."""
    images, references = (
        tuple(replace(image, path=Path()) for image in group)
        for group in (request.identity.images, request.target_references)
    )
    return replace(request, identity=replace(request.identity, images=images), target_references=references)


def _folder_lines(folder: Path) -> Iterator[bytes]:
    """Yield a line for each file below a folder: small ones by what is in them, others by size and time.

    What is nested deeper than models and code are is passed over. Raises _FolderTooLargeError where it holds more than
    those do.
    """
    try:
        root = Folder(folder)
    except OSError:
        return
    with root:
        yield from _subfolder_lines(root, "", _ReadBudget(), _MAX_DEPTH)


class _FolderTooLargeError(Exception):
    """A folder holds more than can be looked at before each render."""


@dataclass
class _ReadBudget:
    """How much of a folder may still be looked at."""

    remaining_names: int = _MAX_NAMES
    remaining_bytes: int = _MAX_BYTES


def _subfolder_lines(folder: Folder, prefix: str, budget: _ReadBudget, depth: int) -> Iterator[bytes]:
    try:
        kinds = sorted(islice(folder.entry_kinds(), budget.remaining_names + 1))
    except OSError:  # no permission to list it
        return
    budget.remaining_names -= len(kinds)
    if budget.remaining_names < 0:
        raise _FolderTooLargeError
    for kind in kinds:
        if kind.is_folder:
            continue
        try:
            content = _entry_fingerprint(folder, kind, budget)
        except OSError as error:
            content = f"unreadable {error.errno}"
        if content:
            yield f"{prefix}{kind.name}\0{content}\n".encode(errors="surrogateescape")
    for kind in kinds:
        if not kind.is_folder or kind.name == "__pycache__" or not depth:
            continue
        try:
            child = folder.open_child(kind.name)
        except OSError:
            continue
        with child:
            yield from _subfolder_lines(child, f"{prefix}{kind.name}{os.sep}", budget, depth - 1)


def _entry_fingerprint(folder: Folder, kind: EntryKind, budget: _ReadBudget) -> str:
    """Return what a file counts for; empty for a link to a folder, which counts for nothing."""
    if kind.is_link:
        path = folder.path / kind.name
        if path.is_dir():
            return ""
        with open_input(path) as file:
            return _file_fingerprint(file.fileno(), budget, has_time=kind.name != SAFEGUARD)
    if not kind.is_file:
        raise OSError(errno.EINVAL, "not a regular file")
    fd = folder.open_file(kind.name, os.O_RDONLY)
    try:
        return _file_fingerprint(fd, budget, has_time=kind.name != SAFEGUARD)
    finally:
        os.close(fd)


def _file_fingerprint(fd: int, budget: _ReadBudget, *, has_time: bool) -> str:
    status = os.fstat(fd)
    if not has_time:
        return f"{status.st_size}"
    if status.st_size >= _SMALL_FILE_BYTES:
        return f"{status.st_size} {status.st_mtime_ns}"
    budget.remaining_bytes -= status.st_size
    if budget.remaining_bytes < 0:
        raise _FolderTooLargeError
    return sha256(os.read(fd, status.st_size)).hexdigest()
