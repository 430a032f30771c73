# SPDX-License-Identifier: GPL-3.0-or-later
"""What an editor does to a layer strip alone does not last: a line says how to do what was meant.

A click on a layer selects its clip, see `selection`; this is for what is done all the same.
"""

from collections import deque
from functools import cache
from typing import Any

_MAX_NOTICES = 16


class LayerEdits:
    """The layers that there were at the last sync, and what was done to one alone since. Main thread only."""

    def __init__(self) -> None:
        self._present: set[tuple[str, str]] = set()
        self._muted: set[tuple[str, str]] = set()
        self._notices: deque[str] = deque(maxlen=_MAX_NOTICES)

    def compare_mute(self, scene: Any, strip_id: str, clip: Any, layer: Any, *, is_muted: bool) -> None:
        """Note whether clip and layer are muted; to be called before the layer gets what the clip has.

        `is_muted` says whether the clip is, by itself or by its channel.
        """
        key = scene.name, strip_id
        if layer.mute and not is_muted and key in self._present and key not in self._muted:
            self._notices.append(
                f"{layer.name} is muted with {clip.name} only: to hide the new face, use the eye icon of the "
                "Face Swap modifier"
            )
        self.note_mute(scene.name, strip_id, is_muted=is_muted)

    def note_mute(self, scene_name: str, strip_id: str, *, is_muted: bool) -> None:
        """Note that a clip and its layer are muted, or neither is."""
        key = scene_name, strip_id
        self._present.add(key)
        if is_muted:
            self._muted.add(key)
        else:
            self._muted.discard(key)

    def note_missing(self, scene: Any, strip_id: str, clip: Any) -> None:
        """Note that the layer of a clip has to be made, perhaps anew."""
        if (scene.name, strip_id) in self._present:
            self._notices.append(
                f"The layer strip of {clip.name} was removed and made again: to remove it, remove the Face Swap "
                f"modifiers of {clip.name}"
            )

    def take_notices(self) -> list[str]:
        """Return what is to be said of layers that were edited alone, once."""
        notices = list(self._notices)
        self._notices.clear()
        return notices

    def forget(self) -> None:
        """Forget the layers, as after another file was loaded."""
        self._present.clear()
        self._muted.clear()


@cache
def layer_edits() -> LayerEdits:
    """Return the layers of this Blender."""
    return LayerEdits()
