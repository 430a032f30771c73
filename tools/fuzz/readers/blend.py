# SPDX-License-Identifier: GPL-3.0-or-later
"""A project with spoilt properties, in a Blender that runs all the time: read, put in order, and taken apart.

The input says, as JSON, what is set by property and what by the raw values behind them, which a file may hold in any
type. Nothing outside the project's own folder may change for it.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import bpy
import understudy
from understudy.addon.layers import copies, folders, jobs, layer_strip, strip_warnings, sync
from understudy.addon.modifiers import stack
from understudy.addon.properties import scene_properties
from understudy.addon.sequencer import strips as timeline
from understudy.core.errors import UnderstudyError

from ..sample import Sample, is_small

_FILE = "project.json"
_ID = "0123456789abcdef"
_REFUSALS = (TypeError, ValueError, AttributeError, OverflowError, RuntimeError, KeyError, SystemError)
"""What Blender says to a value that a property can't have: then a file can't hold it either."""


class Blend:
    """See the module."""

    name = "blend"

    def __init__(self) -> None:
        self._registered = False

    def samples(self) -> list[Sample]:
        """Return a project with a clip, its layer and one modifier."""
        plain = {
            "scene": {"cache_folder": "//understudy_cache", "strict": False},
            "clip": {"name": "clip", "understudy_id": _ID, "directory": "//", "understudy_rate": 24.0},
            "layer": {
                "name": "layer",
                "understudy_layer_of": _ID,
                "directory": f"//understudy_cache/layers/{_ID}/",
            },
            "pictures": ["000000.tif", "000001.tif", "000002.tif"],
            "modifier": {"name": "Face Swap", "strip_id": _ID, "enabled": True, "loaded_take": 0},
            "take": {"name": "second", "take_id": _ID, "has_own_values": True},
            "identity": {"name": "somebody", "consent": "yes"},
            "picture": {"filepath": "//who.png", "face_number": 0},
            "raw": {},
        }
        raw = {
            **plain,
            "raw": {"clip": {"understudy_id": 7}, "scene": {"cache_folder": 7}, "modifier": {"name": 1}},
        }
        return [Sample({_FILE: json.dumps(entry).encode()}) for entry in (plain, raw)]

    def mend(self, sample: Sample) -> Sample:
        """Return it as it is."""
        return sample

    def read(self, place: Path) -> None:
        """Make the project and do what opening, rendering and editing it do."""
        if not self._registered:
            understudy.register()
            self._registered = True
        path = place / _FILE
        values: Any = None
        if is_small(path):
            with suppress(ValueError, RecursionError):
                values = json.loads(path.read_bytes())
        if not isinstance(values, dict):
            return
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        bpy.ops.wm.save_as_mainfile(filepath=str(place / "project.blend"))
        scene = cast("Any", bpy.context).scene
        clip = _project(scene, values)
        for read in (
            lambda: folders.cache_folder(scene),
            lambda: folders.layer_folder(scene, timeline.stack_id(clip)),
            lambda: list(jobs.jobs_at(scene, 2)),
            lambda: strip_warnings.scene_warnings(scene),
            lambda: stack.requests_of(scene, timeline.stack_id(clip)),
            lambda: sync.sync_timing(scene),
            lambda: copies.separate_copies(scene),
            lambda: sync.sync_layers(scene),
            lambda: list(jobs.jobs_at(scene, 2)),
            lambda: layer_strip.remove_layer(scene, timeline.stack_id(clip), [timeline.stack_id(clip)]),
        ):
            with suppress(UnderstudyError):
                read()


def _project(scene: Any, values: dict[str, Any]) -> Any:
    strips = scene.sequence_editor_create().strips
    clip = strips.new_image("clip", "//clip_000.png", 1, 1)
    layer = strips.new_image("layer", "//000000.tif", 2, 1)
    for strip in (clip, layer):
        for number in range(1, 3):
            strip.elements.append(f"{number:06d}.tif")
    modifier = scene_properties.settings_of(scene).modifiers.add()
    picture = modifier.identity.pictures.add()
    modifier.takes.add()
    owners = {
        "scene": scene_properties.settings_of(scene),
        "clip": clip,
        "layer": layer,
        "modifier": modifier,
        "take": modifier.takes.add(),
        "identity": modifier.identity,
        "picture": picture,
    }
    for name, owner in owners.items():
        for entry, value in _pairs(values.get(name)):
            with suppress(*_REFUSALS):
                setattr(owner, entry, value)
    pictures = values.get("pictures")
    for element, name in zip(layer.elements, pictures if isinstance(pictures, list) else (), strict=False):
        with suppress(*_REFUSALS):
            element.filename = name
    raw = values.get("raw")
    for name, about in _pairs(raw):
        for entry, value in _pairs(about):
            with suppress(*_REFUSALS):
                owners[name][entry] = value
    return clip


def _pairs(values: Any) -> list[tuple[str, Any]]:
    return list(values.items()) if isinstance(values, dict) else []


READER = Blend()
