# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for what an editor does to strips, with the sequencer's own operators."""

import atexit
import os
import shutil
from pathlib import Path

import bpy
from steps import _in_sequencer, _put, _scene, _select, _show_in_sequencer, _strip
from understudy.addon.sequencer import meta_strips
from understudy.addon.sequencer.curves import curves_of


def by_operator(name, strips=(), active=None, **arguments):
    """Use an operator of the sequencer on selected strips."""
    _select(strips)
    editor = _scene().sequence_editor
    if active or strips:
        editor.active_strip = _strip(active or strips[0])
    with _in_sequencer():
        return sorted(getattr(bpy.ops.sequencer, name)(**arguments))


def set_properties(**changes):
    """Set properties of strips by name: {strip: {path: value}}, then let handlers see it."""
    for name, properties in changes.items():
        for path, value in properties.items():
            _put(_strip(name), path.replace("__", "."), value)
    bpy.context.view_layer.update()


def retime(name, keys=(), moves=(), operators=None):
    """Add retiming keys at frames, move some by their number, then use retiming operators."""
    strip = _strip(name)
    _select([name])
    _scene().sequence_editor.active_strip = strip
    with _in_sequencer():
        for frame in keys:
            bpy.ops.sequencer.retiming_key_add(timeline_frame=frame)
        for number, frame in moves:
            _strip(name).retiming_keys[number].timeline_frame = frame
        for operator, arguments in (operators or {}).items():
            getattr(bpy.ops.sequencer, operator)(**arguments)
    bpy.context.view_layer.update()
    return [key.timeline_frame for key in _strip(name).retiming_keys]


def cross(name, kind, channel, first, second, start, end):
    """Add an effect strip of one or two inputs."""
    strips = _scene().sequence_editor.strips
    span = {"frame_end": end} if bpy.app.version < (5, 0) else {"length": end - start}
    inputs = {"input1": _strip(first)} | ({"input2": _strip(second)} if second else {})
    strips.new_effect(name, kind, channel, start, **span, **inputs)


def transform_effect(of, **properties):
    """Put a Transform effect on a strip, in a Blender that has it: 4.5 and 5.0 do, 5.2 does not."""
    kinds = _scene().sequence_editor.strips.bl_rna.functions["new_effect"].parameters["type"].enum_items
    if "TRANSFORM" in kinds:
        cross("effect", "TRANSFORM", 6, of, None, 1, 13)
        for path, value in properties.items():
            _put(_strip("effect"), path, value)


def colour(name, channel, start, end, colour=(0.1, 0.6, 0.2)):
    """Add a colour strip, as a title that covers all."""
    strips = _scene().sequence_editor.strips
    span = {"frame_end": end} if bpy.app.version < (5, 0) else {"length": end - start}
    strips.new_effect(name, "COLOR", channel, start, **span).color = colour


def strip_modifier(name, kind, **properties):
    """Add one of Blender's own strip modifiers."""
    entry = _strip(name).modifiers.new(kind.title(), kind)
    for path, value in properties.items():
        _put(entry, path, value)


def remove_strip_modifiers(name):
    """Remove Blender's own strip modifiers of a strip."""
    _strip(name).modifiers.clear()


def set_opacity_of_meta(clip, opacity, name=None):
    """Set the opacity of the meta strip that a strip lies in, and its name."""
    meta = _strip(clip).parent_meta()
    meta.blend_alpha = opacity
    meta.name = name or meta.name


def draw_every_frame_anew():
    """Have renders forget what they read: a plain strip too may show a neighbour or nothing (4.5, 5.0, 5.2)."""

    @bpy.app.handlers.persistent
    def forget(*_):
        for scene in bpy.data.scenes:
            for strip in scene.sequence_editor.strips_all if scene.sequence_editor else ():
                strip.invalidate_cache("RAW")

    handlers = bpy.app.handlers.render_pre
    handlers.append(forget)
    atexit.register(handlers.remove, forget)  # with a handler left, the module bpy hangs as Python leaves


def nest(name):
    """Nest a recast clip with its layer; a strip of finished frames needs no such thing."""
    if _strip(name).understudy_id:
        _scene().sequence_editor.active_strip = _strip(name)
        bpy.ops.understudy.nest()


