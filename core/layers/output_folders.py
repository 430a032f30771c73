# SPDX-License-Identifier: GPL-3.0-or-later
"""Where layer images are written: to their own folder or, where that is impossible, to a spare one for a run."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..cache.stores.folder_warnings import NOT_KEPT_PREFIX, READ_ONLY_PREFIX
from ..concurrency.lru import LruCache
from ..errors import OutputError
from ..filesystem import Access
from .folder import LayerFolder, layer_folder_of
from .label import Label, ReadBuffer, RequestSummary

_MAX_OPEN_FOLDERS = 8
_REDIRECTION_TEXT = "; this render has its layers in "


class LayerOutputFolders:
    """Reads and writes images, and remembers the folders that could not be written to. For one thread at a time."""

    def __init__(self, access: Access, fallback: Path | None = None) -> None:
        """`fallback` is where the images of such a folder go, into a folder of the same name; None for nowhere."""
        self._access = access
        self._fallback = fallback
        self._redirections: dict[Path, Path] = {}
        self._folders: LruCache[str, LayerFolder] = LruCache(_MAX_OPEN_FOLDERS, LayerFolder.close)

    @property
    def redirections(self) -> Mapping[Path, Path]:
        """The folders whose images went elsewhere so far, and where that is."""
        return self._redirections

    def label(self, path: Path, buffer: ReadBuffer | None = None) -> Label | None:
        """Return what an image says of itself, see `read_label`. Raises OutputError for what is no layer's place."""
        folder, name = self._folder(path)
        return folder.label(name, buffer)

    def relabel(self, path: Path, label: Label, summary: RequestSummary) -> None:
        """Say in an image that it is what is asked for now, where that can be; see `LayerFolder.relabel`.

        A folder that can't be written to is no trouble while what is in it is right.
        """
        with suppress(OutputError):
            folder, name = self._folder(path)
            folder.relabel(name, label, summary)

    def write(self, path: Path, *pieces: bytes | memoryview) -> str:
        """Write an image of pieces at its path, or at its spare one; return a warning when that begins.

        Raises OutputError where it can be written at neither.
        """
        folder, name = self._folder(path)
        try:
            folder.write(name, *pieces)
        except OutputError as error:
            if self._fallback is None or path.parent.parent == self._fallback:
                raise
            instead = LayerFolder.fallback(self._fallback, path.parent.name, self._access)
            try:
                instead.write(name, *pieces)
            except OutputError:
                raise OutputError(f"{error}, nor can {self._fallback} take it: free some space") from error
            if self._redirections.get(path.parent) == instead.path:
                return ""
            self._redirections[path.parent] = instead.path
            return f"{error}{_REDIRECTION_TEXT}{self._fallback}"
        return ""

    def close(self) -> None:
        """Let go of open folders."""
        self._folders.clear()

    def _folder(self, path: Path) -> tuple[LayerFolder, str]:
        # At every frame: by texts, since path objects take several times as long.
        place, name = os.path.split(path)
        folder = self._folders.get(place)
        if folder is None:
            if self._fallback is not None and path.parent.parent == self._fallback:
                folder = LayerFolder.fallback(self._fallback, path.parent.name, self._access)
            else:
                folder, _ = layer_folder_of(path, self._access)
            self._folders.put(place, folder)
        return folder, name


def merge_folder_warnings(warnings: Sequence[str]) -> list[str]:
    """Return a run's warnings, with all that follows from a folder that can't be written to in one line.

    Who renders hears of it from whoever makes a layer, from whoever writes one and from the cache.
    """
    kept = list(warnings)
    for text in warnings:
        fault, moved, _ = text.partition(_REDIRECTION_TEXT)
        same = [entry for entry in kept if entry.endswith(f": {fault}")] if moved else []
        if not same:
            continue
        lost = any(entry.startswith((NOT_KEPT_PREFIX, READ_ONLY_PREFIX)) for entry in same)
        kept[kept.index(text)] = f"{text}, and keeps no results" if lost else text
        kept = [entry for entry in kept if entry not in same]
    return kept
