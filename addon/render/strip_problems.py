# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips that a render does not show as they should be, whatever their layer images are."""

from collections.abc import Iterable

import bpy

from ...core.reporting.layer_outcomes import NO_LAYER, Outcomes
from ..layers.layer_strip import layer_of
from ..layers.replaced_files import replaced_movies
from ..layers.scene_strips import SceneStrips
from ..layers.strip_warnings import warnings_by_clip
from ..modifiers.sanitize import strips_with_invalid_ids
from ..sequencer.shown_frames import shown_scenes
from ..sequencer.strips import is_shown, strips_at, strips_with_modifiers

_REPLACED_FIX = "Blender shows the former one until you press Refresh"


class StripProblems:
    """What is wrong with clips, looked at once: the layers are in step, so it stays so for the whole render."""

    def __init__(self, scenes: Iterable[bpy.types.Scene]) -> None:
        self._texts: dict[tuple[str, str], list[str]] = {}
        for scene in scenes:
            strips = SceneStrips(scene)
            for clip, warnings in warnings_by_clip(strips):
                for notice in warnings:
                    self.add(scene, clip.name, f"{clip.name} {notice.text}")
            for clip in replaced_movies(strips):
                self.add(scene, clip.name, f"{clip.name} plays a file that was replaced: {_REPLACED_FIX}")
            for clip in strips_with_invalid_ids(scene):
                self._texts[scene.name, clip.name] = [
                    f"{clip.name} has an invalid Understudy id: press Refresh"
                ]

    @property
    def texts(self) -> list[str]:
        """All of it, a line each."""
        return [text for texts in self._texts.values() for text in texts]

    def add(self, scene: bpy.types.Scene, clip_name: str, text: str) -> None:
        """Note one more problem of a clip."""
        self._texts.setdefault((scene.name, clip_name), []).append(text)

    def record(self, scene: bpy.types.Scene, outcomes: Outcomes) -> None:
        """Count the clips at a scene's frame that have problems."""
        if not self._texts:
            return
        for here, at in shown_scenes(scene, scene.frame_current):
            for clip in (*strips_with_modifiers(here, strips_at(here, at)), *strips_with_invalid_ids(here)):
                texts = self._texts.get((here.name, clip.name))
                if not texts or not is_shown(here, clip, at):
                    continue
                if layer_of(here, clip) is None:
                    outcomes.record_failure(NO_LAYER, f"{clip.name}, frame {at}: {texts[0]}")
                else:
                    outcomes.failures.extend(f"{clip.name}, frame {at}: {text}" for text in texts)
