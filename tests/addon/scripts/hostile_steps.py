# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for projects that a stranger sends: make one, then do with it what an editor would."""

import math
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import bpy
import cache_steps
import render_steps
import steps
from understudy.addon.layers import auto_sync, folders, layer_strip, sync
from understudy.addon.modifiers import stack
from understudy.addon.properties.status import window_state
from understudy.addon.render import output_files
from understudy.addon.sequencer import shown_frames, strips
from understudy.addon.sessions import cache_folder
from understudy.core.errors import UnderstudyError


def hostile(base, path, strip_id=None, scene=None, layer=None, strip=None, effect=None, colour=None, crowd=0):
    """Save a project with other values in the place of ours."""
    steps.load(base)
    here = bpy.context.scene
    clip = here.sequence_editor.strips_all["clip"]
    above = layer_strip.layer_of(here, clip)
    if strip_id is not None:
        clip.understudy_id = above.understudy_layer_of = here.understudy.modifiers[0].strip_id = strip_id
    for name, value in (scene or {}).items():
        steps._put(here, name.replace("__", "."), value)
    for name, value in (layer or {}).items():
        if name == "elements":
            for number, filename in enumerate(value):
                above.elements[number].filename = filename
        else:
            setattr(above, name, value)
    for name, value in (strip or {}).items():
        # By the name of the property itself: what a file holds is not what RNA would let anybody set.
        clip[name] = [math.nan, value][0] if value == "NaN" else value
    if effect:
        steps.effect(effect, "GAUSSIAN_BLUR", 5, 1, 3, of="clip")
    for _ in range(1, crowd):
        here.understudy.modifiers.add().strip_id = clip.understudy_id
    if colour:
        clip.colorspace_settings.name = colour
    handlers = list(bpy.app.handlers.save_pre)
    bpy.app.handlers.save_pre.clear()
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True, compress=False)
    bpy.app.handlers.save_pre.extend(handlers)


def used(path, out, report, settles=True):
    """Open a project and do all that an editor does with it; tells what each step had to say.

    Without `settles` what a window does a moment after a project was opened is left to the render.
    """
    steps.load(path)
    facts = {"opened": _preview(), "thread": _render_on_a_thread(report)}
    if settles:
        watching = auto_sync.LayerAutoSync()
        watching.tick()
        watching.close()
    facts["trouble"] = window_state().trouble
    facts["refused"] = [
        str(place.refused_folder)
        for scene in bpy.data.scenes
        if (place := cache_folder.cache_location(scene)).refused_folder
    ]
    facts["report"] = steps.render(out, report)
    facts["purged"] = [
        steps.op("understudy.purge", active="clip", what=what)
        for what in ("STRIP", "ALL")
        if steps.allowed("understudy.purge", "clip")
    ]
    facts["ids"] = [entry.strip_id for entry in bpy.context.scene.understudy.modifiers]
    facts["removed"] = steps.op("understudy.modifier_remove", active="clip") if facts["purged"] else ""
    bpy.context.scene.sequence_editor.active_strip = None
    return facts


def _preview():
    """What the preview makes of the first frames before anything is in step."""
    try:
        return cache_steps.live_once(1), cache_steps.live_once(2)
    except UnderstudyError as error:
        return str(error)


def _render_on_a_thread(report):
    """What a window's render makes of frame 1, where Blender's data can't be changed."""
    was = os.environ.pop("UNDERSTUDY_REPORT", None)
    Path(report).unlink(missing_ok=True)
    scene = bpy.context.scene
    scene.frame_set(1)
    os.environ["UNDERSTUDY_REPORT"] = report

    def calls():
        for name in ("render_init", "render_pre", "render_complete"):
            for handler in getattr(bpy.app.handlers, name):
                handler(scene, None)

    thread = threading.Thread(target=calls)
    thread.start()
    thread.join()
    os.environ.pop("UNDERSTUDY_REPORT")
    if was:
        os.environ["UNDERSTUDY_REPORT"] = was
    path = Path(report)
    failures = steps.json.loads(path.read_text())["shown"]["failures"] if path.is_file() else None
    path.unlink(missing_ok=True)
    return failures


