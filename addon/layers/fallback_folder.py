# SPDX-License-Identifier: GPL-3.0-or-later
"""A full or write-protected disk is no reason to show the original: a render then has its layers elsewhere.

For the length of a render, a layer whose images could not be written reads them from Blender's temporary folder.
A directory that is changed in `render_pre` holds for that very frame (4.5, 5.0, 5.2, without a window). In a window
`render_pre` runs on the render's thread, where Blender's data must not be changed: there the original is shown.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import OutputError
from ...core.layers.folder import LayerFolder
from ..sequencer.strips import layer_strips
from .folders import layer_read_folder


def fallback_folder() -> Path:
    """Return the folder for images that can't be written where they belong."""
    return Path(bpy.app.tempdir) / "understudy_layers"


class FallbackLayers:
    """The layers that read from elsewhere. Main thread only."""

    def __init__(self) -> None:
        self._original_directories: dict[Path, str] = {}

    def redirect(self, redirections: Mapping[Path, Path]) -> bool:
        """Let the layers of folders whose images moved read them where they are; True if any had to change."""
        changed = False
        for layer in _all_layer_strips() if redirections else ():
            here = layer_read_folder(layer)
            if here in redirections:
                self._original_directories[redirections[here]] = layer.directory
                layer.directory = os.path.join(redirections[here], "")  # noqa: PTH118 - a directory ends with the separator
                changed = True
        return changed

    def restore_if_missing(self, images: Iterable[Path]) -> bool:
        """Go back if one of these is not there: even an outdated image is better than Blender's magenta."""
        if not self._original_directories or all(image.exists() for image in images):
            return False
        self.restore()
        return True

    def restore(self) -> None:
        """Let every layer read from its own folder again, and delete the spare images."""
        for layer in _all_layer_strips() if self._original_directories else ():
            before = self._original_directories.get(layer_read_folder(layer))
            if before is not None:
                layer.directory = before
        for folder in self._original_directories:
            with suppress(OutputError):  # Blender empties its temporary folder when it leaves
                LayerFolder.fallback(folder.parent, folder.name).remove()
        self._original_directories.clear()


def _all_layer_strips() -> list[Any]:
    return [layer for scene in bpy.data.scenes for layer in layer_strips(scene)]
