# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer folder that stays open for reading: at every frame a label is read in it."""

import os

from ..filesystem import Folder, Location
from .label import Label, LabelPeek, ReadBuffer, RequestSummary, peek_label, pieces_with_label, read_label


class LayerReader:
    """Reads the labels of the layers in a folder. For one thread at a time."""

    def __init__(self, location: Location) -> None:
        """It is opened when it is needed. It may lie in no cache folder: nothing is written to it."""
        self._location = location
        self._folder: Folder | None = None
        self._device_inode = 0, 0
        self._path = str(location.path)

    def label(self, name: str, buffer: ReadBuffer | None = None, mode: int | None = None) -> Label | None:
        """Return what a layer says of itself, see `read_label`; None too where it can't be read."""
        try:
            return read_label(self._open_folder(), name, buffer, mode)
        except OSError:
            return None

    def peek(self, name: str) -> LabelPeek | None:
        """Return what a layer says of itself, see `peek_label`; None too where it can't be read."""
        try:
            return peek_label(self._open_folder(), name)
        except OSError:
            return None

    def pieces_with_label(
        self, name: str, label: Label, summary: RequestSummary
    ) -> tuple[bytes | memoryview, ...]:
        """Return a layer with another label, see `pieces_with_label`; empty too where it can't be read."""
        try:
            return pieces_with_label(self._open_folder(), name, label, summary)
        except OSError:
            return ()

    def close(self) -> None:
        """Close the folder; it is opened again when it is needed."""
        if self._folder is not None:
            self._folder.close()
            self._folder = None

    def _open_folder(self) -> Folder:
        """Return the folder, opened anew if another one lies in its place by now. Raises OSError."""
        if self._folder is not None:
            status = os.stat(self._path)  # noqa: PTH116 - a path object takes twice as long
            if (status.st_dev, status.st_ino) == self._device_inode:
                return self._folder
            self.close()
        self._folder = folder = self._location.open()
        status = folder.status()
        self._device_inode = status.st_dev, status.st_ino
        return folder
