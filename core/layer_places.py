# SPDX-License-Identifier: GPL-3.0-or-later
"""Where layer pictures are written: to their own folder or, where that is impossible, to a spare one for a run."""

from collections.abc import Callable, Mapping
from pathlib import Path

from .errors import OutputError


class LayerPlaces:
    """Writes pictures, and remembers the folders that could not be written to."""

    def __init__(self, spare: Path | None = None) -> None:
        """`spare` is where the pictures of such a folder go, into a folder of the same name; None for nowhere."""
        self._spare = spare
        self._moved: dict[Path, Path] = {}

    @property
    def moved(self) -> Mapping[Path, Path]:
        """The folders whose pictures went elsewhere so far, and where that is."""
        return self._moved

    def put(self, picture: Path, write: Callable[[Path], None]) -> str:
        """Have `write` make a picture at its path, or at its spare one; return a warning when that begins.

        Raises OutputError where it can be written at neither.
        """
        try:
            _make_folder(picture.parent)
            write(picture)
        except OutputError as error:
            if self._spare is None or picture.parent.parent == self._spare:
                raise
            instead = self._spare / picture.parent.name
            try:
                _make_folder(instead)
                write(instead / picture.name)
            except OutputError:
                raise OutputError(f"{error}, nor can {self._spare} take it: free some space") from error
            if self._moved.get(picture.parent) == instead:
                return ""
            self._moved[picture.parent] = instead
            return f"{error}; this render has its layers in {self._spare}"
        return ""


def _make_folder(folder: Path) -> None:
    """Make a layer folder that was deleted: a render in the window can't bring the layers in step first."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't make the layer folder {folder}: {error.strerror}") from error
