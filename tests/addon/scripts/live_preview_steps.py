# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for the live preview of a Blender with a window."""

import threading
import time
from pathlib import Path

import bpy
from understudy.addon.layers import layer_strip
from understudy.addon.preview.live_preview import LivePreview
from understudy.addon.properties.status import window_state
from understudy.addon.ui.overlay import overlay_line
from understudy.core.layers.label import layer_key

_STATE = {}


class _ShowCounter:
    """Counts how often Blender was told to read pictures again, and does tell it."""

    def __init__(self):
        self.count = 0

    def __call__(self):
        self.count += 1
        layer_strip.invalidate_layer_caches()


def live_begin():
    shows, cleared = _ShowCounter(), []
    _STATE["live"], _STATE["shows"], _STATE["cleared"] = (
        LivePreview(shows, lambda: cleared.append(shows.count)),
        shows,
        cleared,
    )


def live_frame(frame):
    """Go to a frame as a window does; returns what is known then."""
    scene = bpy.context.scene
    scene.frame_set(frame)
    _STATE["live"].on_frame_change(scene, wait_seconds=60)
    return _preview_state()


def live_edit():
    """What a window does after an edit; returns how often was shown when the way for it was cleared, each time."""
    _STATE["live"].on_edit(bpy.context.scene, wait_seconds=60)
    return {**_preview_state(), "cleared": list(_STATE["cleared"])}


def live_late_edit():
    """What a window does after an edit whose image comes late: what stands over the frame until then, and after."""
    live = _STATE["live"]
    # The preview's thread is held up, as by an image that takes long.
    gate = threading.Event()
    live._thread.submit(gate.wait)
    live.on_edit(bpy.context.scene, wait_seconds=0.0)
    lines = [overlay_line(bpy.context)]
    gate.set()
    live_settle()
    return [*lines, overlay_line(bpy.context)]


def live_remake():
    """What a window does after an edit for which a layer must be made: what is seen until then, and after."""
    live = _STATE["live"]
    live.on_edit(bpy.context.scene, wait_seconds=60)
    before = {**_preview_state(), "overlay": overlay_line(bpy.context)}
    return [before, {**live_settle(), "overlay": overlay_line(bpy.context)}]


def live_remake_after_preparation():
    """What a window does after an edit for which a layer must be made, and a preparation that is stopped at once."""
    live, state = _STATE["live"], window_state()
    live.on_edit(bpy.context.scene, wait_seconds=60)
    state.running = True
    live.tick()
    state.running = False
    return live_again()


def live_let_go():
    """What a purge does with the preview."""
    _STATE["live"].release_session()


def live_drag(path, values, updates_a_tick):
    """Drag a slider: many updates between two ticks."""
    scene, live = bpy.context.scene, _STATE["live"]
    group, name = path.split(".")
    for number, value in enumerate(values):
        setattr(getattr(scene.understudy.modifiers[0], group), name, value)
        live.schedule(scene)
        if number % updates_a_tick == updates_a_tick - 1:
            live.tick()
    ticks = len(values) // updates_a_tick
    return {"ticks": ticks, **live_settle()}


def live_states(prepared, unprepared):
    """Go through every state; returns each one's name and the seconds to the next tick, where that is known."""
    live, states = _STATE["live"], []

    def note(*interval):
        states.append([live._state.name, *interval])

    note()
    live_frame(prepared)
    note()
    note(live.tick())
    live.schedule(bpy.context.scene)
    note()
    note(live.tick())  # the request is the same
    live_frame(unprepared)
    note()
    note(live.tick())
    note(live.tick())  # asked again
    live_settle()
    live.on_load()
    note(live.tick())
    return states


def live_settle():
    """Tick until nothing is on its way any more."""
    while _STATE["live"].tick() not in (None, 1.0):
        time.sleep(0.005)
    return _preview_state()


def live_again():
    """What the timer does a second after a frame was not prepared."""
    time.sleep(1.05)
    _STATE["live"].tick()
    return live_settle()


def live_end():
    _STATE["live"].close()
    _STATE["live"].close()


def _preview_state():
    scene = bpy.context.scene
    clip = scene.sequence_editor.strips_all["clip"]
    layer = layer_strip.layer_of(scene, clip)
    path = bpy.path.abspath(layer.directory) + layer.strip_elem_from_frame(scene.frame_current).filename
    return {
        "facts": _STATE["live"].report,
        "notice": window_state().notice,
        "original_shown": window_state().original_shown,
        "shows": _STATE["shows"].count,
        "key": layer_key(Path(path)),
    }