def trusted(path):
    """Say yes to the folder that a project names, then no again; tells where its cache is each time."""
    steps.load(path)
    facts = [str(cache_folder.cache_location(bpy.context.scene).folder)]
    facts.append(steps.op("understudy.trust_folder", active="clip"))
    facts.append(str(cache_folder.cache_location(bpy.context.scene).folder))
    layer = layer_strip.layer_of(bpy.context.scene, bpy.context.scene.sequence_editor.strips_all["clip"])
    facts.append(bpy.path.abspath(layer.directory))
    cache_steps.prefer()
    facts.append(cache_steps.page_drawn())
    facts.append(steps.op("understudy.trust_folder", active="clip"))
    facts.append(steps.op("understudy.distrust_folder", folder=facts[2]))
    facts.append(str(cache_folder.cache_location(bpy.context.scene).folder))
    return facts


def failed_images(path, output, frame, earlier=True, since=0.0):
    """What a strict render does with the pictures of a frame that failed, where a project wants them."""
    steps.load(path)
    scene = bpy.context.scene
    scene.render.filepath = output
    if earlier:
        return output_files.remove_earlier_image(scene, frame)
    return output_files.remove_written_image(scene, frame, since)


def failed_movie(path, output, since):
    """What it does with a movie; where that would be, too."""
    steps.load(path)
    scene = bpy.context.scene
    scene.render.filepath = output
    render_steps.movie_output()
    return output_files.mark_movie(scene, since), scene.render.frame_path(frame=scene.frame_start)


def claims():
    """What is made of numbers that no clip has; no list is made of them."""
    results = []
    huge = SimpleNamespace(name="huge", animation_offset_start=0, frame_duration=1 << 31)
    for work in (
        lambda: strips.source_frames(huge, 1.0),
        lambda: strips.frames_of(
            SimpleNamespace(name="long", frame_final_start=-(1 << 31), frame_final_end=1 << 31)
        ),
        lambda: layer_strip.first_source_frame(SimpleNamespace(name="before", animation_offset_start=-7)),
        lambda: layer_strip.first_source_frame(SimpleNamespace(name="after", animation_offset_start=1 << 31)),
    ):
        try:
            results.append(repr(work()))
        except UnderstudyError as error:
            results.append(str(error))
    rates = [
        SimpleNamespace(understudy_rate=rate, fps=24.0) for rate in (math.nan, math.inf, -1.0, 0.0, 1e30)
    ]
    results.append([strips.movie_rate(strip) for strip in rates])
    renders = [SimpleNamespace(fps=24, fps_base=base) for base in (0.0, math.nan, math.inf)]
    results.append([strips.frame_rate(SimpleNamespace(render=render)) for render in renders])
    return results


def long_still(file):
    """A picture that is shown for a million frames; what is wrong with its layer, and how many files that has."""
    scene = bpy.context.scene
    strip = scene.sequence_editor.strips.new_image("still", file, 9, 1)
    strip.frame_final_duration = 1_000_000
    stack.append_modifier(scene, strip)
    problems = sync.sync_layers(scene)
    return problems, folders.layer_folder(scene, strip.understudy_id).names()


def circle():
    """Two scenes that play each other, each a frame later; how many scenes are shown at a frame."""
    first = bpy.context.scene
    bpy.ops.scene.new(type="EMPTY")
    second = bpy.context.scene
    second.sequence_editor_create()
    for here, played in ((first, second), (second, first)):
        for channel in range(20, 24):
            strip = here.sequence_editor.strips.new_scene("round", played, channel, 1)
            strip.scene_input = "SEQUENCER"
            strip.frame_start = channel - 20
            strip.frame_final_end = 100_000
    count = len(list(shown_frames.shown_scenes(first, 500)))
    bpy.data.scenes.remove(second)
    return count
