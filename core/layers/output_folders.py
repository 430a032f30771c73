# SPDX-License-Identifier: GPL-3.0-or-later
"""Where layer pictures are written: to their own folder or, where that is impossible, to a spare one for a run."""

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..cache.stores.folder_warnings import NOTHING_KEPT, ONLY_READ
from ..errors import OutputError
from ..filesystem import Access
from .folder import LayerFolder, folder_of
from .label import Asked, Label, Room

_OPEN_FOLDERS = 8
_MOVED = "; this render has its layers in "


class LayerPlaces:
    """Reads and writes pictures, and remembers the folders that could not be written to. For one thread at a time."""

    def __init__(self, access: Access, spare: Path | None = None) -> None:
        """`spare` is where the pictures of such a folder go, into a folder of the same name; None for nowhere."""
        self._access = access
        self._spare = spare
        self._moved: dict[Path, Path] = {}
        self._folders: OrderedDict[str, LayerFolder] = OrderedDict()

    @property
    def moved(self) -> Mapping[Path, Path]:
        """The folders whose pictures went elsewhere so far, and where that is."""
        return self._moved

    def label(self, picture: Path, room: Room | None = None) -> Label | None:
        """Return what a picture says of itself, see `read_label`. Raises OutputError for what is no layer's place."""
        folder, name = self._folder(picture)
        return folder.label(name, room)

    def relabel(self, picture: Path, label: Label, asked: Asked) -> bool:
        """Say in a picture that it is what is asked for now; see `LayerFolder.relabel`. Raises OutputError."""
        folder, name = self._folder(picture)
        return folder.relabel(name, label, asked)

    def put(self, picture: Path, *pieces: bytes | memoryview) -> str:
        """Write a picture of pieces at its path, or at its spare one; return a warning when that begins.

        Raises OutputError where it can be written at neither.
        """
        folder, name = self._folder(picture)
        try:
            folder.write(name, *pieces)
        except OutputError as error:
            if self._spare is None or picture.parent.parent == self._spare:
                raise
            instead = LayerFolder.spare(self._spare, picture.parent.name, self._access)
            try:
                instead.write(name, *pieces)
            except OutputError:
                raise OutputError(f"{error}, nor can {self._spare} take it: free some space") from error
            if self._moved.get(picture.parent) == instead.path:
                return ""
            self._moved[picture.parent] = instead.path
            return f"{error}{_MOVED}{self._spare}"
        return ""

    def close(self) -> None:
        """Let go of open folders."""
        while self._folders:
            self._folders.popitem()[1].close()

    def _folder(self, picture: Path) -> tuple[LayerFolder, str]:
        # At every frame: by texts, since path objects take several times as long.
        place, name = os.path.split(picture)
        folder = self._folders.get(place)
        if folder is None:
            if self._spare is not None and picture.parent.parent == self._spare:
                folder = LayerFolder.spare(self._spare, picture.parent.name, self._access)
            else:
                folder, _ = folder_of(picture, self._access)
            self._folders[place] = folder
            if len(self._folders) > _OPEN_FOLDERS:
                self._folders.popitem(last=False)[1].close()
        self._folders.move_to_end(place)
        return folder, name


def in_one_line(warnings: Sequence[str]) -> list[str]:
    """Return a run's warnings, with all that follows from a folder that can't be written to in one line.

    Who renders hears of it from whoever makes a layer, from whoever writes one and from the cache.
    """
    kept = list(warnings)
    for text in warnings:
        fault, moved, _ = text.partition(_MOVED)
        same = [entry for entry in kept if entry.endswith(f": {fault}")] if moved else []
        if not same:
            continue
        lost = any(entry.startswith((NOTHING_KEPT, ONLY_READ)) for entry in same)
        kept[kept.index(text)] = f"{text}, and keeps no results" if lost else text
        kept = [entry for entry in kept if entry not in same]
    return kept
