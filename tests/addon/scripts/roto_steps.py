# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for masks: made as a person draws them, shown by Blender's own Mask strip, and used by a modifier."""

import json
import math

import bpy
from steps import _scene
from understudy.addon.modifiers.mask_drawing import add_mask, add_outline
from understudy.addon.modifiers.mask_records import read_mask
from understudy.addon.properties.scene_properties import request_of

_KINDS = ("offset_mode", "weight_interpolation", "use_cyclic", "use_fill")


def draw_mask(name, layers):
    """Make a mask. A layer is {"splines": [...]} and its properties; a spline is a regular polygon of `points`.

    Its other entries are `centre`, `radius`, `clockwise`, `handles`, `weights` for each point, `feather` for
    [point, along, wide], and its properties.
    """
    mask = bpy.data.masks.new(name)
    for values in layers:
        layer = mask.layers.new(name="Layer")
        for entry in values["splines"]:
            _draw_spline(layer, entry)
        for key, value in values.items():
            if key != "splines":
                setattr(layer, key, value)
    return mask.name


def _draw_spline(layer, entry):
    spline = layer.splines.new()
    count, radius = entry.get("points", 4), entry.get("radius", 0.15)
    spline.points.add(count - 1)
    sign = -1 if entry.get("clockwise", True) else 1
    length = 4 / 3 * math.tan(math.pi / 2 / count) * radius
    for place, point in enumerate(spline.points):
        angle = sign * 2 * math.pi * place / count
        along = (-sign * math.sin(angle) * length, sign * math.cos(angle) * length)
        middle = entry.get("centre", (0.5, 0.5))
        x, y = middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)
        point.co = (x, y)
        point.handle_left_type = point.handle_right_type = entry.get("handles", "ALIGNED")
        point.handle_left, point.handle_right = (x - along[0], y - along[1]), (x + along[0], y + along[1])
        weights = entry.get("weights", [0])
        point.weight = weights[place % len(weights)]
    for key in _KINDS:
        if key in entry or key == "use_cyclic":
            setattr(spline, key, entry.get(key, True))


def render_mask(name, out, size, frame=1):
    """Render a frame of a mask as Blender's own Mask strip shows it."""
    scene = _scene()
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "BW"
    if scene.sequence_editor is None:
        scene.sequence_editor_create()
    strip = scene.sequence_editor.strips.new_mask(name, bpy.data.masks[name], 1, 1)
    strip.frame_final_duration = 100
    bpy.data.masks[name].frame_start = 1
    scene.frame_set(frame)
    scene.render.filepath = out
    bpy.ops.render.render(write_still=True)
    scene.sequence_editor.strips.remove(strip)


def key_mask(name, frame, by=(0, 0)):
    """Move all points and insert a shape keyframe by Blender's own operator.

    It needs an Image editor, and a selection.
    """
    scene, mask = _scene(), bpy.data.masks[name]
    scene.frame_set(frame)
    for layer in mask.layers:
        for point in (point for spline in layer.splines for point in spline.points):
            point.co, point.select = (point.co[0] + by[0], point.co[1] + by[1]), True
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "IMAGE_EDITOR"
    area.spaces.active.mode, area.spaces.active.mask = "MASK", mask
    with bpy.context.temp_override(window=window, area=area, region=area.regions[-1], scene=scene):
        return list(bpy.ops.mask.shape_key_insert())


def move_mask(name, by, turn):
    """Move all points, and turn them around the middle."""
    cosine, sine = math.cos(turn), math.sin(turn)
    for layer in bpy.data.masks[name].layers:
        for point in (point for spline in layer.splines for point in spline.points):
            places = point.handle_left[:], point.co[:], point.handle_right[:]
            moved = [
                (0.5 + by[0] + (x - 0.5) * cosine - (y - 0.5) * sine,
                 0.5 + by[1] + (x - 0.5) * sine + (y - 0.5) * cosine)
                for x, y in places
            ]  # fmt: skip
            point.co = moved[1]
            point.handle_left, point.handle_right = moved[0], moved[2]


def fade_mask(name, values):
    """Keyframe the opacity of a mask's first layer."""
    layer = bpy.data.masks[name].layers[0]
    for frame, value in values.items():
        layer.alpha = value
        layer.keyframe_insert("alpha", frame=int(frame))


def mask_text(name, start=0):
    """A mask as a request has it."""
    record = read_mask(bpy.data.masks[name], start)
    return f'{{"masks": [{{"layers": {record}}}]}}'


def mask_face(points, size, number=0, index=0, mask=None, smooth=False, **settings):
    """Draw an outline, in pixels of the clip from its upper left corner, as a person does over one of its frames.

    It becomes a new mask of a modifier, or a layer of the one in place `mask`.
    """
    longer, modifier = max(size), _scene().understudy.modifiers[index]
    frame = _scene().frame_current
    entry = add_mask(modifier, frame, number) if mask is None else modifier.masks[mask]
    places = [((x - size[0] / 2) / longer + 0.5, (size[1] / 2 - y) / longer + 0.5) for x, y in points]
    for name, value in settings.items():
        setattr(entry, name, value)
    add_outline(entry, places, number, smooth=smooth)
    bpy.context.view_layer.update()
    return entry.mask.name


def shift_mask(name, by):
    """Move all points of a mask as its editors do: Blender tells what follows."""
    mask = bpy.data.masks[name]
    for layer in mask.layers:
        for point in (point for spline in layer.splines for point in spline.points):
            point.co = (point.co[0] + by[0], point.co[1] + by[1])
    mask.update_tag()
    bpy.context.view_layer.update()


def roto_masks(index=0):
    """What a request of a modifier has of its masks."""
    text = request_of(_scene().understudy.modifiers[index]).roto
    return json.loads(text)["masks"] if text else []


def use_mask(name, index=0):
    """Choose a mask for the last of a modifier's lines."""
    _scene().understudy.modifiers[index].masks[-1].mask = bpy.data.masks[name]
    bpy.context.view_layer.update()
