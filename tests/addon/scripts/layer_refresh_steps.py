# SPDX-License-Identifier: GPL-3.0-or-later
"""Rewrite a picture that a strip shows, in timelines of several kinds, and render before and after."""

from pathlib import Path

import bpy
import cv2
import numpy as np
from understudy.addon.layers.layer_strip import invalidate_layer_caches

_FRAMES, _SIZE, _VIEWED_FRAME = 10, (64, 36), 5


def rewritten(kind, movie, folder):
    """The mean colour (RGB) of a frame before its layer turned from red to green, after, and after being told so."""
    folder = Path(folder)
    _paint(folder, (255, 0, 0))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = _timeline(kind.split(), movie, folder)
    before = [_mean(scene, folder) for _ in range(2)][1]
    _paint(folder, (0, 255, 0))
    without_refresh = _mean(scene, folder)
    _paint(folder, (0, 0, 255))
    invalidate_layer_caches()
    return {"before": before, "without_refresh": without_refresh, "with_refresh": _mean(scene, folder)}


def _paint(folder, colour):
    for number in range(_FRAMES):
        cv2.imwrite(
            str(folder / f"{number:06d}.png"), np.full((_SIZE[1], _SIZE[0], 3), colour[::-1], np.uint8)
        )


def _timeline(kind, movie, folder):
    scene = _set_size(bpy.context.scene)
    inner = _set_size(bpy.data.scenes.new("inner")) if "scene" in kind else scene
    strips = inner.sequence_editor_create().strips
    clip = strips.new_movie("clip", movie, 1, 1, fit_method="STRETCH")
    layer = strips.new_image("layer", str(folder / "000000.png"), 2, 1, fit_method="ORIGINAL")
    for number in range(1, _FRAMES):
        layer.elements.append(f"{number:06d}.png")
    layer.frame_final_duration = _FRAMES
    if "meta" in kind:
        meta = strips.new_meta("meta", 3, 1)
        clip.move_to_meta(meta)
        layer.move_to_meta(meta)
        meta.frame_final_duration = _FRAMES
    inputs = {"CROSS": [clip, layer], "GLOW": [layer], "SPEED": [layer], "MULTICAM": [], "ADJUSTMENT": []}
    for name in set(inputs).intersection(kind):
        length = {"frame_end": _FRAMES + 1} if bpy.app.version < (5, 0) else {"length": _FRAMES}
        fed = {f"input{number}": strip for number, strip in enumerate(inputs[name], 1)}
        effect = strips.new_effect(name=name, type=name, channel=3, frame_start=1, **length, **fed)
        if name == "MULTICAM":
            effect.multicam_source = 2
    if inner is not scene:
        nested = scene.sequence_editor_create().strips.new_scene("nested", inner, 1, 1)
        nested.scene_input, nested.frame_final_duration = "SEQUENCER", _FRAMES
    return scene


def _set_size(scene):
    scene.render.resolution_x, scene.render.resolution_y = _SIZE
    scene.frame_end = _FRAMES
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    return scene


def _mean(scene, folder):
    scene.frame_set(_VIEWED_FRAME)
    scene.render.filepath = str(folder / "shown.png")
    bpy.ops.render.render(write_still=True)
    return cv2.imread(scene.render.filepath)[..., ::-1].mean((0, 1)).tolist()
