# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps a job may ask for, done as an editor or a script would do them."""

import json
import os
import threading
import wave
from pathlib import Path

import bpy
from understudy.addon.layers import sync
from understudy.addon.modifiers import stack


def _scene():
    return bpy.context.scene


def _strip(name):
    return _scene().sequence_editor.strips_all[name]


def _put(owner, path, value):
    *parts, name = path.split(".")
    for part in parts:
        owner = owner[int(part)] if part.isdecimal() else getattr(owner, part)
    setattr(owner, name, value)


def _in_sequencer():
    """A context in which the sequencer's own operators work."""
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "SEQUENCE_EDITOR"
    area.spaces.active.view_type = "SEQUENCER"
    region = next(region for region in area.regions if region.type == "WINDOW")
    return bpy.context.temp_override(window=window, screen=window.screen, area=area, region=region)


def _show_in_sequencer(scene):
    """From Blender 5.0 the sequencer has a scene of its own choice."""
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene


def project(size, frames, save=None, fps=24):
    scene = _scene()
    scene.sequence_editor_create()
    _show_in_sequencer(scene)
    render = scene.render
    render.resolution_x, render.resolution_y = size
    render.resolution_percentage, render.fps, render.dither_intensity = 100, fps, 0
    render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGB"
    render.image_settings.compression = 0
    scene.view_settings.view_transform = "Standard"
    scene.frame_start, scene.frame_end = frames
    if save:
        bpy.ops.wm.save_as_mainfile(filepath=save)


def load(path):
    bpy.ops.wm.open_mainfile(filepath=path)
    _show_in_sequencer(_scene())


def save(path=None):
    bpy.ops.wm.save_as_mainfile(filepath=path or bpy.data.filepath)


def movie(name, file, channel=1, start=1, own_rate=False):
    if own_rate:
        with _in_sequencer():
            bpy.ops.sequencer.movie_strip_add(
                filepath=file,
                frame_start=start,
                channel=channel,
                use_framerate=False,
                adjust_playback_rate=True,
                sound=False,
            )
        strip = _scene().sequence_editor.active_strip
        strip.name = name
        strip.transform.scale_x = strip.transform.scale_y = 1
    else:
        strip = _scene().sequence_editor.strips.new_movie(name, file, channel, start)
    return [strip.frame_duration, strip.frame_final_duration]


def pictures(name, files, channel=1, start=1):
    """Add an image strip of files of one folder.

    Not by `elements.append`: it leaves a new element's size undefined, and under a title that covers but the middle
    4.5 does not show a picture of a size such as 0 x 33.
    """
    editor = _scene().sequence_editor
    strip = editor.strips.new_image(name, files[0], channel, start)
    editor.active_strip = strip
    bpy.ops.sequencer.change_path(
        directory=str(Path(files[0]).parent), files=[{"name": Path(file).name} for file in files]
    )
    strip.frame_final_duration = len(files)
    assert [element.filename for element in strip.elements] == [Path(file).name for file in files]


def still(name, file, length, channel=1, start=1):
    strip = _scene().sequence_editor.strips.new_image(name, file, channel, start)
    strip.frame_final_duration = length


def effect(name, kind, channel, start, length, of=None):
    span = {"frame_end": start + length} if bpy.app.version < (5, 0) else {"length": length}
    if of:
        span["input1"] = _strip(of)
    _scene().sequence_editor.strips.new_effect(name, kind, channel, start, **span)


def op(name, active=None, **arguments):
    """Call an operator; returns what it returned, or the error it reported."""
    if active:
        _scene().sequence_editor.active_strip = _strip(active)
    family, function = name.split(".")
    try:
        return sorted(getattr(getattr(bpy.ops, family), function)(**arguments))
    except RuntimeError as error:
        return str(error)


def allowed(name, active=None):
    """Whether an operator can be called now."""
    _scene().sequence_editor.active_strip = _strip(active) if active else None
    family, function = name.split(".")
    return getattr(getattr(bpy.ops, family), function).poll()


def cast(name, picture, settings=None):
    """Add a modifier with a picture by the operators."""
    results = [op("understudy.modifier_add", active=name)]
    if picture:
        results.append(op("understudy.picture_add", filepath=picture))
    tune(settings or {}, index=len(_scene().understudy.modifiers) - 1)
    return results


def cast_by_script(name, picture):
    """Do the same without operators, as a script may, even with a picture that is not there."""
    modifier = stack.append_modifier(_scene(), _strip(name))
    stack.add_source_image(modifier, picture)
    return sync.sync_layers(_scene())


def tune(settings, index=0):
    for path, value in settings.items():
        _put(_scene().understudy.modifiers[index], path, value)


def recast(picture, index=0):
    _scene().understudy.modifiers[index].identity.pictures[0].filepath = picture


def keyframe(path, values, index=0):
    """Animate a parameter of a modifier: {frame: value}."""
    modifier = _scene().understudy.modifiers[index]
    group, name = path.split(".")
    for frame, value in values.items():
        setattr(getattr(modifier, group), name, value)
        getattr(modifier, group).keyframe_insert(name, frame=int(frame))


def animate(name, path, values):
    """Keyframe a property of a strip: {frame: value}."""
    owner, _, leaf = path.rpartition(".")
    owner = _strip(name).path_resolve(owner) if owner else _strip(name)
    for frame, value in values.items():
        setattr(owner, leaf, value)
        owner.keyframe_insert(leaf, frame=int(frame))


def adjust(name, **properties):
    """Set properties of a strip, then let Blender's handlers see it as they do after an edit."""
    for path, value in properties.items():
        _put(_strip(name), path.replace("__", "."), value)
    bpy.context.view_layer.update()


def setup(**properties):
    """Set properties of the scene."""
    for path, value in properties.items():
        _put(_scene(), path.replace("__", "."), value)


def _select(names):
    for strip in _scene().sequence_editor.strips_all:
        strip.select = strip.name in names


def render(out, report=None, how="animation", frame=None):
    """Render the range, or one frame as a still. Returns the report."""
    if report:
        os.environ["UNDERSTUDY_REPORT"] = report
    scene = _scene()
    scene.render.filepath = out
    if how == "still":
        scene.frame_set(frame)
    try:
        bpy.ops.render.render(**({"write_still": True} if how == "still" else {"animation": True}))
    except RuntimeError as error:
        if "{Understudy: render refused" not in str(error):
            raise
    # A refusal borrows settings of the scene.
    assert scene.render.filepath == out
    assert scene.render.resolution_percentage > 1
    return json.loads(Path(report).read_text()) if report and Path(report).is_file() else None


def animate_no_more(name, path, frames):
    """Delete the keyframes of a strip's property."""
    for frame in frames:
        owner, _, leaf = path.rpartition(".")
        (getattr(_strip(name), owner) if owner else _strip(name)).keyframe_delete(leaf, frame=frame)


def sound(name, file, start, trimmed):
    """Add a trimmed sound strip of seven silent seconds."""
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(2 * 8000 * 7))
    _scene().sequence_editor.strips.new_sound(name, file, 8, start).frame_offset_start = trimmed


def render_calls_from_a_thread(frame, report):
    """Call the handlers of a render as a Blender with a window does: on a thread that is not the main one."""
    os.environ["UNDERSTUDY_REPORT"] = report
    scene = _scene()
    scene.frame_set(frame)

    def calls():
        for name in ("render_init", "render_pre", "render_complete"):
            for handler in getattr(bpy.app.handlers, name):
                handler(scene, None)

    thread = threading.Thread(target=calls)
    thread.start()
    thread.join()
    return json.loads(Path(report).read_text())