def paste_into_new_scene(names):
    """Copy strips, and paste them into a new scene, which is then the current one."""
    by_operator("copy", names)
    before = _scene()
    bpy.ops.scene.new(type="NEW")
    scene = _scene()
    for path in ("resolution_x", "resolution_y", "fps", "dither_intensity"):
        setattr(scene.render, path, getattr(before.render, path))
    settings, known = scene.render.image_settings, before.render.image_settings
    settings.file_format, settings.color_mode, settings.compression = "PNG", "RGB", known.compression
    scene.view_settings.view_transform = "Standard"
    scene.frame_start, scene.frame_end = before.frame_start, before.frame_end
    scene.sequence_editor_create()
    _show_in_sequencer(scene)
    scene.frame_set(1)
    with _in_sequencer():
        bpy.ops.sequencer.paste()


def undo(push=None, times=1, redo=0):
    """Keep what was done as a step, go back and forth."""
    if push:
        bpy.ops.ed.undo_push(message=push)
    for _ in range(times):
        bpy.ops.ed.undo()
    for _ in range(redo):
        bpy.ops.ed.redo()
    bpy.context.view_layer.update()


def links(path, link):
    """Take the scenes of another project into a new one, appended or linked; the first is then the current one."""
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    with bpy.data.libraries.load(path, link=link) as (there, here):
        here.scenes = list(there.scenes)
    taken = here.scenes[0]
    bpy.context.window.scene = taken
    if not link:
        _show_in_sequencer(taken)
    return taken.library is not None


def revert():
    """Load the file again as it was saved."""
    bpy.ops.wm.revert_mainfile()
    _show_in_sequencer(_scene())


def recover(path):
    """Load a project as one that Blender saved by itself."""
    bpy.ops.wm.recover_auto_save(filepath=path)
    _show_in_sequencer(_scene())


def save_a_copy(path):
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)


def delete(names):
    """Delete strips as the editor does."""
    by_operator("delete", names)
    bpy.context.view_layer.update()


def timeline():
    """Everything that an editor sees of the strips."""
    return {
        strip.name: [
            strip.type,
            strip.channel,
            strip.frame_final_start,
            strip.frame_final_end,
            strip.mute,
            strip.lock,
        ]
        for strip in _scene().sequence_editor.strips_all
    }


class _UnselectableStrip:
    """Takes the place of a layer that can't be selected."""

    __hash__ = None

    def __init__(self, strip):
        self.name, self.parent_meta = strip.name, strip.parent_meta

    def __eq__(self, _other):
        raise RuntimeError("refused")


def nest_refused(name):
    """Nest a clip where that fails on the way; returns what it raised, and what every strip was and is fed by."""
    scene = _scene()

    def feeds():
        strips = scene.sequence_editor.strips_all
        return {strip.name: getattr(getattr(strip, "input_1", None), "name", None) for strip in strips}

    before, raised = feeds(), ""
    try:
        meta_strips.nest_in_meta(scene, _strip(name), _UnselectableStrip(_strip(f"{name} Understudy")))
    except RuntimeError as error:
        raised = str(error)
    return [raised, before, feeds()]


def save_refused(path):
    """Save where Blender can't; returns whether it said so."""
    try:
        bpy.ops.wm.save_as_mainfile(filepath=path)
    except RuntimeError:
        return True
    return False


def mute_channel_of(name):
    """Mute the channel of a strip, or of the meta strip that it was nested in."""
    scene = bpy.context.scene
    strip = scene.sequence_editor.strips_all[name]
    while strip.parent_meta() is not None:
        strip = strip.parent_meta()
    scene.sequence_editor.channels[strip.channel].mute = True


def replace_file(file, content, how="rename"):
    """Put a file's content in the place of a file: "rename" or "in place", with its time, or "with a new time"."""
    status, new = Path(file).stat(), Path(f"{file}.new")
    if how == "rename":
        shutil.copy(content, new)
        os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
        new.replace(file)
        return
    Path(file).write_bytes(Path(content).read_bytes())
    if how == "in place":
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def own_look(name):
    """What a strip has of its own: opacity and how it is blended, and the frames of its opacity's keyframes."""
    strip = _strip(name)
    curves = [
        [key.co.x for key in curve.keyframe_points]
        for curve in curves_of(_scene())
        if curve.data_path == f"{strip.path_from_id()}.blend_alpha"
    ]
    return [strip.blend_type, strip.blend_alpha, strip.alpha_mode, curves]
