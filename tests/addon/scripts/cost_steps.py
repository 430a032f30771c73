# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that find out what our own work costs, in processor time and in counts."""

import cProfile
import sys
import time

import bpy
from understudy.addon.layers import sync
from understudy.addon.layers.jobs import StripCache, jobs_at
from understudy.addon.layers.layer_strip import layer_of
from understudy.addon.preview.live_preview import LivePreview
from understudy.addon.render.run import RenderRun


def libraries(names):
    """Which of these are loaded in this process."""
    return [name for name in names if name in sys.modules]


def render_cost(frames, rounds):
    """What the handler before a frame takes where everything is known, in milliseconds of processor time."""
    scene, taken = bpy.context.scene, []
    run = RenderRun(lambda _ended: None)
    run.begin(scene)
    for _ in range(rounds):
        for frame in range(frames[0], frames[1] + 1):
            scene.frame_set(frame)
            began = time.process_time()
            run.update_frame(scene)
            taken.append((time.process_time() - began) * 1e3)
    opened = run._session._open_cache is not None
    run.end(scene)
    return {**_spread(taken), "opened": opened}


def drag_cost(path, values):
    """Drag a slider: what each move takes of the main thread, and of the whole process, in milliseconds."""
    scene, live = bpy.context.scene, LivePreview(lambda: None)
    group, name = path.split(".")
    own, whole = [], []
    live.on_frame_change(scene, 60)
    before = live.report["stages"]["fuse"]["run"]
    for value in values:
        setattr(getattr(scene.understudy.modifiers[0], group), name, value)
        began, all_began = time.thread_time(), time.process_time()
        live.schedule(scene)
        live.tick()
        taken = time.thread_time() - began
        while live._futures and not live._futures[0].done():
            time.sleep(0.001)
        began = time.thread_time()
        live.tick()
        own.append((taken + time.thread_time() - began) * 1e3)
        whole.append((time.process_time() - all_began) * 1e3)
    facts = live.report
    live.close()
    return {
        "own": _spread(own),
        "whole": _spread(whole),
        "fused": facts["stages"]["fuse"]["run"] - before,
        **facts,
    }


def playback_cost(frames, rounds):
    """Play prepared frames: what the handler takes of the main thread, in milliseconds."""
    scene, live, taken = bpy.context.scene, LivePreview(lambda: None), []
    for frame in [*range(frames[0], frames[1] + 1)] * rounds:
        scene.frame_set(frame)
        began = time.thread_time()
        live.on_frame_change(scene)
        taken.append((time.thread_time() - began) * 1e3)
    while live.tick() not in (None, 1.0):
        time.sleep(0.005)
    facts = live.report
    live.close()
    return {"own": _spread(taken), **facts}


def _spread(taken):
    taken = sorted(taken)
    return {"p50": round(taken[len(taken) // 2], 2), "p95": round(taken[int(len(taken) * 0.95)], 2)}


def long_movie(name, file, count):
    """Make and add a movie of many tiny frames."""
    import av
    import numpy as np

    with av.open(file, "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"preset": "ultrafast", "g": "250"})
        (stream.width, stream.height), stream.pix_fmt = (64, 48), "yuv420p"
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number % 251, np.uint8), "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    bpy.context.scene.sequence_editor.strips.new_movie(name, file, 1, 1)


def long_costs(name):
    """What a long clip's layer costs; `calls_at_a_frame` counts function calls, whatever the machine does besides."""
    scene, path = bpy.context.scene, bpy.data.filepath
    clip = scene.sequence_editor.strips_all[name]
    elements = len(layer_of(scene, clip).elements)
    profile = cProfile.Profile()
    profile.enable()
    list(jobs_at(scene, 5))
    profile.disable()
    calls = sum(entry.callcount for entry in profile.getstats())
    file_names, counted = _sequence_costs(scene, elements)
    taken = {}
    for what, work in (
        ("sync", lambda: sync.sync_layers(scene)),
        ("save", bpy.ops.wm.save_mainfile),
        ("open", lambda: bpy.ops.wm.open_mainfile(filepath=path)),
    ):
        began = time.process_time()
        work()
        taken[what] = round((time.process_time() - began) * 1e3, 1)
    again = sync.sync_timing(bpy.context.scene)
    costs = {"elements": elements, "calls_at_a_frame": calls, "again": again, "milliseconds": taken}
    return {**costs, "sequence": file_names, "calls_for_a_sequence": counted}


def _sequence_costs(scene, count):
    """Look twice at a frame of a long image strip, and again once it is another's; the file seen and the calls made."""
    strip = scene.sequence_editor.strips.new_image("pictures", "/nowhere/00000.png", 9, 1)
    for number in range(1, count):
        strip.elements.append(f"{number:05d}.png")
    memory, file_names, counted = StripCache(), [], []
    for place in (7, 7, 8):
        if place == 8:
            strip.elements[count - 1].filename = "other.png"
        profile = cProfile.Profile()
        profile.enable()
        file_names.append(memory.source(strip).paths[place].name)
        profile.disable()
        counted.append(sum(entry.callcount for entry in profile.getstats()))
    scene.sequence_editor.strips.remove(strip)
    return file_names, counted
