# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's connections between strips, as between a movie and its sound: what is connected is selected together.

From Blender 5.2 on a strip says what it is connected to; before, only the operators tell.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import bpy

from .own_operators import call_operator
from .strips import all_strips, is_movie_of_sound, parent_strips


def connected_strips(
    scene: bpy.types.Scene, strip: Any, layer: Any | None = None, *, movie: Any | None = None
) -> list[Any] | None:
    """Return the strips that a strip is connected to, but for its layer; None where Blender does not tell.

    `movie` is the clip inside a meta strip, whose sound may be connected to that.
    """
    if hasattr(strip, "connections"):
        return [entry for entry in strip.connections if entry not in (strip, layer)]
    if not _is_connected_in_copy(scene, strip, toggled=[]):
        return []
    sounds = sounds_of(scene, strip, movie)
    layers = [] if layer is None else [layer]
    for strips in (layers, [*sounds, *layers], sounds):
        if strips and not _is_connected_in_copy(scene, strip, toggled=[strip, *strips]):
            return [entry for entry in strips if entry not in layers]
    return None


def sounds_of(scene: bpy.types.Scene, strip: Any, movie: Any | None = None) -> list[Any]:
    """Return the sound strips beside a strip that it, or the `movie` inside it, was added with."""
    return [
        entry
        for entry in parent_strips(scene, strip)
        if entry.type == "SOUND" and is_movie_of_sound(movie or strip, entry)
    ]


def connect(scene: bpy.types.Scene, strips: list[Any]) -> None:
    """Have strips that lie beside each other selected and moved together, and none of them with any other."""
    if len(strips) > 1:
        with display_siblings(scene, strips[0]):
            select(scene, strips)
            call_operator(scene, "connect", toggle=False)


def disconnect(scene: bpy.types.Scene, strip: Any) -> bool:
    """End the connections of a strip; True if it had any."""
    with display_siblings(scene, strip):
        select(scene, [strip])
        return "FINISHED" in call_operator(scene, "disconnect")


def _is_connected_in_copy(scene: bpy.types.Scene, strip: Any, toggled: list[Any]) -> bool:
    """Tell by ending them in a copy of the scene whether a strip has connections.

    Before, those of `toggled` end where these are connected to each other and to nothing else.
    """
    trial = scene.copy()
    try:
        copies: Any = cast("Any", trial.sequence_editor).strips_all
        if toggled:
            with display_siblings(trial, copies[strip.name]):
                select(trial, [copies[entry.name] for entry in toggled])
                call_operator(trial, "connect", toggle=True)
        return disconnect(trial, copies[strip.name])
    finally:
        bpy.data.scenes.remove(trial)


def select(scene: bpy.types.Scene, strips: list[Any]) -> None:
    """Select these strips and no others; the first is then active."""
    for strip in all_strips(scene):
        if strip.select != (strip in strips):
            strip.select = not strip.select
    cast("Any", scene.sequence_editor).active_strip = strips[0]


@contextmanager
def keep_selection(scene: bpy.types.Scene) -> Iterator[None]:
    """Select afterwards what was selected before, and make active what was."""
    editor: Any = scene.sequence_editor
    active, selected = editor.active_strip, [strip for strip in all_strips(scene) if strip.select]
    try:
        yield
    finally:
        for strip in all_strips(scene):
            if strip.select != (strip in selected):
                strip.select = not strip.select
        editor.active_strip = active


@contextmanager
def display_siblings(scene: bpy.types.Scene, strip: Any) -> Iterator[None]:
    """Have the sequencer show the strips beside a strip: its operators work on what it shows."""
    editor: Any = scene.sequence_editor
    before = editor.meta_stack[-1] if len(editor.meta_stack) else None
    editor.display_stack(strip.parent_meta())
    try:
        yield
    finally:
        editor.display_stack(before)
